//! Ended and open tasks among those that a call waits for.

use serde::Serialize;

use crate::Context;
use crate::domain::{Task, TaskId};
use crate::error::Result;
use crate::ops::task::{Brief, is_default};
use crate::store::Tx;

/// The states of the tasks that a call waits for.
#[derive(Debug, Default, Serialize)]
pub struct Endings {
    /// Ended tasks; those that failed or were cancelled or deleted come first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    ended: Vec<Ended>,
    /// The total, if not all are shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    ended_total: Option<usize>,
    /// How many failed, were cancelled or deleted.
    #[serde(skip_serializing_if = "is_default")]
    ended_badly: usize,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    open: Vec<TaskId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    open_total: Option<usize>,
}

#[derive(Debug, Serialize)]
struct Ended {
    #[serde(flatten)]
    task: Brief,
    #[serde(skip_serializing_if = "is_default")]
    deleted: bool,
    #[serde(skip)]
    well: bool,
}

/// The field that a script checks.
pub const BADLY: &str = "ended_badly";

const SHOWN: usize = 20;

impl Endings {
    /// Reads the states of tasks.
    pub fn of(tx: &Tx, cx: &Context, tasks: &[TaskId]) -> Result<Self> {
        let mut endings = Self::default();
        for id in tasks {
            let task = tx.task(id)?;
            match Ended::of(cx, &task)? {
                Some(ended) => endings.ended.push(ended),
                None => endings.open.push(task.id),
            }
        }
        Ok(endings)
    }

    pub fn has_ended(&self) -> bool {
        !self.ended.is_empty()
    }

    pub fn has_open(&self) -> bool {
        !self.open.is_empty()
    }

    /// Leaves out the open tasks.
    pub fn without_open(self) -> Self {
        Self { open: Vec::new(), ..self }
    }

    /// Returns the same, cut to a size that fits an answer.
    pub fn cut(mut self) -> Self {
        self.ended_badly = self.ended.iter().filter(|ended| !ended.well).count();
        self.ended.sort_by_key(|ended| ended.well);
        self.ended_total = cut(&mut self.ended);
        self.open_total = cut(&mut self.open);
        self
    }
}

/// Cuts the rows to those that are shown; returns the total if that is more.
fn cut<T>(rows: &mut Vec<T>) -> Option<usize> {
    let total = rows.len();
    rows.truncate(SHOWN);
    (total > SHOWN).then_some(total)
}

impl Ended {
    fn of(cx: &Context, task: &Task) -> Result<Option<Self>> {
        let workflow = cx.workflow_of(task)?;
        let deleted = task.deleted_at.is_some();
        let well = !deleted && workflow.ends_well(&task.status);
        let has_ended = deleted || workflow.state(&task.status).terminal;
        Ok(has_ended.then(|| Self { task: Brief::of(task), deleted, well }))
    }
}
