//! Tasks: looking up, adding, editing and removing them.

use std::collections::BTreeSet;

use rusqlite::{OptionalExtension, Row, named_params};
use serde_json::json;

use super::jobs::Hold;
use super::row::{Columns, Json};
use super::{Because, Event, Tx};
use crate::domain::{Demand, Meaning, ProjectKey, Status, Tag, Task, TaskDraft, TaskId, TaskRef, Timestamp};
use crate::error::{Error, Result};

/// Completes a statement that reads whole tasks.
macro_rules! tasks_sql {
    ($rest:literal) => {
        concat!(
            "select id, title, description, workflow, status, phase, priority, worker_id, claimed_at,
                attempt, needed_tags, wanted_tags, tags, points, time_estimate_ms, time_actual_ms,
                timed_since, started_at, completed_at, current_thought, created_at, created_by, updated_at,
                deleted_at, open_blockers, blocked_above, open_children,
                ready and ",
            super::filter::goes_on!(),
            ",
                is_job, withheld <> 0, group_key, project, project is n, template, is_overlaid
            from tasks ",
            $rest
        )
    };
}
pub(super) use tasks_sql;

/// The position of a new task, in its workflow and among the other tasks.
#[derive(Clone, Copy, Debug)]
pub struct FirstPlace<'a> {
    pub status: &'a Status,
    pub meaning: Meaning,
    pub parent: Option<&'a TaskId>,
    /// True if it is a child of the parent, not only linked to it.
    pub is_inside: bool,
    pub project: Option<ProjectKey>,
    pub open_blockers: i64,
    pub blocked_above: i64,
}

impl Tx<'_> {
    /// Returns the id of the task that a caller names.
    pub fn resolve(&self, name: &TaskRef) -> Result<TaskId> {
        const EXACT: &str = "select id from tasks where id = :id";
        const BY_TAIL: &str = "
            select id
            from tasks
            where length(id) = 36 and substr(id, -8) = :tail
            order by n
            limit 10";
        let exact = self.0.prepare_cached(EXACT)?.query_row([name.as_str()], |row| row.get(0));
        if let Some(id) = exact.optional()? {
            return Ok(id);
        }
        let mut found: Vec<TaskId> = Vec::new();
        let tail = name.tail().map(str::to_lowercase);
        if let Some(tail) = &tail {
            let mut statement = self.0.prepare_cached(BY_TAIL)?;
            let rows = statement.query_map(named_params! { ":tail": tail }, |row| row.get(0))?;
            found = rows.collect::<rusqlite::Result<_>>()?;
        }
        if found.is_empty() {
            found = self.once_called(name)?;
        }
        match found.pop() {
            None => Err(self.no_task(name)?),
            Some(id) if found.is_empty() => Ok(id),
            Some(id) => Err(Error::Ambiguous {
                tail: tail.unwrap_or_default(),
                candidates: found.iter().chain([&id]).map(|id| id.as_str().to_owned()).collect(),
            }),
        }
    }

    /// Returns the refusal of a name that no task has, with the names that begin alike.
    fn no_task(&self, name: &TaskRef) -> Result<Error> {
        const SQL: &str = "
            select id
            from tasks
            where id >= :start and id < :start || char(1114111) and deleted_at is null
            order by id
            limit 3";
        let start: String = name.as_str().chars().take(name.as_str().len().div_ceil(2)).collect();
        let mut statement = self.0.prepare_cached(SQL)?;
        let rows = statement.query_map(named_params! { ":start": start }, |row| row.get::<_, TaskId>(0))?;
        let near = rows.map(|id| id.map(|id| id.short().to_owned()));
        Ok(Error::NotFound {
            what: "task",
            name: name.to_string(),
            near: near.collect::<rusqlite::Result<_>>()?,
        })
    }

    /// Returns a task, deleted or not.
    pub fn task(&self, id: &TaskId) -> Result<Task> {
        self.task_if_known(id.as_str())?.ok_or_else(|| Error::not_found("task", id))
    }

    /// Returns the task that a caller names.
    pub fn task_called(&self, name: &TaskRef) -> Result<Task> {
        match self.task_if_known(name.as_str())? {
            Some(task) => Ok(task),
            None => self.task(&self.resolve(name)?),
        }
    }

    fn task_if_known(&self, id: &str) -> Result<Option<Task>> {
        const SQL: &str = tasks_sql!("where id = :id");
        let mut statement = self.0.prepare_cached(SQL)?;
        Ok(statement.query_row(named_params! { ":id": id }, task).optional()?)
    }

    /// Returns true if a task has this id, deleted or not.
    pub fn has_task(&self, id: &TaskId) -> Result<bool> {
        const SQL: &str = "select 1 from tasks where id = :id";
        Ok(self.0.prepare_cached(SQL)?.exists(named_params! { ":id": id })?)
    }

    /// Returns true if the last digits of a generated id already belong to another task.
    pub fn has_tail(&self, id: &TaskId) -> Result<bool> {
        const SQL: &str = "select 1 from tasks where length(id) = 36 and substr(id, -8) = :tail";
        Ok(self.0.prepare_cached(SQL)?.exists(named_params! { ":tail": id.tail() })?)
    }

    /// Adds a task. Its links are added later; `place` has their effects already.
    pub fn add_task(&self, draft: &TaskDraft, place: &FirstPlace<'_>, because: &Because<'_>) -> Result<()> {
        const SQL: &str = "
            insert into tasks (id, title, description, workflow, status, phase, priority,
                needed_tags, wanted_tags, tags, points, time_estimate_ms,
                created_at, created_by, updated_at, is_waiting, is_blocking, is_ended,
                open_blockers, blocked_above, is_job, withheld, group_key, project, parent)
            values (:id, :title, :description, :workflow, :status, :phase, :priority,
                :needed, :wanted, :tags, :points, :estimate,
                :now, :worker, :now, :waiting, :blocking, :ended,
                :open_blockers, :blocked_above, :is_job, :withheld, :group, :project,
                (select n from tasks where id = :inside))";
        let FirstPlace { status, meaning, parent, is_inside, project, open_blockers, blocked_above } = place;
        let TaskDraft {
            id,
            title,
            description,
            workflow,
            phase,
            priority,
            demand,
            tags,
            points,
            time_estimate_ms,
            job,
        } = draft;
        let group = job.as_ref().and_then(|job| job.settings.group.as_ref());
        self.0.prepare_cached(SQL)?.execute(named_params! {
            ":id": id,
            ":title": title,
            ":description": description,
            ":workflow": workflow,
            ":status": status,
            ":phase": phase,
            ":priority": priority,
            ":needed": Json(&demand.needed),
            ":wanted": Json(&demand.wanted),
            ":tags": Json(tags),
            ":points": points,
            ":estimate": time_estimate_ms,
            ":now": because.at,
            ":worker": because.worker,
            ":waiting": meaning.waiting,
            ":blocking": meaning.blocking,
            ":ended": meaning.terminal,
            ":open_blockers": open_blockers,
            ":blocked_above": blocked_above,
            ":is_job": job.is_some(),
            ":withheld": job.as_ref().map_or(Hold::Nothing, Hold::of),
            ":group": group,
            ":project": project,
            ":inside": parent.filter(|_| *is_inside),
        })?;
        self.add_tags(id, tags)?;
        if let Some(job) = job {
            self.add_job(id, job)?;
        }
        self.record_creation(id, place, because)
    }

    fn record_creation(&self, id: &TaskId, place: &FirstPlace<'_>, because: &Because<'_>) -> Result<()> {
        let FirstPlace { status, parent, .. } = place;
        let after = match parent {
            Some(parent) => json!({ "status": status, "parent": parent }),
            None => json!({ "status": status }),
        };
        self.record(&Event { task: Some(id), after: Some(after), ..Event::of("created", because) })
    }

    /// Stores all fields of a task except its state, holder and counts.
    pub fn edit_task(&self, task: &Task, now: Timestamp) -> Result<()> {
        const SQL: &str = "
            update tasks
            set title = :title, description = :description, phase = :phase, priority = :priority,
                needed_tags = :needed, wanted_tags = :wanted, tags = :tags,
                points = :points, time_estimate_ms = :estimate, updated_at = :now
            where id = :id";
        self.0.prepare_cached(SQL)?.execute(named_params! {
            ":id": task.id,
            ":title": task.title,
            ":description": task.description,
            ":phase": task.phase,
            ":priority": task.priority,
            ":needed": Json(&task.demand.needed),
            ":wanted": Json(&task.demand.wanted),
            ":tags": Json(&task.tags),
            ":points": task.points,
            ":estimate": task.time_estimate_ms,
            ":now": now,
        })?;
        self.set_tags(&task.id, &task.tags)
    }

    fn set_tags(&self, id: &TaskId, tags: &BTreeSet<Tag>) -> Result<()> {
        const REMOVE: &str = "
            delete from task_tags
            where task_id = :id and tag not in (select value from json_each(:tags))";
        self.0.prepare_cached(REMOVE)?.execute(named_params! { ":id": id, ":tags": Json(tags) })?;
        self.add_tags(id, tags)
    }

    fn add_tags(&self, id: &TaskId, tags: &BTreeSet<Tag>) -> Result<()> {
        const SQL: &str = "
            insert into task_tags (tag, task_id)
            values (:tag, :id)
            on conflict do nothing";
        for tag in tags {
            self.0.prepare_cached(SQL)?.execute(named_params! { ":tag": tag, ":id": id })?;
        }
        Ok(())
    }

    /// Marks a task as deleted. The effects on other tasks are not applied here.
    pub fn mark_deleted(&self, id: &TaskId, because: &Because<'_>) -> Result<()> {
        const SQL: &str = "
            update tasks
            set deleted_at = :now, deleted_by = :by, deleted_reason = :reason, updated_at = :now
            where id = :id";
        self.0.prepare_cached(SQL)?.execute(named_params! {
            ":id": id,
            ":now": because.at,
            ":by": because.worker,
            ":reason": because.reason,
        })?;
        Ok(())
    }

    /// Removes the deletion mark of a task.
    pub fn unmark_deleted(&self, id: &TaskId, now: Timestamp) -> Result<()> {
        const SQL: &str = "
            update tasks
            set deleted_at = null, deleted_by = null, deleted_reason = null, updated_at = :now
            where id = :id";
        self.0.prepare_cached(SQL)?.execute(named_params! { ":id": id, ":now": now })?;
        Ok(())
    }

    /// Deletes a task for good, with its links, tags, attempts and attachments.
    pub fn obliterate(&self, id: &TaskId) -> Result<()> {
        const SQL: &str = "delete from tasks where id = :id";
        self.0.prepare_cached(SQL)?.execute(named_params! { ":id": id })?;
        Ok(())
    }

    /// Changes the id of a task everywhere. The task may still be found by the old one.
    pub fn rename_task(&self, id: &TaskId, new: &TaskId, now: Timestamp) -> Result<()> {
        const TASK: &str = "update tasks set id = :new, updated_at = :now where id = :id";
        const EVENTS: &str = "update events set task_id = :new where task_id = :id";
        self.0.prepare_cached(TASK)?.execute(named_params! { ":id": id, ":new": new, ":now": now })?;
        self.0.prepare_cached(EVENTS)?.execute(named_params! { ":id": id, ":new": new })?;
        self.keep_old_name(id, new)
    }
}

pub(super) fn task(row: &Row<'_>) -> rusqlite::Result<Task> {
    let mut columns = Columns::of(row);
    Ok(Task {
        id: columns.next()?,
        title: columns.next()?,
        description: columns.next()?,
        workflow: columns.next()?,
        status: columns.next()?,
        phase: columns.next()?,
        priority: columns.next()?,
        holder: columns.next()?,
        claimed_at: columns.next()?,
        attempt: columns.next()?,
        demand: Demand { needed: columns.tags()?, wanted: columns.tags()? },
        tags: columns.tags()?,
        points: columns.next()?,
        time_estimate_ms: columns.next()?,
        time_actual_ms: columns.next()?,
        timed_since: columns.next()?,
        started_at: columns.next()?,
        completed_at: columns.next()?,
        thought: columns.next()?,
        created_at: columns.next()?,
        created_by: columns.next()?,
        updated_at: columns.next()?,
        deleted_at: columns.next()?,
        open_blockers: columns.next()?,
        blocked_above: columns.next()?,
        open_children: columns.next()?,
        ready: columns.next()?,
        is_job: columns.next()?,
        is_withheld: columns.next()?,
        group: columns.next()?,
        project: columns.next()?,
        is_project: columns.next()?,
        template: columns.next()?,
        is_overlaid: columns.next()?,
    })
}
