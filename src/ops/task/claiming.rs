//! How a task is claimed, whether by `claim`, by `update` or with the end of another.

use serde::Serialize;

use super::brief::shortened;
use crate::Context;
use crate::domain::{Candidate, Phase, Refusal, Status, Step, Task, TaskId, Worker, listed};
use crate::error::Result;
use crate::ops::passage::{self, Consequences};
use crate::store::{Next, Tx};

/// A task that the worker has, with what it needs to begin.
#[derive(Debug, Serialize)]
pub struct Taken {
    pub id: TaskId,
    pub title: String,
    pub status: Status,
    /// The number of this claim.
    pub attempt: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phase: Option<Phase>,
    /// The beginning of it; `get` shows the whole.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The worker had it before this call.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub resumed: bool,
}

/// Whether the caller overrides what may be overridden.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Force {
    No,
    Yes,
}

impl From<bool> for Force {
    fn from(force: bool) -> Self {
        if force { Self::Yes } else { Self::No }
    }
}

/// Lets the worker start on the task, in `target` or in the state that a claim enters.
pub fn claim(
    tx: &Tx,
    cx: &Context,
    task: &Task,
    target: Option<&Status>,
    force: Force,
) -> Result<Consequences> {
    let worker = cx.actor()?;
    let workflow = cx.workflow_of(task)?;
    let target = target.unwrap_or(&workflow.claim);
    let overridden = overridden(objections(tx, cx, task, worker, target)?, force)?;
    let step = Step::claim(task, &worker.id, target, workflow);
    let because = cx.because(if overridden.is_some() { "force" } else { "claim" });
    passage::take(tx, cx, task, &step, &because.for_reason(overridden.as_deref()))
}

/// Returns everything that speaks against the worker entering `target`.
pub fn objections(
    tx: &Tx,
    cx: &Context,
    task: &Task,
    worker: &Worker,
    target: &Status,
) -> Result<Vec<Refusal>> {
    let blocked = task.open_blockers > 0 || task.blocked_above > 0;
    let candidate = Candidate {
        task,
        worker,
        workflow: cx.workflow_of(task)?,
        blockers: if blocked { tx.blockers(&task.id)? } else { Vec::new() },
        held: tx.working_on(&worker.id)?,
    };
    Ok(candidate.objections(target))
}

/// Refuses on the first objection, or says what was overridden if all of them may be.
pub fn overridden(objections: Vec<Refusal>, force: Force) -> Result<Option<String>> {
    let decisive = objections.iter().find(|refusal| force == Force::No || !refusal.yields_to_force());
    match decisive {
        Some(refusal) => Err(refusal.clone().into()),
        None if objections.is_empty() => Ok(None),
        None => Ok(Some(format!("overrode {}", listed(objections.iter().map(Refusal::code))))),
    }
}

/// Returns the ready task that the worker should do first, if it qualifies for any.
pub fn best_for(tx: &Tx, worker: &Worker) -> Result<Option<Task>> {
    let mut best: Option<Next> = None;
    for queue in tx.queues()? {
        if queue.demand.objection(&worker.tags).is_some() {
            continue;
        }
        let next = tx.next_in(&queue)?;
        let nearer = |next: &Next| best.as_ref().is_none_or(|best| next.rank < best.rank);
        if next.as_ref().is_some_and(nearer) {
            best = next;
        }
    }
    best.map(|next| tx.task(&next.id)).transpose()
}

impl Taken {
    /// A task that the worker had before.
    pub fn again(task: Task) -> Self {
        Self { resumed: true, ..Self::of(task) }
    }

    const DESCRIPTION: usize = 120;
    const TITLE: usize = 120;

    pub fn of(task: Task) -> Self {
        Self {
            title: shortened(&task.title, Self::TITLE),
            description: task.description.map(|text| shortened(&text, Self::DESCRIPTION)),
            id: task.id,
            status: task.status,
            attempt: task.attempt,
            phase: task.phase,
            resumed: false,
        }
    }
}
