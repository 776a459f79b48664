use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::brief::Row;
use crate::domain::{Phase, ProjectName, Standing, Status, Tag, TaskRef, WorkerId};
use crate::error::{Error, Result};
use crate::ops::{Actor, Operation};
use crate::store::{Filter, Order, Page, Place, Start, Tx};
use crate::{Context, Effect};

/// List tasks; all filters combine. `ready` with worker_id: tasks `claim` may take.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ListTasks {
    #[schemars(extend("x-vocabulary" = "status"))]
    status: Option<Vec<Status>>,
    #[serde(default)]
    ready: bool,
    #[serde(default)]
    blocked: bool,
    #[serde(default)]
    claimed: bool,
    owner: Option<WorkerId>,
    /// Directly under it; "null": no parent.
    parent: Option<TaskRef>,
    /// At any depth.
    #[serde(default)]
    recursive: bool,
    #[schemars(extend("x-vocabulary" = "phase"))]
    phase: Option<Phase>,
    tags_any: Option<Vec<Tag>>,
    tags_all: Option<Vec<Tag>>,
    #[schemars(extend("x-rare" = true))]
    sort_by: Option<SortBy>,
    #[schemars(extend("x-rare" = true))]
    sort_order: Option<SortOrder>,
    /// Default 10.
    limit: Option<usize>,
    #[schemars(extend("x-rare" = true))]
    project: Option<ProjectName>,
    #[schemars(extend("x-rare" = true))]
    offset: Option<usize>,
    /// Of the page before.
    cursor: Option<String>,
}

#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
enum SortBy {
    Priority,
    CreatedAt,
    UpdatedAt,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
enum SortOrder {
    Asc,
    Desc,
}

#[derive(Serialize)]
pub struct Tasks {
    tasks: Vec<Row>,
    /// The number of tasks on all pages.
    #[serde(skip_serializing_if = "Option::is_none")]
    total: Option<usize>,
    /// A lower bound, where there are too many to count.
    #[serde(skip_serializing_if = "Option::is_none")]
    total_at_least: Option<usize>,
    /// For the next page.
    #[serde(skip_serializing_if = "Option::is_none")]
    cursor: Option<String>,
}

impl Operation for ListTasks {
    const NAME: &'static str = "list_tasks";
    const EFFECT: Effect = Effect::Read;
    const ACTOR: Actor = Actor::Optional;
    const SWEEPS: bool = true;

    const COLUMNS: &'static [&'static str] = Row::COLUMNS;

    type Output = Tasks;

    fn run(&self, tx: &Tx, cx: &Context) -> Result<Tasks> {
        const COUNTED: usize = 1_000;
        const MOST: usize = 200;
        let filter = self.filter(tx, cx)?;
        let order = self.order();
        let limit = cx.page(self.limit.unwrap_or(cx.config.page_size), MOST);
        let start = self.start(order)?;
        let mut found = tx.list(&filter, order, Page { limit: limit + 1, start })?;
        let more = found.len() > limit;
        found.truncate(limit);
        let cursor = match (more, found.last(), order, start) {
            (false, ..) | (_, None, ..) => None,
            (_, Some(last), Order::Oldest | Order::Newest, _) => Some(format!("n{}", last.n)),
            (.., Start::Offset(offset)) => Some(format!("o{}", offset + limit)),
            (.., Start::After(_)) => None,
        };
        let total = tx.count(&filter, COUNTED)?;
        let counted = total != COUNTED;
        Ok(Tasks {
            tasks: found.into_iter().map(|task| Row::of(task, cx.whole)).collect(),
            total: counted.then_some(total),
            total_at_least: (!counted).then_some(total),
            cursor,
        })
    }

    fn comes_to_nothing(&self, answer: &Value) -> bool {
        self.ready && answer["tasks"].as_array().is_some_and(Vec::is_empty)
    }
}

impl ListTasks {
    fn filter(&self, tx: &Tx, cx: &Context) -> Result<Filter> {
        let standings = [
            (self.ready, Standing::Ready),
            (self.blocked, Standing::Blocked),
            (self.claimed, Standing::Held),
        ];
        let mut asked = standings.into_iter().filter(|(asked, _)| *asked).map(|(_, standing)| standing);
        let standing = asked.next();
        if let (Some(first), Some(second)) = (standing, asked.next()) {
            return Err(Error::input(
                format!("no task is both {} and {}", first.as_str(), second.as_str()),
                "ask for one of `ready`, `blocked`, `claimed`",
            ));
        }
        let queues = match &cx.worker {
            Some(worker) if self.ready => {
                let fits = |queue: &crate::store::Queue| queue.demand.objection(&worker.tags).is_none();
                Some(tx.queues_in(worker.project)?.into_iter().filter(fits).collect())
            }
            _ => None,
        };
        Ok(Filter {
            statuses: self.status.clone(),
            standing,
            owner: self.owner.clone(),
            place: self.place(tx)?,
            phase: self.phase.clone(),
            tags_any: self.tags_any.clone(),
            tags_all: self.tags_all.clone().filter(|tags| !tags.is_empty()),
            queues,
            ended: None,
        })
    }

    fn place(&self, tx: &Tx) -> Result<Place> {
        match &self.parent {
            None if let Some(name) = &self.project => {
                Ok(Place::Under(tx.project_task(tx.project_named(name)?.key)?))
            }
            None => Ok(Place::Anywhere),
            Some(parent) if parent.is_none() => Ok(Place::Roots),
            Some(parent) => {
                let parent = tx.resolve(parent)?;
                Ok(if self.recursive { Place::Under(parent) } else { Place::Children(parent) })
            }
        }
    }

    fn order(&self) -> Order {
        let descending = |default: bool| self.sort_order.map_or(default, |order| order == SortOrder::Desc);
        match self.sort_by {
            None if self.ready => Order::Urgent,
            Some(SortBy::Priority) if descending(true) => Order::Urgent,
            Some(SortBy::Priority) => Order::LeastUrgent,
            Some(SortBy::UpdatedAt) if descending(true) => Order::LastChanged,
            Some(SortBy::UpdatedAt) => Order::FirstChanged,
            None | Some(SortBy::CreatedAt) if descending(true) => Order::Newest,
            None | Some(SortBy::CreatedAt) => Order::Oldest,
        }
    }

    fn start(&self, order: Order) -> Result<Start> {
        let Some(cursor) = &self.cursor else {
            return Ok(Start::Offset(self.offset.unwrap_or(0)));
        };
        let by_age = matches!(order, Order::Oldest | Order::Newest);
        let number = cursor.get(1..).and_then(|number| number.parse::<u32>().ok());
        match (cursor.chars().next(), number) {
            (Some('n'), Some(n)) if by_age => Ok(Start::After(n.into())),
            (Some('o'), Some(offset)) if !by_age => Ok(Start::Offset(offset as usize)),
            _ => Err(Error::input(
                format!("`{cursor}` is not a cursor of this list"),
                "give the `cursor` of the page before, with the same filters",
            )),
        }
    }
}
