//! Coordinates the work of a team of coding agents.
//!
//! One SQLite file holds the tasks. Each agent's client starts this program and speaks MCP
//! to it; people use the same operations from a shell.
//!
//! ```text
//! main ──► surface ──► ops ──► store ──► domain
//!               └────────┴───► error ──► domain          config ──► domain
//! ```
//!
//! - [`domain`]: the rules for tasks; pure.
//! - [`store`]: SQLite, and nothing else; the only place that begins a transaction.
//! - [`ops`]: the operations for callers; the only place that uses both.
//! - [`surface`]: the surfaces (MCP, command line, a live view), which know [`ops::CATALOGUE`].
//! - [`config`]: the project's YAML. [`process`]: the process that runs this program.
//! - [`guide`]: how to use it, page by page. [`architecture`], [`decisions`]: how it is built, and why.
//! - [`demo`]: a team at work, which uses this program only from outside.

#[doc = include_str!("docs/architecture.md")]
pub mod architecture {}

#[doc = include_str!("docs/decisions.md")]
pub mod decisions {}

pub mod config;
pub mod demo;
pub mod domain;
pub mod error;
pub mod guide;
pub mod ops;
pub mod process;
pub mod store;
pub mod surface;

mod app;
mod caller;
mod mailbag;

pub use app::{App, Context, Current};
pub use caller::Caller;
pub use error::{Error, Result};
pub use store::{Effect, Listening, Patience};
