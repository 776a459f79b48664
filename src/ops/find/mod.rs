//! Looking things up.

mod settings;

pub use settings::Settings;
