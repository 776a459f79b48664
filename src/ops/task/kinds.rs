//! The link types in a tree of tasks.

use crate::Context;
use crate::domain::EdgeKind;

/// The link types between the tasks of a tree.
#[derive(Default)]
pub struct TreeKinds {
    /// From parent to child; `None` for no link.
    pub child: Option<EdgeKind>,
    /// From each task to its next sibling.
    pub sibling: Option<EdgeKind>,
}

impl TreeKinds {
    /// Returns the usual types: each task contains its subtasks, and siblings are not linked.
    pub fn plain(cx: &Context) -> Self {
        Self { child: cx.config.edges.containing(), sibling: None }
    }
}
