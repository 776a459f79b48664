//! Invariants that hold in every store, after any calls and any crash. The tables are read
//! without the program that writes them.

use std::collections::{HashMap, HashSet};
use std::path::Path;

use rusqlite::Connection;
use rusqlite::types::ValueRef;
use serde_json::Value;

/// Queries that find broken invariants, and their names.
const FAULTS: &[(&str, &str)] = &[
    (
        "an attempt number twice, or one left out",
        "select id, attempt from tasks
        where attempt <> (select count(*) from attempts where task_id = id)
            or attempt <> (select coalesce(max(attempt), 0) from attempts where task_id = id)",
    ),
    (
        "a worker with more or fewer messages to be told of than are counted",
        "select id, untold_messages from workers
        where untold_messages <> (
            select count(*) from deliveries where worker_id = id and told_at is null)",
    ),
    (
        "two attempts at a task under way at once",
        "select task_id from attempts where ended_at is null group by task_id having count(*) > 1",
    ),
    (
        "a task whose attempt under way is not its holder's newest",
        "select id, worker_id from tasks
        where (claimed_at is not null) <> exists (
            select * from attempts
            where task_id = id and ended_at is null
                and attempts.worker_id = tasks.worker_id and attempts.attempt = tasks.attempt)",
    ),
    (
        "a task that one holds who is gone",
        "select tasks.id, worker_id from tasks join workers on workers.id = worker_id
        where left_at is not null",
    ),
    (
        "a task whose time is counted while nobody works on it, or the other way round",
        "select id, status from tasks where (timed_since is not null) <> (status = 'working')",
    ),
    (
        "a task that means to others what its state does not",
        "select id, status from tasks
        where is_blocking <> (status not in ('completed', 'cancelled') and deleted_at is null)
            or is_ended <> (status in ('completed', 'failed', 'cancelled'))",
    ),
    (
        "a task taken from its holder without a word",
        "select id, task_id from (
            select
                id, task_id, cause, after ->> 'worker' as taker,
                lag(after ->> 'worker') over (partition by task_id order by id) as holder
            from events where event in ('created', 'status'))
        where cause = 'claim' and holder is not null and holder <> taker",
    ),
    (
        "a task that was completed twice",
        "select task_id from events
        where event = 'status' and after ->> 'status' = 'completed'
        group by task_id having count(*) > 1",
    ),
    (
        "a task that was claimed before what it waits for had ended",
        "select claim.task_id, link.after ->> 'from'
        from events as claim
        join events as link on link.task_id = claim.task_id and link.id < claim.id
        where claim.event = 'status' and claim.cause = 'claim'
            and link.event = 'linked' and link.after ->> 'type' in ('blocks', 'follows')
            and not exists (
                select * from events as cut
                where cut.task_id = claim.task_id and cut.event = 'unlinked'
                    and cut.before = link.after and cut.id between link.id and claim.id)
            and (
                select case event when 'deleted' then 'deleted' else after ->> 'status' end
                from events as state
                where state.task_id = link.after ->> 'from' and state.id < claim.id
                    and state.event in ('created', 'status', 'deleted', 'undeleted')
                order by id desc limit 1
            ) not in ('completed', 'cancelled', 'deleted')",
    ),
    (
        "a mark or a wish of one who is gone",
        "select file_path, workers.id from file_locks join workers on workers.id = worker_id
        where left_at is not null
        union all
        select file_path, workers.id from file_wants join workers on workers.id = worker_id
        where left_at is not null",
    ),
    (
        "a mark that is tied to a task that has ended or was deleted",
        "select file_path, id from file_locks join tasks on tasks.id = task_id
        where is_ended or deleted_at is not null",
    ),
    (
        "a mark that the feed does not tell of, or one that it tells of and that is not there",
        "with last as (
            select file_path, event, after ->> 'worker' as worker
            from events
            where id in (
                select max(id) from events where event in ('mark_claimed', 'mark_released') group by file_path))
        select file_path from last
        where (event = 'mark_claimed') <> (file_path in (select file_path from file_locks))
        union all
        select file_path from file_locks
        where (file_path, worker_id) not in (select file_path, coalesce(worker, '') from last)",
    ),
    (
        "a file marked twice without having been free",
        "select id, file_path from (
            select
                id, file_path, event,
                lag(event) over (partition by file_path order by id) as before
            from events where event in ('mark_claimed', 'mark_released'))
        where event = coalesce(before, 'mark_released')",
    ),
    (
        "sums of what was reported that are not its sum",
        "select worker_id, name, value from metric_totals
        except
        select worker_id, name, sum(value)
        from metrics join metric_values on metric_id = id
        group by worker_id, name",
    ),
    (
        "estimates that do not add up to those of the tasks",
        "select * from estimates
        where (tasks, time_estimate_ms, time_actual_ms, points) <> (
            select
                count(time_estimate_ms), coalesce(sum(time_estimate_ms), 0),
                coalesce(sum(iif(time_estimate_ms is null, 0, time_actual_ms)), 0), coalesce(sum(points), 0)
            from tasks where deleted_at is null)",
    ),
    (
        "an attachment whose media file was let go",
        "select task_id, digest from attachments join loose_media using (digest)",
    ),
    (
        "time that goes back",
        "select id from (select id, timestamp - lag(timestamp) over (order by id) as step from events)
        where step < 0
            -- After a clock that was far ahead, time goes on from the clocks of the others.
            and step >= -5 * 60000",
    ),
];

/// Every count that a store keeps, as one list.
const COUNTS: &str = "
    select id as what, open_blockers || ' ' || open_children || ' ' || blocked_above as counts
    from tasks
    union all
    select id || ' is in', project from tasks where project is not null
    union all
    select project || ' ' || status || ' ' || standing, tasks from tallies where tasks <> 0
    order by what";

/// Fails if a store breaks an invariant.
pub fn check(file: &Path) {
    let mut faults = Vec::new();
    let sound = rows(file, "pragma integrity_check");
    if sound != [["ok"]] {
        faults.push(format!("the file is damaged: {sound:?}"));
    }
    let dangling = rows(file, "pragma foreign_key_check");
    if !dangling.is_empty() {
        faults.push(format!("names of nothing: {dangling:?}"));
    }
    for (fault, query) in FAULTS {
        let found = rows(file, query);
        if !found.is_empty() {
            faults.push(format!("{fault}: {found:?}"));
        }
    }
    faults.extend(miscounts(file));
    faults.extend(circle(file));
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// Returns the rows of a query.
pub fn rows(file: &Path, sql: &str) -> Vec<Vec<Value>> {
    query(&Connection::open(file).unwrap(), sql)
}

fn query(connection: &Connection, sql: &str) -> Vec<Vec<Value>> {
    let mut statement = connection.prepare(sql).unwrap();
    let width = statement.column_count();
    let row = |row: &rusqlite::Row<'_>| (0..width).map(|at| row.get_ref(at).map(value)).collect();
    let rows = statement.query_map([], row).unwrap();
    rows.collect::<Result<_, _>>().unwrap()
}

fn value(value: ValueRef<'_>) -> Value {
    match value {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(number) => number.into(),
        ValueRef::Real(number) => number.into(),
        ValueRef::Text(text) | ValueRef::Blob(text) => String::from_utf8_lossy(text).into(),
    }
}

/// Returns the counts that differ after a recount.
fn miscounts(file: &Path) -> Option<String> {
    let connection = Connection::open(file).unwrap();
    connection.execute_batch("begin immediate").unwrap();
    let kept = query(&connection, COUNTS);
    let recount = include_str!("../../src/store/recount.sql");
    connection.execute_batch(recount).unwrap();
    let counted = query(&connection, COUNTS);
    connection.execute_batch("rollback").unwrap();
    let wrong: Vec<_> = kept.iter().filter(|row| !counted.contains(row)).collect();
    (kept != counted).then(|| format!("miscounted: {wrong:?}"))
}

/// Returns a cycle of tasks that wait for each other, if there is one.
///
/// A task starts before it ends. A blocker ends before its dependent starts. A subtask starts
/// after its parent and ends before it.
fn circle(file: &Path) -> Option<String> {
    let links = rows(file, "select from_task_id, to_task_id, vertical, holds from dependencies");
    let mut after: HashMap<(String, &str), Vec<(String, &str)>> = HashMap::new();
    for link in &links {
        let [from, to] = [&link[0], &link[1]].map(|id| id.as_str().unwrap().to_owned());
        let mut order = |first, second| after.entry(first).or_default().push(second);
        for task in [&from, &to] {
            order((task.clone(), "start"), (task.clone(), "end"));
        }
        if link[2] == 1 {
            order((from.clone(), "start"), (to.clone(), "start"));
        }
        match (link[2] == 1, link[3].as_str()) {
            (true, Some("completion")) => order((to, "end"), (from, "end")),
            (_, Some("start")) => order((from, "end"), (to, "start")),
            (_, Some(_)) => order((from, "end"), (to, "end")),
            (_, None) => {}
        }
    }
    let mut done = HashSet::new();
    let mut starts: Vec<_> = after.keys().collect();
    starts.sort();
    starts.into_iter().find_map(|start| {
        let mut path = Vec::new();
        runs_back(start, &after, &mut path, &mut done).then(|| format!("a circle: {path:?}"))
    })
}

/// Searches depth first; returns true if the path came back to one of its own moments.
fn runs_back<'a>(
    moment: &'a (String, &'a str),
    after: &'a HashMap<(String, &'a str), Vec<(String, &'a str)>>,
    path: &mut Vec<&'a (String, &'a str)>,
    done: &mut HashSet<&'a (String, &'a str)>,
) -> bool {
    if path.contains(&moment) {
        path.push(moment);
        return true;
    }
    if done.contains(moment) {
        return false;
    }
    path.push(moment);
    let next = after.get(moment).into_iter().flatten();
    for moment in next {
        if runs_back(moment, after, path, done) {
            return true;
        }
    }
    path.pop();
    done.insert(moment);
    false
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::team::Team;
    use super::*;

    /// Damages a sound store as no program may, and returns whether the check finds it.
    fn is_found(damage: &str) -> bool {
        let team = Team::new();
        let mut ann = team.agent("ann");
        ann.answer(
            "create",
            json!({ "tasks": [
                { "id": "a", "title": "A" }, { "id": "b", "title": "B", "blocked_by": "a" },
            ]}),
        );
        ann.answer("claim", json!({}));
        team.check();
        let connection = Connection::open(team.file()).unwrap();
        connection.execute_batch(damage).unwrap();
        std::panic::catch_unwind(|| team.check()).is_err()
    }

    #[test]
    fn damage_is_found() {
        for damage in [
            "update tasks set attempt = 2 where id = 'a'",
            "update attempts set ended_at = 1, outcome = 'ended'",
            "update workers set left_at = 1, left_how = 'died'",
            "update tasks set is_blocking = 0 where id = 'a'",
            "update tasks set open_blockers = 0 where id = 'b'",
            "insert into dependencies values ('b', 'a', 'blocks', 0, 'start')",
            "insert into file_locks (file_path, worker_id, locked_at) values ('x', 'ann', 1)",
            "insert into file_wants (file_path, worker_id, wanted_at) values ('x', 'ann', 1);
            update workers set left_at = 1, left_how = 'died'",
            "insert into events (timestamp, event, worker_id, after, file_path)
            values (9000000000000, 'mark_claimed', 'ann', '{\"worker\":\"ann\"}', 'x')",
            "insert into events (timestamp, event, task_id, cause, after)
            values (9000000000000, 'status', 'b', 'claim', '{\"status\":\"working\",\"worker\":\"ann\"}')",
        ] {
            assert!(is_found(damage), "{damage}");
        }
    }
}
