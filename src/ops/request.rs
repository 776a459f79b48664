//! A call as a face makes it, and as it was understood.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::Stay;
use crate::Current;
use crate::domain::WorkerId;
use crate::store::{Named, Patience};

/// What a face asks for.
#[derive(Clone)]
pub struct Input {
    pub arguments: Map<String, Value>,
    /// How the face names the call, if it has a name for it.
    pub id: Option<String>,
    pub patience: Patience,
    /// How long the face stays for an answer that is worth waiting for.
    pub stay: Stay,
    /// It is read to the end, so that nothing has to be cut short.
    pub whole: bool,
}

/// A request as it was understood: the operation's own arguments, and the common ones.
pub struct Request {
    pub arguments: Map<String, Value>,
    pub worker: Option<WorkerId>,
    /// Who reads the answer, where it makes no difference who asks.
    pub listener: Option<WorkerId>,
    /// Whether the answer may carry messages.
    pub takes_mail: bool,
    /// The name by which a repetition is known, if it has one.
    pub name: Option<Named>,
    pub patience: Patience,
    pub stay: Stay,
    /// What to tell of arguments that change nothing.
    pub unheeded: Vec<String>,
    /// It is read to the end, so that nothing has to be cut short.
    pub whole: bool,
    /// The settings that hold for it, from its beginning to its end.
    pub config: Arc<Current>,
}

impl Input {
    /// Asks without a name for the call, and waits as long as the project and the call say.
    pub fn of(arguments: Map<String, Value>) -> Self {
        Self { arguments, id: None, patience: Patience::Waits, stay: Stay::default(), whole: false }
    }

    /// Asks without a name for the call, and takes the answer there is.
    pub fn at_once(arguments: Map<String, Value>, patience: Patience) -> Self {
        Self { arguments, id: None, patience, stay: Stay::not_at_all(), whole: false }
    }
}
