//! Many processes at one file.

mod claims;
mod drains;
mod links;
mod names;
mod repeats;
mod starts;
