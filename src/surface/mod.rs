//! The faces. They know operations by name only, through the catalogue.

pub mod cli;
pub mod compact;
pub mod mcp;
mod show;
mod text;
pub mod top;
