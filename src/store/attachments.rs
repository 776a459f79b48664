//! What is attached to tasks: results, evidence, context.

use rusqlite::{Row, named_params};

use super::Tx;
use crate::domain::{TaskId, Timestamp, WorkerId};
use crate::error::Result;

/// Something to attach.
#[derive(Clone, Debug)]
pub struct NewAttachment<'a> {
    pub task: &'a TaskId,
    pub kind: &'a str,
    pub name: &'a str,
    pub mime: &'a str,
    pub content: &'a str,
    /// The attempt it was made in; 0 if in none.
    pub attempt: i64,
    pub worker: Option<&'a WorkerId>,
}

/// What there is to know of an attachment without its content.
#[derive(Clone, Debug)]
pub struct AttachmentRow {
    pub kind: String,
    pub sequence: i64,
    pub name: String,
    pub mime: String,
    pub bytes: i64,
    pub attempt: i64,
    pub worker: Option<WorkerId>,
    pub created_at: Timestamp,
}

impl Tx<'_> {
    /// Attaches something to a task, after what is there of its type. Returns its number.
    pub fn attach(&self, new: &NewAttachment<'_>, now: Timestamp) -> Result<i64> {
        const SQL: &str = "
            insert into attachments (task_id, attachment_type, sequence, name, mime_type, content,
                attempt, worker_id, created_at)
            select :task, :kind, coalesce(max(sequence) + 1, 0), :name, :mime, :content,
                :attempt, :worker, :now
            from attachments
            where task_id = :task and attachment_type = :kind
            returning sequence";
        let NewAttachment { task, kind, name, mime, content, attempt, worker } = new;
        let number = self.0.prepare_cached(SQL)?.query_row(
            named_params! {
                ":task": task,
                ":kind": kind,
                ":name": name,
                ":mime": mime,
                ":content": content,
                ":attempt": attempt,
                ":worker": worker,
                ":now": now,
            },
            |row| row.get(0),
        )?;
        Ok(number)
    }

    /// Says whether the same was attached to the task in the same attempt.
    pub fn is_attached(&self, new: &NewAttachment<'_>) -> Result<bool> {
        const SQL: &str = "
            select 1
            from attachments
            where task_id = :task and attachment_type = :kind
                and attempt = :attempt and content = :content";
        Ok(self.0.prepare_cached(SQL)?.exists(named_params! {
            ":task": new.task,
            ":kind": new.kind,
            ":attempt": new.attempt,
            ":content": new.content,
        })?)
    }

    /// Takes away everything of a type that is attached to a task.
    pub fn detach(&self, task: &TaskId, kind: &str) -> Result<usize> {
        const SQL: &str = "
            delete from attachments
            where task_id = :task and attachment_type = :kind";
        Ok(self.0.prepare_cached(SQL)?.execute(named_params! { ":task": task, ":kind": kind })?)
    }

    /// Returns what is attached to a task, by type and number.
    pub fn attachments(&self, task: &TaskId) -> Result<Vec<AttachmentRow>> {
        const SQL: &str = "
            select attachment_type, sequence, name, mime_type, octet_length(content) as bytes,
                attempt, worker_id, created_at
            from attachments
            where task_id = :task
            order by attachment_type, sequence";
        let mut statement = self.0.prepare_cached(SQL)?;
        let rows = statement.query_map(named_params! { ":task": task }, attachment)?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }
}

fn attachment(row: &Row<'_>) -> rusqlite::Result<AttachmentRow> {
    Ok(AttachmentRow {
        kind: row.get("attachment_type")?,
        sequence: row.get("sequence")?,
        name: row.get("name")?,
        mime: row.get("mime_type")?,
        bytes: row.get("bytes")?,
        attempt: row.get("attempt")?,
        worker: row.get("worker_id")?,
        created_at: row.get("created_at")?,
    })
}
