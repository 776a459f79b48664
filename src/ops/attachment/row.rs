//! An attachment as answers show it, without its content.

use serde::Serialize;

use crate::domain::{Timestamp, WorkerId};
use crate::ops::task::shortened;
use crate::store::AttachmentRow;

#[derive(Debug, Serialize)]
pub struct Row {
    #[serde(rename = "type")]
    pub kind: String,
    pub sequence: i64,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub name: String,
    pub mime: String,
    /// The number of bytes that can be read; none for a file of the project, which is only referred to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bytes: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    #[serde(skip_serializing_if = "crate::ops::task::is_default")]
    pub attempt: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub worker_id: Option<WorkerId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created_at: Option<Timestamp>,
}

impl Row {
    /// Returns the attachment as lists show it.
    pub fn whole(row: AttachmentRow) -> Self {
        const NAME: usize = 40;
        const PATH: usize = 100;
        Self {
            kind: row.kind,
            sequence: row.sequence,
            name: shortened(&row.name, NAME),
            mime: row.mime,
            bytes: row.file.is_none().then_some(row.bytes),
            file: row.file.map(|path| shortened(&path, PATH)),
            attempt: row.attempt,
            worker_id: row.worker,
            created_at: Some(row.created_at),
        }
    }

    /// Returns the attachment as answers about its task show it.
    pub fn brief(row: AttachmentRow) -> Self {
        Self { created_at: None, ..Self::whole(row) }
    }
}
