//! What workers and people say to each other, and what workers are told of their tasks.

mod inbox;
mod send;
pub(super) mod telling;

pub use inbox::Inbox;
pub use send::Send;
