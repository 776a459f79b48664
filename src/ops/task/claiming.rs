//! Claiming a task: by `claim`, by `update` to a working state, or by `update` with `next`.

use serde::Serialize;

use super::brief::shortened;
use super::guiding;
use crate::Context;
use crate::domain::{
    Candidate, Phase, ProjectKey, Refusal, Selector, Standing, Status, Step, Task, TaskId, Timestamp, Worker,
    listed,
};
use crate::error::Result;
use crate::ops::mark::marking;
use crate::ops::passage::{self, Consequences};
use crate::ops::project::instructing;
use crate::store::{EarlierTry, Filter, Listed, Next, Order, Page, Queue, Start, Tx};

/// A task that the worker has claimed, with the facts it needs to start.
#[derive(Debug, Serialize)]
pub struct Taken {
    pub id: TaskId,
    pub title: String,
    pub status: Status,
    /// The number of this claim.
    pub attempt: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phase: Option<Phase>,
    /// The beginning of the description; `get` shows all of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The worker held it before this call.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub resumed: bool,
    /// The evidence to attach before the next step.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub gates: Vec<String>,
    /// Instructions of its project, the first time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub instructions: Option<String>,
    /// Guidance of the workflow for the start of work.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub guidance: Option<String>,
    /// The end of the lease, unless `thinking` extends it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lease_until: Option<Timestamp>,
    /// The outcome of the attempt before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<Earlier>,
}

/// The facts of the attempt before that a retry needs.
#[derive(Debug, Serialize)]
pub struct Earlier {
    #[serde(skip_serializing_if = "Option::is_none")]
    outcome: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error_class: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    /// The beginning of the last attachment of the type `checkpoint`.
    #[serde(skip_serializing_if = "Option::is_none")]
    checkpoint: Option<String>,
}

/// Whether the caller overrides the refusals that permit it.
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

/// Starts the calling worker on the task.
pub fn claim(tx: &Tx, cx: &Context, task: &Task, start: &Beginning<'_>) -> Result<Consequences> {
    let Beginning { target, force, reason } = start;
    let worker = cx.actor()?;
    let workflow = cx.workflow_of(task)?;
    let target = target.unwrap_or(&workflow.claim);
    let overridden = overridden(objections(tx, cx, task, worker, target)?, *force)?;
    let step = Step::claim(task, &worker.id, target, workflow);
    let because = cx.because(if overridden.is_some() { "force" } else { "claim" });
    let because = because.for_reason(*reason).waiving(*force == Force::Yes);
    let reason = reason.or(overridden.as_deref());
    let mut consequences = passage::take(tx, cx, task, &step, &because.for_reason(reason))?;
    consequences.take_up(marking::mark_declared(tx, cx, task)?);
    Ok(consequences)
}

/// How a worker starts on a task.
#[derive(Clone, Copy, Debug)]
pub struct Beginning<'a> {
    /// The state to enter; the workflow's `claim` state if not given.
    pub target: Option<&'a Status>,
    pub force: Force,
    /// The worker's reason, if given.
    pub reason: Option<&'a str>,
}

impl Beginning<'_> {
    /// As `claim` does it: without a target state or reason.
    pub fn plain(force: Force) -> Self {
        Self { target: None, force, reason: None }
    }
}

/// Returns all refusals of a claim of the task by this worker into `target`.
pub fn objections(
    tx: &Tx,
    cx: &Context,
    task: &Task,
    worker: &Worker,
    target: &Status,
) -> Result<Vec<Refusal>> {
    let blocked = task.open_blockers > 0 || task.blocked_above > 0;
    let holder = task.holder.as_ref().filter(|holder| **holder != worker.id);
    let project = task.project.map(|project| tx.project(project)).transpose()?;
    let candidate = Candidate {
        task,
        worker,
        workflow: &*cx.rules_of(tx, task)?,
        blockers: if blocked { tx.blockers(&task.id)? } else { Vec::new() },
        withheld: if task.is_withheld { tx.withheld(task)? } else { None },
        project: project.as_ref(),
        held: tx.working_on(&worker.id)?,
        holder: holder.map(|holder| tx.worker(holder)).transpose()?,
        now: cx.now,
    };
    Ok(candidate.objections(target))
}

/// Fails with the first refusal that `force` does not override; returns a note on those that it overrides.
pub fn overridden(objections: Vec<Refusal>, force: Force) -> Result<Option<String>> {
    let decisive = objections.iter().find(|refusal| force == Force::No || !refusal.yields_to_force());
    match decisive {
        Some(refusal) => Err(refusal.clone().into()),
        None if objections.is_empty() => Ok(None),
        None => Ok(Some(format!("overrode {}", listed(objections.iter().map(Refusal::code))))),
    }
}

/// How many tasks at most are passed over because other workers have marked their files.
pub const PASSED_OVER: usize = 10;

/// Returns the ready task that the worker should do first, if its tags fit any. That is the first in the
/// queue or, if others have marked its files, the next whose files are free.
pub fn best_for(tx: &Tx, cx: &Context, worker: &Worker, selector: Option<&Selector>) -> Result<Option<Task>> {
    if let Some(selector) = selector.filter(|selector| !selector.is_any_of_project()) {
        return best_offered(tx, cx, worker, selector);
    }
    let project = selector.and_then(|selector| selector.project).or(worker.project);
    let Some(first) = first_for(tx, worker, project)? else {
        return Ok(None);
    };
    if marking::held_by_others(tx, cx, &first, worker)?.is_empty() {
        return tx.task(&first).map(Some);
    }
    let fitting =
        tx.queues_in(project)?.into_iter().filter(|queue| queue.demand.objection(&worker.tags).is_none());
    let best = best_of(tx, cx, worker, fitting.collect())?;
    best.map(|best| tx.task(&best.id)).transpose()
}

/// Does the same among the tasks that a selector lets through.
fn best_offered(tx: &Tx, cx: &Context, worker: &Worker, selector: &Selector) -> Result<Option<Task>> {
    let project = selector.project.or(worker.project);
    let fits = |queue: &Queue| {
        queue.demand.objection(&worker.tags).is_none() && (project.is_none() || queue.project == project)
    };
    let mut first = None;
    for most in [1, PASSED_OVER + 1] {
        let offered = tx.offered(selector, fits, most)?;
        for next in &offered {
            if marking::held_by_others(tx, cx, &next.id, worker)?.is_empty() {
                return tx.task(&next.id).map(Some);
            }
        }
        first = first.or(offered.into_iter().next());
        if first.is_none() {
            break;
        }
    }
    first.map(|next| tx.task(&next.id)).transpose()
}

/// Returns the first ready task of these queues whose files are free, or the first of all if none is near.
pub fn best_of(tx: &Tx, cx: &Context, worker: &Worker, queues: Vec<Queue>) -> Result<Option<Listed>> {
    let ready = Filter { standing: Some(Standing::Ready), queues: Some(queues), ..Filter::default() };
    let page = Page { limit: PASSED_OVER + 1, start: Start::Offset(0) };
    let mut found = tx.list(&ready, Order::Urgent, page)?;
    let mut best = 0;
    for (at, task) in found.iter().enumerate() {
        if marking::held_by_others(tx, cx, &task.id, worker)?.is_empty() {
            best = at;
            break;
        }
    }
    Ok((best < found.len()).then(|| found.swap_remove(best)))
}

/// Returns the first task of all queues that the worker's tags fit.
fn first_for(tx: &Tx, worker: &Worker, project: Option<ProjectKey>) -> Result<Option<TaskId>> {
    let mut best: Option<Next> = None;
    for queue in tx.queues_in(project)? {
        if queue.demand.objection(&worker.tags).is_some() {
            continue;
        }
        let next = tx.next_in(&queue)?;
        let nearer = |next: &Next| best.as_ref().is_none_or(|best| next.rank < best.rank);
        if next.as_ref().is_some_and(nearer) {
            best = next;
        }
    }
    Ok(best.map(|next| next.id))
}

impl Taken {
    /// Returns a task that the worker held before.
    pub fn again(tx: &Tx, task: Task) -> Result<Self> {
        let lease_until = lease_of(tx, &task)?;
        Ok(Self { resumed: true, lease_until, ..Self::of(task) })
    }

    /// Returns a task that the worker has just claimed.
    pub fn new(tx: &Tx, cx: &Context, id: &TaskId) -> Result<Self> {
        let task = tx.task(id)?;
        let gates = guiding::gates_ahead(tx, cx, &task)?;
        let guidance = guiding::on_claim(tx, cx, &task)?;
        let before = if task.attempt > 1 { Earlier::of(tx, &task)? } else { None };
        let lease_until = lease_of(tx, &task)?;
        let instructions = match task.project {
            Some(project) => instructing::tell(tx, &cx.actor()?.id, &tx.project(project)?)?,
            None => None,
        };
        Ok(Self { gates, guidance, instructions, lease_until, before, ..Self::of(task) })
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
            gates: Vec::new(),
            instructions: None,
            guidance: None,
            lease_until: None,
            before: None,
        }
    }
}

fn lease_of(tx: &Tx, task: &Task) -> Result<Option<Timestamp>> {
    let job = if task.is_job { tx.job(&task.id)? } else { None };
    Ok(job.and_then(|job| job.lease_until))
}

impl Earlier {
    fn of(tx: &Tx, task: &Task) -> Result<Option<Self>> {
        const REASON: usize = 200;
        const CHECKPOINT: usize = 600;
        let Some(EarlierTry { attempt: _, outcome, reason, error_class }) =
            tx.earlier_try(&task.id, task.attempt)?
        else {
            return Ok(None);
        };
        let checkpoint = tx.last_attached(&task.id, "checkpoint", CHECKPOINT)?.map(|(text, length)| {
            match length > CHECKPOINT {
                true => format!("{text}… (`attachments` has the whole)"),
                false => text,
            }
        });
        let reason = reason.map(|reason| shortened(&reason, REASON));
        Ok(Some(Self { outcome, error_class, reason, checkpoint }))
    }
}
