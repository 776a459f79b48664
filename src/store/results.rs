//! Results of ended tasks.

use rusqlite::{OptionalExtension, named_params};

use super::Tx;
use crate::domain::{Millis, TaskId, WorkerId};
use crate::error::Result;

/// How a task ended.
#[derive(Clone, Debug, Default)]
pub struct Ending {
    /// The worker of the newest attempt; none if the task was never claimed.
    pub worker: Option<WorkerId>,
    /// The reason that the author gave.
    pub reason: Option<String>,
}

/// The output of an attempt.
#[derive(Clone, Debug)]
pub struct Brought {
    pub mime: String,
    /// The text, cut to the requested length.
    pub text: String,
    pub bytes: i64,
    /// True for a text that is stored in the database.
    pub is_text: bool,
    pub file: Option<String>,
}

impl Tx<'_> {
    /// Returns how a task ended.
    pub fn ending(&self, task: &TaskId, attempt: i64) -> Result<Ending> {
        const STEP: &str = "
            select reason
            from events
            where task_id = :task and event = 'status'
            order by id desc
            limit 1";
        const WORKER: &str = "
            select worker_id
            from attempts
            where task_id = :task and attempt = :attempt";
        let reason =
            self.0.prepare_cached(STEP)?.query_row(named_params! { ":task": task }, |row| row.get(0));
        let keys = named_params! { ":task": task, ":attempt": attempt };
        let worker = self.0.prepare_cached(WORKER)?.query_row(keys, |row| row.get(0));
        Ok(Ending { worker: worker.optional()?, reason: reason.optional()?.flatten() })
    }

    /// Returns the newest attachment of type `kind` of a task, with at most `most` characters of its text.
    pub fn brought(&self, task: &TaskId, kind: &str, most: usize) -> Result<Option<Brought>> {
        const SQL: &str = "
            select mime_type, substr(content, 1, :most) as text,
                coalesce(bytes, octet_length(content)) as bytes,
                digest is null and file_path is null as is_text, file_path
            from attachments
            where task_id = :task and attachment_type = :kind
            order by sequence desc
            limit 1";
        let mut statement = self.0.prepare_cached(SQL)?;
        let keys = named_params! { ":task": task, ":kind": kind, ":most": most as i64 };
        let found = statement.query_row(keys, |row| {
            Ok(Brought {
                mime: row.get("mime_type")?,
                text: row.get("text")?,
                bytes: row.get("bytes")?,
                is_text: row.get("is_text")?,
                file: row.get("file_path")?,
            })
        });
        Ok(found.optional()?)
    }

    /// Returns the times that the ended tasks among these took, the shortest first.
    pub fn times_of(&self, tasks: &[TaskId]) -> Result<Vec<Millis>> {
        const SQL: &str = "
            select time_actual_ms
            from json_each(:tasks) as wanted cross join tasks on tasks.id = wanted.value
            where is_ended and deleted_at is null and started_at is not null
            order by time_actual_ms";
        let mut statement = self.0.prepare_cached(SQL)?;
        let rows =
            statement.query_map(named_params! { ":tasks": super::row::Json(tasks) }, |row| row.get(0))?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }
}
