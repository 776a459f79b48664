//! A connection of this process to its store, as all of them are set up.

use std::path::Path;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use super::Options;
use crate::error::{Error, Result, Trouble};

/// Opens the file, or makes it.
pub fn connect(path: &Path, options: Options) -> Result<Connection> {
    let flags =
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let conn = Connection::open_with_flags(path, flags)
        .map_err(|error| Error::unusable(path, Trouble::Place(error.to_string())))?;
    conn.busy_timeout(options.lock_wait)?;
    conn.pragma_update(None, "foreign_keys", true)?;
    // What does not fit the cache would be written to the log, read again and written once more.
    conn.pragma_update(None, "cache_spill", false)?;
    // A statement that has triggers keeps what it changes until it is through, else in a file.
    conn.pragma_update(None, "temp_store", "memory")?;
    // Else each value that may decide whether a partial index fits has its statement prepared anew.
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    conn.set_prepared_statement_cache_capacity(256);
    Ok(conn)
}
