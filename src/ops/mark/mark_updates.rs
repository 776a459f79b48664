use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Files;
use crate::domain::{MarkPath, TaskId, Timestamp, WorkerId};
use crate::error::{Error, Result};
use crate::ops::task::shortened;
use crate::ops::{Actor, Operation, Staging};
use crate::store::{FeedRow, Told, Tx};
use crate::{Context, Effect};

/// Read changes to marks by others since your last call.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MarkUpdates {
    /// Of the last answer received.
    #[schemars(extend("x-rare" = true))]
    cursor: Option<i64>,
    /// Only these.
    #[serde(default)]
    #[schemars(extend("x-rare" = true))]
    files: Files,
    #[serde(default)]
    #[schemars(extend("x-rare" = true))]
    own: bool,
    limit: Option<usize>,
}

#[derive(Serialize)]
pub struct Updates {
    events: Vec<Update>,
    cursor: i64,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    more: bool,
}

#[derive(Serialize)]
struct Update {
    id: i64,
    /// claimed, released, wanted, withdrawn.
    event: String,
    file: MarkPath,
    /// The worker whose mark or want it is.
    worker_id: WorkerId,
    /// The worker that caused it, if another.
    #[serde(skip_serializing_if = "Option::is_none")]
    by: Option<WorkerId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    task: Option<TaskId>,
    /// The cause, if not the worker's own call.
    #[serde(skip_serializing_if = "Option::is_none")]
    cause: Option<String>,
    at: Timestamp,
}

impl Operation for MarkUpdates {
    const NAME: &'static str = "mark_updates";
    const EFFECT: Effect = Effect::Note;
    const ACTOR: Actor = Actor::Required;
    const FORESEES: bool = true;

    type Output = Updates;

    fn prepare(&mut self, staging: &Staging) -> Result<()> {
        self.files.locate(staging.places())
    }

    fn foresee(&self, tx: &Tx, cx: &Context) -> Result<Option<Updates>> {
        let Some(before) = tx.told(&cx.actor()?.id)? else {
            return Ok(None);
        };
        let (updates, after) = self.look(tx, cx, before)?;
        Ok((before == after).then_some(updates))
    }

    fn run(&self, tx: &Tx, cx: &Context) -> Result<Updates> {
        let worker = &cx.actor()?.id;
        let before = tx.told(worker)?.ok_or_else(|| Error::not_found("worker", worker))?;
        let (updates, after) = self.look(tx, cx, before)?;
        if before != after {
            tx.set_told(worker, after)?;
        }
        Ok(updates)
    }
}

impl MarkUpdates {
    /// Returns the new events, and the worker's cursors after them.
    fn look(&self, tx: &Tx, cx: &Context, told: Told) -> Result<(Updates, Told)> {
        const DEFAULT: usize = 15;
        const LOOKED_AT: usize = 200;
        let limit = self.limit.unwrap_or(DEFAULT).clamp(1, 500);
        let start = self.cursor.unwrap_or(told.answered);
        refuse_future(tx, start, told)?;
        let rows = tx.mark_events_after(start, LOOKED_AT)?;
        let mut more = rows.len() == LOOKED_AT;
        let mut cursor = start;
        let mut events = Vec::new();
        for row in rows {
            let is_wanted = self.lets_through(&row, &cx.actor()?.id);
            if is_wanted && events.len() == limit {
                more = true;
                break;
            }
            cursor = row.id;
            if is_wanted {
                events.push(Update::of(row)?);
            }
        }
        Ok((Updates { events, cursor, more }, Told { certain: start, answered: cursor }))
    }

    fn lets_through(&self, row: &FeedRow, worker: &WorkerId) -> bool {
        let is_own = row.worker.as_ref() == Some(worker);
        let is_near = |file: &MarkPath| self.files.paths().iter().any(|path| path.overlaps(file));
        (self.own || !is_own) && (self.files.is_empty() || row.file.as_ref().is_some_and(is_near))
    }
}

/// Refuses a cursor from the future: it would skip events that the worker has not read.
fn refuse_future(tx: &Tx, cursor: i64, told: Told) -> Result<()> {
    if cursor <= told.answered {
        return Ok(());
    }
    let newest = tx.newest_event()?;
    if cursor <= newest {
        return Ok(());
    }
    Err(Error::input(
        format!("`cursor` is {cursor}, but there are only {newest} events"),
        "give the `cursor` that the last call answered, or none",
    ))
}

impl Update {
    fn of(row: FeedRow) -> Result<Self> {
        const REASON: usize = 80;
        let told = row.before.as_ref().or(row.after.as_ref()).and_then(|facts| facts["worker"].as_str());
        let holder: Option<WorkerId> = told.and_then(|name| name.parse().ok());
        let (Some(worker_id), Some(file)) = (holder, row.file) else {
            return Err(Error::internal(format!("event {} says of no mark whose it is", row.id)));
        };
        let by_itself = row.worker.as_ref() == Some(&worker_id);
        let plain = ["mark_file", "unmark_file"];
        Ok(Self {
            id: row.id,
            event: row.what.trim_start_matches("mark_").to_owned(),
            file,
            by: row.worker.filter(|_| !by_itself),
            worker_id,
            reason: row.reason.map(|reason| shortened(&reason, REASON)),
            task: row.task,
            cause: row.cause.filter(|cause| !plain.contains(&cause.as_str())),
            at: row.at,
        })
    }
}
