//! Groups of which only so many tasks may be at work at a time: who is, and whose turn it is.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use rusqlite::{OptionalExtension, Row, named_params};

use super::Tx;
use super::jobs::Hold;
use crate::domain::{Group, GroupKey, InTurn, TaskId, WorkerId, turns};
use crate::error::Result;

/// The tasks of a group among which the most urgent has the next turn: those that ask the same of
/// their worker and are in the same task. A worker of other skills, or at work elsewhere, has its own line.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Line {
    demand: String,
    /// The age of the task they are in; 0 for none.
    place: i64,
}

impl Tx<'_> {
    /// Returns a group as it stands.
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

    /// Says how many of a group may be at work at a time; one, if nobody ever said.
    pub fn set_group_limit(&self, key: &GroupKey, limit: Option<u32>) -> Result<()> {
        const SQL: &str = "
            insert into task_groups (name, most_at_work)
            values (:group, coalesce(:limit, 1))
            on conflict (name) do update set most_at_work = coalesce(:limit, most_at_work)";
        self.0.prepare_cached(SQL)?.execute(named_params! { ":group": key, ":limit": limit })?;
        self.unsettle(key)
    }

    /// Notes that somebody else's turn may have come in a group.
    pub(super) fn unsettle(&self, key: &GroupKey) -> Result<()> {
        const SQL: &str = "insert into unsettled_groups (name) values (:group) on conflict do nothing";
        self.0.prepare_cached(SQL)?.execute(named_params! { ":group": key })?;
        Ok(())
    }

    /// Hands out of each group as many as there is room for. Returns the tasks whose turn has come.
    ///
    /// Done before every commit, so that no way to change a task can forget it.
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

    /// Returns the lines in which tasks of a group stand that could be handed out.
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

    /// Returns the first tasks of a line that are handed out, or are not, for this reason.
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
