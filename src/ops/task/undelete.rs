use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::domain::{Refusal, Status, TaskId, TaskRef};
use crate::error::{Error, Result};
use crate::ops::{Actor, Operation, passage};
use crate::store::{Event, Tx};
use crate::{Context, Effect};

/// Restore a deleted task, with its links.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Undelete {
    task: TaskRef,
    #[serde(default)]
    cascade: bool,
}

#[derive(Serialize)]
pub struct Undeleted {
    id: TaskId,
    status: Status,
    undeleted: usize,
}

impl Operation for Undelete {
    const NAME: &'static str = "undelete";
    const EFFECT: Effect = Effect::Write;
    const ACTOR: Actor = Actor::Optional;
    const POSITIONAL: &'static [&'static str] = &["task"];

    type Output = Undeleted;

    fn run(&self, tx: &Tx, cx: &Context) -> Result<Undeleted> {
        let id = tx.resolve(&self.task)?;
        if tx.task(&id)?.deleted_at.is_none() {
            return Err(Error::input(format!("task `{id}` was not deleted"), ""));
        }
        let below = if self.cascade { tx.under(&id)? } else { Vec::new() };
        let mut undeleted = 0;
        for each in std::iter::once(&id).chain(&below) {
            undeleted += usize::from(bring_back(tx, cx, each)?);
        }
        let status = tx.task(&id)?.status;
        Ok(Undeleted { id, status, undeleted })
    }
}

fn bring_back(tx: &Tx, cx: &Context, id: &TaskId) -> Result<bool> {
    let task = tx.task(id)?;
    if task.deleted_at.is_none() {
        return Ok(false);
    }
    let blocking = cx.workflow_of(&task)?.meaning(&task.status).blocking;
    if blocking {
        refuse_ended_parent(tx, cx, id)?;
    }
    tx.unmark_deleted(id, cx.now)?;
    tx.record(&Event {
        task: Some(id),
        after: Some(json!({ "status": task.status })),
        ..Event::of("undeleted", &cx.because("undelete"))
    })?;
    passage::set_blocking(tx, cx, id, blocking)?;
    Ok(true)
}

/// Refuses to restore open work under a task that is done.
fn refuse_ended_parent(tx: &Tx, cx: &Context, id: &TaskId) -> Result<()> {
    let Some(parent) = tx.parent(id)? else {
        return Ok(());
    };
    let above = tx.task(&parent)?;
    if cx.workflow_of(&above)?.is_done(&above.status) {
        return Err(Refusal::Ended { task: parent, status: above.status }.into());
    }
    Ok(())
}
