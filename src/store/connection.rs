//! Opens connections to the store, all with the same settings.

use std::path::Path;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use super::Options;
use crate::error::{Error, Result, Trouble};

/// Opens the file, or creates it.
pub fn connect(path: &Path, options: Options) -> Result<Connection> {
    let flags =
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let conn = Connection::open_with_flags(path, flags)
        .map_err(|error| Error::unusable(path, Trouble::Place(error.to_string())))?;
    conn.busy_timeout(options.lock_wait)?;
    conn.pragma_update(None, "foreign_keys", true)?;
    // Pages that do not fit the cache would be written to the log, read again and written once more.
    conn.pragma_update(None, "cache_spill", false)?;
    // A statement with triggers keeps its changes in a journal until it ends, by default in a file.
    conn.pragma_update(None, "temp_store", "memory")?;
    // Otherwise a statement is prepared again for each value that may decide whether a partial index fits.
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    conn.set_prepared_statement_cache_capacity(256);
    Ok(conn)
}
