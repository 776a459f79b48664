//! Waiting for events, instead of polling.

mod ending;
mod feed;
mod wait;
mod word;

pub use wait::Await;
