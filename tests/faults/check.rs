//! Compares a store after a failure of its disk with the answers before it.

use std::collections::HashSet;
use std::fs;
use std::path::Path;

use rusqlite::Connection;

use super::Result;
use super::answered::{Fact, digest};

/// Returns the faults of a project's store, which must contain all of `facts`.
pub fn faults(project: &Path, facts: &[Fact]) -> Vec<String> {
    look(project, facts).unwrap_or_else(|error| vec![format!("the store cannot be read: {error}")])
}

fn look(project: &Path, facts: &[Fact]) -> Result<Vec<String>> {
    let store = project.join(".task-graph/tasks.db");
    if facts.is_empty() && !store.exists() {
        return Ok(Vec::new());
    }
    if !store.exists() {
        return Ok(vec![format!("the store is gone, with {} answered facts", facts.len())]);
    }
    let connection = Connection::open(&store)?;
    let mut faults: Vec<String> = texts(&connection, "pragma integrity_check")?.into_iter().collect();
    faults.retain(|word| word != "ok");
    let media = store.with_file_name("tasks.db-media");
    faults.extend(torn(&media)?);
    let is_made = "select name from sqlite_schema where name = 'answers'";
    if texts(&connection, is_made)?.is_empty() {
        if !facts.is_empty() {
            faults.push(format!("the store is empty, with {} answered facts", facts.len()));
        }
        return Ok(faults);
    }
    faults.extend(lost(&connection, facts)?);
    for digest in texts(&connection, "select digest from attachments where digest is not null")? {
        if !media.join(&digest[..2]).join(&digest).exists() {
            faults.push(format!("an attachment without its file {digest}"));
        }
    }
    Ok(faults)
}

/// Returns the counts that differ after a recount.
pub fn miscounts(project: &Path) -> Result<Vec<String>> {
    const COUNTS: &str = "
        select id || ' ' || open_blockers || ' ' || open_children || ' ' || blocked_above from tasks
        union all
        select project || ' ' || status || ' ' || standing || ' ' || tasks from tallies where tasks <> 0";
    let connection = Connection::open(project.join(".task-graph/tasks.db"))?;
    connection.execute_batch("begin immediate")?;
    let kept = texts(&connection, COUNTS)?;
    connection.execute_batch(include_str!("../../src/store/recount.sql"))?;
    let counted = texts(&connection, COUNTS)?;
    connection.execute_batch("rollback")?;
    Ok(kept.symmetric_difference(&counted).map(|row| format!("miscounted: {row}")).collect())
}

/// Returns the files of the media folder whose content does not match their name.
fn torn(media: &Path) -> Result<Vec<String>> {
    let mut torn = Vec::new();
    if !media.exists() {
        return Ok(torn);
    }
    for shard in fs::read_dir(media)? {
        for file in fs::read_dir(shard?.path())? {
            let file = file?;
            let name = file.file_name().to_string_lossy().into_owned();
            if name.len() == 64 && digest(&fs::read(file.path())?) != name {
                torn.push(format!("a torn media file {name}"));
            }
        }
    }
    Ok(torn)
}

fn lost(connection: &Connection, facts: &[Fact]) -> Result<Vec<String>> {
    let tasks = texts(connection, "select id from tasks")?;
    let completed = texts(connection, "select id from tasks where status = 'completed'")?;
    let attempts = texts(connection, "select task_id || ' ' || attempt from attempts")?;
    let attached =
        texts(connection, "select task_id || ' ' || digest from attachments where digest is not null")?;
    let marked = texts(connection, "select file_path from events where event = 'mark_claimed'")?;
    let messages = texts(connection, "select text from messages")?;
    let is_there = |fact: &Fact| match fact {
        Fact::Task(id) => tasks.contains(id),
        Fact::Completed(task) => completed.contains(task),
        Fact::Attempt(task, attempt) => attempts.contains(&format!("{task} {attempt}")),
        Fact::Attachment(task, digest) => attached.contains(&format!("{task} {digest}")),
        Fact::Marked(file) => marked.contains(file),
        Fact::Message(text) => messages.contains(text),
    };
    Ok(facts.iter().filter(|fact| !is_there(fact)).map(|fact| format!("lost: {fact:?}")).collect())
}

fn texts(connection: &Connection, sql: &str) -> Result<HashSet<String>> {
    let mut statement = connection.prepare(sql)?;
    let rows = statement.query_map([], |row| row.get(0))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}
