//! Feedback from agents about this program.

use rusqlite::{Row, named_params};

use super::Tx;
use crate::domain::{TaskId, Timestamp, WorkerId};
use crate::error::Result;

/// Feedback to store.
#[derive(Clone, Debug)]
pub struct Feedback {
    pub at: Timestamp,
    pub worker: Option<WorkerId>,
    pub message: String,
    pub category: String,
    pub sentiment: Option<String>,
    /// The operation it is about.
    pub tool: Option<String>,
    pub task: Option<TaskId>,
}

/// Stored feedback, with its number.
#[derive(Clone, Debug)]
pub struct FeedbackRow {
    pub id: i64,
    pub said: Feedback,
}

impl Tx<'_> {
    /// Stores feedback, and returns its number.
    pub fn add_feedback(&self, said: &Feedback) -> Result<i64> {
        const SQL: &str = "
            insert into feedback (timestamp, worker_id, message, category, sentiment, tool, task_id)
            values (:at, :worker, :message, :category, :sentiment, :tool, :task)";
        let Feedback { at, worker, message, category, sentiment, tool, task } = said;
        self.0.prepare_cached(SQL)?.execute(named_params! {
            ":at": at,
            ":worker": worker,
            ":message": message,
            ":category": category,
            ":sentiment": sentiment,
            ":tool": tool,
            ":task": task,
        })?;
        Ok(self.0.last_insert_rowid())
    }

    /// Returns feedback, the newest first.
    pub fn feedback(&self, category: Option<&str>, limit: usize, offset: usize) -> Result<Vec<FeedbackRow>> {
        const SQL: &str = "
            select *
            from feedback
            where :category is null or category = :category
            order by id desc
            limit :limit offset :offset";
        let mut statement = self.0.prepare_cached(SQL)?;
        let keys = named_params! { ":category": category, ":limit": limit as i64, ":offset": offset as i64 };
        let rows = statement.query_map(keys, feedback)?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// Returns the number of feedback entries.
    pub fn count_feedback(&self, category: Option<&str>) -> Result<usize> {
        const SQL: &str = "select count(*) from feedback where :category is null or category = :category";
        let count: i64 = self
            .0
            .prepare_cached(SQL)?
            .query_row(named_params! { ":category": category }, |row| row.get(0))?;
        Ok(count as usize)
    }
}

fn feedback(row: &Row<'_>) -> rusqlite::Result<FeedbackRow> {
    Ok(FeedbackRow {
        id: row.get("id")?,
        said: Feedback {
            at: row.get("timestamp")?,
            worker: row.get("worker_id")?,
            message: row.get("message")?,
            category: row.get("category")?,
            sentiment: row.get("sentiment")?,
            tool: row.get("tool")?,
            task: row.get("task_id")?,
        },
    })
}
