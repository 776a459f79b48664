//! The queues of ready tasks: one for each demand in each project, in the order in which tasks are handed out.
//!
//! The state of a project is read once, when its queues are looked up, so that thousands of paused tasks cost a
//! claim one look.

use std::cmp::Reverse;

use rusqlite::{OptionalExtension, ToSql, named_params};
use serde::Deserialize;

use super::Tx;
use super::filter::{Filter, filters};
use super::lists::{Listed, Page, Start, count, page};
use crate::domain::{Demand, Priority, ProjectKey, ProjectState, TaskId};
use crate::error::{Error, Result};

/// The ready tasks with the same demand in one project, or in none.
#[derive(Clone, Debug)]
pub struct Queue {
    spelling: String,
    pub project: Option<ProjectKey>,
    pub demand: Demand,
}

/// The first task of a queue. The task with the smallest rank is handed out first.
#[derive(Clone, Debug)]
pub struct Next {
    pub id: TaskId,
    pub rank: (Reverse<Priority>, i64),
}

const IN_QUEUE: &str = page!("ready = 1 and queue = :queue", "priority desc, n");
const COUNT_IN_QUEUE: &str = count!("ready = 1 and queue = :queue");

impl Tx<'_> {
    /// Returns the queues that have ready tasks which may be claimed.
    pub fn queues(&self) -> Result<Vec<Queue>> {
        self.queues_in(None)
    }

    /// Returns the same, or only those of a project. The queues of a paused project are skipped as a whole.
    pub fn queues_in(&self, project: Option<ProjectKey>) -> Result<Vec<Queue>> {
        const NEXT: &str = "
            select min(queue)
            from tasks
            where ready = 1 and queue > :last and queue < :end";
        let mut statement = self.0.prepare_cached(NEXT)?;
        let mut queues: Vec<Queue> = Vec::new();
        let (mut last, end) = match project {
            Some(project) => (Queue::before(project), Queue::after(project)),
            None => (String::new(), Queue::END.to_owned()),
        };
        loop {
            let keys = named_params! { ":last": last, ":end": end };
            let Some(spelling) = statement.query_row(keys, |row| row.get(0))? else {
                return Ok(queues);
            };
            let queue = Queue::read(spelling)?;
            let is_known = queues.last().is_some_and(|last| last.project == queue.project);
            match queue.project {
                Some(project) if !is_known && self.stands_still(&queue)? => last = Queue::after(project),
                _ => {
                    last.clone_from(&queue.spelling);
                    queues.push(queue);
                }
            }
        }
    }

    /// Returns true if the project of a queue allows no claims now.
    pub(super) fn stands_still(&self, queue: &Queue) -> Result<bool> {
        let state = queue.project.map(|project| self.project_state(project)).transpose()?;
        Ok(state.is_some_and(|state| state != ProjectState::Active))
    }

    /// Returns the task of the queue that is handed out first.
    pub fn next_in(&self, queue: &Queue) -> Result<Option<Next>> {
        const SQL: &str = "
            select n, id, priority
            from tasks
            where ready = 1 and queue = :queue
            order by priority desc, n
            limit 1";
        let mut statement = self.0.prepare_cached(SQL)?;
        Ok(statement
            .query_row(named_params! { ":queue": queue.spelling }, |row| {
                Ok(Next { id: row.get("id")?, rank: (Reverse(row.get("priority")?), row.get("n")?) })
            })
            .optional()?)
    }

    /// Returns a page of ready tasks in the order in which they are handed out.
    pub(super) fn list_ready(&self, filter: &Filter, page: Page) -> Result<Vec<Listed>> {
        let (limit, offset) = (page.limit, page.offset());
        let front = Page { limit: limit + offset, start: Start::Offset(0) };
        let mut found = Vec::new();
        for queue in self.queues_of(filter)? {
            found.extend(self.page_of_queue(&queue, filter, front)?);
        }
        found.sort_by_key(|listed| (Reverse(listed.priority), listed.n));
        Ok(found.into_iter().skip(offset).take(limit).collect())
    }

    fn queues_of(&self, filter: &Filter) -> Result<Vec<Queue>> {
        match &filter.queues {
            Some(queues) => Ok(queues.clone()),
            None => self.queues(),
        }
    }

    fn page_of_queue(&self, queue: &Queue, filter: &Filter, page: Page) -> Result<Vec<Listed>> {
        let offset = page.offset() as i64;
        let limit = page.limit as i64;
        let extra: [(&str, &dyn ToSql); 3] =
            [(":queue", &queue.spelling), (":limit", &limit), (":offset", &offset)];
        self.rows(IN_QUEUE, filter, &extra)
    }

    /// Returns the number of ready tasks that match the filter, counted up to `most`.
    pub(super) fn count_ready(&self, filter: &Filter, most: i64) -> Result<usize> {
        const WHOLE_QUEUE: &str = "
            select count(*)
            from (select 1 from tasks where ready = 1 and queue = :queue limit :most)";
        let mut total = 0;
        for queue in self.queues_of(filter)? {
            total += match filter.is_of_queues_only() {
                true => {
                    let keys = named_params! { ":queue": queue.spelling, ":most": most };
                    self.0.prepare_cached(WHOLE_QUEUE)?.query_row(keys, |row| row.get::<_, i64>(0))?
                }
                false => {
                    self.number(COUNT_IN_QUEUE, filter, &[(":queue", &queue.spelling), (":most", &most)])?
                }
            };
        }
        Ok(total.min(most) as usize)
    }
}

impl Queue {
    /// Sorts after every queue.
    const END: &str = "~";

    /// Returns the queue as the column spells it.
    pub(super) fn spelling(&self) -> &str {
        &self.spelling
    }

    /// Returns a text that sorts before all queues of a project.
    fn before(ProjectKey(number): ProjectKey) -> String {
        format!("{number}[")
    }

    /// Returns a text that sorts after all queues of a project.
    fn after(ProjectKey(number): ProjectKey) -> String {
        // The character after the bracket with which each list begins.
        format!("{number}\\")
    }

    /// Reads the project and the two lists of tags, which the column holds one after the other.
    pub(super) fn read(spelling: String) -> Result<Self> {
        let (project, lists) = spelling.split_at(spelling.find('[').unwrap_or_default());
        let project = match project {
            "" => None,
            number => Some(ProjectKey(number.parse().map_err(Error::internal)?)),
        };
        let mut lists = serde_json::Deserializer::from_str(lists);
        let demand = Demand {
            needed: Deserialize::deserialize(&mut lists)?,
            wanted: Deserialize::deserialize(&mut lists)?,
        };
        Ok(Self { project, demand, spelling })
    }
}
