//! The counts that make readiness a property of the row.
//!
//! `open_blockers` counts the tasks that must end before this one may start, `blocked_above` the tasks above it
//! that have such blockers, `open_children` the tasks in it that have not ended well. The functions here update
//! them, and [`Tx::recount`] recomputes all of them from the links.

use rusqlite::named_params;

use super::Tx;
use super::filter::goes_on;
use crate::domain::{ProjectKey, Standing, Status, TaskId, Workflows};
use crate::error::Result;

/// The effect on dependents of a task that started or stopped blocking.
#[derive(Debug, Default)]
pub struct Shift {
    /// Tasks that nothing blocks any more and that are ready.
    pub freed: Vec<TaskId>,
    /// Tasks that may now be able to end.
    pub may_end: Vec<TaskId>,
}

impl Tx<'_> {
    /// Updates the dependents of a task that started (+1) or stopped (-1) blocking.
    pub fn shift_waiting(&self, id: &TaskId, change: i64) -> Result<Shift> {
        const TARGET: &str = "update tasks set open_blockers = open_blockers + :change where id = :id";
        const CONTAINER: &str = "
            select from_task_id
            from dependencies
            where to_task_id = :id and vertical = 1 and holds = 'completion'";
        const PARENT: &str = "update tasks set open_children = open_children + :change where id = :id";
        const ENDS: &str = "
            select to_task_id
            from dependencies
            where from_task_id = :id and vertical = 0 and holds = 'completion'";
        let mut shift = Shift::default();
        for target in self.held_back_by(id)? {
            let waiting = self.shifted(TARGET, &target, change)?;
            if waiting.ready {
                shift.freed.push(target.clone());
            }
            if waiting.open_blockers == change.max(0) {
                shift.freed.extend(self.shift_under(&target, change)?);
            }
        }
        for parent in self.ids(CONTAINER, id)? {
            if self.shifted(PARENT, &parent, change)?.open_children == 0 {
                shift.may_end.push(parent);
            }
        }
        if change > 0 {
            return Ok(Shift::default());
        }
        shift.may_end.extend(self.ids(ENDS, id)?);
        Ok(shift)
    }

    /// Runs a statement that changes counts of one task, and returns the new counts.
    ///
    /// It does not use `returning`: SQLite makes a table for that each time, which takes longer than the change.
    fn shifted(&self, sql: &'static str, id: &TaskId, change: i64) -> Result<Counts> {
        const COUNTS: &str = concat!(
            "select open_blockers, open_children, ready and ",
            goes_on!(),
            " from tasks
            where id = :id"
        );
        self.0.prepare_cached(sql)?.execute(named_params! { ":id": id, ":change": change })?;
        Ok(self.0.prepare_cached(COUNTS)?.query_row(named_params! { ":id": id }, |row| {
            Ok(Counts { open_blockers: row.get(0)?, open_children: row.get(1)?, ready: row.get(2)? })
        })?)
    }

    /// Records in all tasks under a task that one more (+1) or one fewer (-1) above them is blocked. Returns the
    /// ready ones.
    fn shift_under(&self, id: &TaskId, change: i64) -> Result<Vec<TaskId>> {
        const SQL: &str = concat!(
            "with recursive under (id) as (
                select to_task_id from dependencies where from_task_id = :id and vertical = 1
                union
                select to_task_id
                from under join dependencies on from_task_id = under.id and vertical = 1
            )
            update tasks
            set blocked_above = blocked_above + :change
            where id in (select id from under)
            returning id, ready and ",
            goes_on!(),
            " as ready"
        );
        if !self.has_children(id)? {
            return Ok(Vec::new());
        }
        let mut statement = self.0.prepare_cached(SQL)?;
        let rows = statement.query_map(named_params! { ":id": id, ":change": change }, |row| {
            Ok((row.get::<_, TaskId>("id")?, row.get::<_, bool>("ready")?))
        })?;
        let changed = rows.collect::<rusqlite::Result<Vec<_>>>()?;
        Ok(changed.into_iter().filter(|(_, ready)| *ready).map(|(id, _)| id).collect())
    }

    /// Counts a blocking link that was added (+1) or removed (-1). Returns the tasks that became ready.
    ///
    /// It does not read the other links of the task: a call may add a thousand to one task.
    pub fn shift_blockers(&self, from: &TaskId, to: &TaskId, change: i64) -> Result<Vec<TaskId>> {
        const COUNTS: &str = "
            select is_blocking and :links = (
                select count(*)
                from dependencies
                where from_task_id = :from and to_task_id = :to and holds = 'start')
            from tasks
            where id = :from";
        const SET: &str = "update tasks set open_blockers = open_blockers + :change where id = :id";
        // Links of two kinds may connect the same two tasks; only the first added and the last removed count.
        let keys = named_params! { ":from": from, ":to": to, ":links": change.max(0) };
        if !self.0.prepare_cached(COUNTS)?.query_row(keys, |row| row.get(0))? {
            return Ok(Vec::new());
        }
        let after = self.shifted(SET, to, change)?;
        let mut freed = match after.open_blockers == change.max(0) {
            true => self.shift_under(to, change)?,
            false => Vec::new(),
        };
        if change < 0 && after.ready {
            freed.push(to.clone());
        }
        Ok(freed)
    }

    /// Adds newly opened children to a parent's count.
    pub fn open_children(&self, id: &TaskId, opened: i64) -> Result<()> {
        const SQL: &str = "update tasks set open_children = open_children + :opened where id = :id";
        self.0.prepare_cached(SQL)?.execute(named_params! { ":id": id, ":opened": opened })?;
        Ok(())
    }

    /// Counts a task that was moved under a parent (+1) or away from it (-1). Returns true if the parent has no
    /// open children left.
    pub fn shift_children(&self, parent: &TaskId, child: &TaskId, change: i64) -> Result<bool> {
        const COUNTS: &str = "select is_blocking from tasks where id = :child";
        const SET: &str = "update tasks set open_children = open_children + :change where id = :id";
        if !self.0.prepare_cached(COUNTS)?.query_row(named_params! { ":child": child }, |row| row.get(0))? {
            return Ok(false);
        }
        let after = self.shifted(SET, parent, change)?;
        Ok(change < 0 && after.open_children == 0)
    }

    /// Recomputes `blocked_above` of a task and of those under it, after its parent changed. Returns the tasks that
    /// became ready.
    pub fn recount_above(&self, id: &TaskId) -> Result<Vec<TaskId>> {
        const SQL: &str = "
            select coalesce(sum(parent.blocked_above + (parent.open_blockers > 0)), 0)
            from dependencies cross join tasks as parent on parent.id = from_task_id
            where to_task_id = :id and vertical = 1";
        const SET: &str = "update tasks set blocked_above = blocked_above + :change where id = :id";
        let before = self.task(id)?;
        let above: i64 =
            self.0.prepare_cached(SQL)?.query_row(named_params! { ":id": id }, |row| row.get(0))?;
        let change = above - before.blocked_above;
        if change == 0 {
            return Ok(Vec::new());
        }
        let after = self.shifted(SET, id, change)?;
        let mut freed = self.shift_under(id, change)?;
        if after.ready && !before.ready {
            freed.push(id.clone());
        }
        Ok(freed)
    }

    /// Sets whether a task blocks its dependents, and returns the value before.
    pub fn set_blocking(&self, id: &TaskId, blocking: bool) -> Result<bool> {
        const BEFORE: &str = "select is_blocking from tasks where id = :id";
        const SQL: &str = "update tasks set is_blocking = :blocking where id = :id";
        let before =
            self.0.prepare_cached(BEFORE)?.query_row(named_params! { ":id": id }, |row| row.get(0))?;
        self.0.prepare_cached(SQL)?.execute(named_params! { ":id": id, ":blocking": blocking })?;
        Ok(before)
    }

    /// Returns the unblocked tasks for which most others wait directly, with their numbers of dependents. It looks
    /// at the 100 oldest blocked tasks.
    pub fn bottlenecks(&self, most: usize) -> Result<Vec<(TaskId, i64)>> {
        const LOOKED_AT: i64 = 100;
        const SQL: &str = "
            select source.id, count(distinct target.id) as waiting
            from (
                select id, n from tasks where standing = 'blocked' order by n limit :looked_at
            ) as target
            cross join dependencies on to_task_id = target.id and holds = 'start'
            cross join tasks as source on source.id = from_task_id
            where source.is_blocking and source.open_blockers = 0 and source.blocked_above = 0
            group by source.id
            order by waiting desc, source.n
            limit :most";
        let mut statement = self.0.prepare_cached(SQL)?;
        let keys = named_params! { ":looked_at": LOOKED_AT, ":most": most as i64 };
        let rows = statement.query_map(keys, |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// Recomputes all counts from the states and the links.
    ///
    /// Needed when the configuration changes the meaning of states or links.
    pub fn recount(&self, workflows: &Workflows) -> Result<()> {
        const STANDING: &str = "
            update tasks
            set is_waiting = :waiting, is_blocking = :blocking and deleted_at is null, is_ended = :ended
            where workflow = :workflow and status = :status
                and (is_waiting, is_blocking, is_ended)
                    is not (:waiting, :blocking and deleted_at is null, :ended)";
        for workflow in workflows.by_name.values() {
            for status in workflow.states.keys() {
                let meaning = workflow.meaning(status);
                self.0.prepare_cached(STANDING)?.execute(named_params! {
                    ":workflow": workflow.name,
                    ":status": status,
                    ":waiting": meaning.waiting,
                    ":blocking": meaning.blocking,
                    ":ended": meaning.terminal,
                })?;
            }
        }
        self.0.execute_batch(include_str!("recount.sql"))?;
        Ok(())
    }

    /// Returns the number of tasks in each state and standing.
    pub fn tallies(&self) -> Result<Vec<Tally>> {
        const SQL: &str = "
            select status, iif(standing = 'ready' and state <> 'active', 'paused', standing), tallies.tasks
            from tallies left join projects on task = project
            where tallies.tasks > 0
            order by project, status, standing";
        let mut sums: Vec<Tally> = Vec::new();
        let mut statement = self.0.prepare_cached(SQL)?;
        for row in statement.query_map([], tally)? {
            let one = row?;
            let same = |sum: &&mut Tally| sum.status == one.status && sum.standing == one.standing;
            match sums.iter_mut().find(same) {
                Some(sum) => sum.tasks += one.tasks,
                None => sums.push(one),
            }
        }
        Ok(sums)
    }

    /// Returns the same for the tasks of a project, without the project's own task.
    pub fn tallies_in(&self, project: ProjectKey) -> Result<Vec<Tally>> {
        const SQL: &str = "
            select
                tallies.status, iif(tallies.standing = 'ready' and state <> 'active', 'paused', tallies.standing),
                tallies.tasks - (own.status = tallies.status and own.standing is tallies.standing) as left
            from tallies
            join projects on task = tallies.project
            join tasks as own on own.n = tallies.project
            where tallies.project = :project and left > 0
            order by tallies.status, tallies.standing";
        let mut statement = self.0.prepare_cached(SQL)?;
        let rows = statement.query_map(named_params! { ":project": project }, tally)?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// Returns the same for the tasks under a task.
    pub fn tallies_under(&self, id: &TaskId) -> Result<Vec<Tally>> {
        const SQL: &str = "
            with recursive under (id) as (
                select to_task_id from dependencies where from_task_id = :id and vertical = 1
                union
                select to_task_id
                from under join dependencies on from_task_id = under.id and vertical = 1
            )
            select status, iif(standing = 'ready' and state <> 'active', 'paused', standing) as stands, count(*)
            from tasks left join projects on projects.task = tasks.project
            where id in (select id from under) and standing is not null
            group by status, stands
            order by status, stands";
        let mut statement = self.0.prepare_cached(SQL)?;
        let rows = statement.query_map(named_params! { ":id": id }, tally)?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// Returns a fact about the file.
    pub fn fact(&self, name: &str) -> Result<Option<String>> {
        use rusqlite::OptionalExtension;
        const SQL: &str = "select value from facts where name = :name";
        let found = self.0.prepare_cached(SQL)?.query_row(named_params! { ":name": name }, |row| row.get(0));
        Ok(found.optional()?)
    }

    /// Stores a fact about the file.
    pub fn set_fact(&self, name: &str, value: &str) -> Result<()> {
        const SQL: &str = "
            insert into facts (name, value) values (:name, :value)
            on conflict (name) do update set value = :value";
        self.0.prepare_cached(SQL)?.execute(named_params! { ":name": name, ":value": value })?;
        Ok(())
    }
}

/// The counts of a task that show the effect of a change.
struct Counts {
    open_blockers: i64,
    open_children: i64,
    ready: bool,
}

/// The number of tasks in a state and standing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tally {
    pub status: Status,
    pub standing: Standing,
    pub tasks: i64,
}

fn tally(row: &rusqlite::Row<'_>) -> rusqlite::Result<Tally> {
    Ok(Tally { status: row.get(0)?, standing: row.get(1)?, tasks: row.get(2)? })
}
