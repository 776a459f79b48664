//! Projects: work that belongs together, with what everybody in it has to know.

mod change;
pub(super) mod instructing;
mod projects;

pub use change::ChangeProject;
pub(super) use change::{check_defaults, read_defaults};
pub use projects::ListProjects;
