//! Waiting until something has happened, instead of asking again and again.

mod ending;
mod feed;
mod wait;
mod word;

pub use wait::Await;
