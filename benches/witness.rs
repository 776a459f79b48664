//! Checks the store and its feed against rules that must never be broken.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use rusqlite::{Connection, OpenFlags};

use crate::Result;

/// Returns the faults of the file, and those of the history in its feed.
///
/// `finished` are the tasks whose completion was answered.
pub fn faults(file: &Path, finished: &[String]) -> Result<Vec<String>> {
    let connection = Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    let mut faults = damage(&connection)?;
    faults.extend(replay(&connection)?);
    faults.extend(lost(&connection, finished)?);
    Ok(faults)
}

fn damage(connection: &Connection) -> Result<Vec<String>> {
    let words = |sql: &str| -> Result<Vec<String>> {
        let mut statement = connection.prepare(sql)?;
        let rows = statement.query_map([], |row| row.get(0))?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    };
    let mut faults = words("pragma integrity_check")?;
    faults.retain(|word| word != "ok");
    let dangling = words("select \"table\" from pragma_foreign_key_check")?;
    faults.extend(dangling.iter().map(|table| format!("a row of {table} points nowhere")));
    Ok(faults)
}

/// Replays the feed, which is in the order of the commits, and tracks the holder of each task.
fn replay(connection: &Connection) -> Result<Vec<String>> {
    const SQL: &str = "
        select task_id, after ->> 'status', after ->> 'worker'
        from events
        where event in ('created', 'status')
        order by id";
    let blockers = blockers(connection)?;
    let mut standing: BTreeMap<String, (String, Option<String>)> = BTreeMap::new();
    let mut faults = Vec::new();
    let mut statement = connection.prepare(SQL)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let (task, status, worker): (String, String, Option<String>) =
            (row.get(0)?, row.get(1)?, row.get(2)?);
        if status == "working" {
            let holder = standing.get(&task).and_then(|(_, holder)| holder.as_ref());
            if let Some(holder) = holder {
                faults.push(format!("`{task}` was claimed while {holder} held it"));
            }
            let open = blockers
                .get(&task)
                .into_iter()
                .flatten()
                .find(|blocker| standing.get(*blocker).is_none_or(|(status, _)| status != "completed"));
            faults.extend(open.map(|open| format!("`{task}` was claimed before `{open}` ended")));
        }
        standing.insert(task, (status, worker));
    }
    Ok(faults)
}

fn blockers(connection: &Connection) -> Result<BTreeMap<String, Vec<String>>> {
    const SQL: &str = "select to_task_id, from_task_id from dependencies where holds = 'start'";
    let mut blockers: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut statement = connection.prepare(SQL)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        blockers.entry(row.get(0)?).or_default().push(row.get(1)?);
    }
    Ok(blockers)
}

fn lost(connection: &Connection, finished: &[String]) -> Result<Vec<String>> {
    const SQL: &str = "select id from tasks where status = 'completed'";
    let mut statement = connection.prepare(SQL)?;
    let kept = statement.query_map([], |row| row.get(0))?;
    let kept: BTreeSet<String> = kept.collect::<rusqlite::Result<_>>()?;
    let lost = finished.iter().filter(|task| !kept.contains(*task));
    Ok(lost.map(|task| format!("the end of `{task}` was answered and is lost")).collect())
}
