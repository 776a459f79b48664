//! The situation of a task or a worker, in lines; facts that do not apply are left out.

use crate::Context;
use crate::domain::{Crossing, Task, TaskId, Workflow, listed, missing};
use crate::error::Result;
use crate::ops::mark::marking;
use crate::ops::task::{explain, gating, guiding, shortened};
use crate::store::{Slice, Tx};

/// How many names a line shows.
const NAMED: usize = 3;

/// Returns the facts to know before continuing with a task.
pub fn of_task(tx: &Tx, cx: &Context, task: &Task, rules: &Workflow) -> Result<Vec<String>> {
    let lines = [
        held_by_another(cx, task),
        held_back(task),
        earlier(tx, task)?,
        late(cx, task),
        attached(tx, task)?,
        marked(tx, cx, task)?,
        asked_for(tx, task, rules)?,
        waiting(tx, task)?,
    ];
    Ok(lines.into_iter().flatten().collect())
}

/// Returns the fact to know for a worker that holds no task, or several.
pub fn of_worker(tx: &Tx, cx: &Context, held: &[TaskId]) -> Result<String> {
    match held.len() {
        0 => explain::outlook(tx, cx),
        count => Ok(format!("you hold {count} tasks ({}): name one with `task`", some(held, count))),
    }
}

fn held_by_another(cx: &Context, task: &Task) -> Option<String> {
    let me = cx.worker.as_ref().map(|worker| &worker.id);
    let other = task.holder.as_ref().filter(|holder| Some(*holder) != me)?;
    Some(format!("`{other}` holds it"))
}

fn held_back(task: &Task) -> Option<String> {
    match (task.open_blockers + task.blocked_above, task.open_children) {
        (0, 0) => None,
        (0, children) => Some(format!("open tasks in it, to be done first: {children}")),
        (blockers, _) => Some(format!("it waits for {blockers} others; `explain` names them")),
    }
}

/// Describes how the last attempt ended.
fn earlier(tx: &Tx, task: &Task) -> Result<Option<String>> {
    const REASON: usize = 200;
    if task.attempt <= i64::from(task.claimed_at.is_some()) {
        return Ok(None);
    }
    let attempts = tx.attempts(&task.id)?;
    let Some(last) = attempts.iter().rev().find(|attempt| attempt.ended_at.is_some()) else {
        return Ok(None);
    };
    let came_to = tx.passed(&task.id)?.into_iter().find(|passed| Some(passed.from) == last.ended_at);
    let (status, reason) = came_to.map_or((None, None), |passed| (Some(passed.status), passed.reason));
    let how = status.map_or_else(|| last.outcome.clone().unwrap_or_default(), |status| status.to_string());
    let why = reason.map(|reason| format!(": {}", shortened(&reason, REASON))).unwrap_or_default();
    Ok(Some(format!("attempt {} was `{}`'s and came to `{how}`{why}", last.number, last.worker)))
}

/// Reports a task that is over its estimate by at least a minute.
fn late(cx: &Context, task: &Task) -> Option<String> {
    const MINUTE: i64 = 60_000;
    let taken = task.time_actual_ms + task.timed_since.map_or(0, |since| cx.now.since(since));
    let estimate = task.time_estimate_ms.filter(|estimate| taken >= *estimate + MINUTE)?;
    Some(format!(
        "it has taken {} minutes, {} were estimated",
        taken / MINUTE,
        (estimate + MINUTE / 2) / MINUTE
    ))
}

fn attached(tx: &Tx, task: &Task) -> Result<Option<String>> {
    const READ: usize = 20;
    let slice = Slice { offset: 0, limit: READ };
    let (rows, total) = tx.attachments(&task.id, &Default::default(), slice)?;
    let mut kinds: Vec<_> = rows.iter().map(|row| &row.kind).collect();
    kinds.dedup();
    let of = listed(kinds.iter().take(NAMED));
    Ok((total > 0).then(|| format!("attached: {total}, as {of}; `attachments` reads them")))
}

/// Names the task's files that other workers have marked.
fn marked(tx: &Tx, cx: &Context, task: &Task) -> Result<Option<String>> {
    let Some(worker) = &cx.worker else {
        return Ok(None);
    };
    let marked = marking::held_by_others(tx, cx, &task.id, worker)?;
    let files: Vec<_> = marked.iter().map(|conflict| &conflict.file).collect();
    Ok((!files.is_empty())
        .then(|| format!("others work on {}; `list_marks` says who", some(&files, files.len()))))
}

/// Names the evidence that the end of the task still needs.
fn asked_for(tx: &Tx, task: &Task, rules: &Workflow) -> Result<Option<String>> {
    let done = &rules.complete;
    let gates = rules.gates_at(&Crossing::to(task, done));
    if gates.is_empty() || rules.state(&task.status).terminal {
        return Ok(None);
    }
    let missing = missing(&gates, &gating::evidence(tx, task)?);
    let kinds: Vec<_> = missing.into_iter().map(guiding::labelled).collect();
    Ok((!kinds.is_empty()).then(|| format!("`{done}` asks for {}", kinds.join(", "))))
}

fn waiting(tx: &Tx, task: &Task) -> Result<Option<String>> {
    let (tasks, total) = tx.dependents(&task.id, NAMED)?;
    let names: Vec<_> = tasks.iter().map(|task| task.id.short()).collect();
    Ok((total > 0).then(|| format!("waiting for it: {}", some(&names, total))))
}

/// Lists the first names, and the number of the others.
fn some<T: std::fmt::Display>(names: &[T], total: usize) -> String {
    let named = listed(names.iter().take(NAMED));
    match total.saturating_sub(NAMED.min(names.len())) {
        0 => named,
        more => format!("{named} and {more} more"),
    }
}
