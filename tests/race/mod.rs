//! Many processes at one file.

mod claims;
mod drains;
mod links;
mod marks;
mod names;
mod repeats;
mod reports;
mod starts;
