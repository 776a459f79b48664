//! The event feed, histories, results, statistics and metrics.

mod events;
mod get_metrics;
mod happening;
mod log_metrics;
mod project_history;
mod results;
mod stats;
mod sums;
mod task_history;
mod thinking;

pub use events::Events;
pub use get_metrics::GetMetrics;
pub use happening::Happening;
pub use log_metrics::LogMetrics;
pub use project_history::ProjectHistory;
pub use results::Results;
pub use stats::Stats;
pub use task_history::TaskHistory;
pub use thinking::Thinking;
