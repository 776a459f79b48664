//! Helpers for tests.

pub mod agent;
pub mod calls;
pub mod command;
pub mod dice;
pub mod history;
pub mod ledger;
pub mod project;
pub mod rows;
pub mod team;
