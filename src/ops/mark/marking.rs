//! Marking and releasing files, for all operations that do so.
//!
//! Marks of two workers never overlap: the second worker gets no mark, but its want is kept, so that the
//! holder sees the waiters. Every change to a mark is an event that names the file; `mark_updates` reads only
//! these events.

use serde::Serialize;
use serde_json::json;

use crate::Context;
use crate::domain::{Mark, MarkPath, Refusal, Step, Task, TaskId, Worker, WorkerId};
use crate::error::Result;
use crate::ops::task::shortened;
use crate::store::{Because, Event, Tx, Want};

/// The result of a request to mark files.
#[derive(Debug, Default)]
pub struct Marked {
    pub marked: Vec<MarkPath>,
    pub conflicts: Vec<Conflict>,
}

/// A file that was not marked, since another worker has marked it.
#[derive(Debug, Serialize)]
pub struct Conflict {
    pub file: MarkPath,
    /// The path that the other worker marked, if it is not the same.
    #[serde(skip_serializing_if = "Option::is_none")]
    marked_as: Option<MarkPath>,
    worker_id: WorkerId,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    task: Option<TaskId>,
    for_minutes: i64,
}

/// The task and the cause for which files are marked.
#[derive(Clone, Copy)]
pub struct Purpose<'a> {
    pub task: Option<&'a TaskId>,
    pub because: Because<'a>,
}

impl Conflict {
    pub fn of(file: &MarkPath, mark: Mark, cx: &Context) -> Self {
        const REASON: usize = 200;
        Self {
            file: file.clone(),
            for_minutes: minutes(&mark, cx),
            marked_as: Some(mark.file).filter(|marked| marked != file),
            worker_id: mark.worker,
            reason: mark.reason.map(|reason| shortened(&reason, REASON)),
            task: mark.task,
        }
    }

    /// Notifies the caller of an operation whose answer has no field for conflicts.
    pub fn tell(&self, cx: &Context) {
        let Self { file, worker_id, reason, .. } = self;
        let reason = reason.as_ref().map_or_else(String::new, |reason| format!(" ({reason})"));
        cx.notify(format!("`{file}` is marked by `{worker_id}`{reason}; that you want it is noted"));
    }
}

/// Marks files for the caller. If a `lock:` name is taken, all are refused; of the others it marks those that are free.
pub fn mark(tx: &Tx, cx: &Context, files: &[MarkPath], purpose: &Purpose<'_>) -> Result<Marked> {
    let worker = cx.actor()?;
    for lock in files.iter().filter(|file| file.is_lock()) {
        if let Some(held) = in_the_way(tx, lock, worker)? {
            let minutes = minutes(&held, cx);
            return Err(Refusal::LockConflict { lock: Box::new(held), minutes }.into());
        }
    }
    mark_free(tx, cx, files, purpose)
}

/// Sets the files that a task will change, replacing the list before; returns true if they differ.
pub fn declare(tx: &Tx, task: &TaskId, files: &[MarkPath], because: &Because<'_>) -> Result<bool> {
    let before = tx.files_of(task)?;
    let mut after = files.to_vec();
    after.sort();
    if before == after {
        return Ok(false);
    }
    tx.set_files(task, &after)?;
    tx.record(&Event {
        task: Some(task),
        before: Some(json!({ "files": before })),
        after: Some(json!({ "files": after })),
        ..Event::of("edited", because)
    })?;
    Ok(true)
}

/// Marks the declared files of a task for the worker that has claimed it.
pub fn mark_declared(tx: &Tx, cx: &Context, task: &Task) -> Result<Marked> {
    let files = tx.files_of(&task.id)?;
    if files.is_empty() {
        return Ok(Marked::default());
    }
    mark_free(tx, cx, &files, &Purpose { task: Some(&task.id), because: cx.because("claim") })
}

/// Returns the declared files of a task that other workers have marked.
pub fn held_by_others(tx: &Tx, cx: &Context, task: &TaskId, worker: &Worker) -> Result<Vec<Conflict>> {
    let mut held = Vec::new();
    for file in tx.files_of(task)? {
        if let Some(mark) = in_the_way(tx, &file, worker)? {
            held.push(Conflict::of(&file, mark, cx));
        }
    }
    Ok(held)
}

fn mark_free(tx: &Tx, cx: &Context, files: &[MarkPath], purpose: &Purpose<'_>) -> Result<Marked> {
    let worker = cx.actor()?;
    let mut came = Marked::default();
    for file in files {
        let wish = Mark {
            file: file.clone(),
            worker: worker.id.clone(),
            task: purpose.task.cloned(),
            reason: purpose.because.reason.map(str::to_owned),
            since: cx.now,
        };
        match in_the_way(tx, file, worker)? {
            Some(other) => {
                want(tx, &wish, &other, purpose)?;
                came.conflicts.push(Conflict::of(file, other, cx));
            }
            None => {
                grant(tx, wish, purpose)?;
                came.marked.push(file.clone());
            }
        }
    }
    Ok(came)
}

fn in_the_way(tx: &Tx, file: &MarkPath, worker: &Worker) -> Result<Option<Mark>> {
    let near = tx.marks_near(file)?;
    Ok(near.into_iter().find(|mark| mark.is_in_the_way_of(file, &worker.id)))
}

/// Adds a mark. If the worker has it already, only its task and reason are updated, without an event.
fn grant(tx: &Tx, mark: Mark, purpose: &Purpose<'_>) -> Result<()> {
    if let Some(own) = tx.mark_on(&mark.file)? {
        let task = mark.task.or(own.task);
        let reason = mark.reason.or(own.reason);
        return tx.put_mark(&Mark { task, reason, ..own });
    }
    tx.put_mark(&mark)?;
    tx.unwant(&mark.file, &mark.worker)?;
    tx.record(&Event {
        task: purpose.task,
        file: Some(&mark.file),
        after: Some(json!({ "worker": mark.worker })),
        ..Event::of("mark_claimed", &purpose.because)
    })
}

fn want(tx: &Tx, wish: &Mark, other: &Mark, purpose: &Purpose<'_>) -> Result<()> {
    if !tx.want(wish)? {
        return Ok(());
    }
    tx.record(&Event {
        task: purpose.task,
        file: Some(&wish.file),
        after: Some(json!({ "worker": wish.worker, "holder": other.worker })),
        ..Event::of("mark_wanted", &purpose.because)
    })
}

/// Removes a mark.
pub fn release(tx: &Tx, mark: &Mark, because: &Because<'_>) -> Result<()> {
    tx.remove_mark(&mark.file)?;
    tx.record(&Event {
        task: mark.task.as_ref(),
        file: Some(&mark.file),
        before: Some(json!({ "worker": mark.worker })),
        ..Event::of("mark_released", because)
    })
}

/// Withdraws a worker's want of a file; returns true if there was one.
pub fn withdraw(tx: &Tx, file: &MarkPath, worker: &WorkerId, because: &Because<'_>) -> Result<bool> {
    let wanted = tx.unwant(file, worker)?;
    if wanted {
        tx.record(&Event {
            file: Some(file),
            before: Some(json!({ "worker": worker })),
            ..Event::of("mark_withdrawn", because)
        })?;
    }
    Ok(wanted)
}

/// Removes all marks and wants of a worker that leaves; returns how many files it had marked.
pub fn release_all_of(tx: &Tx, worker: &WorkerId, because: &Because<'_>) -> Result<usize> {
    let marks = tx.marks_of(worker)?;
    for mark in &marks {
        release(tx, mark, because)?;
    }
    for Want { file, worker } in tx.wants_of(worker)? {
        withdraw(tx, &file, &worker, because)?;
    }
    Ok(marks.len())
}

/// Removes marks for a task when work on it ends: all if the task has ended, else those of the former holder.
pub fn follow_step(tx: &Tx, task: &Task, step: &Step, because: &Because<'_>) -> Result<()> {
    let holder = task.holder.as_ref();
    match (step.after.terminal, holder) {
        (true, _) => release_for(tx, &task.id, None, because),
        (false, Some(holder)) if step.holder.as_ref() != Some(holder) => {
            release_for(tx, &task.id, Some(holder), because)
        }
        _ => Ok(()),
    }
}

/// Removes the marks and wants for a task, of all workers or of one.
pub fn release_for(tx: &Tx, task: &TaskId, by: Option<&WorkerId>, because: &Because<'_>) -> Result<()> {
    if !tx.is_marked_for(task)? {
        return Ok(());
    }
    let because = Because { cause: "task", ..*because };
    let is_meant = |worker: &WorkerId| by.is_none_or(|by| by == worker);
    for mark in tx.marks_for(task)?.iter().filter(|mark| is_meant(&mark.worker)) {
        release(tx, mark, &because)?;
    }
    for Want { file, worker } in tx.wants_for(task)?.iter().filter(|want| is_meant(&want.worker)) {
        withdraw(tx, file, worker, &because)?;
    }
    Ok(())
}

/// Returns the age of a mark in minutes.
pub fn minutes(mark: &Mark, cx: &Context) -> i64 {
    cx.now.since(mark.since) / 60_000
}
