//! SQLite's log, as far as its way to the disk is concerned.
//!
//! SQLite could sync it within each commit, but then everybody waits for
//! everybody's disk. So a change is committed unsynced, the next writer begins,
//! and the caller gets its answer once the log is synced as far as its commit
//! at least. What was answered is on the disk; what another one saw before may
//! not be, but nothing that is built on it can reach the disk without it,
//! since the log is only ever lost from its end.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

pub struct Log {
    path: PathBuf,
    /// Opened when it is there, which is after the first commit. It stays the
    /// same file as long as a connection is open.
    file: OnceLock<File>,
}

impl Log {
    pub fn of(store: &Path) -> Self {
        let mut path = store.as_os_str().to_owned();
        path.push("-wal");
        Self { path: path.into(), file: OnceLock::new() }
    }

    /// Returns when everything that was committed is on the disk.
    pub fn sync(&self) -> io::Result<()> {
        if let Some(file) = self.file.get() {
            return file.sync_data();
        }
        let file = File::options().write(true).open(&self.path)?;
        file.sync_all()?;
        // Its name has to be there as well.
        #[cfg(unix)]
        if let Some(folder) = self.path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            File::open(folder)?.sync_all()?;
        }
        self.file.get_or_init(|| file);
        Ok(())
    }
}
