//! Changes by others that concern a worker's tasks and files.

use std::collections::BTreeMap;

use super::packet::fill;
use crate::domain::{MarkPath, TaskId, Worker};
use crate::error::Result;
use crate::ops::task::shortened;
use crate::store::{FeedRow, Reach, Tx};

/// Returns the changes by others since the worker last changed one of these tasks: to the tasks, their
/// blockers and these files. Each is one line, the newest first.
pub fn since<'a>(
    tx: &Tx,
    worker: &Worker,
    tasks: &[TaskId],
    files: impl Iterator<Item = &'a MarkPath>,
) -> Result<Vec<String>> {
    const ROOM: usize = 460;
    const EACH: usize = 10;
    const BLOCKERS: usize = 10;
    let mut since = 0;
    for task in tasks {
        since = since.max(tx.last_event_of(&worker.id, task)?);
    }
    let mut found: BTreeMap<i64, FeedRow> = BTreeMap::new();
    let mut total = 0;
    let mut take = |(rows, count): (Vec<FeedRow>, usize)| {
        let before = found.len();
        let rows = rows.into_iter().map(|row| (row.id, row));
        let known = count.saturating_sub(EACH);
        found.extend(rows);
        total += found.len() - before + known;
    };
    for task in tasks {
        take(tx.events_of_others(task, &worker.id, since, EACH)?);
        for (blocker, _) in tx.reached(task, Reach::Before)?.into_iter().take(BLOCKERS) {
            take(tx.events_of_others(&blocker.id, &worker.id, since, EACH)?);
        }
    }
    for file in files {
        take(tx.mark_events_of_others(file, &worker.id, since, EACH)?);
    }
    let lines = found.values().rev().map(line);
    let mut shown = fill(lines, ROOM);
    let left = total.saturating_sub(shown.len());
    if left > 0 {
        shown.push(format!("{left} more: events"));
    }
    Ok(shown)
}

/// Returns an event as one line: `api: completed by bob: why`.
fn line(row: &FeedRow) -> String {
    const REASON: usize = 60;
    let subject = match (&row.file, &row.task) {
        (Some(file), _) => shortened(file.as_str(), REASON),
        (None, Some(task)) => task.to_string(),
        (None, None) => String::new(),
    };
    let after = row.after.as_ref();
    let what = match (row.what.as_str(), after) {
        ("status", Some(after)) => after["status"].as_str().unwrap_or_default().to_owned(),
        ("edited", Some(after)) => {
            let fields = after.as_object().into_iter().flatten().map(|(name, _)| name.as_str());
            format!("edited ({})", fields.collect::<Vec<_>>().join(", "))
        }
        (what, _) => what.replace('_', " "),
    };
    let by = match (&row.worker, &row.cause) {
        (Some(worker), _) => format!(" by {worker}"),
        (None, Some(cause)) => format!(" ({cause})"),
        (None, None) => String::new(),
    };
    let reason = row.reason.as_ref().map_or_else(String::new, |why| format!(": {}", shortened(why, REASON)));
    format!("{subject}: {what}{by}{reason}")
}
