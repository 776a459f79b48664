//! How the tasks of a tree hang together.

use crate::Context;
use crate::domain::EdgeKind;

/// How the tasks of a tree are linked to each other.
#[derive(Default)]
pub struct TreeKinds {
    /// Parent to child; nothing for no link.
    pub child: Option<EdgeKind>,
    /// Each to the next beside it.
    pub sibling: Option<EdgeKind>,
}

impl TreeKinds {
    /// Each contains those under it, and nothing links those beside each other.
    pub fn plain(cx: &Context) -> Self {
        Self { child: cx.config.edges.containing(), sibling: None }
    }
}
