//! Brings a file to the newest schema, or refuses it.
//!
//! It is safe when many processes start at once without a file. Only the process at the head of the write queue
//! creates or changes anything, and it reads the version of the file under SQLite's own write lock. The switch to
//! WAL comes last, because it does not wait for locks.

use std::path::Path;

use rusqlite::{Connection, ErrorCode, TransactionBehavior};

use crate::error::{Error, Result, Trouble};

/// Marks a file as ours: "TGrf".
const APPLICATION: i64 = 0x5447_7266;

/// The schema, step by step. A released step is never edited; nothing is released yet.
const STEPS: &[&str] = &[include_str!("migrations/0001.sql")];

/// Returns true if the file is ours and as new as this program.
pub fn is_current(conn: &Connection, path: &Path) -> Result<bool> {
    let application: i64 = match conn.pragma_query_value(None, "application_id", |row| row.get(0)) {
        Err(error) if error.sqlite_error_code() == Some(ErrorCode::NotADatabase) => {
            return Err(Error::Foreign { path: path.to_owned(), what: "it is no database".into() });
        }
        application => application?,
    };
    let version: i64 = conn.pragma_query_value(None, "user_version", |row| row.get(0))?;
    let journal: String = conn.pragma_query_value(None, "journal_mode", |row| row.get(0))?;
    let current = STEPS.len() as i64;
    if application == APPLICATION {
        refuse_newer(conn)?;
    }
    Ok(application == APPLICATION && version == current && journal == "wal")
}

/// Brings the file to the newest schema. The caller is at the head of the write queue.
pub fn migrate(conn: &mut Connection, path: &Path) -> Result<()> {
    let tx = conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
    refuse_foreign(&tx, path)?;
    refuse_newer(&tx)?;
    let done: i64 = tx.pragma_query_value(None, "user_version", |row| row.get(0))?;
    let current = STEPS.len() as i64;
    let mut steps = STEPS.iter().skip(done as usize);
    steps.try_for_each(|step| tx.execute_batch(step)).map_err(|error| contradiction(path, done, error))?;
    tx.pragma_update(None, "user_version", current)?;
    tx.pragma_update(None, "application_id", APPLICATION)?;
    tx.commit()?;
    let mode: String = conn.pragma_update_and_check(None, "journal_mode", "wal", |row| row.get(0))?;
    if mode != "wal" {
        let reason = format!("its disk does not let processes share a log (journal mode `{mode}`)");
        return Err(Error::unusable(path, Trouble::Place(reason)));
    }
    Ok(())
}

/// Refuses a file with a newer schema than this program knows. The file may be upgraded under a running server,
/// too.
pub fn refuse_newer(conn: &Connection) -> Result<()> {
    const SQL: &str = "pragma user_version";
    let file = conn.prepare_cached(SQL)?.query_row([], |row| row.get(0))?;
    let program = STEPS.len() as i64;
    if file > program {
        return Err(Error::Newer { file, program });
    }
    Ok(())
}

/// Returns the error for a migration that does not fit the file, without the text of the migration.
fn contradiction(path: &Path, done: i64, error: rusqlite::Error) -> Error {
    match error {
        rusqlite::Error::SqlInputError { msg, .. } => {
            let reason = format!("it says that it has schema {done}, and its tables are others: {msg}");
            Error::unusable(path, Trouble::Damaged(reason))
        }
        error => error.into(),
    }
}

fn refuse_foreign(conn: &Connection, path: &Path) -> Result<()> {
    let application: i64 = conn.pragma_query_value(None, "application_id", |row| row.get(0))?;
    if application == APPLICATION {
        return Ok(());
    }
    let count = |sql: &str| conn.query_row(sql, [], |row| row.get::<_, i64>(0));
    if count("select count(*) from sqlite_schema")? == 0 {
        return Ok(());
    }
    let public = count(
        "select count(*) from sqlite_schema
        where type = 'table' and name in ('refinery_schema_history', 'claim_sequence', 'file_locks')",
    )?;
    let what = match public {
        3 => "it was written by task-graph-mcp, whose databases cannot be read yet",
        _ => "it is a database of another program",
    };
    Err(Error::Foreign { path: path.to_owned(), what: what.into() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(prepare: &str) -> Error {
        let mut conn = Connection::open_in_memory().unwrap();
        conn.execute_batch(prepare).unwrap();
        migrate(&mut conn, Path::new("x.db")).unwrap_err()
    }

    #[test]
    fn a_file_that_is_no_database_is_refused_by_its_name() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("notes.txt");
        std::fs::write(&path, "long enough to be looked at as a database").unwrap();

        let refused = is_current(&Connection::open(&path).unwrap(), &path).unwrap_err();

        assert_eq!(refused.code(), "foreign_database");
        assert!(refused.to_string().contains("notes.txt"), "{refused}");
    }

    #[test]
    fn a_place_where_processes_cannot_share_a_log_is_refused() {
        let refused = refusal("");

        assert!(refused.to_string().ends_with("(journal mode `memory`)"), "{refused}");
    }

    #[test]
    fn what_is_not_ours_is_refused_with_the_reason() {
        let public = refusal(
            "create table refinery_schema_history (version);
            create table claim_sequence (id);
            create table file_locks (id);",
        );
        let other = refusal("create table t (x);");
        let newer = refusal("pragma application_id = 0x54477266; pragma user_version = 99;");

        assert!(public.to_string().contains("task-graph-mcp"), "{public}");
        assert!(other.to_string().contains("another program"), "{other}");
        assert!(matches!(newer, Error::Newer { file: 99, .. }), "{newer}");
    }

    /// SQLite before 3.45 answers `json_valid(null)` with 0, and its `integrity_check` then reports the row.
    #[test]
    fn a_check_of_json_that_may_be_null_says_so() {
        let columns = STEPS.iter().flat_map(|sql| sql.lines()).filter(|line| line.contains("json_valid("));
        let careless: Vec<&str> = columns
            .filter(|line| !line.contains("not null") && !line.contains("is null or json_valid("))
            .collect();

        assert!(careless.is_empty(), "{careless:#?}");
    }
}
