//! A call of a tool: what it comes down to, and doing it.

use rmcp::model::CallToolResult;
use serde_json::{Map, Value};
use tokio::sync::oneshot;

use super::{answer, more};
use crate::ops::{self, Entry};
use crate::{App, Effect, Result};

/// A call as it came in.
pub struct Call {
    pub tool: String,
    pub arguments: Map<String, Value>,
    /// What the client calls this call, if it tells.
    pub id: Option<String>,
}

/// What a call comes down to.
pub enum Wish {
    /// To have an operation done, listed or not.
    Run(&'static Entry, Map<String, Value>),
    /// To read about an operation.
    Describe(&'static Entry),
    /// To see which operations there are besides the listed ones.
    Index,
}

impl Call {
    /// Answers the call, and looks after the store when nobody waits any more.
    pub fn answer(self, opened: &Result<App>, caller: oneshot::Sender<CallToolResult>) {
        let app = match opened {
            Ok(app) => app,
            Err(error) => return reply(caller, answer::refusal(error)),
        };
        let wish = Wish::read(&self.tool, self.arguments);
        let changes = wish.as_ref().is_ok_and(Wish::changes);
        let answer = wish.and_then(|wish| wish.fulfil(app, self.id));
        reply(caller, answer::result(answer));
        if changes && let Err(error) = app.tidy() {
            tracing::debug!(%error, "the store was not tidied");
        }
    }
}

fn reply(caller: oneshot::Sender<CallToolResult>, result: CallToolResult) {
    if caller.send(result).is_err() {
        tracing::debug!("nobody waits for the answer");
    }
}

impl Wish {
    fn read(tool: &str, arguments: Map<String, Value>) -> Result<Self> {
        if tool == more::NAME {
            return more::read(arguments);
        }
        Ok(Self::Run(ops::find(tool)?, arguments))
    }

    fn changes(&self) -> bool {
        matches!(self, Self::Run(entry, _) if entry.effect != Effect::Read)
    }

    fn fulfil(self, app: &App, id: Option<String>) -> Result<Value> {
        match self {
            Self::Run(entry, arguments) => entry.call(app, arguments, id),
            Self::Describe(entry) => Ok(more::describe(entry, &app.config)),
            Self::Index => Ok(more::index()),
        }
    }
}
