//! Attachments: made, read, taken away.

mod attach;
mod attachments;
mod detach;
mod part;
mod piece;
mod row;

pub use attach::Attach;
pub use attachments::Attachments;
pub use detach::Detach;
pub(super) use piece::{Piece, Staged, To, attempt_of};
pub(super) use row::Row;

use serde_json::{Value, json};

use crate::domain::TaskId;
use crate::error::Result;
use crate::store::{AttachmentFilter, AttachmentRow, Slice, Tx};

/// Takes attachments of a task away, and returns what they were called.
fn take_away(tx: &Tx, task: &TaskId, rows: &[AttachmentRow]) -> Result<Vec<String>> {
    for row in rows {
        tx.detach(task, &row.kind, row.sequence)?;
    }
    Ok(rows.iter().map(|row| format!("{}#{}", row.kind, row.sequence)).collect())
}

/// Returns what the feed tells of attachments that went; of many, the first and their number.
fn told(labels: &[String]) -> Value {
    const NAMED: usize = 50;
    match labels.len() {
        total if total > NAMED => json!({ "attachments": labels[..NAMED], "total": total }),
        _ => json!({ "attachments": labels }),
    }
}

/// Returns everything of a task that fits, however much that is.
fn all(tx: &Tx, task: &TaskId, filter: &AttachmentFilter) -> Result<Vec<AttachmentRow>> {
    const ALL: Slice = Slice { offset: 0, limit: u32::MAX as usize };
    Ok(tx.attachments(task, filter, ALL)?.0)
}
