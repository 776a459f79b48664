//! The presence of workers: each call renews it, and a worker that is lost is counted as gone.

use std::sync::atomic::Ordering;
use std::time::Duration;

use serde_json::json;

use crate::domain::{
    ClaimLimit, Departure, Life, Loss, Millis, Outcome, Process, Refusal, Sign, Status, Step, TaskId, Worker,
    WorkerId,
};
use crate::error::Result;
use crate::ops::Request;
use crate::ops::job::due;
use crate::ops::mark::marking;
use crate::ops::{clock, passage};
use crate::store::{Because, Event, Tx};
use crate::{App, Context, Effect, process};

/// How old a sign of life must be before a change by the worker renews it.
const RENEW_AFTER_MS: i64 = 1_000;
/// How often at most any of the processes looks for dead workers.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// How many dead workers one look handles.
const AT_A_LOOK: usize = 20;

/// Returns the calling worker. A change renews its lease; a worker counted as gone is present again.
pub fn greet(tx: &Tx, cx: &Context, id: &WorkerId, effect: Effect) -> Result<Worker> {
    let known = tx.worker_if_known(id)?;
    let mut worker = match known {
        Some(worker) => worker,
        // A process that was started for this worker calls for no other, so it needs no `connect`.
        None if cx.caller.worker.as_ref() == Some(id) => newcomer(id.clone(), cx),
        None => return Err(crate::Error::not_found("worker", id)),
    };
    if effect == Effect::Read {
        return Ok(worker);
    }
    let elsewhere = is_elsewhere(&worker, cx);
    if elsewhere && worker.left.is_none() && lives_elsewhere(&worker, cx) {
        return Err(name_taken(&worker).into());
    }
    let returns = worker.left.take();
    if let Some(how) = returns.filter(|how| *how != Departure::Disconnected) {
        cx.notify(format!(
            "you were counted as gone ({}) and your tasks were given back; `claim` shows what you hold now",
            how.as_str()
        ));
    }
    let sign = cx.sign();
    if elsewhere || returns.is_some() || worker.registered_at == cx.now {
        worker.process = cx.caller.process.clone().or_else(|| went_on(&worker));
        worker.last_heartbeat = cx.now;
        worker.sign = sign;
        worker.reserved_ms = None;
        tx.put_worker(&worker)?;
    } else if sign.since(&worker.sign) >= RENEW_AFTER_MS
        || cx.now.between(worker.last_heartbeat) >= RENEW_AFTER_MS
    {
        tx.renew_lease(id, &sign)?;
        worker.last_heartbeat = cx.now;
        worker.sign = sign;
    }
    Ok(worker)
}

/// Returns true if the calling worker is not registered.
pub fn is_stranger(tx: &Tx, request: &Request) -> Result<bool> {
    let met = request.worker.as_ref().map(|id| tx.worker_if_known(id)).transpose()?;
    Ok(met.is_some_and(|known| known.is_none()))
}

/// Registers an unknown worker, with a limit of one task.
pub fn meet(tx: &Tx, cx: &Context, id: &WorkerId) -> Result<()> {
    if tx.worker_if_known(id)?.is_some() {
        return Ok(());
    }
    let worker = Worker { limit: ClaimLimit(1), ..newcomer(id.clone(), cx) };
    tx.put_worker(&worker)?;
    let after = Some(json!({ "tags": worker.tags, "workflow": worker.workflow }));
    tx.record(&Event { after, ..Event::of("connected", &Because::asked(Some(id), "request_task", cx.now)) })
}

/// Returns true if the call must be recorded, because the worker was gone or calls from another process.
pub fn is_news(worker: &Worker, cx: &Context) -> bool {
    worker.left.is_some() || is_elsewhere(worker, cx)
}

/// Returns true if the call comes from another process than the worker's last ones: another server or, after
/// its server has ended, a shell.
fn is_elsewhere(worker: &Worker, cx: &Context) -> bool {
    match &cx.caller.process {
        Some(_) => worker.process != cx.caller.process || worker.reserved_ms.is_some(),
        None => worker.reserved_ms.is_some() || worker.process.as_ref().is_some_and(is_over),
    }
}

/// Returns the server process of a worker that now calls from a shell, if it is still connected through it.
fn went_on(worker: &Worker) -> Option<Process> {
    worker.process.clone().filter(|theirs| worker.reserved_ms.is_none() && !is_over(theirs))
}

fn is_over(theirs: &Process) -> bool {
    process::life(theirs) == Life::Over
}

/// Returns a new worker with the project's defaults.
pub fn newcomer(id: WorkerId, cx: &Context) -> Worker {
    Worker {
        id,
        tags: Default::default(),
        workflow: cx.config.workflows.default.clone(),
        overlays: Vec::new(),
        limit: ClaimLimit(cx.config.claim_limit),
        selector: None,
        project: None,
        registered_at: cx.now,
        last_heartbeat: cx.now,
        sign: cx.sign(),
        reserved_ms: None,
        process: cx.caller.process.clone(),
        left: None,
        untold: 0,
    }
}

/// Returns true if the worker is alive through another process.
pub fn lives_elsewhere(worker: &Worker, cx: &Context) -> bool {
    match &worker.process {
        Some(theirs) => {
            cx.caller.process.as_ref() != Some(theirs)
                && worker.reserved_ms.is_none()
                && loss(worker, &cx.sign(), cx.config.stale_timeout_ms).is_none()
        }
        None => false,
    }
}

pub fn name_taken(worker: &Worker) -> Refusal {
    Refusal::NameTaken { worker: worker.id.clone(), last_heartbeat: worker.last_heartbeat }
}

/// Renews the lease of a worker that only reads.
pub fn renew(app: &App, worker: &Worker, request: &Request) -> Result<()> {
    let sign = app.sign();
    let old = sign.since(&worker.sign).max(sign.at.between(worker.last_heartbeat));
    if worker.left.is_some() || old <= request.config.stale_timeout_ms / 10 {
        return Ok(());
    }
    app.store.transact(request.patience, Effect::Note, |tx| tx.renew_lease(&worker.id, &sign))
}

/// Releases the tasks of dead workers, unless another process has looked for them just now.
///
/// The first sweep of a process always looks. The calling worker is skipped: it is alive, however late its call.
pub fn sweep(app: &App, request: &Request) -> Result<()> {
    let is_first = !app.has_looked.load(Ordering::Relaxed);
    if !app.store.looks_after(LOOK_EVERY)? && !is_first {
        return Ok(());
    }
    let looked = look(app, request, |tx| tx.workers_present());
    // A sweep that failed, for example for lack of time, is repeated with the next call.
    app.has_looked.store(looked.is_ok(), Ordering::Relaxed);
    looked?;
    due::look(app, request)
}

/// Checks immediately for dead workers when a call found nothing: the holder in its way, or else all workers
/// that hold tasks. Returns true if one was found dead.
pub fn look_closer(app: &App, request: &Request, in_the_way: Option<&WorkerId>) -> Result<bool> {
    look(app, request, |tx| match in_the_way {
        Some(holder) => Ok(tx.worker_if_known(holder)?.into_iter().collect()),
        None => tx.workers_holding(),
    })
}

/// Releases the tasks of some dead workers among these; returns true if there was one.
fn look(app: &App, request: &Request, whom: impl FnOnce(&Tx) -> Result<Vec<Worker>>) -> Result<bool> {
    let Request { worker, arguments, patience, config, .. } = request;
    // `connect` handles a worker that reconnects itself.
    let newcomer = arguments.get("worker_id").and_then(serde_json::Value::as_str);
    let caller = worker.as_ref().map(WorkerId::as_str).or(newcomer);
    let here = app.store.transact(*patience, Effect::Read, whom)?;
    let now = app.sign();
    let gone = here
        .into_iter()
        .filter(|worker| worker.left.is_none() && caller != Some(worker.id.as_str()))
        .filter_map(|worker| Some((loss(&worker, &now, config.stale_timeout_ms)?, worker)));
    let mut found = false;
    for (loss, worker) in gone.take(AT_A_LOOK) {
        found |= app.store.transact(*patience, Effect::Write, |tx| {
            let cx = clock::context(app, tx, config)?;
            let seen = tx.worker(&worker.id)?;
            let unchanged = seen.left.is_none()
                && (&seen.process, &seen.sign, seen.reserved_ms)
                    == (&worker.process, &worker.sign, worker.reserved_ms);
            if unchanged {
                depart(tx, &cx, &seen, &Leave::from(&loss))?;
            }
            // If another process was quicker, the result for the caller is the same.
            Ok(seen.left.is_some() || unchanged)
        })?;
    }
    Ok(found)
}

/// Returns how a worker was lost, if it was.
pub fn loss(worker: &Worker, now: &Sign, stale_timeout_ms: Millis) -> Option<Loss> {
    worker.loss(now, stale_timeout_ms, process::life)
}

/// How a worker leaves.
pub struct Leave<'a> {
    how: Departure,
    why: Option<&'a str>,
    /// The state of its tasks, if not the workflow's `disconnect` state.
    to: Option<&'a Status>,
}

impl<'a> Leave<'a> {
    /// The worker disconnects by a call.
    pub fn taken(to: Option<&'a Status>) -> Self {
        Self { how: Departure::Disconnected, why: None, to }
    }
}

impl<'a> From<&'a Loss> for Leave<'a> {
    fn from(Loss { how, why }: &'a Loss) -> Self {
        Self { how: *how, why: Some(why), to: None }
    }
}

/// The tasks and marks of a worker that left.
pub struct Departed {
    pub tasks: Vec<TaskId>,
    /// How many files it had marked.
    pub files: usize,
}

/// Counts a worker as gone: releases its tasks and marks, with all consequences, and records it.
pub fn depart(tx: &Tx, cx: &Context, worker: &Worker, leave: &Leave<'_>) -> Result<Departed> {
    let &Leave { how, why, to } = leave;
    let held = tx.held_by(&worker.id)?;
    let because = match how {
        Departure::Disconnected => Because::asked(Some(&worker.id), how.as_str(), cx.now),
        _ => cx.by_rule(how.as_str()).for_reason(why).work_ended_at(worker.sign.at),
    };
    let files = marking::release_all_of(tx, &worker.id, &because)?;
    if how != Departure::Disconnected {
        tx.forget_answered(&worker.id)?;
    }
    for id in &held {
        let task = tx.task(id)?;
        let workflow = &*cx.rules_of(tx, &task)?;
        let state = to.filter(|state| workflow.step(id, &task.status, state).is_ok());
        let state = state.unwrap_or(&workflow.disconnect);
        let step = Step::let_go(&task, state, Outcome::Lost(how), workflow);
        passage::take(tx, cx, &task, &step, &because)?;
    }
    tx.worker_left(&worker.id, how, cx.now)?;
    let after = Some(match files {
        0 => json!({ "tasks_released": held.len() }),
        files => json!({ "tasks_released": held.len(), "files_released": files }),
    });
    let worker = Some(&worker.id);
    tx.record(&Event { worker, after, ..Event::of("worker_left", &because) })?;
    Ok(Departed { tasks: held, files })
}
