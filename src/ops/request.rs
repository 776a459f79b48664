//! A call as a face makes it, and after its arguments were checked.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::Stay;
use crate::Current;
use crate::domain::WorkerId;
use crate::store::{Named, Patience};

/// A call as a face makes it.
#[derive(Clone)]
pub struct Input {
    pub arguments: Map<String, Value>,
    /// The face's own request id, if it has one.
    pub id: Option<String>,
    pub patience: Patience,
    /// How long the face waits for an answer that is worth waiting for.
    pub stay: Stay,
    /// The reader takes the answer in full, so that nothing has to be shortened.
    pub whole: bool,
}

/// A checked request: the arguments of the operation, and the common ones.
pub struct Request {
    pub arguments: Map<String, Value>,
    pub worker: Option<WorkerId>,
    /// The worker that reads the answer, if the operation has no caller argument.
    pub listener: Option<WorkerId>,
    /// Whether the answer may carry messages.
    pub takes_mail: bool,
    /// The idempotency key, if the call has one.
    pub name: Option<Named>,
    pub patience: Patience,
    pub stay: Stay,
    /// Notices about arguments that are ignored.
    pub unheeded: Vec<String>,
    /// The reader takes the answer in full, so that nothing has to be shortened.
    pub whole: bool,
    /// The settings for this request, from start to end.
    pub config: Arc<Current>,
}

impl Input {
    /// Makes a call without a request id, which waits as long as the project and the call allow.
    pub fn of(arguments: Map<String, Value>) -> Self {
        Self { arguments, id: None, patience: Patience::Waits, stay: Stay::default(), whole: false }
    }

    /// Makes a call without a request id, which takes the present answer.
    pub fn at_once(arguments: Map<String, Value>, patience: Patience) -> Self {
        Self { arguments, id: None, patience, stay: Stay::not_at_all(), whole: false }
    }
}
