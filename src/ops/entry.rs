//! An operation with its types erased: what the faces see of it.

use std::collections::BTreeSet;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use serde::Serialize;
use serde_json::{Map, Value};

use super::post::{self, Answer, Rider};
use super::schema::{self, EveryWord, Vocabulary};
use super::{Actor, CATALOGUE, Operation, Pace, Staging, arguments, unheeded};
use crate::config::{Config, Limits};
use crate::domain::{Refusal, RequestId, WorkerId, nearest};
use crate::error::{Error, Result};
use crate::ops::worker::presence;
use crate::store::{Bounds, Named, Patience, Tx};
use crate::{App, Context, Current, Effect};

/// One thing a caller can ask for.
pub struct Entry {
    pub name: &'static str,
    pub effect: Effect,
    pub actor: Actor,
    pub positional: &'static [&'static str],
    pub shelf: Shelf,
    /// Other words for what it does, where an agent may look for it by them.
    pub hint: &'static str,
    description: fn() -> String,
    arguments: fn(&dyn Vocabulary) -> Map<String, Value>,
    call: fn(&App, &Request) -> Answer,
    pace: Pace,
}

/// Where a tool is shown to agents.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Shelf {
    /// Listed, and asked to be loaded at once.
    Always,
    /// Listed in the short list.
    Core,
    /// Reached through `more`, or listed in the full list.
    Full,
}

impl Shelf {
    /// Returns the arguments that the instructions speak of once, for all tools that stand here.
    fn told_once(self) -> &'static [&'static str] {
        match self {
            Shelf::Always | Shelf::Core => &["request_id"],
            Shelf::Full => &["request_id", "limit", "offset"],
        }
    }
}

/// What a face asks for.
#[derive(Clone)]
pub struct Input {
    pub arguments: Map<String, Value>,
    /// How the face names the call, if it has a name for it.
    pub id: Option<String>,
    pub patience: Patience,
}

/// A request as it was understood: the operation's own arguments, and the common ones.
pub struct Request {
    pub arguments: Map<String, Value>,
    pub worker: Option<WorkerId>,
    /// Who reads the answer, where it makes no difference who asks.
    pub listener: Option<WorkerId>,
    /// Whether the answer may carry messages.
    pub takes_mail: bool,
    pub id: Option<RequestId>,
    pub patience: Patience,
    /// What to tell of arguments that change nothing.
    pub unheeded: Vec<String>,
    /// The settings that hold for it, from its beginning to its end.
    pub config: Arc<Current>,
}

impl Input {
    /// Asks without a name for the call, and waits as long as the project says.
    pub fn of(arguments: Map<String, Value>) -> Self {
        Self { arguments, id: None, patience: Patience::Waits }
    }
}

impl Request {
    /// Returns by what a repetition of the request is known, if it has a name.
    fn named(&self) -> Option<Named<'_>> {
        self.id.as_ref().map(|id| Named { id, worker: self.worker.as_ref() })
    }
}

impl Entry {
    pub(super) const fn of<O: Operation>(shelf: Shelf, hint: &'static str) -> Self {
        let reads = matches!(O::EFFECT, Effect::Read);
        assert!(reads || matches!(O::PACE, Pace::Brisk), "what takes long may only read");
        Self {
            name: O::NAME,
            effect: O::EFFECT,
            actor: O::ACTOR,
            positional: O::POSITIONAL,
            shelf,
            hint,
            description: schema::description::<O>,
            arguments: schema::arguments::<O>,
            call: call::<O>,
            pace: O::PACE,
        }
    }

    /// Returns what the operation does, as its doc comment says it.
    pub fn description(&self) -> String {
        (self.description)()
    }

    /// Returns the first sentence of the description.
    pub fn summary(&self) -> String {
        let text = self.description();
        let first = text.split("\n\n").next().unwrap_or_default();
        let end = first.find(". ").map_or(first.len(), |end| end + 1);
        first[..end].trim_end_matches('.').to_owned()
    }

    /// Returns the JSON schema of the arguments, in the project's words.
    pub fn arguments(&self, vocabulary: &dyn Vocabulary) -> Map<String, Value> {
        schema::with_what_is_rare((self.arguments)(vocabulary))
    }

    /// Returns the same as short as it can be said, for agents that read all tools at once.
    pub fn short_arguments(&self, vocabulary: &dyn Vocabulary) -> Map<String, Value> {
        let mut schema = (self.arguments)(vocabulary);
        schema::leave_out(&mut schema, self.shelf.told_once());
        schema::shorten(&mut schema);
        schema
    }

    /// Does what is asked for, and takes along what is said to the caller beside it.
    pub fn answer(&self, app: &App, input: Input) -> Answer {
        match self.understood(app, input) {
            Ok(request) => (self.call)(app, &Request { takes_mail: true, ..request }),
            Err(error) => Err(error).into(),
        }
    }

    /// Does what is asked for where no worker reads the answer: messages stay where they are.
    pub fn call(&self, app: &App, input: Input) -> Result<Value> {
        let request = self.understood(app, input)?;
        (self.call)(app, &request).outcome
    }

    fn understood(&self, app: &App, input: Input) -> Result<Request> {
        if self.pace == Pace::Long && input.patience == Patience::Hurries {
            return Err(Error::NOT_AT_ONCE);
        }
        app.refresh(input.patience)?;
        self.read(app, input)
    }

    fn schema(&self, current: &Current) -> Arc<Map<String, Value>> {
        let mut schemas = current.schemas.lock().unwrap_or_else(PoisonError::into_inner);
        let made = schemas.entry(self.name).or_insert_with(|| Arc::new(self.arguments(&EveryWord(current))));
        made.clone()
    }

    /// Takes the common arguments out of the input and holds the rest against the schema.
    fn read(&self, app: &App, input: Input) -> Result<Request> {
        let Input { arguments: mut input, id, patience } = input;
        let config = app.config();
        let schema = self.schema(&config);
        let is_named = |input: &Map<String, Value>| NAMES.iter().any(|name| input.contains_key(*name));
        let mut listener = None;
        if self.actor != Actor::Nobody {
            if let Some(worker) = app.caller.worker.as_ref().filter(|_| !is_named(&input)) {
                input.insert(NAMES[0].into(), worker.as_str().into());
            }
        } else if schema.get("properties").is_some_and(|known| known.get(NAMES[0]).is_none()) {
            listener = parsed(NAMES.iter().find_map(|name| text(input.shift_remove(*name))))?;
        }
        let unheeded = unheeded::take(self.name, &schema, &mut input);
        arguments::check(self.name, &schema, &mut input)?;
        let mut take = |name: &str, applies: bool| match applies {
            true => text(input.shift_remove(name)),
            false => None,
        };
        let worker = take(NAMES[0], self.actor != Actor::Nobody);
        let id = take("request_id", self.effect != Effect::Read).or(id);
        Ok(Request {
            worker: parsed(worker)?,
            listener: listener.or_else(|| app.caller.worker.clone()),
            takes_mail: false,
            id: parsed(id.filter(|_| self.effect != Effect::Read))?,
            arguments: input,
            patience,
            unheeded,
            config,
        })
    }
}

/// What a caller may call the worker that it is.
const NAMES: [&str; 3] = ["worker_id", "agent", "agent_id"];

fn text(value: Option<Value>) -> Option<String> {
    value.and_then(|value| value.as_str().map(str::to_owned))
}

fn parsed<T: std::str::FromStr<Err = crate::domain::BadName>>(text: Option<String>) -> Result<Option<T>> {
    let parsed = text.map(|text| text.parse::<T>()).transpose();
    parsed.map_err(|bad: crate::domain::BadName| Error::input(bad.to_string(), String::new()))
}

/// Runs an operation, and finds what the caller is to be told with a refusal.
fn call<O: Operation>(app: &App, request: &Request) -> Answer {
    let mut rider = None;
    let outcome = outcome::<O>(app, request, &mut rider);
    match outcome {
        Ok(_) if O::PACE == Pace::Brisk => Answer { outcome, rider },
        Err(Error::Busy { .. }) => Answer { outcome, rider: None },
        outcome => {
            drop(rider.take());
            Answer { outcome, rider: post::rider_afterwards(app, request).ok().flatten() }
        }
    }
}

/// What needs no transaction first, then one transaction.
fn outcome<O: Operation>(app: &App, request: &Request, rider: &mut Option<Rider>) -> Result<Value> {
    let mut operation: O = serde_json::from_value(Value::Object(request.arguments.clone()))
        .map_err(|error| Error::input(error.to_string(), ""))?;
    let staging = Staging::new(app, request);
    let answer = operation.prepare(&staging).and_then(|()| answer(app, &operation, request, rider));
    if answer.is_err() {
        staging.discard();
    } else if O::EFFECT == Effect::Destroy {
        app.sweep_media(request.patience);
    }
    answer
}

/// Answers, after a look for workers that are gone; if it comes to nothing, after a closer one again.
fn answer<O: Operation>(
    app: &App,
    operation: &O,
    request: &Request,
    rider: &mut Option<Rider>,
) -> Result<Value> {
    if !O::SWEEPS {
        return answer_once(app, operation, request, rider);
    }
    presence::sweep(app, request)?;
    let answer = answer_once(app, operation, request, rider);
    let in_the_way = match &answer {
        Err(Error::Refused(refusal)) => refusal.in_the_way().map(Some),
        Ok(answer) if operation.comes_to_nothing(answer) => Some(None),
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

/// Runs an operation in one transaction, in which the caller's lease is renewed
/// and the answer remembered for a caller that repeats itself; in none, if that
/// can be seen beforehand.
fn answer_once<O: Operation>(
    app: &App,
    operation: &O,
    request: &Request,
    rider: &mut Option<Rider>,
) -> Result<Value> {
    if O::FORESEES
        && (request.patience == Patience::Waits || O::EFFECT == Effect::Note)
        && let Some(answer) = foresee(app, operation, request, rider)?
    {
        return Ok(answer);
    }
    operation.catch_up(app, request)?;
    let body = |tx: &Tx<'_>| {
        if let Some(named) = request.named()
            && let Some(answer) = tx.answer_given(named, O::NAME)?
        {
            return Ok((answer, None));
        }
        let cx = context(app, tx, request, O::EFFECT)?;
        let answer = with_notices(operation.run(tx, &cx)?, app, &cx)?;
        if let Some(named) = request.named().filter(|_| !operation.comes_to_nothing(&answer)) {
            tx.remember_answer(named, O::NAME, &answer, cx.now)?;
        }
        if O::PACE == Pace::Brisk {
            *rider = post::rider(app, tx, &cx, request)?;
        }
        Ok((answer, cx.worker))
    };
    let answer = match O::PACE {
        Pace::Brisk => app.store.transact(request.patience, O::EFFECT, body),
        Pace::Long => app.store.read_apart(bounds(&request.config), body),
    };
    match answer {
        Ok((answer, Some(worker))) if O::EFFECT == Effect::Read => {
            presence::renew(app, &worker, request)?;
            Ok(answer)
        }
        Ok((answer, _)) => Ok(answer),
        Err(Error::Refused(refusal)) => {
            salvage(app, operation, request, &refusal)?;
            Err(refusal.into())
        }
        Err(error) => Err(error),
    }
}

/// Returns an output as an answer, with what the caller has to know beside it.
fn with_notices(output: impl Serialize, app: &App, cx: &Context<'_>) -> Result<Value> {
    let mut answer = serde_json::to_value(output)?;
    let mut notices = cx.notices();
    notices.extend(app.untold_problem());
    if !notices.is_empty() {
        answer["notices"] = notices.into();
    }
    Ok(answer)
}

fn bounds(config: &Config) -> Bounds {
    let Limits { query_ms, text_bytes, .. } = config.limits;
    Bounds { time: Duration::from_millis(query_ms.unsigned_abs()), text_bytes }
}

fn context<'a>(app: &'a App, tx: &Tx<'_>, request: &'a Request, effect: Effect) -> Result<Context<'a>> {
    let mut cx = app.context(tx, &request.config)?;
    request.unheeded.iter().for_each(|notice| cx.notify(notice));
    if let Some(id) = &request.worker {
        cx.worker = Some(presence::greet(tx, &cx, id, effect)?);
    }
    Ok(cx)
}

/// Returns the answer if it can be given without a change.
fn foresee<O: Operation>(
    app: &App,
    operation: &O,
    request: &Request,
    rider: &mut Option<Rider>,
) -> Result<Option<Value>> {
    let foreseen = app.store.transact(request.patience, Effect::Read, |tx| {
        if let Some(named) = request.named()
            && let Some(answer) = tx.answer_given(named, O::NAME)?
        {
            return Ok(Some((answer, None)));
        }
        let cx = context(app, tx, request, Effect::Read)?;
        if cx.worker.as_ref().is_some_and(|worker| presence::is_news(worker, &cx)) {
            return Ok(None);
        }
        let Some(output) = operation.foresee(tx, &cx)? else {
            return Ok(None);
        };
        let answer = with_notices(output, app, &cx)?;
        *rider = post::rider(app, tx, &cx, request)?;
        Ok(Some((answer, cx.worker)))
    });
    let Some((answer, worker)) = foreseen? else {
        return Ok(None);
    };
    if let Some(worker) = worker {
        presence::renew(app, &worker, request)?;
    }
    Ok(Some(answer))
}

/// Lets the operation keep what must not be lost with a refused call.
fn salvage<O: Operation>(app: &App, operation: &O, request: &Request, refusal: &Refusal) -> Result<()> {
    if !matches!(refusal, Refusal::Fenced { .. }) {
        return Ok(());
    }
    app.store.transact(request.patience, O::EFFECT, |tx| {
        let cx = context(app, tx, request, O::EFFECT)?;
        operation.salvage(refusal, tx, &cx)
    })
}

/// Returns the operation that is called `name`.
pub fn find(name: &str) -> Result<&'static Entry> {
    if let Some(entry) = CATALOGUE.iter().find(|entry| entry.name == name) {
        return Ok(entry);
    }
    let names: BTreeSet<&str> = CATALOGUE.iter().map(|entry| entry.name).collect();
    let names: Vec<&str> = names.into_iter().collect();
    let near = nearest(name, &names).map(str::to_owned);
    Err(Error::NotFound {
        what: "operation",
        name: name.chars().take(60).collect(),
        near: near.into_iter().collect(),
    })
}
