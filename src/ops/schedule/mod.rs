//! Schedules: tasks that are created repeatedly, by the next call after each time.

mod change;
pub(super) mod firing;
mod schedules;

pub use change::ChangeSchedule;
pub use schedules::ListSchedules;
