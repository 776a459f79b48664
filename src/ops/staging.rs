//! Preparation of an operation before its transaction: slow work, and disk access.
//!
//! No other call waits for the write lock meanwhile. Staged files are named by their digest, so that
//! staging them again does no harm; the files of a refused call are removed.

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

    /// Writes bytes to the media folder, where a row may later refer to them.
    ///
    /// A call that must not wait is refused, so that its face repeats it on a thread that may wait for the disk.
    pub fn put(&self, bytes: &[u8]) -> Result<Digest> {
        if self.request.patience == Patience::Hurries {
            return Err(Error::NOT_AT_ONCE);
        }
        let digest = self.app.store.media().put(bytes)?;
        self.staged.borrow_mut().push(digest.clone());
        Ok(digest)
    }

    /// Returns the content of a file of the project, or `None` for a large file or a file of the store: to
    /// open and close one of those would release SQLite's locks.
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

    /// Removes the staged files that no row refers to.
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
