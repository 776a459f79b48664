//! An entry of the feed, as answers show it.

use serde::Serialize;
use serde_json::Value;

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
    /// Returns the entry with everything it says.
    pub fn whole(row: FeedRow) -> Self {
        Self {
            id: Some(row.id),
            at: row.at,
            event: row.what,
            task: row.task,
            file: row.file,
            worker_id: row.worker,
            attempt: row.attempt,
            cause: row.cause,
            reason: row.reason.map(|reason| shortened(&reason, LONGEST)),
            before: row.before.map(told),
            after: row.after.map(told),
        }
    }

    /// Returns the entry as it is shown with its task.
    pub fn brief(row: FeedRow) -> Self {
        Self { id: None, task: None, before: None, ..Self::whole(row) }
    }
}

/// The longest text that an entry shows; the table `events` has the whole.
const LONGEST: usize = 80;

/// Returns a value without what it does not say, and with the beginnings of its texts.
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
