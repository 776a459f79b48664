//! Links between tasks, and the paths through them.
//!
//! Joins are written `cross join` where they have to begin at the links of one task: the planner does not know how
//! few these are.

use rusqlite::{Row, named_params};

use super::Tx;
use super::tasks::{task, tasks_sql};
use crate::domain::{Blocker, EdgeKind, EdgeKindName, EdgeKinds, Holds, Shape, Status, Task, TaskId};
use crate::error::Result;

/// A link between two tasks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edge {
    pub from: TaskId,
    pub to: TaskId,
    pub kind: EdgeKindName,
}

/// A task at the other end of a link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Neighbour {
    pub id: TaskId,
    pub status: Status,
    pub title: String,
}

/// A direction in which links are followed.
#[derive(Clone, Copy, Debug)]
pub enum Reach {
    /// To the tasks it waits for.
    Before,
    /// To the tasks that wait for it.
    After,
    /// To its parent.
    Above,
    /// To its children.
    Below,
}

/// The maximum number of blockers that are returned.
const MOST_BLOCKERS: usize = 100;

impl Tx<'_> {
    /// Adds a link, and returns true if it is new.
    pub fn add_edge(&self, from: &TaskId, to: &TaskId, kind: &EdgeKind) -> Result<bool> {
        const SQL: &str = "
            insert into dependencies (from_task_id, to_task_id, dep_type, vertical, holds)
            values (:from, :to, :kind, :vertical, :holds)
            on conflict (from_task_id, to_task_id, dep_type) do nothing";
        let added = self.0.prepare_cached(SQL)?.execute(named_params! {
            ":from": from,
            ":to": to,
            ":kind": kind.name,
            ":vertical": kind.rule.shape == Shape::Vertical,
            ":holds": kind.rule.holds.map(holds_word),
        })?;
        Ok(added > 0)
    }

    /// Returns true if there is such a link.
    pub fn has_edge(&self, from: &TaskId, to: &TaskId, kind: &EdgeKindName) -> Result<bool> {
        const SQL: &str = "
            select 1
            from dependencies
            where from_task_id = :from and to_task_id = :to and dep_type = :kind";
        let keys = named_params! { ":from": from, ":to": to, ":kind": kind };
        Ok(self.0.prepare_cached(SQL)?.exists(keys)?)
    }

    /// Removes a link, and returns true if there was one.
    pub fn remove_edge(&self, from: &TaskId, to: &TaskId, kind: &EdgeKindName) -> Result<bool> {
        const SQL: &str = "
            delete from dependencies
            where from_task_id = :from and to_task_id = :to and dep_type = :kind";
        let keys = named_params! { ":from": from, ":to": to, ":kind": kind };
        Ok(self.0.prepare_cached(SQL)?.execute(keys)? > 0)
    }

    /// Updates all links to the present meaning of their kinds.
    pub fn reread_edges(&self, kinds: &EdgeKinds) -> Result<()> {
        const SQL: &str = "
            update dependencies
            set vertical = :vertical, holds = :holds
            where dep_type = :kind and (vertical, holds) is not (:vertical, :holds)";
        for (kind, rule) in &kinds.0 {
            self.0.prepare_cached(SQL)?.execute(named_params! {
                ":kind": kind,
                ":vertical": rule.shape == Shape::Vertical,
                ":holds": rule.holds.map(holds_word),
            })?;
        }
        Ok(())
    }

    /// Returns the links that leave a task, or those of one kind.
    pub fn edges_from(&self, id: &TaskId, kind: Option<&EdgeKindName>) -> Result<Vec<Edge>> {
        const SQL: &str = "
            select from_task_id, to_task_id, dep_type
            from dependencies
            where from_task_id = :id and (:kind is null or dep_type = :kind)
            order by to_task_id";
        self.edges(SQL, id, kind)
    }

    /// Returns the links that enter a task, or those of one kind.
    pub fn edges_to(&self, id: &TaskId, kind: Option<&EdgeKindName>) -> Result<Vec<Edge>> {
        const SQL: &str = "
            select from_task_id, to_task_id, dep_type
            from dependencies
            where to_task_id = :id and (:kind is null or dep_type = :kind)
            order by from_task_id";
        self.edges(SQL, id, kind)
    }

    fn edges(&self, sql: &'static str, id: &TaskId, kind: Option<&EdgeKindName>) -> Result<Vec<Edge>> {
        let mut statement = self.0.prepare_cached(sql)?;
        let rows = statement.query_map(named_params! { ":id": id, ":kind": kind }, |row| {
            Ok(Edge {
                from: row.get("from_task_id")?,
                to: row.get("to_task_id")?,
                kind: row.get("dep_type")?,
            })
        })?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// Returns the parent of a task.
    pub fn parent(&self, id: &TaskId) -> Result<Option<TaskId>> {
        const SQL: &str = "
            select from_task_id
            from dependencies
            where to_task_id = :id and vertical = 1";
        self.ids(SQL, id).map(|mut ids| ids.pop())
    }

    /// Returns the children of a task that were not deleted, the oldest first.
    pub fn children(&self, id: &TaskId) -> Result<Vec<TaskId>> {
        const SQL: &str = "
            select tasks.id
            from dependencies cross join tasks on tasks.id = to_task_id
            where from_task_id = :id and vertical = 1 and deleted_at is null
            order by n";
        self.ids(SQL, id)
    }

    /// Returns true if a task has children, deleted or not.
    pub(super) fn has_children(&self, id: &TaskId) -> Result<bool> {
        const SQL: &str = "select 1 from dependencies where from_task_id = :id and vertical = 1";
        Ok(self.0.prepare_cached(SQL)?.exists(named_params! { ":id": id })?)
    }

    /// Returns all tasks under a task, deleted or not, parents before their children.
    pub fn under(&self, id: &TaskId) -> Result<Vec<TaskId>> {
        const SQL: &str = "
            with recursive under (id, depth) as (
                select to_task_id, 1 from dependencies where from_task_id = :id and vertical = 1
                union all
                select to_task_id, depth + 1
                from under join dependencies on from_task_id = under.id and vertical = 1
            )
            select id from under order by depth";
        self.ids(SQL, id)
    }

    pub(super) fn ids(&self, sql: &'static str, id: &TaskId) -> Result<Vec<TaskId>> {
        let mut statement = self.0.prepare_cached(sql)?;
        let rows = statement.query_map(named_params! { ":id": id }, |row| row.get(0))?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// Returns the tasks that hold back the start of a task: its own blockers, then those of the tasks above it.
    pub fn blockers(&self, id: &TaskId) -> Result<Vec<Blocker>> {
        const SQL: &str = "
            select source.id, source.status
            from dependencies cross join tasks as source on source.id = from_task_id
            where to_task_id = :id and holds = 'start' and source.is_blocking
            order by source.n
            limit 100";
        let mut blockers = self.blocker_rows(SQL, id)?;
        let mut above = self.parent(id)?;
        while let Some(parent) = above
            && blockers.len() < MOST_BLOCKERS
        {
            let of_parent = self.blocker_rows(SQL, &parent)?;
            blockers.extend(of_parent.into_iter().map(|row| Blocker { above: Some(parent.clone()), ..row }));
            above = self.parent(&parent)?;
        }
        blockers.truncate(MOST_BLOCKERS);
        Ok(blockers)
    }

    /// Returns the tasks, other than its children, that must end before a task may end.
    pub fn awaited_ends(&self, id: &TaskId) -> Result<Vec<Blocker>> {
        const SQL: &str = "
            select source.id, source.status
            from dependencies cross join tasks as source on source.id = from_task_id
            where to_task_id = :id and vertical = 0 and holds = 'completion' and source.is_blocking
            order by source.n
            limit 100";
        self.blocker_rows(SQL, id)
    }

    fn blocker_rows(&self, sql: &'static str, id: &TaskId) -> Result<Vec<Blocker>> {
        let mut statement = self.0.prepare_cached(sql)?;
        let rows = statement.query_map(named_params! { ":id": id }, |row| {
            Ok(Blocker { id: row.get("id")?, status: row.get("status")?, above: None })
        })?;
        let mut blockers = rows.collect::<rusqlite::Result<Vec<_>>>()?;
        // Links of two kinds may connect the same two tasks.
        blockers.dedup_by(|one, other| one.id == other.id);
        Ok(blockers)
    }

    /// Returns the dependents of a task that were not deleted, and the number of all dependents, deleted ones
    /// included.
    pub fn dependents(&self, id: &TaskId, most: usize) -> Result<(Vec<Neighbour>, usize)> {
        const SQL: &str = "
            select tasks.id, status, title
            from dependencies cross join tasks on tasks.id = to_task_id
            where from_task_id = :id and holds = 'start' and deleted_at is null
                and not exists (
                    select 1
                    from dependencies as twin
                    where twin.from_task_id = :id and twin.to_task_id = tasks.id
                        and twin.holds = 'start' and twin.dep_type < dependencies.dep_type)
            order by n
            limit :most";
        let waiting = self.held_back_by(id)?.len();
        if waiting == 0 {
            return Ok((Vec::new(), 0));
        }
        let mut statement = self.0.prepare_cached(SQL)?;
        let rows = statement.query_map(named_params! { ":id": id, ":most": most as i64 }, neighbour)?;
        Ok((rows.collect::<rusqlite::Result<_>>()?, waiting))
    }

    /// Returns the dependents of a task, deleted ones included.
    pub(super) fn held_back_by(&self, id: &TaskId) -> Result<Vec<TaskId>> {
        const SQL: &str = "
            select to_task_id
            from dependencies
            where from_task_id = :id and holds = 'start'";
        // Rows come in the order of the key, so links of two kinds to the same task are adjacent.
        let mut ids = self.ids(SQL, id)?;
        ids.dedup();
        Ok(ids)
    }

    /// Returns the number of children in each state, without deleted ones.
    pub fn children_by_state(&self, id: &TaskId) -> Result<Vec<(Status, usize)>> {
        const SQL: &str = "
            select status, count(*)
            from dependencies cross join tasks on tasks.id = to_task_id
            where from_task_id = :id and vertical = 1 and deleted_at is null
            group by status
            order by min(n)";
        let mut statement = self.0.prepare_cached(SQL)?;
        let rows = statement.query_map(named_params! { ":id": id }, |row| {
            Ok((row.get(0)?, row.get::<_, i64>(1)? as usize))
        })?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// Returns the tasks one link away in a direction, each with the kind of the link.
    pub fn reached(&self, id: &TaskId, reach: Reach) -> Result<Vec<(Neighbour, EdgeKindName)>> {
        const OUT: &str = "
            select tasks.id, status, title, dep_type
            from dependencies cross join tasks on tasks.id = to_task_id
            where from_task_id = :id and vertical = :vertical and (vertical or holds = 'start')
                and deleted_at is null
            order by n";
        const IN: &str = "
            select tasks.id, status, title, dep_type
            from dependencies cross join tasks on tasks.id = from_task_id
            where to_task_id = :id and vertical = :vertical and (vertical or holds = 'start')
                and deleted_at is null
            order by n";
        let (sql, vertical) = match reach {
            Reach::Before => (IN, false),
            Reach::After => (OUT, false),
            Reach::Above => (IN, true),
            Reach::Below => (OUT, true),
        };
        let mut statement = self.0.prepare_cached(sql)?;
        let rows = statement.query_map(named_params! { ":id": id, ":vertical": vertical }, |row| {
            Ok((neighbour(row)?, row.get("dep_type")?))
        })?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// Returns true if a child of the task is in `status`.
    pub fn has_child_in(&self, id: &TaskId, status: &Status) -> Result<bool> {
        const SQL: &str = "
            select 1
            from dependencies cross join tasks on tasks.id = to_task_id
            where from_task_id = :id and vertical = 1 and status = :status and deleted_at is null";
        Ok(self.0.prepare_cached(SQL)?.exists(named_params! { ":id": id, ":status": status })?)
    }

    /// Returns these tasks, the oldest first.
    pub fn whole(&self, ids: &[TaskId]) -> Result<Vec<Task>> {
        const SQL: &str = tasks_sql!("where id in (select value from json_each(:ids)) order by n");
        let mut statement = self.0.prepare_cached(SQL)?;
        let rows = statement.query_map(named_params! { ":ids": super::row::Json(ids) }, task)?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }
}

fn neighbour(row: &Row<'_>) -> rusqlite::Result<Neighbour> {
    Ok(Neighbour { id: row.get("id")?, status: row.get("status")?, title: row.get("title")? })
}

fn holds_word(holds: Holds) -> &'static str {
    match holds {
        Holds::Start => "start",
        Holds::Completion => "completion",
    }
}
