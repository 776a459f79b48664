//! Groups, which limit how many of their tasks are worked on at a time: the tasks at work, and the next ones.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use rusqlite::{OptionalExtension, Row, named_params};

use super::Tx;
use super::jobs::Hold;
use crate::domain::{Group, GroupKey, InTurn, TaskId, WorkerId, turns};
use crate::error::Result;

/// The tasks of a group with the same demand and the same parent; the most urgent one is next. Workers with other
/// tags, or in another part of the tree, are served by another line.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Line {
    demand: String,
    /// The age of their parent; 0 for none.
    place: i64,
}

impl Tx<'_> {
    /// Returns a group with its limit and its tasks at work.
    pub fn group(&self, key: &GroupKey) -> Result<Group> {
        const LIMIT: &str = "select most_at_work from task_groups where name = :group";
        const AT_WORK: &str = "
            select worker_id
            from tasks
            where group_key = :group and claimed_at is not null
            order by n";
        let keys = named_params! { ":group": key };
        let limit: Option<u32> =
            self.0.prepare_cached(LIMIT)?.query_row(keys, |row| row.get(0)).optional()?;
        let mut statement = self.0.prepare_cached(AT_WORK)?;
        let rows = statement.query_map(keys, |row| row.get(0))?;
        let at_work: Vec<WorkerId> = rows.collect::<rusqlite::Result<_>>()?;
        Ok(Group { key: key.clone(), limit: limit.unwrap_or(1), at_work })
    }

    /// Sets how many tasks of a group may be worked on at a time; 1 if that was never set.
    pub fn set_group_limit(&self, key: &GroupKey, limit: Option<u32>) -> Result<()> {
        const SQL: &str = "
            insert into task_groups (name, most_at_work)
            values (:group, coalesce(:limit, 1))
            on conflict (name) do update set most_at_work = coalesce(:limit, most_at_work)";
        self.0.prepare_cached(SQL)?.execute(named_params! { ":group": key, ":limit": limit })?;
        self.unsettle(key)
    }

    /// Marks a group whose next tasks may have changed.
    pub(super) fn unsettle(&self, key: &GroupKey) -> Result<()> {
        const SQL: &str = "insert into unsettled_groups (name) values (:group) on conflict do nothing";
        self.0.prepare_cached(SQL)?.execute(named_params! { ":group": key })?;
        Ok(())
    }

    /// Makes as many tasks of each marked group available as it has room for. Returns those that became available.
    ///
    /// It runs before every commit, so that no way to change a task can forget it.
    pub fn settle_groups(&self) -> Result<Vec<TaskId>> {
        const NEXT: &str = "select name from unsettled_groups limit 1";
        const DONE: &str = "delete from unsettled_groups where name = :group";
        let mut come = Vec::new();
        loop {
            let next = self.0.prepare_cached(NEXT)?.query_row([], |row| row.get::<_, GroupKey>(0));
            let Some(key) = next.optional()? else {
                return Ok(come);
            };
            come.extend(self.settle(&key)?);
            self.0.prepare_cached(DONE)?.execute(named_params! { ":group": key })?;
        }
    }

    fn settle(&self, key: &GroupKey) -> Result<Vec<TaskId>> {
        const SET: &str = "update tasks set withheld = :hold where id = :id";
        let room = self.group(key)?.room();
        let mut come = Vec::new();
        for line in self.lines_of(key)? {
            let open = self.in_turn(key, &line, Hold::Nothing, None)?;
            let waiting = self.in_turn(key, &line, Hold::Turn, Some(room))?;
            let turns = turns(room, open, waiting);
            for (ids, hold) in [(&turns.over, Hold::Turn), (&turns.come, Hold::Nothing)] {
                for id in ids {
                    self.0.prepare_cached(SET)?.execute(named_params! { ":id": id, ":hold": hold })?;
                }
            }
            come.extend(turns.come);
        }
        Ok(come)
    }

    /// Returns the lines of a group that have tasks to hand out, now or in turn.
    fn lines_of(&self, key: &GroupKey) -> Result<Vec<Line>> {
        const DEMAND: &str = "
            select min(queue)
            from tasks
            where group_key = :group and withheld = :hold and standing in ('ready', 'limited')
                and queue > :last";
        const PLACE: &str = "
            select min(coalesce(parent, 0))
            from tasks
            where group_key = :group and withheld = :hold and standing in ('ready', 'limited')
                and queue = :queue and coalesce(parent, 0) > :last";
        let mut demands = self.0.prepare_cached(DEMAND)?;
        let mut places = self.0.prepare_cached(PLACE)?;
        let mut lines = BTreeSet::new();
        for hold in [Hold::Nothing, Hold::Turn] {
            let mut last = String::new();
            loop {
                let keys = named_params! { ":group": key, ":hold": hold, ":last": last };
                let Some(demand) = demands.query_row(keys, |row| row.get::<_, Option<String>>(0))? else {
                    break;
                };
                let mut place = -1;
                loop {
                    let keys =
                        named_params! { ":group": key, ":hold": hold, ":queue": demand, ":last": place };
                    let Some(next) = places.query_row(keys, |row| row.get::<_, Option<i64>>(0))? else {
                        break;
                    };
                    place = next;
                    lines.insert(Line { demand: demand.clone(), place });
                }
                last = demand;
            }
        }
        Ok(lines.into_iter().collect())
    }

    /// Returns the first tasks of a line that are withheld for this reason, or are not withheld.
    fn in_turn(&self, key: &GroupKey, line: &Line, hold: Hold, most: Option<usize>) -> Result<Vec<InTurn>> {
        const SQL: &str = "
            select n, id, priority
            from tasks
            where group_key = :group and withheld = :hold and standing in ('ready', 'limited')
                and queue = :queue and coalesce(parent, 0) = :place
            order by priority desc, n
            limit :most";
        let most = most.map_or(-1, |most| most as i64);
        let keys = named_params! {
            ":group": key, ":hold": hold, ":queue": line.demand, ":place": line.place, ":most": most,
        };
        let in_turn = |row: &Row<'_>| {
            Ok(InTurn { rank: (Reverse(row.get("priority")?), row.get("n")?), id: row.get("id")? })
        };
        let mut statement = self.0.prepare_cached(SQL)?;
        let rows = statement.query_map(keys, in_turn)?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }
}
