//! Processes that are killed or stopped at the worst moment.

mod clients;
mod drains;
mod jobs;
mod kills;
mod pauses;
mod resumes;
