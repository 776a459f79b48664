//! Checks that the files of a store are still those that this process opened.
//!
//! A file that was removed or replaced remains usable as long as a process has it open: every change would be
//! answered and lost. So each write first compares the names on the disk with the opened files.

use std::fs::{self, Metadata};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use crate::error::Trouble;

pub struct Identity {
    database: Known,
    index: Known,
}

/// A file as it was when it was opened.
struct Known {
    path: PathBuf,
    /// Its name in messages.
    name: &'static str,
    id: Id,
    /// The greatest length that was seen; the file only grows.
    length: AtomicU64,
}

impl Identity {
    /// Records the files of a store that a connection has open.
    pub fn of(store: &Path) -> io::Result<Self> {
        let mut index = store.as_os_str().to_owned();
        index.push("-shm");
        let database = Known::of(store.to_owned(), "the file")?;
        Ok(Self { database, index: Known::of(index.into(), "its index (`-shm`)")? })
    }

    /// Refuses a store whose files are no longer those that were opened.
    pub fn check(&self) -> Result<(), Trouble> {
        self.check_database()?;
        self.index.check()
    }

    /// The same for the database file alone.
    pub fn check_database(&self) -> Result<(), Trouble> {
        self.database.check()
    }
}

impl Known {
    fn of(path: PathBuf, name: &'static str) -> io::Result<Self> {
        let found = fs::metadata(&path)?;
        Ok(Self { path, name, id: Id::of(&found), length: found.len().into() })
    }

    fn check(&self) -> Result<(), Trouble> {
        let found = match fs::metadata(&self.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(Trouble::Removed(self.name)),
            found => found?,
        };
        if Id::of(&found) != self.id {
            return Err(Trouble::Replaced(self.name));
        }
        if self.length.fetch_max(found.len(), Ordering::Relaxed) > found.len() {
            return Err(Trouble::Truncated(self.name));
        }
        Ok(())
    }
}

/// The number of a file, unique among the files that exist at the same time.
#[derive(PartialEq, Eq)]
struct Id(u64, u64);

impl Id {
    #[cfg(unix)]
    fn of(file: &Metadata) -> Self {
        use std::os::unix::fs::MetadataExt;
        Self(file.dev(), file.ino())
    }

    /// Other systems do not remove a file that is open.
    #[cfg(not(unix))]
    fn of(_file: &Metadata) -> Self {
        Self(0, 0)
    }
}
