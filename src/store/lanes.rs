//! Ready tasks of one parent, tag or template, found without reading the rest.
//!
//! Each of these has an index range for each demand, called a lane here.

use std::cmp::Reverse;

use rusqlite::{OptionalExtension, Row, ToSql, named_params};

use super::row::Json;
use super::{Next, Queue, Tx};
use crate::domain::{Selector, TaskId, TemplateName};
use crate::error::Result;

/// The statements that read one kind of lane.
struct Lane {
    /// Finds the next demand after one.
    demands: &'static str,
    /// Reads the first tasks with a demand.
    first: &'static str,
}

/// Completes a statement that reads the first tasks of a lane.
macro_rules! first {
    ($from:literal) => {
        concat!(
            "select tasks.n, tasks.id, tasks.priority
            from ",
            $from,
            " and (:any is null or exists (
                    select 1 from task_tags
                    where task_id = tasks.id and tag in (select value from json_each(:any))))
                and (:all is null or not exists (
                    select 1 from json_each(:all) as wanted
                    where not exists (
                        select 1 from task_tags where task_id = tasks.id and tag = wanted.value)))
                and (:template is null or tasks.template in (select id from templates where name = :template))
            order by lane.priority desc, lane.n
            limit :most"
        )
    };
}

static IN_TASK: Lane = Lane {
    demands: "
        select min(queue)
        from tasks
        where ready = 1 and parent = :lane and queue > :last",
    first: first!(
        "tasks as lane cross join tasks on tasks.n = lane.n
        where lane.ready = 1 and lane.parent = :lane and lane.queue = :queue"
    ),
};

static WITH_TAG: Lane = Lane {
    demands: "
        select min(queue)
        from ready_tags
        where tag = :lane and queue > :last",
    first: first!(
        "ready_tags as lane cross join tasks on tasks.n = lane.n
        where lane.tag = :lane and lane.queue = :queue"
    ),
};

static OF_TEMPLATE: Lane = Lane {
    demands: "
        select min(queue)
        from tasks
        where ready = 1 and template = :lane and queue > :last",
    first: first!(
        "tasks as lane cross join tasks on tasks.n = lane.n
        where lane.ready = 1 and lane.template = :lane and lane.queue = :queue"
    ),
};

impl Tx<'_> {
    /// Returns the first ready tasks that match a selector and whose queue `fits`.
    pub fn offered(
        &self,
        selector: &Selector,
        fits: impl Fn(&Queue) -> bool,
        most: usize,
    ) -> Result<Vec<Next>> {
        let mut found = Vec::new();
        if let Some(under) = &selector.under {
            for n in self.places_under(under)? {
                found.extend(self.first_of(&IN_TASK, &n, selector, (&fits, most))?);
            }
        } else if let Some(template) = &selector.template {
            for version in self.versions_of(template)? {
                found.extend(self.first_of(&OF_TEMPLATE, &version, selector, (&fits, most))?);
            }
        } else {
            let tags = if selector.tags_any.is_empty() { &selector.tags_all[..] } else { &selector.tags_any };
            let lanes = if selector.tags_any.is_empty() { tags.get(..1).unwrap_or_default() } else { tags };
            for tag in lanes {
                found.extend(self.first_of(&WITH_TAG, tag, selector, (&fits, most))?);
            }
        }
        found.sort_by_key(|next: &Next| next.rank);
        found.dedup_by_key(|next| next.rank);
        found.truncate(most);
        Ok(found)
    }

    fn first_of(
        &self,
        lane: &Lane,
        key: &dyn ToSql,
        selector: &Selector,
        (fits, most): (&dyn Fn(&Queue) -> bool, usize),
    ) -> Result<Vec<Next>> {
        let only = |tags: &Vec<_>| Some(Json(tags.clone())).filter(|Json(tags)| !tags.is_empty());
        let (any, all) = (only(&selector.tags_any), only(&selector.tags_all));
        let mut demands = self.0.prepare_cached(lane.demands)?;
        let mut first = self.0.prepare_cached(lane.first)?;
        let mut found = Vec::new();
        let mut last = String::new();
        loop {
            let next: Option<String> =
                demands.query_row(named_params! { ":lane": key, ":last": last }, |row| row.get(0))?;
            let Some(queue) = next.map(Queue::read).transpose()? else {
                return Ok(found);
            };
            queue.spelling().clone_into(&mut last);
            if !fits(&queue) || self.stands_still(&queue)? {
                continue;
            }
            let keys = named_params! {
                ":lane": key, ":queue": queue.spelling(), ":any": any, ":all": all,
                ":template": selector.template, ":most": most as i64,
            };
            for next in first.query_map(keys, next_task)? {
                found.push(next?);
            }
        }
    }

    fn versions_of(&self, template: &TemplateName) -> Result<Vec<i64>> {
        const SQL: &str = "select id from templates where name = :name";
        let mut statement = self.0.prepare_cached(SQL)?;
        let rows = statement.query_map(named_params! { ":name": template }, |row| row.get(0))?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// Returns the ages of a task and of all tasks under it that have open children.
    fn places_under(&self, id: &TaskId) -> Result<Vec<i64>> {
        const ROOT: &str = "select n from tasks where id = :id";
        const PARTS: &str = "select n from tasks where parent = :n and open_children > 0 order by n";
        let root = self.0.prepare_cached(ROOT)?.query_row(named_params! { ":id": id }, |row| row.get(0));
        let mut places: Vec<i64> = root.optional()?.into_iter().collect();
        let mut statement = self.0.prepare_cached(PARTS)?;
        let mut looked_at = 0;
        while let Some(n) = places.get(looked_at) {
            let rows = statement.query_map(named_params! { ":n": n }, |row| row.get(0))?;
            let parts = rows.collect::<rusqlite::Result<Vec<i64>>>()?;
            places.extend(parts);
            looked_at += 1;
        }
        Ok(places)
    }
}

fn next_task(row: &Row<'_>) -> rusqlite::Result<Next> {
    Ok(Next { id: row.get("id")?, rank: (Reverse(row.get("priority")?), row.get("n")?) })
}
