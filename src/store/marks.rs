//! Marks on files, the workers that wait for them, and the files that tasks are about.

use std::collections::BTreeMap;

use rusqlite::{Params, Row, named_params};

use super::Tx;
use crate::domain::{Mark, MarkPath, TaskId, Timestamp, WorkerId};
use crate::error::Result;

/// A worker's wish for a mark that another worker has.
#[derive(Clone, Debug)]
pub struct Want {
    pub file: MarkPath,
    pub worker: WorkerId,
}

/// Selects marks.
#[derive(Clone, Debug, Default)]
pub struct MarkFilter {
    pub worker: Option<WorkerId>,
    pub task: Option<TaskId>,
}

impl Tx<'_> {
    /// Returns the marks that may concern a file that `path` matches: those at its place, around it or under it.
    pub fn marks_near(&self, path: &MarkPath) -> Result<Vec<Mark>> {
        const AT: &str = "select * from file_locks where file_path = :path";
        const AROUND: &str = "select * from file_locks where stem = :stem";
        const UNDER: &str = "
            select *
            from file_locks
            where file_path > :stem || '/' and file_path < :stem || '0'";
        const ALL: &str = "select * from file_locks";
        if path.is_lock() {
            return self.marks(AT, named_params! { ":path": path });
        }
        let mut near = self.marks(AT, named_params! { ":path": path.stem() })?;
        for stem in path.stems() {
            near.extend(self.marks(AROUND, named_params! { ":stem": stem })?);
        }
        if path.is_pattern() {
            near.extend(match path.stem() {
                "" => self.marks(ALL, [])?,
                stem => self.marks(UNDER, named_params! { ":stem": stem })?,
            });
        }
        let by_path: BTreeMap<MarkPath, Mark> =
            near.into_iter().map(|mark| (mark.file.clone(), mark)).collect();
        Ok(by_path.into_values().collect())
    }

    /// Returns the mark on exactly this path.
    pub fn mark_on(&self, path: &MarkPath) -> Result<Option<Mark>> {
        const SQL: &str = "select * from file_locks where file_path = :path";
        Ok(self.marks(SQL, named_params! { ":path": path })?.pop())
    }

    /// Returns the marks of a worker.
    pub fn marks_of(&self, worker: &WorkerId) -> Result<Vec<Mark>> {
        const SQL: &str = "select * from file_locks where worker_id = :worker order by file_path";
        self.marks(SQL, named_params! { ":worker": worker })
    }

    /// Returns the marks that are tied to a task.
    pub fn marks_for(&self, task: &TaskId) -> Result<Vec<Mark>> {
        const SQL: &str = "select * from file_locks where task_id = :task order by file_path";
        self.marks(SQL, named_params! { ":task": task })
    }

    /// Returns a page of marks by path, after a path.
    pub fn marks_after(&self, filter: &MarkFilter, after: &str, limit: usize) -> Result<Vec<Mark>> {
        const SQL: &str = "
            select *
            from file_locks
            where file_path > :after
                and (:worker is null or worker_id = :worker)
                and (:task is null or task_id = :task)
            order by file_path
            limit :limit";
        let MarkFilter { worker, task } = filter;
        self.marks(
            SQL,
            named_params! { ":after": after, ":worker": worker, ":task": task, ":limit": limit as i64 },
        )
    }

    /// Returns the number of marks.
    pub fn count_marks(&self, filter: &MarkFilter) -> Result<usize> {
        const SQL: &str = "
            select count(*)
            from file_locks
            where (:worker is null or worker_id = :worker) and (:task is null or task_id = :task)";
        let MarkFilter { worker, task } = filter;
        let keys = named_params! { ":worker": worker, ":task": task };
        Ok(self.0.prepare_cached(SQL)?.query_row(keys, |row| row.get::<_, i64>(0))? as usize)
    }

    /// Stores a mark, new or changed.
    pub fn put_mark(&self, mark: &Mark) -> Result<()> {
        const SQL: &str = "
            insert into file_locks (file_path, stem, worker_id, task_id, reason, locked_at)
            values (:path, :stem, :worker, :task, :reason, :since)
            on conflict (file_path) do update set task_id = :task, reason = :reason";
        let Mark { file, worker, task, reason, since } = mark;
        self.0.prepare_cached(SQL)?.execute(named_params! {
            ":path": file,
            ":stem": file.is_pattern().then(|| file.stem()),
            ":worker": worker,
            ":task": task,
            ":reason": reason,
            ":since": since,
        })?;
        Ok(())
    }

    /// Removes a mark.
    pub fn remove_mark(&self, path: &MarkPath) -> Result<()> {
        const SQL: &str = "delete from file_locks where file_path = :path";
        self.0.prepare_cached(SQL)?.execute(named_params! { ":path": path })?;
        Ok(())
    }

    /// Stores a worker's wish for a mark, and returns true if it is new.
    pub fn want(&self, mark: &Mark) -> Result<bool> {
        const NEW: &str = "
            insert into file_wants (file_path, worker_id, task_id, reason, wanted_at)
            values (:path, :worker, :task, :reason, :now)
            on conflict do nothing";
        const KNOWN: &str = "
            update file_wants
            set task_id = :task, reason = coalesce(:reason, reason)
            where file_path = :path and worker_id = :worker";
        let Mark { file, worker, task, reason, since } = mark;
        let added = self.0.prepare_cached(NEW)?.execute(named_params! {
            ":path": file, ":worker": worker, ":task": task, ":reason": reason, ":now": since,
        })?;
        if added == 0 {
            self.0.prepare_cached(KNOWN)?.execute(named_params! {
                ":path": file, ":worker": worker, ":task": task, ":reason": reason,
            })?;
        }
        Ok(added > 0)
    }

    /// Removes a worker's wish for a path, and returns true if there was one.
    pub fn unwant(&self, path: &MarkPath, worker: &WorkerId) -> Result<bool> {
        const SQL: &str = "delete from file_wants where file_path = :path and worker_id = :worker";
        let keys = named_params! { ":path": path, ":worker": worker };
        Ok(self.0.prepare_cached(SQL)?.execute(keys)? > 0)
    }

    /// Returns the wishes of a worker.
    pub fn wants_of(&self, worker: &WorkerId) -> Result<Vec<Want>> {
        const SQL: &str = "select * from file_wants where worker_id = :worker order by file_path";
        self.wants_by(SQL, named_params! { ":worker": worker })
    }

    /// Returns the wishes for a task.
    pub fn wants_for(&self, task: &TaskId) -> Result<Vec<Want>> {
        const SQL: &str = "select * from file_wants where task_id = :task order by worker_id, file_path";
        self.wants_by(SQL, named_params! { ":task": task })
    }

    /// Returns the first wishes of all workers.
    pub fn wants(&self, limit: usize) -> Result<Vec<Want>> {
        const SQL: &str = "select * from file_wants limit :limit";
        self.wants_by(SQL, named_params! { ":limit": limit as i64 })
    }

    /// Returns true if marks or wishes are tied to a task.
    pub fn is_marked_for(&self, task: &TaskId) -> Result<bool> {
        const SQL: &str = "
            select 1
            where exists (select 1 from file_locks where task_id = :task)
                or exists (select 1 from file_wants where task_id = :task)";
        Ok(self.0.prepare_cached(SQL)?.exists(named_params! { ":task": task })?)
    }

    /// Returns the files that a task is about.
    pub fn files_of(&self, task: &TaskId) -> Result<Vec<MarkPath>> {
        const SQL: &str = "select file_path from task_files where task_id = :task order by file_path";
        let mut statement = self.0.prepare_cached(SQL)?;
        let rows = statement.query_map(named_params! { ":task": task }, |row| row.get(0))?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// Replaces the files that a task is about.
    pub fn set_files(&self, task: &TaskId, files: &[MarkPath]) -> Result<()> {
        const CLEAR: &str = "delete from task_files where task_id = :task";
        const ADD: &str = "
            insert into task_files (task_id, file_path)
            values (:task, :path)
            on conflict do nothing";
        self.0.prepare_cached(CLEAR)?.execute(named_params! { ":task": task })?;
        for path in files {
            self.0.prepare_cached(ADD)?.execute(named_params! { ":task": task, ":path": path })?;
        }
        Ok(())
    }

    fn marks(&self, sql: &'static str, keys: impl Params) -> Result<Vec<Mark>> {
        let mut statement = self.0.prepare_cached(sql)?;
        let rows = statement.query_map(keys, mark)?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    fn wants_by(&self, sql: &'static str, keys: impl Params) -> Result<Vec<Want>> {
        let mut statement = self.0.prepare_cached(sql)?;
        let want = |row: &Row<'_>| Ok(Want { file: row.get("file_path")?, worker: row.get("worker_id")? });
        let rows = statement.query_map(keys, want)?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }
}

fn mark(row: &Row<'_>) -> rusqlite::Result<Mark> {
    let since: Timestamp = row.get("locked_at")?;
    Ok(Mark {
        file: row.get("file_path")?,
        worker: row.get("worker_id")?,
        task: row.get("task_id")?,
        reason: row.get("reason")?,
        since,
    })
}
