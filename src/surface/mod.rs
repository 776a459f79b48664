//! The faces: they know the catalogue, never an operation.

pub mod cli;
pub mod compact;
pub mod mcp;
mod show;
mod text;
pub mod top;
