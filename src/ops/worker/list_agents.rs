use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::domain::{ClaimLimit, Tag, TaskId, TaskRef, Timestamp, Worker, WorkerId};
use crate::error::Result;
use crate::ops::Operation;
use crate::ops::task::shortened;
use crate::store::Tx;
use crate::{Context, Effect};

/// List connected workers with their tasks and thoughts.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ListAgents {
    #[serde(default)]
    tags: BTreeSet<Tag>,
    /// Its holder.
    #[schemars(extend("x-rare" = true))]
    task: Option<TaskRef>,
    #[schemars(extend("x-rare" = true))]
    worker: Option<WorkerId>,
    /// Default 15.
    limit: Option<usize>,
    #[serde(default)]
    offset: usize,
}

#[derive(Serialize)]
pub struct Agents {
    workers: Vec<Agent>,
    total: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_offset: Option<usize>,
}

#[derive(Serialize)]
struct Agent {
    id: WorkerId,
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    tags: BTreeSet<Tag>,
    max_claims: ClaimLimit,
    /// The first of its tasks.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    holds: Vec<TaskId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    holds_total: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    thought: Option<String>,
    last_heartbeat: Timestamp,
    /// Whether it has made no call for long.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    idle: bool,
    /// The time until which its tasks are reserved; its client is disconnected.
    #[serde(skip_serializing_if = "Option::is_none")]
    reserved_until: Option<Timestamp>,
}

impl Operation for ListAgents {
    const NAME: &'static str = "list_agents";
    const EFFECT: Effect = Effect::Read;
    const SWEEPS: bool = true;

    const COLUMNS: &'static [&'static str] =
        &["id", "tags", "max_claims", "holds", "holds_total", "thought", "last_heartbeat", "idle"];

    type Output = Agents;

    fn run(&self, tx: &Tx, cx: &Context) -> Result<Agents> {
        const SHOWN: usize = 15;
        let holder = match &self.task {
            Some(task) => Some(tx.task_called(task)?.holder),
            None => None,
        };
        let fits = |worker: &Worker| {
            self.tags.is_subset(&worker.tags)
                && self.worker.as_ref().is_none_or(|id| *id == worker.id)
                && holder.as_ref().is_none_or(|holder| holder.as_ref() == Some(&worker.id))
        };
        let found: Vec<Worker> = tx.workers_present()?.into_iter().filter(fits).collect();
        let limit = cx.page(self.limit.unwrap_or(SHOWN), 500);
        let total = found.len();
        let shown = found.into_iter().skip(self.offset).take(limit);
        let workers: Vec<Agent> = shown.map(|worker| agent(tx, cx, worker)).collect::<Result<_>>()?;
        let seen = self.offset + workers.len();
        Ok(Agents { workers, total, next_offset: (seen < total).then_some(seen) })
    }
}

fn agent(tx: &Tx, cx: &Context, worker: Worker) -> Result<Agent> {
    const HELD: usize = 3;
    const THOUGHT: usize = 80;
    let mut holds = tx.held_by(&worker.id)?;
    let holds_total = Some(holds.len()).filter(|total| *total > HELD);
    holds.truncate(HELD);
    let thought = tx.whole(&holds)?.into_iter().find_map(|task| task.thought);
    Ok(Agent {
        holds,
        holds_total,
        thought: thought.map(|thought| shortened(&thought, THOUGHT)),
        idle: cx.now.since(worker.last_heartbeat) > cx.config.idle_after_ms,
        reserved_until: worker.reserved_until(),
        id: worker.id,
        tags: worker.tags,
        max_claims: worker.limit,
        last_heartbeat: worker.last_heartbeat,
    })
}
