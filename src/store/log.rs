//! SQLite's write-ahead log on its way to the disk.
//!
//! SQLite could sync it within each commit, but then all writers would wait for each
//! other's disk. So a change is committed unsynced, the next writer begins, and the
//! caller gets its answer once the log is synced at least as far as its commit.
//! An answered change is on the disk; a change that another process saw before its
//! answer may not be, but nothing built on it can reach the disk without it, since the
//! log is only ever lost from its end.
//!
//! That holds as long as no sync fails. After a failed one the kernel counts the lost
//! pages as stored, and the log may have a hole that no later sync closes. The pages
//! are still in memory: the whole log is written again, in place, and synced.

use std::fs::{File, Metadata};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use super::folder;
use crate::error::Trouble;

pub struct Log {
    path: PathBuf,
    /// It stays the same file as long as a connection is open.
    file: File,
    /// The greatest length that was seen; the file only grows.
    length: AtomicU64,
    /// Whether its name is known to be on the disk.
    is_named: AtomicBool,
}

impl Log {
    /// Opens the log of a store that a connection has open.
    pub fn of(store: &Path) -> io::Result<Self> {
        let mut path = store.as_os_str().to_owned();
        path.push("-wal");
        let file = File::options().read(true).write(true).open(&path)?;
        let length = file.metadata()?.len().into();
        Ok(Self { path: path.into(), file, length, is_named: AtomicBool::new(false) })
    }

    /// Refuses a log that was removed or cut off since it was opened.
    pub fn check(&self) -> Result<(), Trouble> {
        const NAME: &str = "its log (`-wal`)";
        let found = self.file.metadata()?;
        if is_removed(&found) {
            return Err(Trouble::Removed(NAME));
        }
        if self.length.fetch_max(found.len(), Ordering::Relaxed) > found.len() {
            return Err(Trouble::Truncated(NAME));
        }
        Ok(())
    }

    /// Syncs all committed changes to the disk.
    pub fn sync(&self) -> io::Result<()> {
        if self.is_named.load(Ordering::Relaxed) {
            return self.file.sync_data();
        }
        self.file.sync_all()?;
        // The log's name has to be on the disk as well, and that of its folder.
        let folder = self.path.parent().unwrap_or(Path::new(""));
        folder::sync(folder)?;
        if let Some(above) = folder.parent() {
            folder::sync(above)?;
        }
        self.is_named.store(true, Ordering::Relaxed);
        Ok(())
    }

    /// Writes the log again as it is in memory, and syncs it. The caller prevents other writes and checkpoints
    /// meanwhile.
    pub fn write_again(&self) -> io::Result<()> {
        // An error that was reported to another descriptor first is reported to this one once more.
        const ATTEMPTS: usize = 3;
        let mut written = self.write_over();
        for _ in 1..ATTEMPTS {
            if written.is_ok() {
                break;
            }
            written = self.write_over();
        }
        written
    }

    fn write_over(&self) -> io::Result<()> {
        const CHUNK: usize = 1 << 20;
        let mut file = &self.file;
        let mut chunk = vec![0; CHUNK];
        let mut at = 0;
        loop {
            file.seek(SeekFrom::Start(at))?;
            let read = file.read(&mut chunk)?;
            if read == 0 {
                return file.sync_all();
            }
            file.seek(SeekFrom::Start(at))?;
            file.write_all(&chunk[..read])?;
            at += read as u64;
        }
    }
}

#[cfg(unix)]
fn is_removed(file: &Metadata) -> bool {
    std::os::unix::fs::MetadataExt::nlink(file) == 0
}

#[cfg(not(unix))]
fn is_removed(_file: &Metadata) -> bool {
    false
}
