//! Tasks: made, found, taken, changed, put away.

mod assigning;
mod brief;
mod bulk_update;
mod claim;
mod claiming;
mod create;
mod create_tree;
mod delete;
mod edit;
mod evidence;
mod explain;
mod get;
mod list_tasks;
pub(super) mod moving;
mod plant;
mod rename;
mod scan;
mod status_summary;
mod undelete;
mod update;
pub(super) mod words;

pub(super) use brief::{Brief, is_default, is_zero, shortened};
pub use bulk_update::BulkUpdate;
pub use claim::Claim;
pub use create::Create;
pub use create_tree::CreateTree;
pub use delete::Delete;
pub use explain::Explain;
pub use get::Get;
pub use list_tasks::ListTasks;
pub use rename::Rename;
pub use scan::Scan;
pub use status_summary::StatusSummary;
pub use undelete::Undelete;
pub use update::Update;
