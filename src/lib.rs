//! How a team of coding agents agrees on who does what.

pub mod config;
pub mod domain;
pub mod error;

pub use error::{Error, Result};
