//! Attempts that workers lost.

use rusqlite::{OptionalExtension, named_params};

use super::Tx;
use crate::domain::{TaskId, WorkerId};
use crate::error::Result;

impl Tx<'_> {
    /// Returns the tasks that a worker lost when it died or its lease expired, and that are still unclaimed.
    pub fn lost_by(&self, worker: &WorkerId) -> Result<Vec<TaskId>> {
        const SQL: &str = "
            select tasks.id
            from attempts join tasks on tasks.id = task_id and tasks.attempt = attempts.attempt
            where attempts.worker_id = :worker and outcome in ('died', 'expired')
                and tasks.worker_id is null and is_waiting and deleted_at is null
            order by n";
        let mut statement = self.0.prepare_cached(SQL)?;
        let rows = statement.query_map(named_params! { ":worker": worker }, |row| row.get(0))?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// Returns how the worker lost its newest attempt at a task, if the attempt can be resumed: the task is open or
    /// failed, and no other attempt began since.
    pub fn how_lost(&self, worker: &WorkerId, task: &TaskId) -> Result<Option<String>> {
        const SQL: &str = "
            select outcome
            from attempts join tasks on tasks.id = task_id and tasks.attempt = attempts.attempt
            where task_id = :task and attempts.worker_id = :worker
                and outcome in ('died', 'expired', 'overdue', 'taken_back')
                and tasks.worker_id is null and deleted_at is null
                and (is_waiting or is_ended and is_blocking)";
        let keys = named_params! { ":worker": worker, ":task": task };
        Ok(self.0.prepare_cached(SQL)?.query_row(keys, |row| row.get(0)).optional()?)
    }

    /// Returns the number of the worker's newest attempt at a task, if it was lost and another attempt followed.
    pub fn followed_attempt_of(&self, worker: &WorkerId, task: &TaskId) -> Result<Option<i64>> {
        const SQL: &str = "
            select attempts.attempt
            from attempts join tasks on tasks.id = task_id and tasks.attempt > attempts.attempt
            where task_id = :task and attempts.worker_id = :worker
                and outcome in ('died', 'expired', 'overdue', 'taken', 'replaced', 'taken_back')
                and not exists (
                    select 1
                    from attempts as later
                    where later.task_id = :task and later.worker_id = :worker
                        and later.attempt > attempts.attempt)";
        let keys = named_params! { ":task": task, ":worker": worker };
        Ok(self.0.prepare_cached(SQL)?.query_row(keys, |row| row.get(0)).optional()?)
    }

    /// Returns the number of an ended attempt of the worker at a task, if the worker did not end it itself or if it
    /// is `fenced`.
    ///
    /// This is the attempt `named`, if that is the worker's, else the worker's newest one.
    pub fn lost_attempt(
        &self,
        worker: &WorkerId,
        task: &TaskId,
        named: Option<i64>,
        fenced: bool,
    ) -> Result<Option<i64>> {
        const SQL: &str = "
            select attempt
            from attempts
            where task_id = :task and ended_at is not null
                and attempt = (
                    select attempt
                    from attempts
                    where task_id = :task and worker_id = :worker
                    order by attempt is :named desc, attempt desc
                    limit 1)
                and (:fenced
                    or outcome in ('died', 'expired', 'overdue', 'taken', 'replaced', 'taken_back')
                    or :worker is not (
                        select events.worker_id
                        from events
                        where events.task_id = :task and event = 'status' and events.attempt = attempts.attempt
                            and before ->> 'worker' = :worker and after ->> 'worker' is not :worker
                        order by id desc
                        limit 1))";
        let keys = named_params! { ":task": task, ":worker": worker, ":named": named, ":fenced": fenced };
        Ok(self.0.prepare_cached(SQL)?.query_row(keys, |row| row.get(0)).optional()?)
    }
}
