//! What happened, and what workers say of it.

mod events;
mod happening;
mod project_history;
mod task_history;
mod thinking;

pub use events::Events;
pub use happening::Happening;
pub use project_history::ProjectHistory;
pub use task_history::TaskHistory;
pub use thinking::Thinking;
