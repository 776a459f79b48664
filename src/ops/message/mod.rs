//! Messages between workers and people, and notices to workers about their tasks.

mod inbox;
mod send;
pub(super) mod telling;

pub use inbox::Inbox;
pub use send::Send;
