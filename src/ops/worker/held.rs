//! A task that a worker holds, with the facts it needs to resume work.

use serde::Serialize;

use crate::Context;
use crate::domain::{Phase, Status, Task, TaskId, Timestamp, Worker, WorkerId};
use crate::error::Result;
use crate::ops::task::{guiding, shortened};
use crate::store::{FeedFilter, Tx};

#[derive(Serialize)]
pub struct Held {
    id: TaskId,
    title: String,
    status: Status,
    #[serde(skip_serializing_if = "is_none_yet")]
    attempt: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    since: Option<Timestamp>,
    /// Whether the worker lost it when it was counted as gone; `connect` gives it back.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    lost: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    phase: Option<Phase>,
    /// The beginning of the description; `get` shows all of it.
    #[serde(skip_serializing_if = "String::is_empty")]
    description: String,
    /// The worker's last thought on it.
    #[serde(skip_serializing_if = "String::is_empty")]
    thought: String,
    /// The beginnings of the last urgent message about it that the worker has read, and of the newest
    /// attachments, each with its type.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    notes: Vec<String>,
    /// The evidence still to attach before the next step.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    gates: Vec<String>,
    /// The types of the first of them, for the next call.
    #[serde(skip)]
    wanted: Vec<String>,
    /// The state that completes the task.
    #[serde(skip)]
    end: Status,
}

fn is_none_yet(attempt: &i64) -> bool {
    *attempt == 0
}

/// How many characters of each field of a task are shown.
pub struct Detail {
    title: usize,
    description: usize,
    thought: usize,
    notes: usize,
    note: usize,
}

impl Detail {
    /// From all fields to the title alone.
    pub const ALL: [Self; 4] = [
        Self { title: 100, description: 200, thought: 200, notes: 3, note: 200 },
        Self { title: 80, description: 80, thought: 120, notes: 1, note: 120 },
        Self { title: 60, description: 0, thought: 60, notes: 0, note: 0 },
        Self { title: 40, description: 0, thought: 0, notes: 0, note: 0 },
    ];
}

impl Held {
    /// How many tasks are shown in detail at most.
    pub const MOST: usize = 8;

    pub fn of(tx: &Tx, cx: &Context, worker: &Worker, id: &TaskId, lost: bool) -> Result<Self> {
        const NOTES: usize = 3;
        const GATES: usize = 5;
        let task = tx.task(id)?;
        let workflow = cx.workflow_of(&task)?;
        // A lost task that is resumed is in the working state again, in the same attempt.
        let again = Task { status: workflow.claim.clone(), claimed_at: Some(cx.now), ..task.clone() };
        let left = guiding::gates_left(tx, cx, if task.claimed_at.is_some() { &task } else { &again })?;
        let thought = match &task.thought {
            Some(thought) => thought.clone(),
            None => last_thought(tx, &worker.id, &task)?,
        };
        let mut notes: Vec<String> =
            tx.directions(&worker.id, id, 1)?.iter().map(|message| message.line()).collect();
        notes.extend(tx.newest_texts(id, NOTES - notes.len(), Detail::ALL[0].note)?);
        Ok(Self {
            thought,
            notes,
            gates: left.iter().take(GATES).map(|(_, label)| label.clone()).collect(),
            wanted: left.into_iter().take(2).map(|(kind, _)| kind).collect(),
            end: workflow.complete.clone(),
            id: task.id,
            title: task.title,
            status: task.status,
            attempt: task.attempt,
            since: task.claimed_at,
            lost,
            phase: task.phase,
            description: task.description.unwrap_or_default(),
        })
    }

    /// Returns the task with its texts cut to this detail.
    pub fn with(&self, detail: &Detail) -> Self {
        let notes = self.notes.iter().take(detail.notes).map(|note| begun(note, detail.note));
        Self {
            id: self.id.clone(),
            title: begun(&self.title, detail.title),
            status: self.status.clone(),
            phase: self.phase.clone(),
            description: begun(&self.description, detail.description),
            thought: begun(&self.thought, detail.thought),
            notes: notes.collect(),
            gates: self.gates.clone(),
            wanted: Vec::new(),
            end: self.end.clone(),
            ..*self
        }
    }

    /// Returns the next call for it.
    pub fn next(&self, worker: &WorkerId) -> String {
        let Self { id, end, .. } = self;
        if self.lost {
            return format!("connect(worker_id={worker}) gives you `{id}` back; then go on with it");
        }
        if self.since.is_none() {
            return format!("claim(task={id}) starts on what was given to you");
        }
        if self.wanted.is_empty() {
            return format!(
                "go on with `{id}`, then update(task={id}, status={end}, reason=<what was done>)"
            );
        }
        let wanted: Vec<_> = self.wanted.iter().map(|kind| format!("{{type: {kind}, content: …}}")).collect();
        let wanted = wanted.join(", ");
        format!("go on with `{id}`, then update(task={id}, status={end}, attachments=[{wanted}])")
    }
}

/// Returns the beginning of a text, or nothing if the length is 0.
fn begun(text: &str, longest: usize) -> String {
    match longest {
        0 => String::new(),
        longest => shortened(text, longest),
    }
}

/// Returns the worker's last thought on a task that it does not hold now.
fn last_thought(tx: &Tx, worker: &WorkerId, task: &Task) -> Result<String> {
    let filter = FeedFilter {
        task: Some(task.id.clone()),
        worker: Some(worker.clone()),
        kinds: Some(vec!["thought".into()]),
        ..FeedFilter::default()
    };
    let newest = tx.feed_newest(&filter, 1)?.pop();
    let thought = newest.and_then(|row| row.after?["thought"].as_str().map(str::to_owned));
    Ok(thought.unwrap_or_default())
}
