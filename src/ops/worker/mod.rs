//! Coming, going, and seeing who is here.

mod cleanup_stale;
pub mod clients;
mod connect;
mod disconnect;
mod list_agents;
pub(super) mod presence;

pub use cleanup_stale::CleanupStale;
pub use connect::Connect;
pub(super) use connect::role;
pub use disconnect::Disconnect;
pub use list_agents::ListAgents;
