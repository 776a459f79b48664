//! What a client sees of the server: the protocol, byte for byte where it matters.

mod eras;
mod instructions;
mod lines;
mod tools;
mod waiting;
mod wrong_calls;
