//! Measures of a queue, computed from the newest part of the feed: read from its end, and never in full.

use rusqlite::{OptionalExtension, named_params};

use super::Tx;
use crate::domain::{Millis, Status, TaskId, Timestamp, WorkerId};
use crate::error::Result;

/// A state change of a task.
#[derive(Clone, Debug)]
pub struct StepRow {
    /// Its number in the feed.
    pub id: i64,
    pub at: Timestamp,
    pub task: TaskId,
    pub attempt: i64,
    pub to: Status,
    pub reason: Option<String>,
    /// How the attempt ended, if it has, and the class of its failure.
    pub outcome: Option<String>,
    pub error_class: Option<String>,
    /// The holders before and after.
    pub before: Option<WorkerId>,
    pub after: Option<WorkerId>,
}

/// An attempt, and how it ended.
#[derive(Clone, Debug)]
pub struct Ended {
    pub claimed_at: Timestamp,
    pub ended_at: Option<Timestamp>,
    pub outcome: Option<String>,
    pub time_ms: Millis,
}

impl Tx<'_> {
    /// Returns the number of the first entry at or after a point in time.
    ///
    /// It finds the entry by binary search. Time goes backwards in the feed only after a clock that was ahead; the
    /// entries of that clock are skipped.
    pub fn first_event_at(&self, then: Timestamp) -> Result<i64> {
        const AT: &str = "
            select id, timestamp
            from events
            where id >= :id and timestamp <= :newest
            order by id
            limit 1";
        let (mut low, mut high) = (1, self.newest_event()? + 1);
        let newest = self.newest_event_at()?;
        let mut statement = self.0.prepare_cached(AT)?;
        while low < high {
            let middle = low + (high - low) / 2;
            let found = statement.query_row(named_params! { ":id": middle, ":newest": newest }, |row| {
                Ok((row.get::<_, i64>(0)?, row.get::<_, Timestamp>(1)?))
            });
            match found.optional()? {
                Some((id, at)) if at < then => low = id + 1,
                _ => high = middle,
            }
        }
        let keys = named_params! { ":id": low, ":newest": newest };
        Ok(statement.query_row(keys, |row| row.get(0)).optional()?.unwrap_or(low))
    }

    /// Returns the time of an entry, or of the first one after it; none if there is neither.
    pub fn time_of_event(&self, id: i64) -> Result<Option<Timestamp>> {
        const SQL: &str = "select timestamp from events where id >= :id order by id limit 1";
        let found = self.0.prepare_cached(SQL)?.query_row(named_params! { ":id": id }, |row| row.get(0));
        Ok(found.optional()?)
    }

    /// Returns the number of tasks that were created from an entry on.
    pub fn created_from(&self, first: i64) -> Result<i64> {
        const SQL: &str = "select count(*) from events where id >= :first and event = 'created'";
        Ok(self.0.prepare_cached(SQL)?.query_row(named_params! { ":first": first }, |row| row.get(0))?)
    }

    /// Returns how many of these tasks were created since a point in time.
    pub fn created_of(&self, tasks: &[TaskId], since: Timestamp) -> Result<i64> {
        const SQL: &str = "
            select count(*)
            from json_each(:tasks) as wanted cross join tasks on tasks.id = wanted.value
            where created_at >= :since";
        let keys = named_params! { ":tasks": super::row::Json(tasks), ":since": since };
        Ok(self.0.prepare_cached(SQL)?.query_row(keys, |row| row.get(0))?)
    }

    /// Returns the newest state changes from an entry on, the newest first.
    pub fn steps_from(&self, first: i64, most: usize) -> Result<Vec<StepRow>> {
        const SQL: &str = "
            select id, timestamp, task_id, attempt, after ->> 'status', events.reason,
                before ->> 'worker', after ->> 'worker', outcome, error_class
            from events left join attempts using (task_id, attempt)
            where id >= :first and event = 'status'
            order by id desc
            limit :most";
        let mut statement = self.0.prepare_cached(SQL)?;
        let rows = statement.query_map(named_params! { ":first": first, ":most": most as i64 }, |row| {
            Ok(StepRow {
                id: row.get(0)?,
                at: row.get(1)?,
                task: row.get(2)?,
                attempt: row.get::<_, Option<i64>>(3)?.unwrap_or_default(),
                to: row.get(4)?,
                reason: row.get(5)?,
                before: row.get(6)?,
                after: row.get(7)?,
                outcome: row.get(8)?,
                error_class: row.get(9)?,
            })
        })?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// Returns an attempt at a task.
    pub fn attempt(&self, task: &TaskId, number: i64) -> Result<Option<Ended>> {
        const SQL: &str = "
            select claimed_at, ended_at, outcome, time_ms
            from attempts
            where task_id = :task and attempt = :number";
        let keys = named_params! { ":task": task, ":number": number };
        let found = self.0.prepare_cached(SQL)?.query_row(keys, |row| {
            Ok(Ended {
                claimed_at: row.get(0)?,
                ended_at: row.get(1)?,
                outcome: row.get(2)?,
                time_ms: row.get(3)?,
            })
        });
        Ok(found.optional()?)
    }

    /// Returns the time from which an attempt was possible: the task existed, the attempt before had ended and so
    /// had its blockers.
    pub fn could_be_claimed_since(&self, task: &TaskId, attempt: i64) -> Result<Option<Timestamp>> {
        const SQL: &str = "
            select max(
                created_at,
                coalesce((
                    select ended_at from attempts where task_id = :task and attempt = :attempt - 1), 0),
                coalesce((
                    select max(source.completed_at)
                    from dependencies cross join tasks as source on source.id = from_task_id
                    where to_task_id = :task and holds = 'start'), 0))
            from tasks
            where id = :task";
        let keys = named_params! { ":task": task, ":attempt": attempt };
        Ok(self.0.prepare_cached(SQL)?.query_row(keys, |row| row.get(0)).optional()?)
    }

    /// Returns the oldest ready task in a state, if it is among the 10,000 oldest tasks of the state.
    pub fn oldest_ready(&self, status: &Status) -> Result<Option<(i64, TaskId)>> {
        const LOOKED_AT: i64 = 10_000;
        const SQL: &str = "
            select n, id
            from (select n, id, ready from tasks where status = :status order by n limit :looked_at)
            where ready = 1
            order by n
            limit 1";
        let keys = named_params! { ":status": status, ":looked_at": LOOKED_AT };
        Ok(self.0.prepare_cached(SQL)?.query_row(keys, |row| Ok((row.get(0)?, row.get(1)?))).optional()?)
    }

    /// Returns the oldest ready task among these.
    pub fn oldest_ready_of(&self, tasks: &[TaskId]) -> Result<Option<TaskId>> {
        const SQL: &str = "
            select tasks.id
            from json_each(:tasks) as wanted cross join tasks on tasks.id = wanted.value
            where ready = 1
            order by n
            limit 1";
        let keys = named_params! { ":tasks": super::row::Json(tasks) };
        Ok(self.0.prepare_cached(SQL)?.query_row(keys, |row| row.get(0)).optional()?)
    }
}
