//! Lists of tasks: the queues of ready tasks, and every combination of filters.
//!
//! A list starts from the narrowest set that its filters name (a queue, a worker's tasks, a subtree, a tag, a
//! state), so that its cost does not grow with the file. The other filters are the same for all lists.

use std::collections::BTreeSet;

use rusqlite::{Row, ToSql, named_params};

use super::Tx;
use super::filter::{Filter, Place, filters};
use super::row::{Columns, Json};
use crate::domain::{Demand, Phase, Priority, Standing, Status, Tag, TaskId, Timestamp, WorkerId};
use crate::error::Result;

/// The order of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    Oldest,
    Newest,
    /// The order in which ready tasks are handed out: by priority, then by age.
    Urgent,
    LeastUrgent,
    LastChanged,
    FirstChanged,
}

/// The requested part of a list.
#[derive(Clone, Copy, Debug)]
pub struct Page {
    pub limit: usize,
    pub start: Start,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    Offset(usize),
    /// After the task of this age; only for lists by age.
    After(i64),
}

impl Page {
    /// Returns how many tasks are skipped, in a list that is not by age.
    pub(super) fn offset(self) -> usize {
        match self.start {
            Start::Offset(offset) => offset,
            Start::After(_) => 0,
        }
    }
}

/// A task as a list shows it.
#[derive(Clone, Debug)]
pub struct Listed {
    /// Its age: a task with a smaller number is older.
    pub n: i64,
    pub id: TaskId,
    pub title: String,
    pub status: Status,
    pub phase: Option<Phase>,
    pub priority: Priority,
    pub holder: Option<WorkerId>,
    pub claimed_at: Option<Timestamp>,
    pub demand: Demand,
    pub tags: BTreeSet<Tag>,
    pub points: Option<i64>,
    pub open_blockers: i64,
    pub blocked_above: i64,
    pub open_children: i64,
}

macro_rules! page {
    ($start:literal, $order:literal) => {
        concat!(
            "select n, id, title, status, phase, priority, worker_id, claimed_at, needed_tags, wanted_tags, tags,
                points, open_blockers, blocked_above, open_children
            from tasks where ",
            $start,
            " and ",
            filters!(),
            " order by ",
            $order,
            " limit :limit offset :offset"
        )
    };
}

macro_rules! count {
    ($start:literal) => {
        concat!(
            "select count(*) from (select 1 from tasks where ",
            $start,
            " and ",
            filters!(),
            " limit :most)"
        )
    };
}

/// The statements for a filter, and the parameter for the set of tasks from which they start.
type Narrowed = (&'static Listing, Option<(&'static str, Box<dyn ToSql>)>);

/// The statements of a list that starts from one set of tasks.
struct Listing {
    oldest: &'static str,
    newest: &'static str,
    sorted: &'static str,
    count: &'static str,
}

macro_rules! listing {
    ($start:literal) => {
        Listing {
            oldest: page!($start, "n"),
            newest: page!($start, "n desc"),
            sorted: page!(
                $start,
                "case :order when 'urgent' then -priority when 'least' then priority
                    when 'last' then -updated_at when 'first' then updated_at end, n"
            ),
            count: count!($start),
        }
    };
}

static ALL: Listing = listing!("(:after is null or n > :after) and (:before is null or n < :before)");
static IN_STATE: Listing =
    listing!("status = :status and (:after is null or n > :after) and (:before is null or n < :before)");
static BLOCKED: Listing =
    listing!("standing = 'blocked' and (:after is null or n > :after) and (:before is null or n < :before)");
static GATHERED: Listing = listing!(
    "id in (select value from json_each(:ids))
        and (:after is null or n > :after) and (:before is null or n < :before)"
);
pub(super) use {count, page};

impl Tx<'_> {
    /// Returns a page of the tasks that match the filter.
    pub fn list(&self, filter: &Filter, order: Order, page: Page) -> Result<Vec<Listed>> {
        if filter.standing == Some(Standing::Ready)
            && order == Order::Urgent
            && self.gathered(filter)?.is_none()
        {
            return self.list_ready(filter, page);
        }
        let (listing, narrow) = self.start_of(filter)?;
        let sql = match order {
            Order::Oldest => listing.oldest,
            Order::Newest => listing.newest,
            _ => listing.sorted,
        };
        let (offset, beyond) = match page.start {
            Start::Offset(offset) => (offset as i64, None),
            Start::After(n) => (0, Some(n)),
        };
        let (after, before) = match order {
            Order::Newest => (None, beyond),
            _ => (beyond, None),
        };
        let word = order.word();
        let limit = page.limit as i64;
        let mut extra: Vec<(&str, &dyn ToSql)> =
            vec![(":after", &after), (":before", &before), (":limit", &limit), (":offset", &offset)];
        if sql == listing.sorted {
            extra.push((":order", &word));
        }
        if let Some((name, value)) = &narrow {
            extra.push((name, value));
        }
        self.rows(sql, filter, &extra)
    }

    /// Returns the number of tasks that match the filter, counted up to `most`.
    pub fn count(&self, filter: &Filter, most: usize) -> Result<usize> {
        if let Some(exact) = self.count_from_tallies(filter)? {
            return Ok(exact);
        }
        let most = most as i64;
        if filter.standing == Some(Standing::Ready) && self.gathered(filter)?.is_none() {
            return self.count_ready(filter, most);
        }
        let (listing, narrow) = self.start_of(filter)?;
        let none: Option<i64> = None;
        let mut extra: Vec<(&str, &dyn ToSql)> =
            vec![(":after", &none), (":before", &none), (":most", &most)];
        if let Some((name, value)) = &narrow {
            extra.push((name, value));
        }
        Ok(self.number(listing.count, filter, &extra)? as usize)
    }

    /// Returns the count from the tallies, if the filter has only states and a standing.
    fn count_from_tallies(&self, filter: &Filter) -> Result<Option<usize>> {
        let Filter { statuses, standing, .. } = filter;
        if !filter.is_of_states_only() {
            return Ok(None);
        }
        let counted = self.tallies()?.into_iter().filter(|tally| {
            statuses.as_ref().is_none_or(|statuses| statuses.contains(&tally.status))
                && standing.is_none_or(|standing| standing == tally.standing)
        });
        Ok(Some(counted.map(|tally| tally.tasks as usize).sum()))
    }

    /// Returns the statements for the narrowest set that the filter names, and the parameter for that set.
    fn start_of(&self, filter: &Filter) -> Result<Narrowed> {
        if let Some(ids) = self.gathered(filter)? {
            return Ok((&GATHERED, Some((":ids", Box::new(Json(ids))))));
        }
        if filter.standing == Some(Standing::Blocked) {
            return Ok((&BLOCKED, None));
        }
        match filter.statuses.as_deref() {
            Some([status]) => Ok((&IN_STATE, Some((":status", Box::new(status.clone()))))),
            _ => Ok((&ALL, None)),
        }
    }

    /// Returns the tasks from which a list can start, if the filter names a small set.
    fn gathered(&self, filter: &Filter) -> Result<Option<Vec<TaskId>>> {
        if let Some(owner) = &filter.owner {
            return self.held_by(owner).map(Some);
        }
        match &filter.place {
            Place::Children(parent) => return self.children(parent).map(Some),
            Place::Under(above) => return self.under(above).map(Some),
            Place::Anywhere | Place::Roots => {}
        }
        if let Some(tags) = filter.tags_any.as_ref().or(filter.tags_all.as_ref()) {
            return self.tagged(tags).map(Some);
        }
        match filter.standing {
            Some(Standing::Held) => self.held().map(Some),
            _ => Ok(None),
        }
    }

    fn tagged(&self, tags: &[Tag]) -> Result<Vec<TaskId>> {
        const SQL: &str = "
            select distinct task_id
            from task_tags
            where tag in (select value from json_each(:tags))";
        let mut statement = self.0.prepare_cached(SQL)?;
        let rows = statement.query_map(named_params! { ":tags": Json(tags) }, |row| row.get(0))?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    fn held(&self) -> Result<Vec<TaskId>> {
        const SQL: &str = "select id from tasks where worker_id is not null";
        let mut statement = self.0.prepare_cached(SQL)?;
        let rows = statement.query_map([], |row| row.get(0))?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    pub(super) fn rows(
        &self,
        sql: &'static str,
        filter: &Filter,
        extra: &[(&str, &dyn ToSql)],
    ) -> Result<Vec<Listed>> {
        filter.with_names(extra, |names| {
            let mut statement = self.0.prepare_cached(sql)?;
            let rows = statement.query_map(names, listed)?;
            Ok(rows.collect::<rusqlite::Result<_>>()?)
        })
    }

    pub(super) fn number(
        &self,
        sql: &'static str,
        filter: &Filter,
        extra: &[(&str, &dyn ToSql)],
    ) -> Result<i64> {
        filter
            .with_names(extra, |names| Ok(self.0.prepare_cached(sql)?.query_row(names, |row| row.get(0))?))
    }
}

impl Order {
    fn word(self) -> &'static str {
        match self {
            Self::Oldest | Self::Newest => "age",
            Self::Urgent => "urgent",
            Self::LeastUrgent => "least",
            Self::LastChanged => "last",
            Self::FirstChanged => "first",
        }
    }
}

fn listed(row: &Row<'_>) -> rusqlite::Result<Listed> {
    let mut columns = Columns::of(row);
    Ok(Listed {
        n: columns.next()?,
        id: columns.next()?,
        title: columns.next()?,
        status: columns.next()?,
        phase: columns.next()?,
        priority: columns.next()?,
        holder: columns.next()?,
        claimed_at: columns.next()?,
        demand: Demand { needed: columns.tags()?, wanted: columns.tags()? },
        tags: columns.tags()?,
        points: columns.next()?,
        open_blockers: columns.next()?,
        blocked_above: columns.next()?,
        open_children: columns.next()?,
    })
}
