//! The facts that a worker needs after a restart or a loss of context, in at most 800 tokens.
//!
//! Each part has its own byte limit, so that none crowds out another, and gives the number of items left out.
//! The same store gives the same packet.

use serde::Serialize;

use super::changes;
use super::held::{Detail, Held};
use crate::Context;
use crate::domain::{Load, MarkPath, Message, Standing, TaskId, Worker, WorkerId};
use crate::error::Result;
use crate::store::{Post, Slice, Tx};

#[derive(Default, Serialize)]
pub struct Packet {
    /// The tasks that the worker holds, or lost and may resume; those it has started on first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    holds: Vec<Held>,
    #[serde(skip_serializing_if = "Option::is_none")]
    holds_more: Option<String>,
    /// The files it marked; those that others wait for first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    marks: Vec<Marked>,
    #[serde(skip_serializing_if = "Option::is_none")]
    marks_more: Option<String>,
    /// Changes by others to its tasks, their blockers and its files, since it last changed its tasks.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    changed: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    messages: Vec<String>,
    /// How many tasks are ready for any worker.
    ready: usize,
    next: String,
}

#[derive(Serialize)]
struct Marked {
    file: MarkPath,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    wanted_by: Vec<WorkerId>,
}

impl Packet {
    /// Returns the packet of a worker that connects for the first time.
    pub fn first(tx: &Tx, worker: &Worker) -> Result<Self> {
        let ready = ready(tx, worker)?;
        Ok(Self { next: next_of_idle(ready).into(), ready, ..Self::default() })
    }

    /// Returns the packet of a worker that resumes, and counts its messages as shown.
    ///
    /// The tasks it has `lost` are shown too.
    pub fn of(tx: &Tx, cx: &Context, worker: &Worker, lost: &[TaskId]) -> Result<Self> {
        let mut ids = tx.begun_by(&worker.id)?;
        ids.extend(tx.given_to(&worker.id)?);
        ids.extend(lost.iter().cloned());
        let total = ids.len();
        ids.truncate(Held::MOST);
        let held: Vec<Held> =
            ids.iter().map(|id| Held::of(tx, cx, worker, id, lost.contains(id))).collect::<Result<_>>()?;
        let (messages, urgent) = messages(tx, cx, worker)?;
        let (marks, marks_more) = marks(tx, worker)?;
        let changed = changes::since(tx, worker, &ids, marks.iter().map(|mark| &mark.file))?;
        let ready = ready(tx, worker)?;
        let next = held.first().map_or_else(|| next_of_idle(ready).into(), |first| first.next(&worker.id));
        let next = match urgent {
            Some(id) => format!("heed message #{id} first; {next}"),
            None => next,
        };
        let holds = fitting(held);
        let holds_more = more(total - holds.len(), || format!("list_tasks(owner={})", worker.id));
        Ok(Self { holds, holds_more, marks, marks_more, changed, messages, ready, next })
    }
}

fn next_of_idle(ready: usize) -> &'static str {
    match ready {
        0 => "nothing is ready: create tasks, or ask explain",
        _ => "claim takes the best ready task",
    }
}

fn ready(tx: &Tx, worker: &Worker) -> Result<usize> {
    let tallies = match worker.project {
        Some(project) => tx.tallies_in(project)?,
        None => tx.tallies()?,
    };
    let ready = tallies.iter().filter(|tally| tally.standing == Standing::Ready);
    Ok(ready.map(|tally| tally.tasks).sum::<i64>() as usize)
}

/// Returns the first tasks, each in the most detail that fits.
fn fitting(held: Vec<Held>) -> Vec<Held> {
    const ROOM: usize = 1_500;
    let mut room = ROOM;
    let mut shown = Vec::new();
    for (at, held) in held.into_iter().enumerate() {
        let details = if at == 0 { &Detail::ALL[..] } else { &Detail::ALL[1..] };
        let forms = details.iter().map(|detail| held.with(detail));
        let Some((size, held)) = forms.map(|form| (size(&form), form)).find(|(size, _)| *size <= room) else {
            break;
        };
        room -= size;
        shown.push(held);
    }
    shown
}

/// Returns the size of a list item in bytes.
fn size(item: &impl Serialize) -> usize {
    // An item that cannot be serialized never fits.
    serde_json::to_string(item).map_or(usize::MAX, |text| text.len() + 1)
}

/// Takes items as long as they fit.
pub fn fill<T: Serialize>(items: impl IntoIterator<Item = T>, room: usize) -> Vec<T> {
    let mut left = room;
    let fits = |item: &T| {
        let size = size(item);
        let fits = size <= left;
        left = left.saturating_sub(size);
        fits
    };
    items.into_iter().take_while(fits).collect()
}

/// Returns the unread messages that fit, and the number of the first if it is urgent.
fn messages(tx: &Tx, cx: &Context, worker: &Worker) -> Result<(Vec<String>, Option<i64>)> {
    const ROOM: usize = 500;
    const MOST: usize = 8;
    let of = Post::Unread(&worker.id);
    let underway = cx.mailbag.in_full(&worker.id);
    let mut unread: Vec<Message> = tx.messages(&of, Slice { offset: 0, limit: MOST + underway.len() })?;
    unread.retain(|message| !underway.contains(&message.id));
    let Some(first) = unread.first() else {
        return Ok((Vec::new(), None));
    };
    let urgent = first.kind.is_urgent().then_some(first.id);
    let Load { lines, shown } = Load::within(ROOM, &unread, tx.count_messages(&of)? - underway.len());
    cx.shows(shown);
    Ok((lines, urgent))
}

/// Returns the number of items left out and the call that lists them; `None` if all are shown.
fn more(left: usize, call: impl Fn() -> String) -> Option<String> {
    (left > 0).then(|| format!("{left} more: {}", call()))
}

/// Returns the files that the worker marked, as far as they fit, and a note on the rest.
fn marks(tx: &Tx, worker: &Worker) -> Result<(Vec<Marked>, Option<String>)> {
    const ROOM: usize = 250;
    const WANTS: usize = 200;
    const WAITING: usize = 3;
    let marks = tx.marks_of(&worker.id)?;
    if marks.is_empty() {
        return Ok((Vec::new(), None));
    }
    let wants = tx.wants(WANTS)?;
    let mut all: Vec<Marked> = marks
        .into_iter()
        .map(|mark| {
            let waits = wants.iter().filter(|want| mark.is_in_the_way_of(&want.file, &want.worker));
            let mut wanted_by: Vec<WorkerId> = waits.map(|want| want.worker.clone()).collect();
            wanted_by.dedup();
            wanted_by.truncate(WAITING);
            Marked { file: mark.file, wanted_by }
        })
        .collect();
    all.sort_by_key(|mark| mark.wanted_by.is_empty());
    let total = all.len();
    let shown = fill(all, ROOM);
    let marks_more = more(total - shown.len(), || format!("list_marks(worker_id={})", worker.id));
    Ok((shown, marks_more))
}
