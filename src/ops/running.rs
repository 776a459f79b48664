//! Runs an operation: the work before the transaction, then one transaction, and another one for each round
//! of waiting.

use std::time::Duration;

use serde::Serialize;
use serde_json::Value;

use super::post::{self, Answer, Rider};
use super::waiting::{Wait, Waiting};
use super::{Operation, Pace, Request, Staging, clock};
use crate::config::{Config, Limits};
use crate::domain::{Refusal, Worker};
use crate::error::{Error, Result};
use crate::ops::worker::presence;
use crate::store::{Bounds, Patience, Tx};
use crate::{App, Context, Effect, process};

/// Runs an operation, and collects the messages for a refusal.
pub fn call<O: Operation>(app: &App, request: &Request) -> Answer {
    let mut rider = None;
    let outcome = outcome::<O>(app, request, &mut rider);
    match outcome {
        Ok(_) if O::PACE != Pace::Long => Answer { outcome, rider },
        Err(Error::Busy { .. }) => Answer { outcome, rider: None },
        outcome => {
            drop(rider.take());
            Answer { outcome, rider: post::rider_afterwards(app, request).ok().flatten() }
        }
    }
}

/// Runs the work before the transaction, then the transaction.
fn outcome<O: Operation>(app: &App, request: &Request, rider: &mut Option<Rider>) -> Result<Value> {
    let mut operation: O = serde_json::from_value(Value::Object(request.arguments.clone()))
        .map_err(|error| Error::input(error.to_string(), ""))?;
    let staging = Staging::new(app, request);
    let answer = operation.prepare(&staging).and_then(|()| awaited(app, &mut operation, request, rider));
    if answer.is_err() {
        staging.discard();
    } else if O::EFFECT == Effect::Destroy {
        app.sweep_media(request.patience);
    }
    answer
}

/// Returns the answer as soon as it is good, or when the caller has waited long enough for a better one.
fn awaited<O: Operation>(
    app: &App,
    operation: &mut O,
    request: &Request,
    rider: &mut Option<Rider>,
) -> Result<Value> {
    let mut waiting = Waiting::begin(app, request);
    let mut notices = Vec::new();
    loop {
        // Messages of an answer that was not good enough are carried by the next one.
        drop(rider.take());
        let Reply { mut answer, wait, .. } = answer(app, operation, request, rider)?;
        take_along(&mut notices, &mut answer);
        if O::PACE != Pace::Waits || !waiting.goes_on(wait)? {
            return Ok(answer);
        }
    }
}

/// Adds to an answer the notices of earlier rounds, which were not returned.
fn take_along(notices: &mut Vec<Value>, answer: &mut Value) {
    for notice in answer.get(NOTICES).and_then(Value::as_array).into_iter().flatten() {
        if !notices.contains(notice) {
            notices.push(notice.clone());
        }
    }
    if !notices.is_empty() {
        answer[NOTICES] = notices.clone().into();
    }
}

/// The field of an answer with notices for the caller.
const NOTICES: &str = "notices";

/// An answer with its metadata.
struct Reply {
    answer: Value,
    /// How long the caller would wait for a better one.
    wait: Wait,
    worker: Option<Worker>,
}

impl Reply {
    /// Returns the answer that an earlier call with the same idempotency key received.
    fn repeated(answer: Value) -> Self {
        Self { answer, wait: Wait::No, worker: None }
    }

    fn new<O: Operation>(operation: &mut O, output: O::Output, app: &App, cx: &Context<'_>) -> Result<Self> {
        let wait = operation.patience(&output);
        Ok(Self { answer: with_notices(output, app, cx)?, wait, worker: None })
    }

    fn of(self, worker: Option<Worker>) -> Self {
        Self { worker, ..self }
    }
}

/// Answers. With `SWEEPS`, the tasks of dead workers are released first. If the answer is then empty, or
/// refused because of a holder, dead workers are checked for immediately, and a release is followed by
/// another answer.
fn answer<O: Operation>(
    app: &App,
    operation: &mut O,
    request: &Request,
    rider: &mut Option<Rider>,
) -> Result<Reply> {
    if !O::SWEEPS {
        return answer_once(app, operation, request, rider);
    }
    presence::sweep(app, request)?;
    let answer = answer_once(app, operation, request, rider);
    let in_the_way = match &answer {
        Err(Error::Refused(refusal)) => refusal.in_the_way().map(Some),
        Ok(reply) if operation.comes_to_nothing(&reply.answer) => Some(None),
        _ => None,
    };
    match in_the_way {
        Some(holder) if presence::look_closer(app, request, holder)? => {
            drop(rider.take());
            answer_once(app, operation, request, rider)
        }
        _ => answer,
    }
}

/// Runs an operation in one transaction, which also renews the caller's lease and remembers the answer for
/// repeated calls. No write transaction is used if [`Operation::foresee`] answers.
fn answer_once<O: Operation>(
    app: &App,
    operation: &mut O,
    request: &Request,
    rider: &mut Option<Rider>,
) -> Result<Reply> {
    if O::FORESEES
        && (request.patience == Patience::Waits || O::EFFECT == Effect::Note)
        && let Some(reply) = foresee(app, operation, request, rider)?
    {
        return Ok(reply);
    }
    operation.catch_up(app, request)?;
    let body = |tx: &Tx<'_>| {
        if let Some(name) = &request.name
            && let Some(answer) = tx.answer_given(name)?
        {
            return Ok(Reply::repeated(answer));
        }
        let cx = context::<O>(app, tx, request, O::EFFECT)?;
        let output = operation.run(tx, &cx)?;
        let reply = Reply::new(operation, output, app, &cx)?;
        // An answer that is empty, or is to be waited for, has changed nothing that a repeated call could lose.
        let is_kept = reply.wait == Wait::No && !operation.comes_to_nothing(&reply.answer);
        if let Some(name) = request.name.as_ref().filter(|_| is_kept) {
            tx.remember_answer(name, &reply.answer, cx.now)?;
        }
        if O::PACE != Pace::Long {
            *rider = post::rider(app, tx, &cx, request)?;
        }
        Ok(reply.of(cx.worker))
    };
    let reply = match O::PACE {
        Pace::Brisk | Pace::Waits => app.store.transact(request.patience, O::EFFECT, body),
        Pace::Long => app.store.read_apart(bounds(&request.config), body),
    };
    match reply {
        Ok(Reply { worker: Some(worker), answer, wait }) if O::EFFECT == Effect::Read => {
            presence::renew(app, &worker, request)?;
            Ok(Reply { worker: None, answer, wait })
        }
        Ok(reply) => Ok(reply),
        Err(Error::Refused(refusal)) => Err(salvage(app, operation, request, refusal)?),
        Err(error) => Err(error),
    }
}

/// Returns an output as an answer, with the notices for the caller.
fn with_notices(output: impl Serialize, app: &App, cx: &Context<'_>) -> Result<Value> {
    let mut answer = serde_json::to_value(output)?;
    let mut notices = cx.notices();
    notices.extend(app.untold_problem());
    notices.extend(app.untold_clock());
    if !notices.is_empty() {
        answer[NOTICES] = notices.into();
    }
    Ok(answer)
}

fn bounds(config: &Config) -> Bounds {
    let Limits { query_ms, text_bytes, .. } = config.limits;
    Bounds { time: Duration::from_millis(query_ms.unsigned_abs()), text_bytes, resident: process::resident }
}

fn context<'a, O: Operation>(
    app: &'a App,
    tx: &Tx<'_>,
    request: &'a Request,
    effect: Effect,
) -> Result<Context<'a>> {
    let mut cx = match effect {
        Effect::Read => app.context(tx, &request.config)?,
        Effect::Note | Effect::Write | Effect::Destroy => clock::context(app, tx, &request.config)?,
    };
    request.unheeded.iter().for_each(|notice| cx.notify(notice));
    cx.whole = request.whole;
    if let Some(id) = &request.worker {
        if O::MEETS {
            presence::meet(tx, &cx, id)?;
        }
        cx.worker = Some(presence::greet(tx, &cx, id, effect)?);
    }
    Ok(cx)
}

/// Returns the answer if it needs no change.
fn foresee<O: Operation>(
    app: &App,
    operation: &mut O,
    request: &Request,
    rider: &mut Option<Rider>,
) -> Result<Option<Reply>> {
    let foreseen = app.store.transact(request.patience, Effect::Read, |tx| {
        if let Some(name) = &request.name
            && let Some(answer) = tx.answer_given(name)?
        {
            return Ok(Some(Reply::repeated(answer)));
        }
        if O::MEETS && presence::is_stranger(tx, request)? {
            return Ok(None);
        }
        let cx = context::<O>(app, tx, request, Effect::Read)?;
        if cx.worker.as_ref().is_some_and(|worker| presence::is_news(worker, &cx)) {
            return Ok(None);
        }
        let Some(output) = operation.foresee(tx, &cx)? else {
            return Ok(None);
        };
        let reply = Reply::new(operation, output, app, &cx)?;
        *rider = post::rider(app, tx, &cx, request)?;
        Ok(Some(reply.of(cx.worker)))
    });
    let reply = foreseen?;
    if let Some(worker) = reply.as_ref().and_then(|reply| reply.worker.as_ref()) {
        presence::renew(app, worker, request)?;
    }
    Ok(reply)
}

/// Lets the operation keep a late result of a refused call, and returns the refusal.
fn salvage<O: Operation>(app: &App, operation: &O, request: &Request, refusal: Refusal) -> Result<Error> {
    let Some(worker) = &request.worker else {
        return Ok(refusal.into());
    };
    let is_late =
        app.store.transact(request.patience, Effect::Read, |tx| operation.is_late(tx, worker, &refusal))?;
    if !is_late {
        return Ok(refusal.into());
    }
    // If another process took over the worker's name, the worker's lease is not renewed, but its work is kept.
    let greeting = match refusal {
        Refusal::NameTaken { .. } => Effect::Read,
        _ => O::EFFECT,
    };
    let kept = app.store.transact(request.patience, O::EFFECT, |tx| {
        let cx = context::<O>(app, tx, request, greeting)?;
        operation.salvage(&refusal, tx, &cx)
    })?;
    Ok(match kept {
        Some(kept) => Error::Kept { refusal: refusal.into(), kept },
        None => refusal.into(),
    })
}
