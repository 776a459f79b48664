//! Many processes at one file.

mod claims;
mod drains;
mod links;
mod marks;
mod messages;
mod names;
mod repeats;
mod reports;
mod schedules;
mod starts;
mod templates;
mod waits;
