//! What a client sees of the server: the protocol, byte for byte where it matters.

mod completion;
mod eras;
mod instructions;
mod lines;
mod long_calls;
mod messages;
mod news;
mod prompts;
mod resources;
mod tools;
mod vendors;
mod waiting;
mod waits;
mod wrong_calls;
