//! Moving a task to another state at a caller's request.

use super::claiming::{self, Beginning, Force};
use crate::Context;
use crate::domain::{Failure, Outcome, Refusal, Status, Step, Task, held_by};
use crate::error::{Error, Result};
use crate::ops::job::failing::{self, Failed};
use crate::ops::passage::{self, Consequences};
use crate::store::{Because, Tx};

/// A request to move a task.
pub struct Move<'a> {
    pub to: &'a Status,
    pub because: Because<'a>,
    pub force: Force,
    /// Details of the failure, if the state is one.
    pub failure: Failure<'a>,
}

/// Moves a task to a state. A start is checked like a claim, an end against the subtasks and blockers.
pub fn move_to(tx: &Tx, cx: &Context, task: &Task, request: &Move<'_>) -> Result<Consequences> {
    let Move { to, because, force, failure } = request;
    let workflow = &*cx.rules_of(tx, task)?;
    let caller = cx.worker.as_ref().map(|worker| &worker.id);
    let begun_by_caller = task.claimed_at.is_some() && task.holder.as_ref() == caller;
    if workflow.states.get(*to).is_some_and(|state| state.timed) && !begun_by_caller {
        let start = Beginning { target: Some(to), force: *force, reason: because.reason };
        return claiming::claim(tx, cx, task, &start);
    }
    let state = workflow.step(&task.id, &task.status, to)?;
    if **to == task.status {
        return Ok(Consequences::default());
    }
    if workflow.is_failure(to)
        && task.claimed_at.is_some()
        && let Some(retries) = failing::retries_of(tx, task, failure)?
    {
        let failed = Failed { task, failure: *failure, outcome: Outcome::Failed, end: to, because: *because };
        return failing::fail(tx, cx, &retries, &failed);
    }
    let step = match (state.terminal, state.timed) {
        (true, _) => {
            refuse_early_end(tx, cx, task, to)?;
            Step::let_go(task, to, Outcome::Ended, workflow)
        }
        (false, true) => Step::proceed(task, to, workflow),
        (false, false) => {
            let outcome = Outcome::of_release(task.holder.as_ref(), because.worker);
            Step::let_go(task, to, outcome, workflow)
        }
    };
    passage::take(tx, cx, task, &step, because)
}

/// Refuses to complete a task before its subtasks, or the blockers of its end, have ended.
pub fn refuse_early_end(tx: &Tx, cx: &Context, task: &Task, to: &Status) -> Result<()> {
    if !cx.workflow_of(task)?.is_done(to) {
        return Ok(());
    }
    if task.open_children > 0 {
        return Err(Refusal::OpenChildren { task: task.id.clone(), open: task.open_children }.into());
    }
    let blockers = tx.awaited_ends(&task.id)?;
    if !blockers.is_empty() {
        return Err(Refusal::EndsTooSoon { task: task.id.clone(), blockers }.into());
    }
    Ok(())
}

/// Refuses to change a task that another worker holds. A caller that lost the task is told so.
///
/// Returns true if the caller overrode the holder.
pub fn refuse_stranger(
    tx: &Tx,
    cx: &Context,
    task: &Task,
    attempt: Option<i64>,
    force: Force,
) -> Result<bool> {
    let worker = cx.actor()?;
    if task.deleted_at.is_some() {
        return Err(Refusal::Deleted { task: task.id.clone() }.into());
    }
    if let Some(attempt) = attempt.filter(|attempt| *attempt != task.attempt) {
        return Err(fenced(task, attempt));
    }
    let Some(holder) = task.holder.as_ref().filter(|holder| **holder != worker.id) else {
        return Ok(false);
    };
    if force == Force::Yes {
        return Ok(true);
    }
    if let Some(attempt) = tx.last_attempt_of(&worker.id, &task.id)? {
        return Err(fenced(task, attempt));
    }
    Err(held_by(task, &tx.worker(holder)?).into())
}

/// Refuses a result of a worker that lost the task after another worker has started on it.
pub fn refuse_follower(tx: &Tx, cx: &Context, task: &Task) -> Result<()> {
    let worker = cx.actor()?;
    if task.claimed_at.is_some() && task.holder.as_ref() == Some(&worker.id) {
        return Ok(());
    }
    match tx.followed_attempt_of(&worker.id, &task.id)? {
        Some(attempt) => Err(fenced(task, attempt)),
        None => Ok(()),
    }
}

fn fenced(task: &Task, attempt: i64) -> Error {
    let holder = task.holder.clone();
    Refusal::Fenced { task: task.id.clone(), attempt, current: task.attempt, holder }.into()
}

/// Cancels all open tasks under a task, from the top down, so that no container completes itself meanwhile.
pub fn cancel_under(
    tx: &Tx,
    cx: &Context,
    task: &Task,
    because: &Because<'_>,
    force: Force,
) -> Result<usize> {
    let mut cancelled = 0;
    for id in &tx.under(&task.id)? {
        let below = tx.task(id)?;
        let workflow = cx.workflow_of(&below)?;
        if workflow.state(&below.status).terminal || below.deleted_at.is_some() {
            continue;
        }
        let Some(cancel) = &workflow.cancel else {
            let workflow = workflow.name.clone();
            return Err(Refusal::NoState { workflow, what: "cancelled tasks" }.into());
        };
        refuse_stranger(tx, cx, &below, None, force)?;
        let step = Step::let_go(&below, cancel, Outcome::Ended, workflow);
        passage::take(tx, cx, &below, &step, because)?;
        cancelled += 1;
    }
    Ok(cancelled)
}
