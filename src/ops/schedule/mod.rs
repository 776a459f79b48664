//! Schedules: tasks that are made again and again, by whoever comes by.

mod change;
pub(super) mod firing;
mod schedules;

pub use change::ChangeSchedule;
pub use schedules::ListSchedules;
