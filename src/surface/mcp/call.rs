//! A call of a tool: what it comes down to, and doing it.

use std::sync::Arc;

use rmcp::model::CallToolResult;
use serde_json::{Map, Value};

use super::ask::ask;
use super::{answer, more};
use crate::ops::{self, Answer, Entry, Input, Receipt, Stay};
use crate::{App, Effect, Error, Patience, Result};

/// A call as it came in.
#[derive(Clone)]
pub struct Call {
    pub tool: String,
    pub arguments: Map<String, Value>,
    /// What the client calls this call, if it tells.
    pub id: Option<String>,
    /// How long it may wait.
    pub stay: Stay,
}

/// What a call comes down to.
pub enum Wish {
    /// To have an operation done, listed or not.
    Run(&'static Entry, Map<String, Value>),
    /// To read about an operation.
    Describe(&'static Entry),
    /// To see which operations there are.
    Index,
}

impl Call {
    /// Answers the call, however long that takes.
    ///
    /// Returns with it what is to be handed in when the answer is out.
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

    /// Says whether the call may change the store.
    pub fn may_change(&self) -> bool {
        !ops::find(&self.tool).is_ok_and(|entry| entry.effect == Effect::Read)
    }

    /// Does what is asked for; one in haste who would have to wait is told so instead.
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
