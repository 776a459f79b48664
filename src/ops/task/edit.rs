//! Changes to the fields of a task, apart from its state.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::brief::shortened;
use super::{gating, words};
use crate::Context;
use crate::domain::{Crossing, Millis, Phase, Priority, Tag, Task, Text, Title};
use crate::error::Result;
use crate::store::{Because, Event, Tx};

/// The fields to change; `None` leaves a field as it is.
#[derive(Debug, Default, PartialEq)]
pub struct Edit<'a> {
    pub title: Option<&'a Title>,
    /// An empty text clears it.
    pub description: Option<&'a Text>,
    pub phase: Option<&'a Phase>,
    pub priority: Option<Priority>,
    pub points: Option<i64>,
    pub time_estimate_ms: Option<Millis>,
    pub tags: Option<&'a BTreeSet<Tag>>,
    pub needed_tags: Option<&'a BTreeSet<Tag>>,
    pub wanted_tags: Option<&'a BTreeSet<Tag>>,
}

/// Changes the title and description of a task; returns true if they differ now.
pub fn reword(
    tx: &Tx,
    cx: &Context,
    task: &Task,
    title: Option<&Title>,
    description: Option<&Text>,
) -> Result<bool> {
    let edit = Edit { title, description, ..Edit::default() };
    Ok(!edit.apply(tx, cx, task, &cx.because("update"))?.is_empty())
}

impl Edit<'_> {
    /// Changes the task, and returns the fields that differ now.
    pub fn apply(&self, tx: &Tx, cx: &Context, task: &Task, because: &Because<'_>) -> Result<Vec<String>> {
        if *self == Self::default() {
            return Ok(Vec::new());
        }
        self.check(tx, cx, task)?;
        let edited = self.applied_to(task.clone());
        let (before, after) = difference(task, &edited);
        if after.is_empty() {
            return Ok(Vec::new());
        }
        gating::pass(tx, cx, &Crossing::edit(task, &edited), because)?;
        tx.edit_task(&edited, cx.now)?;
        let changed = after.keys().cloned().collect();
        tx.record(&Event {
            task: Some(&task.id),
            before: Some(before.into()),
            after: Some(after.into()),
            ..Event::of("edited", &cx.because("update"))
        })?;
        Ok(changed)
    }

    fn check(&self, tx: &Tx, cx: &Context, task: &Task) -> Result<()> {
        if let Some(text) = self.description {
            words::check_text(cx, "description", &text.0)?;
        }
        if let Some(phase) = self.phase {
            words::check_phase(cx, &*cx.rules_of(tx, task)?, phase)?;
        }
        let tags = [self.tags, self.needed_tags, self.wanted_tags];
        words::check_tags(cx, tags.into_iter().flatten().flatten())
    }

    fn applied_to(&self, mut task: Task) -> Task {
        let Self {
            title,
            description,
            phase,
            priority,
            points,
            time_estimate_ms,
            tags,
            needed_tags,
            wanted_tags,
        } = self;
        if let Some(title) = title {
            task.title = title.0.clone();
        }
        if let Some(text) = description {
            task.description = Some(text.0.clone()).filter(|text| !text.is_empty());
        }
        task.phase = phase.cloned().or(task.phase);
        task.priority = priority.unwrap_or(task.priority);
        task.points = points.or(task.points);
        task.time_estimate_ms = time_estimate_ms.or(task.time_estimate_ms);
        let replace = |tags: &mut BTreeSet<Tag>, new: &Option<&BTreeSet<Tag>>| {
            if let Some(new) = new {
                tags.clone_from(new);
            }
        };
        replace(&mut task.tags, tags);
        replace(&mut task.demand.needed, needed_tags);
        replace(&mut task.demand.wanted, wanted_tags);
        task
    }
}

/// Returns the fields that differ, with old and new values.
fn difference(old: &Task, new: &Task) -> (Map<String, Value>, Map<String, Value>) {
    let (old, new) = (fields(old), fields(new));
    let changed: Vec<&String> = new.keys().filter(|name| old.get(*name) != new.get(*name)).collect();
    let pick =
        |all: &Map<String, Value>| changed.iter().map(|name| ((*name).clone(), shown(&all[*name]))).collect();
    (pick(&old), pick(&new))
}

fn fields(task: &Task) -> Map<String, Value> {
    let fields = json!({
        "title": task.title,
        "description": task.description,
        "phase": task.phase,
        "priority": task.priority,
        "points": task.points,
        "time_estimate_ms": task.time_estimate_ms,
        "tags": task.tags,
        "needed_tags": task.demand.needed,
        "wanted_tags": task.demand.wanted,
    });
    match fields {
        Value::Object(fields) => fields,
        _ => Map::new(),
    }
}

/// Returns a value as the feed shows it: long texts are cut.
fn shown(value: &Value) -> Value {
    const LONGEST: usize = 500;
    match value {
        Value::String(text) => shortened(text, LONGEST).into(),
        other => other.clone(),
    }
}
