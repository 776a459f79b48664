//! The faces. They know the catalogue, never a single operation.

pub mod cli;
pub mod compact;
pub mod mcp;
mod show;
mod text;
pub mod top;
