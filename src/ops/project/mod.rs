//! Projects: tasks that belong together, with instructions for all their workers.

mod change;
pub(super) mod instructing;
mod projects;

pub use change::ChangeProject;
pub(super) use change::{check_defaults, read_defaults};
pub use projects::ListProjects;
