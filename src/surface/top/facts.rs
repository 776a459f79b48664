//! The facts that the view shows, in the shape in which operations return them.

use std::collections::BTreeMap;

use indexmap::IndexMap;
use serde::Deserialize;

use super::pace::Pace;
use crate::domain::{Millis, Timestamp};

#[derive(Clone, Debug, Default)]
pub struct Facts {
    /// The time at which they were read.
    pub now: Timestamp,
    /// The time after which a silent worker counts as dead.
    pub lease: Millis,
    pub agents: Agents,
    /// The tasks that the workers hold, by their ids.
    pub tasks: BTreeMap<String, Task>,
    pub counts: Counts,
    pub marks: Marks,
    pub messages: Messages,
    pub pace: Pace,
}

#[derive(Clone, Debug, Default, Deserialize)]
pub struct Agents {
    pub workers: Vec<Agent>,
    pub total: usize,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Agent {
    pub id: String,
    /// The first of its tasks.
    pub holds: Vec<String>,
    pub holds_total: Option<usize>,
    pub thought: Option<String>,
    pub last_heartbeat: Timestamp,
    /// It has made no call for long.
    pub idle: bool,
    /// The end of its reservation, if its client is gone.
    pub reserved_until: Option<Timestamp>,
}

#[derive(Clone, Debug, Deserialize)]
pub struct Task {
    pub title: String,
    #[serde(default)]
    pub attempt: i64,
    pub claimed_at: Option<Timestamp>,
}

#[derive(Clone, Debug, Default, Deserialize)]
pub struct Counts {
    pub total: i64,
    pub by_status: IndexMap<String, i64>,
    pub ready: i64,
    pub blocked: i64,
    pub held: i64,
    pub ended: i64,
}

#[derive(Clone, Debug, Default, Deserialize)]
pub struct Marks {
    pub marks: Vec<Mark>,
    pub total: usize,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Mark {
    pub file: String,
    pub worker_id: String,
    pub task: Option<String>,
    pub reason: Option<String>,
    pub wanted_by: Vec<String>,
}

#[derive(Clone, Debug, Default, Deserialize)]
pub struct Messages {
    /// The newest first.
    pub messages: Vec<Message>,
    pub total: usize,
}

#[derive(Clone, Debug, Deserialize)]
pub struct Message {
    pub at: Timestamp,
    pub kind: String,
    /// A worker or the program; none if a person sent it.
    pub from: Option<String>,
    /// None if it is for the next holder of the task.
    pub to: Option<String>,
    pub task: Option<String>,
    pub text: String,
}

/// The target of a key: a worker, and one of its tasks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    pub worker: String,
    pub task: Option<String>,
    /// The attempt at the time when the key was pressed.
    pub attempt: i64,
}

/// A line of the list of workers: one for each task that a worker holds, one for a worker without.
#[derive(Clone, Copy, Debug)]
pub struct Row<'a> {
    pub agent: &'a Agent,
    pub task: Option<&'a str>,
    /// Whether it is the worker's first line.
    pub is_first: bool,
    /// The number of its tasks that are not shown.
    pub more: usize,
}

impl Facts {
    /// Returns the lines of the list of workers.
    pub fn rows(&self) -> Vec<Row<'_>> {
        self.agents.workers.iter().flat_map(rows_of).collect()
    }

    /// Returns the worker and the task of a line.
    pub fn target(&self, row: &Row<'_>) -> Target {
        let task = row.task.map(str::to_owned);
        let known = row.task.and_then(|task| self.tasks.get(task));
        Target { worker: row.agent.id.clone(), task, attempt: known.map_or(0, |task| task.attempt) }
    }
}

fn rows_of(agent: &Agent) -> Vec<Row<'_>> {
    if agent.holds.is_empty() {
        return vec![Row { agent, task: None, is_first: true, more: 0 }];
    }
    let last = agent.holds.len() - 1;
    let unseen = agent.holds_total.unwrap_or_default().saturating_sub(agent.holds.len());
    let rows = agent.holds.iter().enumerate().map(|(at, task)| Row {
        agent,
        task: Some(task),
        is_first: at == 0,
        more: if at == last { unseen } else { 0 },
    });
    rows.collect()
}
