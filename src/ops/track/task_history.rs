use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::domain::{Millis, Outcome, Status, TaskId, TaskRef, Timestamp, WorkerId};
use crate::error::Result;
use crate::ops::Operation;
use crate::ops::task::shortened;
use crate::store::{Passed, Tx};
use crate::{Context, Effect};

/// Show a task's states, their authors and reasons, its attempts and times.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TaskHistory {
    task: TaskRef,
    /// Only these.
    #[schemars(extend("x-rare" = true))]
    states: Option<Vec<Status>>,
    /// Default 10.
    limit: Option<usize>,
}

#[derive(Serialize)]
pub struct History {
    task: TaskId,
    history: Vec<Passage>,
    total: usize,
    attempts: Vec<Try>,
    attempts_total: usize,
    time_per_status_ms: IndexMap<Status, Millis>,
    /// The time at work of each worker.
    time_per_worker_ms: IndexMap<WorkerId, Millis>,
    time_actual_ms: Millis,
}

#[derive(Serialize)]
struct Passage {
    status: Status,
    #[serde(skip_serializing_if = "Option::is_none")]
    by: Option<WorkerId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cause: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    from: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    to: Option<Timestamp>,
}

#[derive(Serialize)]
struct Try {
    attempt: i64,
    worker_id: WorkerId,
    claimed_at: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    outcome: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error_class: Option<String>,
    /// The reason of the failure.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    time_ms: Millis,
}

impl Operation for TaskHistory {
    const NAME: &'static str = "task_history";
    const EFFECT: Effect = Effect::Read;
    const POSITIONAL: &'static [&'static str] = &["task"];

    type Output = History;

    fn run(&self, tx: &Tx, cx: &Context) -> Result<History> {
        let task = tx.task_called(&self.task)?;
        let limit = self.limit.unwrap_or(10).clamp(1, 500);
        let passed = tx.passed(&task.id)?;
        let mut time_per_status_ms: IndexMap<Status, Millis> = IndexMap::new();
        for row in &passed {
            *time_per_status_ms.entry(row.status.clone()).or_default() +=
                row.to.unwrap_or(cx.now).since(row.from);
        }
        let running = task.timed_since.map_or(0, |since| cx.now.since(since));
        let mut time_per_worker_ms: IndexMap<WorkerId, Millis> = IndexMap::new();
        let attempts = tx.attempts(&task.id)?;
        for attempt in &attempts {
            let now = if attempt.ended_at.is_none() { running } else { 0 };
            *time_per_worker_ms.entry(attempt.worker.clone()).or_default() += attempt.time_ms + now;
        }
        let shown: Vec<Passed> = passed
            .into_iter()
            .filter(|row| self.states.as_ref().is_none_or(|only| only.contains(&row.status)))
            .collect();
        let attempts_total = attempts.len();
        Ok(History {
            total: shown.len(),
            history: newest(shown, limit).map(Passage::of).collect(),
            attempts: newest(attempts, limit)
                .map(|attempt| Try {
                    attempt: attempt.number,
                    time_ms: attempt.time_ms + if attempt.ended_at.is_none() { running } else { 0 },
                    worker_id: attempt.worker,
                    claimed_at: attempt.claimed_at,
                    error_class: attempt.error_class,
                    reason: attempt
                        .reason
                        .filter(|_| attempt.outcome.as_deref() == Some(Outcome::Failed.as_str()))
                        .map(|reason| shortened(&reason, REASON)),
                    outcome: attempt.outcome,
                })
                .collect(),
            attempts_total,
            time_per_status_ms,
            time_per_worker_ms,
            time_actual_ms: task.time_actual_ms + running,
            task: task.id,
        })
    }
}

/// Returns the last `limit` items, in their order.
fn newest<T>(all: Vec<T>, limit: usize) -> impl Iterator<Item = T> {
    let skipped = all.len().saturating_sub(limit);
    all.into_iter().skip(skipped)
}

/// The longest reason that is shown.
const REASON: usize = 80;

impl Passage {
    fn of(row: Passed) -> Self {
        Self {
            status: row.status,
            by: row.worker,
            cause: row.cause,
            reason: row.reason.map(|reason| shortened(&reason, REASON)),
            from: row.from,
            to: row.to,
        }
    }
}
