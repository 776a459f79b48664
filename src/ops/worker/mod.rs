//! Workers: connect, disconnect, resume, and list those present.

mod changes;
mod cleanup_stale;
pub mod clients;
mod connect;
mod disconnect;
mod held;
mod list_agents;
mod packet;
pub(super) mod presence;
mod resume;

pub use cleanup_stale::CleanupStale;
pub use connect::Connect;
pub(super) use connect::role;
pub use disconnect::Disconnect;
pub use list_agents::ListAgents;
pub use resume::Resume;
