//! Visibility of operations as tools.

/// Where a tool is listed to agents.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Shelf {
    /// Listed, and loaded at once by clients that load tools on demand.
    Always,
    /// Listed in the short list.
    Core,
    /// Reached through `more`, or listed in the full list.
    Full,
    /// Another name of an operation, listed to the workers of a queue only.
    Queue,
}

impl Shelf {
    /// Returns the arguments that the instructions describe once for all tools of this visibility.
    pub(super) fn told_once(self) -> &'static [&'static str] {
        match self {
            Shelf::Always | Shelf::Core => &["request_id"],
            Shelf::Full | Shelf::Queue => &["request_id", "limit", "offset"],
        }
    }
}
