//! Jobs: tasks with retries, a scheduled time, a lease, or a group that limits how many run at once.

pub mod due;
pub mod failing;
pub mod following;
mod redrive;
pub mod setting;

pub use redrive::Redrive;
