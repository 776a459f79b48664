//! A call of a tool: what it comes down to, and doing it.

use std::sync::Arc;

use rmcp::model::CallToolResult;
use serde_json::{Map, Value};

use super::ask::ask;
use super::{answer, more};
use crate::ops::{self, Entry, Input};
use crate::{App, Effect, Patience, Result};

/// A call as it came in.
#[derive(Clone)]
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
    /// Answers the call, however long that takes.
    pub async fn answered(self, app: &Arc<App>) -> CallToolResult {
        answer::result(ask(app, move |app, patience| self.clone().fulfil(app, patience)).await)
    }

    /// Says whether the call may change the store.
    pub fn may_change(&self) -> bool {
        !ops::find(&self.tool).is_ok_and(|entry| entry.effect == Effect::Read)
    }

    fn fulfil(self, app: &App, patience: Patience) -> Result<Value> {
        match Wish::read(&self.tool, self.arguments)? {
            Wish::Run(entry, arguments) => entry.call(app, Input { arguments, id: self.id, patience }),
            Wish::Describe(entry) => Ok(more::describe(entry, &app.config())),
            Wish::Index => Ok(more::index()),
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
