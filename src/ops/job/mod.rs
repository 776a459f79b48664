//! Jobs: tasks that are tried again, have their time, a lease, or share something scarce.

pub mod due;
pub mod failing;
pub mod following;
mod redrive;
pub mod setting;

pub use redrive::Redrive;
