//! Assigning a task to a worker that has not asked for it.

use super::claiming::Force;
use crate::Context;
use crate::domain::{Refusal, Status, Step, Task, WorkerId, Workflow};
use crate::error::{Error, Result};
use crate::ops::passage::{self, Consequences};
use crate::store::{Because, Tx};

/// A request to assign a task to a worker.
pub struct Assignment<'a> {
    /// The state to enter; the workflow's `assign` state if not given.
    pub to: Option<&'a Status>,
    pub because: Because<'a>,
    pub force: Force,
}

/// Refuses a caller without a role that may assign, unless it assigns to itself.
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

/// Assigns a task to a worker, which starts on it later.
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
