//! Errors that stop the demo.

use std::io;
use std::time::Duration;

pub type Result<T> = std::result::Result<T, Trouble>;

#[derive(Debug, thiserror::Error)]
pub enum Trouble {
    #[error("{what}: {source}")]
    System { what: &'static str, source: io::Error },
    #[error("the server ended before it answered `{asked}`")]
    HungUp { asked: String },
    #[error("the server did not answer `{asked}` within {} s", waited.as_secs())]
    Silent { asked: String, waited: Duration },
    #[error("the server wrote a line that is no JSON: {line}")]
    Unreadable { line: String },
    #[error("the server refused `{asked}`: {answer}")]
    Refused { asked: String, answer: String },
    #[error("the answer to `{asked}` has no `{lacks}`")]
    Incomplete { asked: &'static str, lacks: &'static str },
    #[error("`{task}` was handed out, which is not part of the story")]
    Stranger { task: String },
    #[error("there was nothing to do for {} s while tasks were open", waited.as_secs())]
    Idle { waited: Duration },
    #[error("the thread of a worker broke off")]
    Panicked,
    #[error("`{worker}` cannot go on: {trouble}")]
    With { worker: &'static str, trouble: Box<Trouble> },
}

impl Trouble {
    /// Returns a function that converts a system error; `what` names the failed step.
    pub fn when(what: &'static str) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::System { what, source }
    }

    /// Returns a function that adds the worker's name to an error.
    pub fn with(worker: &'static str) -> impl FnOnce(Self) -> Self {
        move |trouble| Self::With { worker, trouble: Box::new(trouble) }
    }
}
