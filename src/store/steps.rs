//! Stores a granted step: state, holder, attempt, time and history together.

use rusqlite::named_params;
use serde_json::json;

use super::row::Json;
use super::{Event, Tx};
use crate::domain::{AttemptStep, Clock, Millis, Outcome, Step, Task, TaskId, Timestamp, WorkerId};
use crate::error::Result;

/// The cause of a change: its author, time and reason.
#[derive(Clone, Copy, Debug)]
pub struct Because<'a> {
    /// None if no worker asked for the change, or if it followed from another one.
    pub worker: Option<&'a WorkerId>,
    pub at: Timestamp,
    /// The operation or rule that made the change.
    pub cause: &'static str,
    /// The reason that the author gave.
    pub reason: Option<&'a str>,
    /// When the work really stopped, if that was earlier.
    pub work_ended: Option<Timestamp>,
    /// True if the caller goes on without optional evidence, and gives a reason.
    pub waives: bool,
}

impl<'a> Because<'a> {
    /// Returns the cause of a change that a rule makes.
    pub fn rule(cause: &'static str, at: Timestamp) -> Self {
        Self { worker: None, at, cause, reason: None, work_ended: None, waives: false }
    }

    /// Returns the cause of a change that was asked for, by a worker if one is named.
    pub fn asked(worker: Option<&'a WorkerId>, cause: &'static str, at: Timestamp) -> Self {
        Self { worker, ..Self::rule(cause, at) }
    }

    pub fn for_reason(self, reason: Option<&'a str>) -> Self {
        Self { reason, ..self }
    }

    /// Lets the change go on without optional evidence, if a reason is given.
    pub fn waiving(self, waives: bool) -> Self {
        Self { waives: waives && self.reason.is_some(), ..self }
    }

    /// Sets when the work stopped: at the last sign of life of its worker.
    pub fn work_ended_at(self, then: Timestamp) -> Self {
        Self { work_ended: Some(then), ..self }
    }
}

impl Tx<'_> {
    /// Applies a granted step: state, holder, attempt, time and history.
    pub fn take_step(&self, task: &Task, step: &Step, because: &Because<'_>) -> Result<()> {
        const SQL: &str = "
            update tasks
            set status = :to, worker_id = :holder, claimed_at = :claimed_at, attempt = :attempt,
                time_actual_ms = time_actual_ms + :worked, timed_since = :timed_since,
                started_at = coalesce(started_at, :timed_since),
                completed_at = :completed_at,
                current_thought = case when worker_id is :holder then current_thought end,
                is_overlaid = case when :begins then coalesce(
                    (select overlays <> '[]' from workers where workers.id = :holder), 0) else is_overlaid end,
                is_waiting = :waiting, is_blocking = :blocking and deleted_at is null, is_ended = :ended,
                updated_at = :now
            where id = :id";
        let now = because.at;
        let worked = time_to_book(task, step, because);
        let attempt = self.turn_attempt(task, step, because, worked)?;
        let timed_since = match step.clock {
            Clock::Starts | Clock::Restarts => Some(now),
            Clock::Stops => None,
            Clock::GoesOn => task.timed_since,
        };
        let claimed_at = match step.attempt {
            AttemptStep::Begins | AttemptStep::Resumes => Some(now),
            AttemptStep::Ends(_) => None,
            AttemptStep::GoesOn => task.claimed_at,
        };
        self.0.prepare_cached(SQL)?.execute(named_params! {
            ":id": task.id,
            ":to": step.to,
            ":holder": step.holder,
            ":claimed_at": claimed_at,
            ":attempt": attempt,
            ":begins": step.attempt == AttemptStep::Begins,
            ":worked": worked,
            ":timed_since": timed_since,
            ":completed_at": step.after.terminal.then_some(now),
            ":waiting": step.after.waiting,
            ":blocking": step.after.blocking,
            ":ended": step.after.terminal,
            ":now": now,
        })?;
        self.record_step(task, step, because, attempt)
    }

    fn record_step(&self, task: &Task, step: &Step, because: &Because<'_>, attempt: i64) -> Result<()> {
        self.record(&Event {
            task: Some(&task.id),
            attempt: Some(attempt),
            before: Some(json!({ "status": task.status, "worker": task.holder })),
            after: Some(json!({ "status": step.to, "worker": step.holder })),
            ..Event::of("status", because)
        })
    }

    /// Ends, resumes or begins attempts according to the step, and returns the number of the newest.
    fn turn_attempt(&self, task: &Task, step: &Step, because: &Because<'_>, worked: Millis) -> Result<i64> {
        match step.attempt {
            AttemptStep::Begins => {
                if task.claimed_at.is_some() {
                    self.end_attempt(task, Outcome::Taken, because, worked)?;
                }
                return self.begin_attempt(task, step, because);
            }
            AttemptStep::Resumes => self.resume_attempt(task)?,
            AttemptStep::Ends(outcome) => self.end_attempt(task, outcome, because, worked)?,
            AttemptStep::GoesOn if worked > 0 => self.book_time(task, worked)?,
            AttemptStep::GoesOn => {}
        }
        Ok(task.attempt)
    }

    fn begin_attempt(&self, task: &Task, step: &Step, because: &Because<'_>) -> Result<i64> {
        const SQL: &str = "
            insert into attempts (task_id, attempt, worker_id, claimed_at, overlays)
            values (:task, :attempt, :worker, :now,
                coalesce((select overlays from workers where id = :worker), '[]'))";
        let number = task.attempt + 1;
        self.0.prepare_cached(SQL)?.execute(named_params! {
            ":task": task.id,
            ":attempt": number,
            ":worker": step.holder,
            ":now": because.at,
        })?;
        Ok(number)
    }

    fn resume_attempt(&self, task: &Task) -> Result<()> {
        const SQL: &str = "
            update attempts
            set ended_at = null, outcome = null, reason = null
            where task_id = :task and attempt = :attempt";
        let keys = named_params! { ":task": task.id, ":attempt": task.attempt };
        self.0.prepare_cached(SQL)?.execute(keys)?;
        Ok(())
    }

    fn end_attempt(
        &self,
        task: &Task,
        outcome: Outcome,
        because: &Because<'_>,
        worked: Millis,
    ) -> Result<()> {
        const SQL: &str = "
            update attempts
            set time_ms = time_ms + :worked, ended_at = :now, outcome = :outcome, reason = :reason
            where task_id = :task and attempt = :attempt";
        self.0.prepare_cached(SQL)?.execute(named_params! {
            ":task": task.id,
            ":attempt": task.attempt,
            ":worked": worked,
            ":now": because.at,
            ":outcome": outcome.as_str(),
            ":reason": because.reason,
        })?;
        Ok(())
    }

    fn book_time(&self, task: &Task, worked: Millis) -> Result<()> {
        const SQL: &str = "
            update attempts
            set time_ms = time_ms + :worked
            where task_id = :task and attempt = :attempt";
        let keys = named_params! { ":task": task.id, ":attempt": task.attempt, ":worked": worked };
        self.0.prepare_cached(SQL)?.execute(keys)?;
        Ok(())
    }

    /// Returns the overlays of the newest attempt at a task.
    pub fn overlays_of_attempt(&self, task: &Task) -> Result<Vec<String>> {
        const SQL: &str = "
            select overlays
            from attempts
            where task_id = :task and attempt = :attempt";
        if !task.is_overlaid {
            return Ok(Vec::new());
        }
        let keys = named_params! { ":task": task.id, ":attempt": task.attempt };
        let Json(overlays) = self.0.prepare_cached(SQL)?.query_row(keys, |row| row.get(0))?;
        Ok(overlays)
    }

    /// Stores the overlays of the newest attempt at a task.
    pub fn set_overlays_of_attempt(&self, task: &Task, overlays: &[String]) -> Result<()> {
        const ATTEMPT: &str = "
            update attempts
            set overlays = :overlays
            where task_id = :task and attempt = :attempt";
        const TASK: &str = "update tasks set is_overlaid = 1 where id = :task";
        self.0.prepare_cached(ATTEMPT)?.execute(
            named_params! { ":task": task.id, ":attempt": task.attempt, ":overlays": Json(overlays) },
        )?;
        self.0.prepare_cached(TASK)?.execute(named_params! { ":task": task.id })?;
        Ok(())
    }

    /// Returns the number of the worker's newest attempt at a task.
    pub fn last_attempt_of(&self, worker: &WorkerId, task: &TaskId) -> Result<Option<i64>> {
        const SQL: &str = "
            select max(attempt)
            from attempts
            where task_id = :task and worker_id = :worker";
        let keys = named_params! { ":task": task, ":worker": worker };
        Ok(self.0.prepare_cached(SQL)?.query_row(keys, |row| row.get(0))?)
    }

    /// Sets the worker's thought on the tasks it holds, or on the named ones among them. Returns these tasks.
    pub fn think(&self, worker: &WorkerId, thought: &str, tasks: Option<&[TaskId]>) -> Result<Vec<TaskId>> {
        const SQL: &str = "update tasks set current_thought = :thought where id = :id";
        let mut held = self.held_by(worker)?;
        held.retain(|id| tasks.is_none_or(|tasks| tasks.contains(id)));
        let mut statement = self.0.prepare_cached(SQL)?;
        for id in &held {
            statement.execute(named_params! { ":id": id, ":thought": thought })?;
        }
        Ok(held)
    }
}

/// The longest time that is counted at once, to bound the effect of a wrong clock.
const LONGEST_STRETCH_MS: Millis = 30 * 24 * 3_600_000;

fn time_to_book(task: &Task, step: &Step, because: &Because<'_>) -> Millis {
    match (step.clock, task.timed_since) {
        (Clock::Stops | Clock::Restarts, Some(since)) => {
            because.work_ended.unwrap_or(because.at).since(since).min(LONGEST_STRETCH_MS)
        }
        _ => 0,
    }
}
