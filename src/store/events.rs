//! The event feed. Entries are appended here and never changed.

use rusqlite::{OptionalExtension, Row, ToSql, named_params};
use serde_json::Value;

use super::row::Json;
use super::{Because, Tx};
use crate::domain::{MarkPath, ProjectKey, TaskId, Timestamp, WorkerId};
use crate::error::Result;

/// An entry to append.
#[derive(Clone, Debug, Default)]
pub struct Event<'a> {
    /// The kind of event: `created`, `status`, `linked`.
    pub what: &'a str,
    pub at: Timestamp,
    pub task: Option<&'a TaskId>,
    /// The file whose mark changed.
    pub file: Option<&'a MarkPath>,
    /// The worker that did it; none if it followed from another change.
    pub worker: Option<&'a WorkerId>,
    pub attempt: Option<i64>,
    /// The operation or rule that did it.
    pub cause: Option<&'a str>,
    /// The reason that the author gave.
    pub reason: Option<&'a str>,
    /// The changed values, before and after.
    pub before: Option<Value>,
    pub after: Option<Value>,
}

impl<'a> Event<'a> {
    /// Returns an event with this author, time, cause and reason.
    pub fn of(what: &'a str, because: &Because<'a>) -> Self {
        Self {
            what,
            at: because.at,
            worker: because.worker,
            cause: Some(because.cause),
            reason: because.reason,
            ..Self::default()
        }
    }
}

/// The statements that read the feed in one direction.
struct Feeds {
    of_all: &'static str,
    of_task: &'static str,
    of_small_project: &'static str,
    of_large_project: &'static str,
}

macro_rules! feed {
    ($from:literal, $bound:literal, $order:literal) => {
        concat!(
            "select events.*
            from ",
            $from,
            " and ",
            $bound,
            " and (:worker is null or events.worker_id = :worker)
                and (:kinds is null or event in (select value from json_each(:kinds)))
            order by ",
            $order,
            " limit :limit"
        )
    };
}

macro_rules! feeds {
    ($bound:literal, $order:literal) => {
        Feeds {
            of_all: feed!("events where true", $bound, $order),
            of_task: feed!("events where task_id = :task", $bound, $order),
            of_small_project: feed!(
                "tasks cross join events on task_id = tasks.id where project = :project",
                $bound,
                $order
            ),
            of_large_project: feed!(
                "events where exists (select 1 from tasks where id = task_id and project = :project)",
                $bound,
                $order
            ),
        }
    };
}

impl Tx<'_> {
    /// Appends an entry to the feed.
    pub fn record(&self, event: &Event<'_>) -> Result<()> {
        const SQL: &str = "
            insert into events (timestamp, event, task_id, worker_id, attempt, cause, reason, before, after,
                file_path)
            values (:now, :what, :task, :worker, :attempt, :cause, :reason, :before, :after,
                :file)";
        let Event { what, at, task, file, worker, attempt, cause, reason, before, after } = event;
        self.0.prepare_cached(SQL)?.execute(named_params! {
            ":now": at,
            ":what": what,
            ":task": task,
            ":file": file,
            ":worker": worker,
            ":attempt": attempt,
            ":cause": cause,
            ":reason": reason,
            ":before": before.as_ref().map(Json),
            ":after": after.as_ref().map(Json),
        })?;
        Ok(())
    }

    /// Returns the time of the newest entry.
    pub fn newest_event_at(&self) -> Result<Option<Timestamp>> {
        const SQL: &str = "
            select timestamp
            from events
            order by id desc
            limit 1";
        Ok(self.0.prepare_cached(SQL)?.query_row([], |row| row.get(0)).optional()?)
    }

    /// Returns the number of the newest entry; 0 before the first.
    pub fn newest_event(&self) -> Result<i64> {
        const SQL: &str = "select coalesce(max(id), 0) from events";
        Ok(self.0.prepare_cached(SQL)?.query_row([], |row| row.get(0))?)
    }

    /// Returns the entries after one, the oldest first.
    pub fn feed_after(&self, filter: &FeedFilter, since: i64, limit: usize) -> Result<Vec<FeedRow>> {
        self.feed(&feeds!("events.id > :bound", "events.id"), filter, since, limit)
    }

    /// Returns the newest entries, the oldest of them first.
    pub fn feed_newest(&self, filter: &FeedFilter, limit: usize) -> Result<Vec<FeedRow>> {
        let feeds = feeds!("events.id < :bound", "events.id desc");
        let mut rows = self.feed(&feeds, filter, i64::MAX, limit)?;
        rows.reverse();
        Ok(rows)
    }

    fn feed(&self, feeds: &Feeds, filter: &FeedFilter, bound: i64, limit: usize) -> Result<Vec<FeedRow>> {
        let FeedFilter { task, project, worker, kinds } = filter;
        let (kinds, limit) = (kinds.as_ref().map(Json), limit as i64);
        let mut names: Vec<(&str, &dyn ToSql)> =
            vec![(":bound", &bound), (":worker", worker), (":kinds", &kinds), (":limit", &limit)];
        let sql = match (task, project) {
            (Some(task), _) => {
                names.push((":task", task));
                feeds.of_task
            }
            (None, None) => feeds.of_all,
            (None, Some(project)) => {
                names.push((":project", project));
                match self.is_large(*project)? {
                    false => feeds.of_small_project,
                    true => feeds.of_large_project,
                }
            }
        };
        self.feed_rows(sql, &names)
    }

    /// Returns true if a project has so many tasks that reading the feed is faster than reading the entries of each
    /// task.
    fn is_large(&self, project: ProjectKey) -> Result<bool> {
        const LARGE: i64 = 20_000;
        Ok(self.tallies_in(project)?.iter().map(|tally| tally.tasks).sum::<i64>() > LARGE)
    }

    fn feed_rows(&self, sql: &'static str, names: &[(&str, &dyn ToSql)]) -> Result<Vec<FeedRow>> {
        let mut statement = self.0.prepare_cached(sql)?;
        let rows = statement.query_map(names, feed_row)?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// Returns the number of the last entry that the worker caused on a task; 0 if there is none.
    ///
    /// An entry for getting the task back on connecting does not count.
    pub fn last_event_of(&self, worker: &WorkerId, task: &TaskId) -> Result<i64> {
        const SQL: &str = "
            select id
            from events
            where task_id = :task and worker_id = :worker and cause is not 'resume'
            order by id desc
            limit 1";
        let keys = named_params! { ":task": task, ":worker": worker };
        let found = self.0.prepare_cached(SQL)?.query_row(keys, |row| row.get(0));
        Ok(found.optional()?.unwrap_or_default())
    }

    /// Returns the last entries on a task after an event that were caused by others than the worker, and their
    /// number. Messages do not count.
    pub fn events_of_others(
        &self,
        task: &TaskId,
        worker: &WorkerId,
        since: i64,
        limit: usize,
    ) -> Result<(Vec<FeedRow>, usize)> {
        const ROWS: &str = "
            select *
            from events
            where task_id = :of and id > :since and worker_id is not :worker and event <> 'sent'
            order by id desc
            limit :limit";
        const COUNT: &str = "
            select count(*)
            from events
            where task_id = :of and id > :since and worker_id is not :worker and event <> 'sent'";
        self.of_others([ROWS, COUNT], task.as_str(), worker, Bounds { since, limit })
    }

    /// Returns the same for the mark on a file.
    pub fn mark_events_of_others(
        &self,
        file: &MarkPath,
        worker: &WorkerId,
        since: i64,
        limit: usize,
    ) -> Result<(Vec<FeedRow>, usize)> {
        const ROWS: &str = "
            select *
            from events
            where file_path = :of and id > :since and worker_id is not :worker
            order by id desc
            limit :limit";
        const COUNT: &str = "
            select count(*)
            from events
            where file_path = :of and id > :since and worker_id is not :worker";
        self.of_others([ROWS, COUNT], file.as_str(), worker, Bounds { since, limit })
    }

    fn of_others(
        &self,
        [rows, count]: [&'static str; 2],
        of: &str,
        worker: &WorkerId,
        Bounds { since, limit }: Bounds,
    ) -> Result<(Vec<FeedRow>, usize)> {
        let (of, worker): (&dyn ToSql, &dyn ToSql) = (&of, worker);
        let most = limit as i64;
        let keys = [(":of", of), (":worker", worker), (":since", &since)];
        let found = self.feed_rows(rows, &[&keys[..], &[(":limit", &most)]].concat())?;
        if found.len() < limit {
            let number = found.len();
            return Ok((found, number));
        }
        let number: i64 = self.0.prepare_cached(count)?.query_row(&keys[..], |row| row.get(0))?;
        Ok((found, number as usize))
    }

    /// Returns the last entries on a task, the newest first.
    pub fn events_of(&self, task: &TaskId, limit: usize) -> Result<Vec<FeedRow>> {
        let filter = FeedFilter { task: Some(task.clone()), ..FeedFilter::default() };
        let mut rows = self.feed_newest(&filter, limit)?;
        rows.reverse();
        Ok(rows)
    }
}

/// The entry from which to read, and the number of entries.
#[derive(Clone, Copy)]
struct Bounds {
    since: i64,
    limit: usize,
}

/// Selects entries of the feed.
#[derive(Clone, Debug, Default)]
pub struct FeedFilter {
    pub task: Option<TaskId>,
    /// Only tasks of this project; ignored if a task is named.
    pub project: Option<ProjectKey>,
    pub worker: Option<WorkerId>,
    pub kinds: Option<Vec<String>>,
}

/// An entry of the feed.
#[derive(Clone, Debug)]
pub struct FeedRow {
    pub id: i64,
    pub at: Timestamp,
    pub what: String,
    pub task: Option<TaskId>,
    pub file: Option<MarkPath>,
    pub worker: Option<WorkerId>,
    pub attempt: Option<i64>,
    pub cause: Option<String>,
    pub reason: Option<String>,
    pub before: Option<Value>,
    pub after: Option<Value>,
}

pub(super) fn feed_row(row: &Row<'_>) -> rusqlite::Result<FeedRow> {
    let json = |column: &str| {
        Ok::<_, rusqlite::Error>(row.get::<_, Option<Json<Value>>>(column)?.map(|json| json.0))
    };
    Ok(FeedRow {
        id: row.get("id")?,
        at: row.get("timestamp")?,
        what: row.get("event")?,
        task: row.get("task_id")?,
        file: row.get("file_path")?,
        worker: row.get("worker_id")?,
        attempt: row.get("attempt")?,
        cause: row.get("cause")?,
        reason: row.get("reason")?,
        before: json("before")?,
        after: json("after")?,
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::store::{Effect, Options, Patience, Store};

    /// Three tasks: the first is a project, the second is in it. Each has two entries in the feed.
    const FILLED: &str = "
        insert into tasks (n, id, title, workflow, status, created_at, updated_at, is_waiting, is_blocking, is_ended)
        select value, 't' || value, 't', 'default', 'pending', 0, 0, 1, 1, 0 from json_each('[1, 2, 3]');
        insert into projects (task, name) values (1, 'p');
        update tasks set project = 1 where n < 3;
        insert into events (timestamp, event, task_id) select 0, 'created', id from tasks;
        insert into events (timestamp, event, task_id) select 1, 'edited', id from tasks;
        insert into events (timestamp, event) values (2, 'connected');";

    #[test]
    fn a_project_has_the_same_feed_however_large_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let options = Options { lock_wait: Duration::from_secs(10), synced: false };
        let store = Store::open(&folder.path().join("tasks.db"), options).unwrap();

        store.transact(Patience::Waits, Effect::Note, |tx| Ok(tx.0.execute_batch(FILLED)?)).unwrap();

        let read = |sql: &'static str, bound: i64| {
            let names: [(&str, &dyn ToSql); 5] = [
                (":project", &1),
                (":bound", &bound),
                (":worker", &None::<WorkerId>),
                (":kinds", &None::<String>),
                (":limit", &3),
            ];
            let rows = store.transact(Patience::Waits, Effect::Read, |tx| tx.feed_rows(sql, &names));
            rows.unwrap().iter().map(|row| row.id).collect::<Vec<_>>()
        };

        let (on, back) =
            (feeds!("events.id > :bound", "events.id"), feeds!("events.id < :bound", "events.id desc"));
        assert_eq!([read(on.of_small_project, 1), read(on.of_large_project, 1)], [[2, 4, 5], [2, 4, 5]]);
        assert_eq!([read(back.of_small_project, 9), read(back.of_large_project, 9)], [[5, 4, 2], [5, 4, 2]]);
    }
}
