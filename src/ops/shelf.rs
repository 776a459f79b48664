//! Which tools agents are shown.

/// Where a tool is shown to agents.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Shelf {
    /// Listed, and asked to be loaded at once.
    Always,
    /// Listed in the short list.
    Core,
    /// Reached through `more`, or listed in the full list.
    Full,
    /// Another name, listed to the workers of a queue only.
    Queue,
}

impl Shelf {
    /// Returns the arguments that the instructions speak of once, for all tools that stand here.
    pub(super) fn told_once(self) -> &'static [&'static str] {
        match self {
            Shelf::Always | Shelf::Core => &["request_id"],
            Shelf::Full | Shelf::Queue => &["request_id", "limit", "offset"],
        }
    }
}
