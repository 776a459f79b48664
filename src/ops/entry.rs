//! An operation with its types erased, as the faces see it.

use std::collections::BTreeSet;
use std::sync::{Arc, PoisonError};

use serde_json::{Map, Value};

use super::plain::plain;
use super::post::Answer;
use super::schema::{self, Described, EveryWord, Vocabulary};
use super::{
    Actor, CATALOGUE, Input, Operation, Pace, Request, Shelf, Shortfall, arguments, queue, running, unheeded,
};
use crate::config::Config;
use crate::domain::{RequestId, WorkerId, nearest};
use crate::error::{Error, Result};
use crate::store::{Named, Patience};
use crate::{App, Current, Effect};

/// An operation of the catalogue.
pub struct Entry {
    pub name: &'static str,
    pub effect: Effect,
    pub actor: Actor,
    pub positional: &'static [&'static str],
    /// The columns of the list that it answers; empty if it answers no list.
    pub columns: &'static [&'static str],
    /// Arguments that join all rows of a call, see [`Operation::ONCE`].
    pub once: &'static [&'static str],
    pub shelf: Shelf,
    /// Other words by which an agent may search for it.
    pub hint: &'static str,
    description: fn() -> String,
    described: fn(&dyn Vocabulary) -> Described,
    call: fn(&App, &Request) -> Answer,
    /// Returns how an answer falls short of the request, though it is no error.
    pub shortfall: fn(&Value) -> Option<Shortfall>,
    pace: Pace,
}

impl Entry {
    pub(super) const fn of<O: Operation>(shelf: Shelf, hint: &'static str) -> Self {
        let reads = matches!(O::EFFECT, Effect::Read);
        assert!(reads || !matches!(O::PACE, Pace::Long), "what takes long may only read");
        Self {
            name: O::NAME,
            effect: O::EFFECT,
            actor: O::ACTOR,
            positional: O::POSITIONAL,
            columns: O::COLUMNS,
            once: O::ONCE,
            shelf,
            hint,
            description: schema::description::<O>,
            described: schema::described::<O>,
            call: running::call::<O>,
            shortfall: O::shortfall,
            pace: O::PACE,
        }
    }

    /// Returns the other names of the operation.
    pub fn other_names(&self) -> impl Iterator<Item = &'static str> {
        queue::RENAMED.iter().filter(|(_, own)| *own == self.name).map(|(other, _)| *other)
    }

    /// Returns true if it is listed to the workers of a queue.
    pub fn is_of_queue(&self) -> bool {
        self.shelf == Shelf::Queue || queue::ALSO.contains(&self.name)
    }

    /// Returns the description, which is the doc comment of the operation.
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

    /// Returns the JSON schema of the arguments, with the project's words.
    pub fn arguments(&self, vocabulary: &dyn Vocabulary) -> Map<String, Value> {
        schema::with_what_is_rare((self.described)(vocabulary).arguments)
    }

    /// Returns the schema of all arguments as clients are shown it, in the subset that every vendor accepts.
    pub fn shown_arguments(&self, vocabulary: &dyn Vocabulary) -> Map<String, Value> {
        let mut shown = self.arguments(vocabulary);
        plain(&mut shown);
        shown
    }

    /// Returns true if it has an argument of this name.
    pub fn takes(&self, name: &str) -> bool {
        let schema = self.arguments(&Config::builtin());
        schema.get("properties").is_some_and(|known| known.get(name).is_some())
    }

    /// Returns the description and the arguments in their shortest form, for agents that read all tools at once.
    pub fn in_short(&self, vocabulary: &dyn Vocabulary) -> Described {
        let mut described = (self.described)(vocabulary);
        schema::leave_out(&mut described.arguments, self.shelf.told_once());
        schema::shorten(&mut described.arguments);
        plain(&mut described.arguments);
        described
    }

    /// Runs the operation; the answer carries messages to its reader.
    pub fn answer(&self, app: &App, input: Input) -> Answer {
        match self.understood(app, input) {
            Ok(request) => (self.call)(app, &Request { takes_mail: true, ..request }),
            Err(error) => Err(error).into(),
        }
    }

    /// Runs the operation for a reader that is no worker: messages stay undelivered.
    pub fn call(&self, app: &App, input: Input) -> Result<Value> {
        let request = self.understood(app, input)?;
        (self.call)(app, &request).outcome
    }

    fn understood(&self, app: &App, input: Input) -> Result<Request> {
        if self.pace != Pace::Brisk && input.patience == Patience::Hurries {
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

    /// Returns the worker that reads the answer, if the operation has no caller argument. Otherwise this
    /// process acts for its `default` worker, unless the call names another.
    fn listener(
        &self,
        default: Option<&WorkerId>,
        schema: &Map<String, Value>,
        input: &mut Map<String, Value>,
    ) -> Result<Option<WorkerId>> {
        let named = NAMES.into_iter().find(|name| input.contains_key(*name));
        if self.actor != Actor::Nobody {
            if let (Some(worker), None) = (default, named) {
                input.insert(NAMES[0].into(), worker.as_str().into());
            }
            return Ok(None);
        }
        let is_own = schema.get("properties").is_some_and(|known| known.get(NAMES[0]).is_some());
        // A value that is not a string is refused with the other arguments.
        let named = named.filter(|name| !is_own && matches!(input[*name], Value::String(_) | Value::Null));
        let listener = parsed(named.and_then(|name| text(input.shift_remove(name))))?;
        Ok(listener.or_else(|| default.cloned()))
    }

    /// Takes the common arguments out of the input and checks the others against the schema.
    fn read(&self, app: &App, input: Input) -> Result<Request> {
        let Input { arguments: mut input, id, patience, stay, whole } = input;
        let config = app.config();
        let schema = self.schema(&config);
        let listener = self.listener(app.caller.worker.as_ref(), &schema, &mut input)?;
        let unheeded = unheeded::take(self.name, &schema, &mut input);
        arguments::check(self.name, &schema, config.limits.ids, &mut input)?;
        let mut take = |name: &str, applies: bool| match applies {
            true => text(input.shift_remove(name)),
            false => None,
        };
        let worker = take(NAMES[0], self.actor != Actor::Nobody);
        let id = take("request_id", self.effect != Effect::Read).or(id);
        let worker = parsed(worker)?;
        let id: Option<RequestId> = parsed(id.filter(|_| self.effect != Effect::Read))?;
        let scope = || app.caller.scope(worker.as_ref().or(listener.as_ref()));
        let name = id.map(|id| Named::new(id, scope(), self.name, &input)).transpose()?;
        Ok(Request {
            worker,
            listener,
            takes_mail: false,
            name,
            arguments: input,
            patience,
            stay,
            unheeded,
            whole,
            config,
        })
    }
}

/// The names of the argument that identifies the calling worker.
const NAMES: [&str; 5] = ["worker_id", "agent", "agent_id", "agent_name", "agentName"];

fn text(value: Option<Value>) -> Option<String> {
    value.and_then(|value| value.as_str().map(str::to_owned))
}

fn parsed<T: std::str::FromStr<Err = crate::domain::BadName>>(text: Option<String>) -> Result<Option<T>> {
    let parsed = text.map(|text| text.parse::<T>()).transpose();
    parsed.map_err(|bad: crate::domain::BadName| Error::input(bad.to_string(), String::new()))
}

/// Returns the operation with this name, here or in TaskDriver.
fn known(name: &str) -> Option<&'static Entry> {
    let own = queue::RENAMED.iter().find(|(other, _)| *other == name).map_or(name, |(_, own)| own);
    CATALOGUE.iter().find(|entry| entry.name == own)
}

/// Returns the operation with this name.
pub fn find(name: &str) -> Result<&'static Entry> {
    if let Some(entry) = known(name) {
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
