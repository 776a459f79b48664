use std::collections::BTreeSet;

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::domain::{
    Amounts, Dollars, Millis, Standing, Status, Tag, Task, TaskId, TaskRef, Times, Timestamp, WorkerId,
};
use crate::error::{Error, Result};
use crate::ops::Operation;
use crate::ops::task::{is_default, shortened};
use crate::store::{Brought, Ending, Filter, Listed, Order, Page, Period, Place, Start, Tx};
use crate::{Context, Effect};

/// List ended tasks with outcome, reason and result; with `parent`, summed up.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Results {
    parent: Option<TaskRef>,
    #[schemars(extend("x-rare" = true))]
    status: Option<Vec<Status>>,
    #[schemars(extend("x-rare" = true))]
    tags: Option<Vec<Tag>>,
    #[schemars(extend("x-rare" = true))]
    from: Option<Timestamp>,
    #[schemars(extend("x-rare" = true))]
    to: Option<Timestamp>,
    limit: Option<usize>,
    cursor: Option<String>,
}

#[derive(Serialize)]
pub struct Found {
    results: Vec<Outcome>,
    #[serde(skip_serializing_if = "Option::is_none")]
    total: Option<usize>,
    /// A lower bound, where there are too many to count.
    #[serde(skip_serializing_if = "Option::is_none")]
    total_at_least: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    summary: Option<Summary>,
    /// For the next page.
    #[serde(skip_serializing_if = "Option::is_none")]
    cursor: Option<String>,
}

/// An ended task with its result.
#[derive(Serialize)]
struct Outcome {
    id: TaskId,
    title: String,
    status: Status,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    /// The result, if it is short.
    #[serde(skip_serializing_if = "Option::is_none")]
    output: Option<Value>,
    /// The size of the result, if it is not shown here.
    #[serde(skip_serializing_if = "Option::is_none")]
    output_bytes: Option<i64>,
    /// The project file that holds the result, if it is not shown here.
    #[serde(skip_serializing_if = "Option::is_none")]
    output_file: Option<String>,
    #[serde(skip_serializing_if = "is_default")]
    attempt: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    worker_id: Option<WorkerId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ended_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "is_default")]
    time_ms: Millis,
}

/// Totals of all tasks under the parent.
#[derive(Serialize)]
struct Summary {
    by_status: IndexMap<Status, i64>,
    #[serde(skip_serializing_if = "is_default")]
    open: i64,
    time_ms: Millis,
    #[serde(skip_serializing_if = "Option::is_none")]
    median_ms: Option<Millis>,
    #[serde(skip_serializing_if = "is_default")]
    cost_usd: Dollars,
}

/// The attachment type of a task's result.
const OUTPUT: &str = "result";
/// How many tasks are counted at most.
const COUNTED: usize = 1_000;

impl Operation for Results {
    const NAME: &'static str = "results";
    const EFFECT: Effect = Effect::Read;
    const POSITIONAL: &'static [&'static str] = &["parent"];
    const COLUMNS: &'static [&'static str] = &[
        "id",
        "title",
        "status",
        "reason",
        "output",
        "output_bytes",
        "output_file",
        "attempt",
        "worker_id",
        "ended_at",
        "time_ms",
    ];

    type Output = Found;

    fn run(&self, tx: &Tx, cx: &Context) -> Result<Found> {
        const MOST: usize = 100;
        let parent = self.parent.as_ref().map(|parent| tx.resolve(parent)).transpose()?;
        let limit = cx.page(self.limit.unwrap_or(cx.config.page_size), MOST);
        let filters = self.filters(cx, parent.as_ref());
        let start = self.start()?;
        let mut found: Vec<Listed> = Vec::new();
        for filter in &filters {
            found.extend(tx.list(filter, Order::Oldest, Page { limit: limit + 1, start })?);
        }
        found.sort_by_key(|task| task.n);
        let more = found.len() > limit;
        found.truncate(limit);
        let is_first = self.cursor.is_none() && !cx.whole;
        let total = match is_first {
            true => Some(filters.iter().map(|filter| tx.count(filter, COUNTED)).sum::<Result<usize>>()?),
            false => None,
        };
        let counted = total.is_some_and(|total| total < COUNTED) || self.is_plain();
        let ids: Vec<TaskId> = found.iter().map(|task| task.id.clone()).collect();
        Ok(Found {
            results: tx.whole(&ids)?.into_iter().map(|task| outcome(tx, cx, task)).collect::<Result<_>>()?,
            total: total.filter(|_| counted),
            total_at_least: total.filter(|_| !counted),
            summary: parent.filter(|_| is_first).map(|parent| summary(tx, &parent)).transpose()?,
            cursor: found.last().filter(|_| more).map(|last| format!("n{}", last.n)),
        })
    }
}

impl Results {
    /// Returns the filters whose lists together are the answer: one for each state, unless another index narrows it.
    fn filters(&self, cx: &Context, parent: Option<&TaskId>) -> Vec<Filter> {
        let ends: BTreeSet<Status> =
            cx.config.workflows.by_name.values().flat_map(|workflow| workflow.ends()).collect();
        let statuses: Vec<Status> = match &self.status {
            Some(statuses) => statuses.clone(),
            None => ends.into_iter().collect(),
        };
        let filter = Filter {
            standing: Some(Standing::Ended),
            place: parent.map_or(Place::Anywhere, |parent| Place::Under(parent.clone())),
            tags_all: self.tags.clone().filter(|tags| !tags.is_empty()),
            ended: self.period(),
            ..Filter::default()
        };
        if parent.is_some() || filter.tags_all.is_some() {
            return vec![Filter { statuses: Some(statuses), ..filter }];
        }
        let of = |status| Filter { statuses: Some(vec![status]), ..filter.clone() };
        statuses.into_iter().map(of).collect()
    }

    fn period(&self) -> Option<Period> {
        let given = self.from.is_some() || self.to.is_some();
        let to = self.to.unwrap_or(Timestamp(i64::MAX));
        given.then(|| Period { from: self.from.unwrap_or_default(), to })
    }

    /// Returns true if the store knows the number of tasks without counting.
    fn is_plain(&self) -> bool {
        self.parent.is_none() && self.tags.is_none() && self.period().is_none()
    }

    fn start(&self) -> Result<Start> {
        let Some(cursor) = &self.cursor else {
            return Ok(Start::Offset(0));
        };
        let n = cursor.strip_prefix('n').and_then(|number| number.parse::<u32>().ok());
        n.map(|n| Start::After(n.into())).ok_or_else(|| {
            Error::input(
                format!("`{}` is not a cursor of this list", shortened(cursor, 60)),
                "give the `cursor` of the page before, with the same filters",
            )
        })
    }
}

fn outcome(tx: &Tx, cx: &Context, task: Task) -> Result<Outcome> {
    const TITLE: usize = 60;
    const REASON: usize = 80;
    const SHORT: usize = 120;
    let cut = |text: String, most| if cx.whole { text } else { shortened(&text, most) };
    let Ending { worker, reason } = tx.ending(&task.id, task.attempt)?;
    let most = if cx.whole { cx.config.limits.text_bytes } else { SHORT };
    let brought = tx.brought(&task.id, OUTPUT, most)?;
    let output = brought.as_ref().and_then(|brought| output(brought, most));
    let elsewhere = brought.filter(|_| output.is_none());
    Ok(Outcome {
        title: cut(task.title, TITLE),
        status: task.status,
        reason: reason.map(|reason| cut(reason, REASON)),
        output,
        output_bytes: elsewhere
            .as_ref()
            .filter(|brought| brought.file.is_none())
            .map(|brought| brought.bytes),
        output_file: elsewhere.and_then(|brought| brought.file),
        attempt: task.attempt,
        worker_id: worker,
        ended_at: task.completed_at,
        time_ms: task.time_actual_ms,
        id: task.id,
    })
}

/// Returns a result that is short enough for a list: parsed, if it is JSON.
fn output(brought: &Brought, most: usize) -> Option<Value> {
    let Brought { mime, text, bytes, is_text, .. } = brought;
    if !is_text || *bytes > most as i64 {
        return None;
    }
    let is_json = mime.contains("json");
    let read = is_json.then(|| serde_json::from_str(text).ok()).flatten();
    Some(read.unwrap_or_else(|| text.as_str().into()))
}

fn summary(tx: &Tx, parent: &TaskId) -> Result<Summary> {
    let tasks = tx.under(parent)?;
    let mut by_status: IndexMap<Status, i64> = IndexMap::new();
    let mut open = 0;
    for tally in tx.tallies_under(parent)? {
        match tally.standing {
            Standing::Ended => *by_status.entry(tally.status).or_default() += tally.tasks,
            _ => open += tally.tasks,
        }
    }
    let times = tx.times_of(&tasks)?;
    let time_ms = times.iter().sum();
    let mut amounts = Amounts::default();
    for row in tx.metrics_of(&tasks)? {
        amounts.add(row.name, row.value);
    }
    let median_ms = Times::from(times).percentile(50);
    Ok(Summary { by_status, open, time_ms, median_ms, cost_usd: amounts.cost })
}
