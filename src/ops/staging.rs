//! What an operation does before its transaction, because it takes long or asks the disk.
//!
//! Nobody waits for the write lock meanwhile. What is staged is called by what
//! is in it, so that doing this again does no harm; what comes of a call that
//! is refused is taken away.

use std::cell::RefCell;
use std::path::Path;

use crate::App;
use crate::config::{Config, Places};
use crate::domain::Digest;
use crate::error::{Error, Result};
use crate::ops::Request;
use crate::store::{Effect, Patience};

pub struct Staging<'a> {
    app: &'a App,
    request: &'a Request,
    staged: RefCell<Vec<Digest>>,
}

impl<'a> Staging<'a> {
    pub fn new(app: &'a App, request: &'a Request) -> Self {
        Self { app, request, staged: RefCell::default() }
    }

    pub fn config(&self) -> &'a Config {
        &self.request.config
    }

    pub fn places(&self) -> &'a Places {
        &self.app.caller.places
    }

    /// Puts bytes into the media folder, where a row may come to refer to them.
    ///
    /// Who is in haste is told to ask again from where it may wait for the disk.
    pub fn put(&self, bytes: &[u8]) -> Result<Digest> {
        if self.request.patience == Patience::Hurries {
            return Err(Error::NOT_AT_ONCE);
        }
        let digest = self.app.store.media().put(bytes)?;
        self.staged.borrow_mut().push(digest.clone());
        Ok(digest)
    }

    /// Returns what is in a file of the project, unless that is large, or a file of the store: opening one of those
    /// and closing it again would take SQLite's locks away.
    pub fn read_file(&self, path: &Path) -> Result<Option<Vec<u8>>> {
        const MOST: u64 = 16 << 20;
        let store = self.app.store.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let stores = store.file_name().unwrap_or_default().to_string_lossy();
        let same_folder =
            store.parent().and_then(|folder| folder.canonicalize().ok()).as_deref() == path.parent();
        if same_folder && name.starts_with(&*stores) || std::fs::metadata(path)?.len() > MOST {
            return Ok(None);
        }
        Ok(Some(std::fs::read(path)?))
    }

    /// Takes away what was staged in vain, unless something else refers to it.
    pub fn discard(self) {
        let Self { app, request, staged } = self;
        let staged = staged.into_inner();
        if staged.is_empty() {
            return;
        }
        let media = app.store.media();
        let removed =
            app.store.transact(request.patience, Effect::Note, |tx| tx.remove_media(media, &staged));
        if let Err(error) = removed {
            tracing::debug!(%error, "files of a refused call are left for later");
        }
    }
}
