use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::brief::is_zero;
use crate::domain::{Standing, Status, TaskRef};
use crate::error::Result;
use crate::ops::Operation;
use crate::store::Tx;
use crate::{Context, Effect};

/// Count the tasks by state, and by readiness.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StatusSummary {
    parent: Option<TaskRef>,
}

#[derive(Serialize)]
pub struct Summary {
    total: i64,
    by_status: IndexMap<Status, i64>,
    ready: i64,
    blocked: i64,
    held: i64,
    /// Tasks with open subtasks.
    containers: i64,
    /// Tasks with a start time in the future.
    #[serde(skip_serializing_if = "is_zero")]
    scheduled: i64,
    /// Tasks that wait for a slot in their group.
    #[serde(skip_serializing_if = "is_zero")]
    limited: i64,
    ended: i64,
    workers: usize,
}

impl Operation for StatusSummary {
    const NAME: &'static str = "status_summary";
    const EFFECT: Effect = Effect::Read;
    const POSITIONAL: &'static [&'static str] = &["parent"];
    const SWEEPS: bool = true;

    type Output = Summary;

    fn run(&self, tx: &Tx, _cx: &Context) -> Result<Summary> {
        let tallies = match &self.parent {
            Some(parent) => tx.tallies_under(&tx.resolve(parent)?)?,
            None => tx.tallies()?,
        };
        let mut by_status: IndexMap<Status, i64> = IndexMap::new();
        for tally in &tallies {
            *by_status.entry(tally.status.clone()).or_default() += tally.tasks;
        }
        let standing = |asked: Standing| {
            tallies.iter().filter(|tally| tally.standing == asked).map(|tally| tally.tasks).sum()
        };
        Ok(Summary {
            total: by_status.values().sum(),
            by_status,
            ready: standing(Standing::Ready),
            blocked: standing(Standing::Blocked),
            held: standing(Standing::Held),
            containers: standing(Standing::Container),
            scheduled: standing(Standing::Scheduled),
            limited: standing(Standing::Limited),
            ended: standing(Standing::Ended),
            workers: tx.workers_present()?.len(),
        })
    }
}
