//! Attachments: added, read, deleted.

mod attach;
mod attachments;
mod detach;
mod part;
mod piece;
mod proof;
mod row;

pub use attach::Attach;
pub use attachments::Attachments;
pub use detach::Detach;
pub(super) use piece::{Piece, Staged, To, attempt_of};
pub(super) use row::Row;

use crate::domain::TaskId;
use crate::error::Result;
use crate::store::{AttachmentFilter, AttachmentRow, Slice, Tx};

/// Returns all attachments of a task that match the filter, without a limit.
fn all(tx: &Tx, task: &TaskId, filter: &AttachmentFilter) -> Result<Vec<AttachmentRow>> {
    const ALL: Slice = Slice { offset: 0, limit: u32::MAX as usize };
    Ok(tx.attachments(task, filter, ALL)?.0)
}
