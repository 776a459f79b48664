//! Converts SQLite's errors to this program's own: a busy store, trouble with the disk, or a defect.

use std::time::Duration;

use crate::error::{Error, Trouble};

impl From<rusqlite::Error> for Error {
    fn from(error: rusqlite::Error) -> Self {
        use rusqlite::ErrorCode::{
            CannotOpen, DatabaseBusy, DatabaseCorrupt, DatabaseLocked, DiskFull, FileLockingProtocolFailed,
            NotADatabase, ReadOnly, SystemIoFailure,
        };
        let trouble = match error.sqlite_error_code() {
            Some(DatabaseBusy | DatabaseLocked | FileLockingProtocolFailed) => {
                return Self::Busy { waited: Duration::ZERO, holder: None };
            }
            Some(DiskFull) => Trouble::Full,
            Some(SystemIoFailure) => Trouble::Disk(error.to_string()),
            Some(DatabaseCorrupt | NotADatabase) => Trouble::Damaged(error.to_string()),
            Some(ReadOnly) => Trouble::ReadOnly,
            Some(CannotOpen) => Trouble::Place(error.to_string()),
            _ => return Self::internal(error),
        };
        Self::Unusable { path: None, trouble }
    }
}
