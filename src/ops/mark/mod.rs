//! Marks on files: the workers that change them, and those that wait for them.

mod files;
mod list_marks;
mod mark_file;
mod mark_updates;
pub(super) mod marking;
mod unmark_file;

pub(super) use files::Files;
pub use list_marks::ListMarks;
pub use mark_file::MarkFile;
pub use mark_updates::MarkUpdates;
pub use unmark_file::UnmarkFile;
