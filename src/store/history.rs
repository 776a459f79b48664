//! The history of states, attempts and time.

use rusqlite::named_params;

use super::Tx;
use super::events::{FeedRow, feed_row};
use super::row::Json;
use crate::domain::{Millis, Status, TaskId, Timestamp, WorkerId};
use crate::error::Result;

/// A state that a task was in.
#[derive(Clone, Debug)]
pub struct Passed {
    pub status: Status,
    pub worker: Option<WorkerId>,
    pub cause: Option<String>,
    pub reason: Option<String>,
    pub from: Timestamp,
    pub to: Option<Timestamp>,
}

/// An attempt at a task.
#[derive(Clone, Debug)]
pub struct AttemptRow {
    pub number: i64,
    pub worker: WorkerId,
    pub claimed_at: Timestamp,
    pub ended_at: Option<Timestamp>,
    pub outcome: Option<String>,
    pub error_class: Option<String>,
    pub reason: Option<String>,
    pub time_ms: Millis,
}

/// A span of time, and the states that count in it.
#[derive(Clone, Debug)]
pub struct Span {
    pub from: Timestamp,
    pub to: Timestamp,
    statuses: Option<Vec<Status>>,
    /// Its part of the feed: the number of its first entry, and that of the first one after it.
    entries: (i64, i64),
}

/// The parameters of a span in statements.
macro_rules! names {
    ($span:expr) => {
        named_params! {
            ":first": $span.entries.0,
            ":end": $span.entries.1,
            ":statuses": $span.statuses.as_ref().map(Json),
        }
    };
}

impl Tx<'_> {
    /// Returns the states that a task was in, the oldest first.
    pub fn passed(&self, task: &TaskId) -> Result<Vec<Passed>> {
        const SQL: &str = "
            select event as status, agent_id, cause, reason, timestamp, end_timestamp
            from task_state_sequence
            where task_id = :task
            order by id";
        let mut statement = self.0.prepare_cached(SQL)?;
        let rows = statement.query_map(named_params! { ":task": task }, |row| {
            Ok(Passed {
                status: row.get("status")?,
                worker: row.get("agent_id")?,
                cause: row.get("cause")?,
                reason: row.get("reason")?,
                from: row.get("timestamp")?,
                to: row.get("end_timestamp")?,
            })
        })?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// Returns the attempts at a task, the oldest first.
    pub fn attempts(&self, task: &TaskId) -> Result<Vec<AttemptRow>> {
        const SQL: &str = "
            select attempt, worker_id, claimed_at, ended_at, outcome, error_class, reason, time_ms
            from attempts
            where task_id = :task
            order by attempt";
        let mut statement = self.0.prepare_cached(SQL)?;
        let rows = statement.query_map(named_params! { ":task": task }, |row| {
            Ok(AttemptRow {
                number: row.get("attempt")?,
                worker: row.get("worker_id")?,
                claimed_at: row.get("claimed_at")?,
                ended_at: row.get("ended_at")?,
                outcome: row.get("outcome")?,
                error_class: row.get("error_class")?,
                reason: row.get("reason")?,
                time_ms: row.get("time_ms")?,
            })
        })?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// Returns a span of time, in which all states count or only these.
    pub fn span(&self, from: Timestamp, to: Timestamp, statuses: Option<Vec<Status>>) -> Result<Span> {
        let entries = (self.first_event_at(from)?, self.first_event_at(to.after(1))?);
        Ok(Span { from, to, statuses, entries })
    }

    /// Returns how often tasks entered each state in the span.
    pub fn transitions_by_status(&self, span: &Span) -> Result<Vec<(Status, i64)>> {
        const SQL: &str = "
            select after ->> 'status' as status, count(*)
            from events
            where id >= :first and id < :end and event in ('created', 'status')
                and (:statuses is null or after ->> 'status' in (select value from json_each(:statuses)))
            group by status
            order by status";
        let mut statement = self.0.prepare_cached(SQL)?;
        let rows = statement.query_map(names!(span), |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// Returns how many tasks changed their state in the span.
    pub fn tasks_moved(&self, span: &Span) -> Result<i64> {
        const SQL: &str = "
            select count(distinct task_id)
            from events
            where id >= :first and id < :end and event in ('created', 'status')
                and (:statuses is null or after ->> 'status' in (select value from json_each(:statuses)))";
        Ok(self.0.prepare_cached(SQL)?.query_row(names!(span), |row| row.get(0))?)
    }

    /// Returns the newest state changes in the span, the oldest of them first.
    pub fn transitions(&self, span: &Span, limit: usize) -> Result<Vec<FeedRow>> {
        const SQL: &str = "
            select *
            from (
                select *
                from events
                where id >= :first and id < :end and event in ('created', 'status')
                    and (:statuses is null or after ->> 'status' in (select value from json_each(:statuses)))
                order by id desc
                limit :limit)
            order by id";
        let mut statement = self.0.prepare_cached(SQL)?;
        let rows = statement.query_map(
            named_params! {
                ":first": span.entries.0,
                ":end": span.entries.1,
                ":statuses": span.statuses.as_ref().map(Json),
                ":limit": limit as i64,
            },
            feed_row,
        )?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// Returns for each worker how many attempts it began and ended in the span, and the time they took.
    pub fn work_in(&self, span: &Span) -> Result<Vec<(WorkerId, i64, i64, Millis)>> {
        const SQL: &str = "
            select worker_id,
                count(*) filter (where claimed_at between :from and :to),
                count(*) filter (where outcome = 'ended' and ended_at between :from and :to),
                coalesce(sum(time_ms) filter (where ended_at between :from and :to), 0)
            from (select distinct task_id from events where id >= :first and id < :end and event = 'status')
                cross join attempts using (task_id)
            where claimed_at between :from and :to or ended_at between :from and :to
            group by worker_id
            order by worker_id";
        let mut statement = self.0.prepare_cached(SQL)?;
        let (first, end) = span.entries;
        let keys = named_params! { ":from": span.from, ":to": span.to, ":first": first, ":end": end };
        let rows =
            statement.query_map(keys, |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)))?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }
}
