//! A call of a tool: its meaning, and its answer.

use std::sync::Arc;

use rmcp::model::CallToolResult;
use serde_json::{Map, Value};

use super::ask::ask;
use super::{answer, more};
use crate::ops::{self, Answer, Entry, Input, Receipt, Stay};
use crate::{App, Effect, Error, Patience, Result};

/// A call as it was received.
#[derive(Clone)]
pub struct Call {
    pub tool: String,
    pub arguments: Map<String, Value>,
    /// The client's own id of this call, if it sends one.
    pub id: Option<String>,
    /// How long it may wait.
    pub stay: Stay,
}

/// The meaning of a call.
pub enum Wish {
    /// Run an operation, listed or not.
    Run(&'static Entry, Map<String, Value>),
    /// Describe an operation.
    Describe(&'static Entry),
    /// List the operations.
    Index,
}

impl Call {
    /// Answers the call, however long that takes.
    ///
    /// If the answer carries messages, also returns the receipt to hand in when it is sent.
    pub async fn answered(self, app: &Arc<App>) -> (CallToolResult, Option<Receipt>) {
        let toolset = app.config().toolset;
        match ask(app, move |app, patience| self.clone().fulfil(app, patience)).await {
            Ok(answer) => {
                let (outcome, rider) = answer.packed();
                let lines = rider.as_ref().map_or(&[][..], |rider| &rider.lines);
                (answer::result(outcome, lines, toolset), rider.map(|rider| rider.receipt))
            }
            Err(error) => (answer::refusal(&error, &[], toolset), None),
        }
    }

    /// Returns true if the call may change the store.
    pub fn may_change(&self) -> bool {
        !ops::find(&self.tool).is_ok_and(|entry| entry.effect == Effect::Read)
    }

    /// Answers the call. With [`Patience::Hurries`] it is refused if it would have to wait.
    fn fulfil(self, app: &App, patience: Patience) -> Result<Answer> {
        let Self { tool, arguments, id, stay } = self;
        let answer = match Wish::read(&tool, arguments)? {
            Wish::Run(entry, arguments) => {
                entry.answer(app, Input { arguments, id, patience, stay, whole: false })
            }
            Wish::Describe(entry) => Ok(more::describe(entry, &app.config())).into(),
            Wish::Index => Ok(more::index(app.config().toolset)).into(),
        };
        match answer.outcome {
            Err(error @ Error::Busy { .. }) => Err(error),
            outcome => Ok(Answer { outcome, ..answer }),
        }
    }
}

impl Wish {
    fn read(tool: &str, arguments: Map<String, Value>) -> Result<Self> {
        if tool == more::NAME {
            return more::read(arguments);
        }
        Ok(Self::Run(ops::find(tool)?, arguments))
    }
}
