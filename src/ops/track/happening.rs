//! An entry of the feed, as answers show it.

use serde::Serialize;
use serde_json::Value;

use crate::Context;
use crate::domain::{MarkPath, TaskId, Timestamp, WorkerId};
use crate::ops::task::shortened;
use crate::store::FeedRow;

#[derive(Debug, Serialize)]
pub struct Happening {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<i64>,
    at: Timestamp,
    event: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    task: Option<TaskId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<MarkPath>,
    #[serde(skip_serializing_if = "Option::is_none")]
    worker_id: Option<WorkerId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    attempt: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cause: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    before: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    after: Option<Value>,
}

impl Happening {
    pub const COLUMNS: &'static [&'static str] =
        &["id", "at", "event", "task", "file", "worker_id", "attempt", "cause", "reason", "before", "after"];

    /// Returns the entry for a list; uncut if the caller reads whole lists.
    pub fn told(row: FeedRow, cx: &Context) -> Self {
        match cx.whole {
            true => Self::verbatim(row),
            false => Self::whole(row),
        }
    }

    fn verbatim(row: FeedRow) -> Self {
        let FeedRow { id, at, what, task, file, worker, attempt, cause, reason, before, after } = row;
        Self {
            id: Some(id),
            at,
            event: what,
            task,
            file,
            worker_id: worker,
            attempt,
            cause,
            reason,
            before,
            after,
        }
    }

    /// Returns the entry with all fields, and long texts cut.
    pub fn whole(row: FeedRow) -> Self {
        let mut entry = Self::verbatim(row);
        entry.reason = entry.reason.map(|reason| shortened(&reason, LONGEST));
        entry.before = entry.before.map(told);
        entry.after = entry.after.map(told);
        entry
    }

    /// Returns the entry for a list of one task's events.
    pub fn brief(row: FeedRow) -> Self {
        Self { id: None, task: None, before: None, ..Self::whole(row) }
    }
}

/// The longest text that an entry shows; the table `events` has all of it.
const LONGEST: usize = 80;

/// Returns a value without null fields, and with long texts cut.
fn told(value: Value) -> Value {
    match value {
        Value::Object(mut fields) => {
            fields.retain(|_, value| !value.is_null());
            fields.values_mut().for_each(|value| *value = told(value.take()));
            fields.into()
        }
        Value::String(text) => shortened(&text, LONGEST).into(),
        other => other,
    }
}
