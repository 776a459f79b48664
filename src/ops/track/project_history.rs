use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Happening;
use crate::domain::{Millis, Status, Timestamp, WorkerId};
use crate::error::Result;
use crate::ops::Operation;
use crate::store::Tx;
use crate::{Context, Effect};

/// Count the changes in a span of time, and show the newest.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ProjectHistory {
    /// Default: a day before `to`.
    from: Option<Timestamp>,
    to: Option<Timestamp>,
    /// Only changes to these.
    #[schemars(extend("x-rare" = true))]
    states: Option<Vec<Status>>,
    /// Default 10.
    limit: Option<usize>,
}

#[derive(Serialize)]
pub struct Report {
    from: Timestamp,
    to: Timestamp,
    transitions: i64,
    tasks: i64,
    by_status: IndexMap<Status, i64>,
    /// The workers that ended the most tasks.
    by_worker: IndexMap<WorkerId, Work>,
    workers: usize,
    /// The newest last.
    changes: Vec<Happening>,
}

/// The work of one worker in the span.
#[derive(Default, Serialize)]
struct Work {
    claimed: i64,
    ended: i64,
    time_ms: Millis,
}

impl Operation for ProjectHistory {
    const NAME: &'static str = "project_history";
    const EFFECT: Effect = Effect::Read;
    const POSITIONAL: &'static [&'static str] = &["from", "to"];

    type Output = Report;

    fn run(&self, tx: &Tx, cx: &Context) -> Result<Report> {
        const WORKERS: usize = 15;
        const DAY: Millis = 24 * 3_600_000;
        let to = self.to.unwrap_or(cx.now);
        let span = tx.span(self.from.unwrap_or(to.before(DAY)), to, self.states.clone())?;
        let by_status: IndexMap<Status, i64> = tx.transitions_by_status(&span)?.into_iter().collect();
        let mut by_worker: IndexMap<WorkerId, Work> = IndexMap::new();
        for (worker, claimed, ended, time_ms) in tx.work_in(&span)? {
            by_worker.insert(worker, Work { claimed, ended, time_ms });
        }
        let workers = by_worker.len();
        by_worker.sort_by(|_, one, _, other| (other.ended, other.claimed).cmp(&(one.ended, one.claimed)));
        by_worker.truncate(WORKERS);
        let limit = self.limit.unwrap_or(10).clamp(1, 500);
        Ok(Report {
            from: span.from,
            to: span.to,
            transitions: by_status.values().sum(),
            tasks: tx.tasks_moved(&span)?,
            by_status,
            by_worker,
            workers,
            changes: tx.transitions(&span, limit)?.into_iter().map(Happening::whole).collect(),
        })
    }
}
