//! Tasks as answers show them: shortened, and without default values.

use std::collections::BTreeSet;

use serde::Serialize;
use serde_json::Value;

use crate::domain::{Phase, Priority, Status, Tag, Task, TaskId, WorkerId};
use crate::error::Result;
use crate::store::{Listed, Neighbour};

/// A task by id, title and status.
#[derive(Debug, Serialize)]
pub struct Brief {
    pub id: TaskId,
    pub title: String,
    pub status: Status,
}

impl Brief {
    const TITLE: usize = 60;

    pub fn of(task: &Task) -> Self {
        Self { id: task.id.clone(), title: shortened(&task.title, Self::TITLE), status: task.status.clone() }
    }
}

impl From<Neighbour> for Brief {
    fn from(Neighbour { id, status, title }: Neighbour) -> Self {
        Self { id, title: shortened(&title, Self::TITLE), status }
    }
}

/// A task as a row of a list.
#[derive(Debug, Serialize)]
pub struct Row {
    id: TaskId,
    title: String,
    status: Status,
    #[serde(skip_serializing_if = "Option::is_none")]
    phase: Option<Phase>,
    #[serde(skip_serializing_if = "is_default")]
    priority: Priority,
    #[serde(skip_serializing_if = "Option::is_none")]
    worker_id: Option<WorkerId>,
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    tags: BTreeSet<Tag>,
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    needed_tags: BTreeSet<Tag>,
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    wanted_tags: BTreeSet<Tag>,
    #[serde(skip_serializing_if = "Option::is_none")]
    points: Option<i64>,
    /// How many tasks block it.
    #[serde(skip_serializing_if = "is_zero")]
    blockers: i64,
    /// How many of its subtasks are open.
    #[serde(skip_serializing_if = "is_zero")]
    open_children: i64,
}

impl Row {
    /// The longest title that a row shows; `get` shows all of it.
    const TITLE: usize = 100;

    pub const COLUMNS: &'static [&'static str] = &[
        "id",
        "title",
        "status",
        "phase",
        "priority",
        "worker_id",
        "tags",
        "needed_tags",
        "wanted_tags",
        "points",
        "blockers",
        "open_children",
    ];

    /// Returns the row, with its title in full if `whole`.
    pub fn of(task: Listed, whole: bool) -> Self {
        Self {
            id: task.id,
            title: if whole { task.title } else { shortened(&task.title, Self::TITLE) },
            status: task.status,
            phase: task.phase,
            priority: task.priority,
            worker_id: task.holder,
            tags: task.tags,
            needed_tags: task.demand.needed,
            wanted_tags: task.demand.wanted,
            points: task.points,
            blockers: task.open_blockers + task.blocked_above,
            open_children: task.open_children,
        }
    }
}

/// Returns the text, or its beginning and `…`.
pub fn shortened(text: &str, longest: usize) -> String {
    match text.char_indices().nth(longest) {
        None => text.to_owned(),
        Some((end, _)) => format!("{}…", &text[..end]),
    }
}

pub fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

pub fn is_zero(value: &i64) -> bool {
    *value == 0
}

/// Returns a part of an answer, unless it is the default or longer than `ROOM`.
pub fn if_short<T: Serialize + Default + PartialEq>(value: &T) -> Result<Option<Value>> {
    const ROOM: usize = 800;
    if is_default(value) {
        return Ok(None);
    }
    let value = serde_json::to_value(value)?;
    Ok(Some(value).filter(|value| value.to_string().len() <= ROOM))
}
