//! Links between tasks.

mod link;
pub(super) mod linking;
mod relink;
mod unlink;

pub use link::Link;
pub use relink::Relink;
pub use unlink::Unlink;
