//! Reads the facts of the view, through the public operations.
//!
//! The feed shows which facts are out of date: tasks, marks and messages are read again only after a change.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use super::facts::{Facts, Task};
use super::pace::Pace;
use crate::App;
use crate::domain::Timestamp;
use crate::error::{Error, Result};
use crate::ops::{self, Input};

/// The most workers that are read.
const WORKERS: usize = 100;
/// The most marks that are searched for those that others wait for.
const MARKS: usize = 500;
const MESSAGES: usize = 20;
/// The number of past status changes that are read first, for the pace.
const BACKLOG: usize = 500;
/// The number of events in one read.
const NEWS: usize = 500;

pub struct Reader<'a> {
    app: &'a App,
    facts: Facts,
    /// The position in the feed.
    cursor: i64,
    marks_changed: bool,
    messages_changed: bool,
}

#[derive(Deserialize)]
struct Feed {
    events: Vec<Entry>,
    cursor: i64,
    #[serde(default)]
    more: bool,
}

#[derive(Deserialize)]
struct Entry {
    at: Timestamp,
    event: String,
    task: Option<String>,
    #[serde(default)]
    after: Value,
}

impl<'a> Reader<'a> {
    /// Starts to read the feed, a little before its end.
    pub fn new(app: &'a App) -> Result<Self> {
        let facts = Facts::default();
        let mut reader = Self { app, facts, cursor: 0, marks_changed: true, messages_changed: true };
        let feed: Feed = reader.ask("events", json!({ "kinds": ["status"], "limit": BACKLOG }))?;
        let is_whole = feed.events.len() < BACKLOG;
        let oldest = feed.events.first().map(|entry| entry.at).filter(|_| !is_whole);
        reader.facts.pace = Pace::since(oldest.unwrap_or_default());
        reader.cursor = feed.cursor;
        feed.events.iter().for_each(|entry| reader.note(entry));
        Ok(reader)
    }

    /// Reads everything that may have changed.
    pub fn read(&mut self) -> Result<&Facts> {
        self.look()?;
        self.facts.agents = self.ask("list_agents", json!({ "limit": WORKERS }))?;
        self.facts.counts = self.ask("status_summary", json!({}))?;
        if self.marks_changed {
            self.facts.marks = self.ask("list_marks", json!({ "limit": MARKS }))?;
            self.facts.marks.marks.sort_by_key(|mark| mark.wanted_by.is_empty());
            self.marks_changed = false;
        }
        if self.messages_changed {
            self.facts.messages = self.ask("inbox", json!({ "limit": MESSAGES }))?;
            self.messages_changed = false;
        }
        self.read_tasks()?;
        self.facts.now = self.app.now();
        self.facts.lease = self.app.config().stale_timeout_ms;
        Ok(&self.facts)
    }

    pub fn facts(&self) -> &Facts {
        &self.facts
    }

    /// Reads the feed from the cursor on.
    fn look(&mut self) -> Result<()> {
        loop {
            let feed: Feed = self.ask("events", json!({ "since": self.cursor, "limit": NEWS }))?;
            feed.events.iter().for_each(|entry| self.note(entry));
            self.cursor = feed.cursor;
            if !feed.more {
                return Ok(());
            }
        }
    }

    /// Reads the held tasks that are not known yet, and forgets the others.
    fn read_tasks(&mut self) -> Result<()> {
        let workers = self.facts.agents.workers.iter();
        let held: BTreeSet<String> = workers.flat_map(|agent| agent.holds.iter().cloned()).collect();
        self.facts.tasks.retain(|id, _| held.contains(id));
        for id in held {
            if self.facts.tasks.contains_key(&id) {
                continue;
            }
            match self.ask::<Task>("get", json!({ "task": id })) {
                Ok(task) => self.facts.tasks.insert(id, task),
                // The task was renamed meanwhile; the next read has its new id.
                Err(Error::NotFound { .. }) => None,
                Err(error) => return Err(error),
            };
        }
        Ok(())
    }

    fn note(&mut self, entry: &Entry) {
        let Entry { at, event, task, after } = entry;
        match event.as_str() {
            "thought" => return,
            "sent" => self.messages_changed = true,
            "status" if self.ends_well(after) => self.facts.pace.note(*at),
            mark if mark.starts_with("mark_") => self.marks_changed = true,
            _ => {}
        }
        if let Some(task) = task {
            self.facts.tasks.remove(task);
        }
    }

    /// Returns true if a task that enters this state is done.
    fn ends_well(&self, after: &Value) -> bool {
        let Some(entered) = after["status"].as_str() else {
            return false;
        };
        let config = self.app.config();
        config.workflows.by_name.values().any(|workflow| {
            let is_cancelled = workflow.cancel.as_ref().is_some_and(|cancel| cancel.as_str() == entered);
            let mut states = workflow.states.iter();
            !is_cancelled
                && states.any(|(name, state)| name.as_str() == entered && state.terminal && !state.blocking)
        })
    }

    fn ask<T: DeserializeOwned>(&self, operation: &str, arguments: Value) -> Result<T> {
        Ok(serde_json::from_value(ask(self.app, operation, arguments)?)?)
    }
}

/// Calls an operation.
pub fn ask(app: &App, operation: &str, arguments: Value) -> Result<Value> {
    let arguments: Map<String, Value> = arguments.as_object().cloned().unwrap_or_default();
    ops::find(operation)?.call(app, Input::of(arguments))
}
