//! Costs and counters that workers reported, and the estimates of their tasks.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::{Row, named_params};

use super::Tx;
use super::row::Json;
use crate::domain::{Amounts, CounterName, Dollars, Millis, Tag, TaskId, Timestamp, WorkerId};
use crate::error::Result;

/// The name of money among the counters, in millionths of a dollar.
const COST: &str = "cost_usd";

/// A report to store.
#[derive(Clone, Copy, Debug)]
pub struct NewMetrics<'a> {
    pub task: &'a TaskId,
    pub worker: &'a WorkerId,
    /// The worker's newest attempt at the task; 0 if it made none.
    pub attempt: i64,
    pub reason: Option<&'a str>,
    pub amounts: &'a Amounts,
}

/// The sum of one counter that a worker reported for one attempt at a task.
#[derive(Clone, Debug)]
pub struct MetricRow {
    /// None for a task that was removed for good.
    pub task: Option<TaskId>,
    pub attempt: i64,
    pub worker: WorkerId,
    /// The counter; none for money, in millionths of a dollar.
    pub name: Option<CounterName>,
    pub value: i64,
}

/// The estimated and actual effort of tasks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Effort {
    /// The number of tasks with an estimate.
    pub estimated: i64,
    pub time_estimate_ms: Millis,
    /// The time that these tasks took.
    pub time_actual_ms: Millis,
    pub points: i64,
}

impl Tx<'_> {
    /// Stores a report.
    pub fn log_metrics(&self, new: &NewMetrics<'_>, now: Timestamp) -> Result<()> {
        const ENTRY: &str = "
            insert into metrics (task_id, attempt, worker_id, timestamp, reason)
            values (:task, :attempt, :worker, :now, :reason)";
        const VALUE: &str = "insert into metric_values (metric_id, name, value) values (:id, :name, :value)";
        let NewMetrics { task, worker, attempt, reason, amounts } = new;
        self.0.prepare_cached(ENTRY)?.execute(named_params! {
            ":task": task, ":attempt": attempt, ":worker": worker, ":now": now, ":reason": reason,
        })?;
        let id = self.0.last_insert_rowid();
        let Amounts { cost: Dollars { micros }, counters } = amounts;
        let cost = (*micros != 0).then_some((COST, *micros));
        let counters = counters.iter().map(|(name, value)| (name.as_str(), *value));
        let mut statement = self.0.prepare_cached(VALUE)?;
        for (name, value) in cost.into_iter().chain(counters) {
            statement.execute(named_params! { ":id": id, ":name": name, ":value": value })?;
        }
        Ok(())
    }

    /// Returns the sums that were reported for these tasks.
    pub fn metrics_of(&self, tasks: &[TaskId]) -> Result<Vec<MetricRow>> {
        const SQL: &str = "
            select task_id, attempt, worker_id, name, sum(metric_values.value) as value
            from json_each(:tasks) as wanted
                cross join metrics on task_id = wanted.value
                cross join metric_values on metric_id = metrics.id
            group by task_id, attempt, worker_id, name";
        let mut statement = self.0.prepare_cached(SQL)?;
        let rows = statement.query_map(named_params! { ":tasks": Json(tasks) }, metric)?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// Returns the sums that were reported for all tasks, removed ones included.
    pub fn all_metrics(&self) -> Result<Vec<MetricRow>> {
        const SQL: &str = "
            select task_id, attempt, worker_id, name, sum(metric_values.value) as value
            from metrics cross join metric_values on metric_id = metrics.id
            group by task_id, attempt, worker_id, name";
        let mut statement = self.0.prepare_cached(SQL)?;
        let rows = statement.query_map([], metric)?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// Returns the sums that each worker reported, over all tasks.
    pub fn metrics_by_worker(&self) -> Result<Vec<MetricRow>> {
        const SQL: &str = "
            select null as task_id, 0 as attempt, worker_id, name, value
            from metric_totals
            order by worker_id, name";
        let mut statement = self.0.prepare_cached(SQL)?;
        let rows = statement.query_map([], metric)?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// Returns the reported costs of a task, if there are any.
    pub fn cost_of(&self, task: &TaskId) -> Result<Option<Dollars>> {
        const SQL: &str = "
            select sum(value)
            from metrics cross join metric_values on metric_id = metrics.id and name = 'cost_usd'
            where task_id = :task";
        let keys = named_params! { ":task": task };
        let micros: Option<i64> = self.0.prepare_cached(SQL)?.query_row(keys, |row| row.get(0))?;
        Ok(micros.map(|micros| Dollars { micros }))
    }

    /// Returns the estimated effort of all tasks, and their effort until now.
    pub fn effort(&self, now: Timestamp) -> Result<Effort> {
        const SQL: &str = "
            select
                tasks, time_estimate_ms, points,
                time_actual_ms + coalesce((
                    select sum(max(:now - timed_since, 0))
                    from tasks
                    where worker_id is not null and timed_since is not null
                        and tasks.time_estimate_ms is not null and deleted_at is null
                ), 0) as time_actual_ms
            from estimates";
        Ok(self.0.prepare_cached(SQL)?.query_row(named_params! { ":now": now }, effort)?)
    }

    /// Returns the same for some tasks.
    pub fn effort_of(&self, tasks: &[TaskId], now: Timestamp) -> Result<Effort> {
        const SQL: &str = "
            select
                count(time_estimate_ms) as tasks,
                coalesce(sum(time_estimate_ms), 0) as time_estimate_ms,
                coalesce(sum(points), 0) as points,
                coalesce(
                    sum(time_actual_ms + coalesce(max(:now - timed_since, 0), 0))
                        filter (where time_estimate_ms is not null),
                    0
                ) as time_actual_ms
            from json_each(:tasks) as wanted cross join tasks on tasks.id = wanted.value
            where deleted_at is null";
        let keys = named_params! { ":tasks": Json(tasks), ":now": now };
        Ok(self.0.prepare_cached(SQL)?.query_row(keys, effort)?)
    }

    /// Returns the tags of tasks.
    pub fn tags_of(&self, tasks: &BTreeSet<TaskId>) -> Result<BTreeMap<TaskId, Vec<Tag>>> {
        const SQL: &str = "
            select task_id, tag
            from json_each(:tasks) as wanted cross join task_tags on task_id = wanted.value
            order by task_id, tag";
        let mut statement = self.0.prepare_cached(SQL)?;
        let rows = statement.query_map(named_params! { ":tasks": Json(tasks) }, |row| {
            Ok((row.get::<_, TaskId>("task_id")?, row.get::<_, Tag>("tag")?))
        })?;
        let mut tags: BTreeMap<TaskId, Vec<Tag>> = BTreeMap::new();
        for row in rows {
            let (task, tag) = row?;
            tags.entry(task).or_default().push(tag);
        }
        Ok(tags)
    }
}

fn effort(row: &Row<'_>) -> rusqlite::Result<Effort> {
    Ok(Effort {
        estimated: row.get("tasks")?,
        time_estimate_ms: row.get("time_estimate_ms")?,
        time_actual_ms: row.get("time_actual_ms")?,
        points: row.get("points")?,
    })
}

fn metric(row: &Row<'_>) -> rusqlite::Result<MetricRow> {
    let name: String = row.get("name")?;
    let name = match name.as_str() {
        COST => None,
        _ => Some(row.get("name")?),
    };
    Ok(MetricRow {
        task: row.get("task_id")?,
        attempt: row.get("attempt")?,
        worker: row.get("worker_id")?,
        name,
        value: row.get("value")?,
    })
}
