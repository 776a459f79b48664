//! Look-up by words, by SQL and in the settings, and feedback on the tools.

mod get_schema;
mod give_feedback;
mod list_feedback;
mod opinion;
mod query;
mod search;
mod settings;
mod sheet;

pub use get_schema::GetSchema;
pub use give_feedback::GiveFeedback;
pub use list_feedback::ListFeedback;
pub use query::Query;
pub use search::Search;
pub use settings::Settings;
