//! Former ids of renamed tasks.

use rusqlite::named_params;

use super::Tx;
use crate::domain::{TaskId, TaskRef};
use crate::error::Result;

impl Tx<'_> {
    /// Keeps the old id of a task that was just renamed, if an attempt at the task ever began. Removes the new id
    /// from the former ids.
    pub(super) fn keep_old_name(&self, old: &TaskId, new: &TaskId) -> Result<()> {
        const FORGET: &str = "delete from task_aliases where old_id = :new";
        const KEEP: &str = "
            insert or replace into task_aliases (old_id, task, attempt)
            select :old, n, attempt
            from tasks
            where id = :new and attempt > 0";
        self.0.prepare_cached(FORGET)?.execute(named_params! { ":new": new })?;
        self.0.prepare_cached(KEEP)?.execute(named_params! { ":old": old, ":new": new })?;
        Ok(())
    }

    /// Returns the tasks that once had this id, or a generated id that ended in it.
    pub(super) fn once_called(&self, name: &TaskRef) -> Result<Vec<TaskId>> {
        const SQL: &str = "
            select tasks.id
            from task_aliases join tasks on n = task
            where old_id = :name or length(old_id) = 36 and substr(old_id, -8) = :tail
            order by n
            limit 10";
        let tail = name.tail().map(str::to_lowercase);
        let mut statement = self.0.prepare_cached(SQL)?;
        let rows =
            statement.query_map(named_params! { ":name": name.as_str(), ":tail": tail }, |row| row.get(0))?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// Returns true if no task may take this id: a task has it, or another task than `task` had it when its newest
    /// attempt began, and that attempt is open or can be resumed.
    pub fn is_name_taken(&self, id: &TaskId, task: Option<&TaskId>) -> Result<bool> {
        const SQL: &str = "
            select 1
            from tasks
            where id = :id
            union all
            select 1
            from task_aliases join tasks on n = task and tasks.attempt = task_aliases.attempt
            where old_id = :id and tasks.id is not :task
                and (claimed_at is not null or exists (
                    select 1
                    from attempts
                    where task_id = tasks.id and attempts.attempt = tasks.attempt
                        and outcome in ('died', 'expired', 'overdue', 'taken_back')))";
        Ok(self.0.prepare_cached(SQL)?.exists(named_params! { ":id": id, ":task": task })?)
    }
}
