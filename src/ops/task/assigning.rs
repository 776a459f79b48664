//! How a task is given to a worker who has not asked for it.

use super::claiming::Force;
use crate::Context;
use crate::domain::{Refusal, Status, Step, Task, WorkerId, Workflow};
use crate::error::{Error, Result};
use crate::ops::passage::{self, Consequences};
use crate::store::{Because, Tx};

/// A request to give a task to somebody.
pub struct Assignment<'a> {
    /// The state to put it in, if not the one the workflow has for this.
    pub to: Option<&'a Status>,
    pub because: Because<'a>,
    pub force: Force,
}

/// Refuses who has no role for it, where the workflow has one.
fn refuse_unentitled(cx: &Context, workflow: &Workflow, assignee: &WorkerId) -> Result<()> {
    let worker = cx.actor()?;
    if worker.id == *assignee || workflow.may_assign(&worker.tags) {
        return Ok(());
    }
    Err(Refusal::MayNotAssign {
        worker: worker.id.clone(),
        workflow: workflow.name.clone(),
        tags: workflow.assigning_tags(),
    }
    .into())
}

/// Gives a task to a worker, who has yet to start on it.
pub fn assign(
    tx: &Tx,
    cx: &Context,
    task: &Task,
    assignee: &WorkerId,
    request: &Assignment<'_>,
) -> Result<Consequences> {
    let workflow = &*cx.rules_of(tx, task)?;
    if request.force == Force::No {
        refuse_unentitled(cx, workflow, assignee)?;
    }
    let Some(state) = request.to.or(workflow.assign.as_ref()) else {
        let workflow = workflow.name.clone();
        return Err(Refusal::NoState { workflow, what: "tasks that are given to a worker" }.into());
    };
    let worker = tx.worker(assignee)?;
    if worker.left.is_some() {
        return Err(Error::not_found("worker", assignee));
    }
    if let Some(lacked) = task.demand.objection(&worker.tags) {
        return Err(Refusal::LacksTags { task: task.id.clone(), worker: worker.id, lacked }.into());
    }
    let entered = workflow.step(&task.id, &task.status, state)?;
    if entered.timed || entered.terminal {
        return Err(Refusal::NoExit {
            task: task.id.clone(),
            from: task.status.clone(),
            to: state.clone(),
            allowed: workflow.assign.iter().cloned().collect(),
        }
        .into());
    }
    let step = Step::assign(task, assignee, state, workflow);
    passage::take(tx, cx, task, &step, &request.because)
}
