//! That a worker is here: noticed with every call it makes, and missed when it is gone.

use std::sync::atomic::Ordering;
use std::time::Duration;

use serde_json::json;

use crate::domain::{ClaimLimit, Departure, Outcome, Refusal, Step, TaskId, Timestamp, Worker, WorkerId};
use crate::error::Result;
use crate::ops::Request;
use crate::ops::mark::marking;
use crate::ops::passage;
use crate::store::{Because, Event, Tx};
use crate::{App, Context, Effect, process};

/// How old a sign of life may be before a change by the worker renews it.
const RENEW_AFTER_MS: i64 = 1_000;
/// How often one of the processes looks for workers that are gone.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// How many of them one look takes care of.
const AT_A_LOOK: usize = 20;

/// Returns the worker who makes this call. A change renews its lease; one that was gone is back.
pub fn greet(tx: &Tx, cx: &Context, id: &WorkerId, effect: Effect) -> Result<Worker> {
    let known = tx.worker_if_known(id)?;
    let mut worker = match known {
        Some(worker) => worker,
        // A process that was started for this worker speaks for nobody else.
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
    if elsewhere || returns.is_some() || worker.registered_at == cx.now {
        worker.process = cx.caller.process.clone().or(worker.process);
        worker.last_heartbeat = cx.now;
        tx.put_worker(&worker)?;
    } else if cx.now.since(worker.last_heartbeat) >= RENEW_AFTER_MS {
        tx.renew_lease(id, cx.now)?;
        worker.last_heartbeat = cx.now;
    }
    Ok(worker)
}

/// Says whether a call by the worker is to be written down because it was gone or speaks from elsewhere.
pub fn is_news(worker: &Worker, cx: &Context) -> bool {
    worker.left.is_some() || is_elsewhere(worker, cx)
}

fn is_elsewhere(worker: &Worker, cx: &Context) -> bool {
    cx.caller.process.is_some() && worker.process != cx.caller.process
}

/// Returns a worker that nobody has met, with the project's defaults.
pub fn newcomer(id: WorkerId, cx: &Context) -> Worker {
    Worker {
        id,
        tags: Default::default(),
        workflow: cx.config.workflows.default.clone(),
        overlays: Vec::new(),
        limit: ClaimLimit(cx.config.claim_limit),
        registered_at: cx.now,
        last_heartbeat: cx.now,
        process: cx.caller.process.clone(),
        left: None,
        untold: 0,
    }
}

/// Says whether a worker speaks through another process that still runs.
pub fn lives_elsewhere(worker: &Worker, cx: &Context) -> bool {
    match &worker.process {
        Some(theirs) => cx.caller.process.as_ref() != Some(theirs) && !process::is_gone(theirs),
        None => false,
    }
}

pub fn name_taken(worker: &Worker) -> Refusal {
    Refusal::NameTaken { worker: worker.id.clone(), last_heartbeat: worker.last_heartbeat }
}

/// Renews the lease of a worker that only reads.
pub fn renew(app: &App, worker: &Worker, request: &Request) -> Result<()> {
    let old = app.now().since(worker.last_heartbeat) > request.config.stale_timeout_ms / 10;
    if worker.left.is_some() || !old {
        return Ok(());
    }
    app.store.transact(request.patience, Effect::Note, |tx| tx.renew_lease(&worker.id, app.now()))
}

/// Gives back the tasks of workers that are gone, if no process has looked just now.
///
/// A process that comes first looks for itself. The caller is not looked at:
/// whoever calls is here, however late.
pub fn sweep(app: &App, request: &Request) -> Result<()> {
    let is_first = !app.has_looked.load(Ordering::Relaxed);
    if !app.store.looks_after(LOOK_EVERY)? && !is_first {
        return Ok(());
    }
    let looked = look(app, request);
    // Who was in haste looks again when it has time.
    app.has_looked.store(looked.is_ok(), Ordering::Relaxed);
    looked
}

fn look(app: &App, request: &Request) -> Result<()> {
    let Request { worker, arguments, patience, config, .. } = request;
    // `connect` itself looks after the one who comes back.
    let newcomer = arguments.get("worker_id").and_then(serde_json::Value::as_str);
    let caller = worker.as_ref().map(WorkerId::as_str).or(newcomer);
    let present = app.store.transact(*patience, Effect::Read, |tx| tx.workers_present())?;
    let now = app.now();
    let gone = present
        .into_iter()
        .filter(|worker| caller != Some(worker.id.as_str()))
        .filter_map(|worker| Some((gone(&worker, now, config.stale_timeout_ms)?, worker)));
    for (how, worker) in gone.take(AT_A_LOOK) {
        app.store.transact(*patience, Effect::Write, |tx| {
            let cx = app.context(tx, config)?;
            let seen = tx.worker(&worker.id)?;
            let unchanged = seen.left.is_none()
                && seen.process == worker.process
                && seen.last_heartbeat == worker.last_heartbeat;
            if unchanged {
                depart(tx, &cx, &seen, how, None)?;
            }
            Ok(())
        })?;
    }
    Ok(())
}

/// Says how a worker went, if it is gone.
///
/// One whose process runs on this machine is alive however long it thinks. Of
/// any other only its lease tells.
pub fn gone(worker: &Worker, now: Timestamp, stale_timeout_ms: i64) -> Option<Departure> {
    if let Some(theirs) = &worker.process
        && process::is_here(theirs)
    {
        return process::is_gone(theirs).then_some(Departure::Died);
    }
    (now.since(worker.last_heartbeat) > stale_timeout_ms).then_some(Departure::Expired)
}

/// What a worker had who is gone.
pub struct Departed {
    pub tasks: Vec<TaskId>,
    /// How many files it had marked.
    pub files: usize,
}

/// Takes leave of a worker: its tasks go back, each with what followed, and it is written down as gone.
pub fn depart(
    tx: &Tx,
    cx: &Context,
    worker: &Worker,
    how: Departure,
    to: Option<&crate::domain::Status>,
) -> Result<Departed> {
    let held = tx.held_by(&worker.id)?;
    let because = match how {
        Departure::Disconnected => Because::asked(Some(&worker.id), how.as_str(), cx.now),
        _ => cx.by_rule(how.as_str()).work_ended_at(worker.last_heartbeat),
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
