use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::sums::Sums;
use crate::domain::{Amounts, Millis, Tag, TaskId, TaskRef, WorkerId};
use crate::error::Result;
use crate::ops::Operation;
use crate::ops::task::{is_default, words};
use crate::store::{Effort, MetricRow, Tx};
use crate::{Context, Effect};

/// Sum up costs, metrics and estimates of tasks; default: all.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GetMetrics {
    #[serde(default)]
    task: Vec<TaskRef>,
    #[serde(default)]
    recursive: bool,
    by: Option<By>,
    limit: Option<usize>,
    #[serde(default)]
    offset: usize,
}

// The key by which sums are broken down.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
enum By {
    Task,
    Worker,
    Tag,
    Attempt,
}

#[derive(Serialize)]
pub struct Metrics {
    #[serde(skip_serializing_if = "Option::is_none")]
    task: Option<TaskId>,
    /// How many tasks are summed up, if not all or one.
    #[serde(skip_serializing_if = "Option::is_none")]
    tasks: Option<usize>,
    #[serde(flatten)]
    sums: Sums,
    #[serde(flatten)]
    estimate: Estimate,
    #[serde(skip_serializing_if = "Option::is_none")]
    groups: Option<Vec<Group>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    groups_total: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_offset: Option<usize>,
}

#[derive(Default, Serialize)]
struct Estimate {
    #[serde(skip_serializing_if = "is_default")]
    points: i64,
    #[serde(skip_serializing_if = "is_default")]
    estimated_tasks: i64,
    #[serde(skip_serializing_if = "is_default")]
    time_estimate_ms: Millis,
    /// The time at work on the tasks that have an estimate.
    #[serde(skip_serializing_if = "is_default")]
    time_actual_ms: Millis,
}

#[derive(Serialize)]
struct Group {
    #[serde(flatten)]
    key: Key,
    #[serde(flatten)]
    sums: Sums,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize)]
struct Key {
    #[serde(skip_serializing_if = "Option::is_none")]
    task: Option<TaskId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    attempt: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    worker_id: Option<WorkerId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tag: Option<Tag>,
}

impl Operation for GetMetrics {
    const NAME: &'static str = "get_metrics";
    const EFFECT: Effect = Effect::Read;
    const POSITIONAL: &'static [&'static str] = &["task…"];

    type Output = Metrics;

    fn run(&self, tx: &Tx, cx: &Context) -> Result<Metrics> {
        words::check_number("tasks", self.task.len(), cx.config.limits.ids)?;
        let tasks = self.tasks(tx)?;
        let rows = self.rows(tx, tasks.as_deref())?;
        let effort = match &tasks {
            Some(tasks) => tx.effort_of(tasks, cx.now)?,
            None => tx.effort(cx.now)?,
        };
        let mut total = Amounts::default();
        for row in &rows {
            total.add(row.name.clone(), row.value);
        }
        let mut metrics = Metrics {
            task: None,
            tasks: tasks.as_ref().map(Vec::len),
            sums: Sums::of(total, Sums::WHOLE),
            estimate: Estimate::of(effort),
            groups: None,
            groups_total: None,
            next_offset: None,
        };
        if let Some([only]) = tasks.as_deref() {
            (metrics.task, metrics.tasks) = (Some(only.clone()), None);
        }
        if let Some(by) = self.by() {
            self.break_down(&mut metrics, groups(tx, by, rows)?, cx);
        }
        Ok(metrics)
    }
}

impl GetMetrics {
    /// Returns the ids of the requested tasks; `None` for all.
    fn tasks(&self, tx: &Tx) -> Result<Option<Vec<TaskId>>> {
        if self.task.is_empty() {
            return Ok(None);
        }
        let mut tasks = BTreeSet::new();
        for name in &self.task {
            let id = tx.resolve(name)?;
            tx.task(&id)?;
            if self.recursive {
                tasks.extend(tx.under(&id)?);
            }
            tasks.insert(id);
        }
        Ok(Some(tasks.into_iter().collect()))
    }

    /// Returns the rows to sum up. For all tasks these are the sums per worker, unless another key needs more.
    fn rows(&self, tx: &Tx, tasks: Option<&[TaskId]>) -> Result<Vec<MetricRow>> {
        match (tasks, self.by) {
            (Some(tasks), _) => tx.metrics_of(tasks),
            (None, None | Some(By::Worker)) => tx.metrics_by_worker(),
            (None, Some(By::Task | By::Tag | By::Attempt)) => tx.all_metrics(),
        }
    }

    fn by(&self) -> Option<By> {
        self.by.or_else(|| (self.task.len() > 1).then_some(By::Task))
    }

    fn break_down(&self, metrics: &mut Metrics, groups: BTreeMap<Key, Amounts>, cx: &Context) {
        let limit = self.limit.unwrap_or(cx.config.page_size).clamp(1, 500);
        let total = groups.len();
        let offset = self.offset.min(total);
        let mut groups: Vec<_> = groups.into_iter().collect();
        // Highest cost first, then by key.
        groups.sort_by_key(|(_, amounts)| std::cmp::Reverse(amounts.cost));
        let groups: Vec<Group> = groups
            .into_iter()
            .skip(offset)
            .take(limit)
            .map(|(key, amounts)| Group { key, sums: Sums::of(amounts, Sums::GROUP) })
            .collect();
        let end = offset + groups.len();
        metrics.next_offset = (!groups.is_empty() && end < total).then_some(end);
        metrics.groups = Some(groups);
        metrics.groups_total = Some(total);
    }
}

/// Sums up by key. Rows without that key, for example of a task that was obliterated, count in the total only.
fn groups(tx: &Tx, by: By, rows: Vec<MetricRow>) -> Result<BTreeMap<Key, Amounts>> {
    let tags = match by {
        By::Tag => tx.tags_of(&rows.iter().filter_map(|row| row.task.clone()).collect())?,
        _ => BTreeMap::new(),
    };
    let mut groups: BTreeMap<Key, Amounts> = BTreeMap::new();
    for row in rows {
        let MetricRow { task, attempt, worker, name, value } = row;
        let keys: Vec<Key> = match (by, task) {
            (By::Worker, _) => vec![Key { worker_id: Some(worker), ..Key::default() }],
            (_, None) => Vec::new(),
            (By::Task, Some(task)) => vec![Key { task: Some(task), ..Key::default() }],
            (By::Attempt, Some(task)) => {
                let (task, attempt) = (Some(task), Some(attempt));
                vec![Key { task, attempt, worker_id: Some(worker), tag: None }]
            }
            (By::Tag, Some(task)) => {
                let tags = tags.get(&task).into_iter().flatten().cloned();
                tags.map(|tag| Key { tag: Some(tag), ..Key::default() }).collect()
            }
        };
        for key in keys {
            groups.entry(key).or_default().add(name.clone(), value);
        }
    }
    Ok(groups)
}

impl Estimate {
    fn of(effort: Effort) -> Self {
        let Effort { estimated, time_estimate_ms, time_actual_ms, points } = effort;
        Self { points, estimated_tasks: estimated, time_estimate_ms, time_actual_ms }
    }
}
