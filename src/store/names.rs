//! Looks up tasks and workers by the beginning of their names.

use rusqlite::{ToSql, named_params};

use super::Tx;
use crate::domain::{TaskId, WorkerId, nearest};
use crate::error::Result;

impl Tx<'_> {
    /// Returns the newest tasks, the newest first.
    pub fn newest_tasks(&self, limit: usize) -> Result<Vec<TaskId>> {
        const SQL: &str = "
            select id
            from tasks
            where deleted_at is null
            order by n desc
            limit :limit";
        let limit = limit as i64;
        self.named(SQL, named_params! { ":limit": limit })
    }

    /// Returns the tasks whose id begins with `start`, or whose generated id has a short form that does.
    pub fn tasks_called(&self, start: &str, limit: usize) -> Result<Vec<TaskId>> {
        const SQL: &str = "
            select id
            from tasks
            where id >= :start and id < :start || char(1114111) and deleted_at is null
            order by id
            limit :limit";
        const BY_TAIL: &str = "
            select id
            from tasks
            where length(id) = 36 and substr(id, -8) >= :start and substr(id, -8) < :start || char(1114111)
                and deleted_at is null
            order by substr(id, -8)
            limit :limit";
        let most = limit as i64;
        let mut found: Vec<TaskId> = self.named(SQL, named_params! { ":start": start, ":limit": most })?;
        let by_tail: Vec<TaskId> = self.named(BY_TAIL, named_params! { ":start": start, ":limit": most })?;
        for id in by_tail {
            if !found.contains(&id) {
                found.push(id);
            }
        }
        found.truncate(limit);
        Ok(found)
    }

    /// Returns the workers whose name begins with `start`, present or not.
    pub fn workers_called(&self, start: &str, limit: usize) -> Result<Vec<WorkerId>> {
        const SQL: &str = "
            select id
            from workers
            where id >= :start and id < :start || char(1114111)
            order by id
            limit :limit";
        let limit = limit as i64;
        self.named(SQL, named_params! { ":start": start, ":limit": limit })
    }

    fn named<T: rusqlite::types::FromSql>(
        &self,
        sql: &'static str,
        values: &[(&str, &dyn ToSql)],
    ) -> Result<Vec<T>> {
        let mut statement = self.0.prepare_cached(sql)?;
        let rows = statement.query_map(values, |row| row.get(0))?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }
}

/// Returns the name that is most similar to the given one, or else all names if they are few.
pub(super) fn likely(given: &str, mut names: Vec<String>) -> Vec<String> {
    const FEW: usize = 5;
    let known: Vec<&str> = names.iter().map(String::as_str).collect();
    if let Some(near) = nearest(given, &known) {
        return vec![near.to_owned()];
    }
    if names.len() > FEW {
        names.clear();
    }
    names
}
