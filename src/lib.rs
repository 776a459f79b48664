//! How a team of coding agents agrees on who does what.

pub mod config;
pub mod domain;
pub mod error;
pub mod process;
pub mod store;

pub use error::{Error, Result};
pub use store::Effect;
