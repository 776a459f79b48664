use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::domain::{Makes, Missed, Overlap, Schedule, ScheduleName, TaskId, TemplateName, Timestamp, Zone};
use crate::error::Result;
use crate::ops::Operation;
use crate::ops::task::{if_short, is_default, shortened};
use crate::store::{Firing, Page, Start, Tx};
use crate::{Context, Effect};

/// List the schedules, or show one.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ListSchedules {
    name: Option<ScheduleName>,
    /// Default 8.
    limit: Option<usize>,
    #[serde(default)]
    offset: usize,
}

#[derive(Serialize)]
#[serde(untagged)]
pub enum Shown {
    One(Box<Whole>),
    List {
        schedules: Vec<Row>,
        total: usize,
        #[serde(skip_serializing_if = "Option::is_none")]
        next_offset: Option<usize>,
    },
}

#[derive(Serialize)]
pub struct Row {
    name: ScheduleName,
    cron: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    zone: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    template: Option<TemplateName>,
    #[serde(skip_serializing_if = "is_default")]
    paused: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_at: Option<Timestamp>,
    /// The error of the last attempt to create a task.
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<String>,
    /// The number of failures in a row; each delays `next_at` further.
    #[serde(skip_serializing_if = "is_default")]
    failures: u32,
}

#[derive(Serialize)]
pub struct Whole {
    #[serde(flatten)]
    row: Row,
    /// The recipe, if it is short; `query` shows the whole of the table `schedules`.
    #[serde(skip_serializing_if = "Option::is_none")]
    vars: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    task: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    parent: Option<TaskId>,
    missed: Missed,
    overlap: Overlap,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    next: Vec<Timestamp>,
    /// Newest first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    last: Vec<Value>,
}

impl Operation for ListSchedules {
    const NAME: &'static str = "schedules";
    const EFFECT: Effect = Effect::Read;
    const POSITIONAL: &'static [&'static str] = &["name"];
    const SWEEPS: bool = true;

    type Output = Shown;

    fn run(&self, tx: &Tx, cx: &Context) -> Result<Shown> {
        const MOST: usize = 30;
        if let Some(name) = &self.name {
            return Ok(Shown::One(Box::new(whole(tx, cx, tx.schedule_named(name)?)?)));
        }
        let limit = self.limit.unwrap_or(8).clamp(1, MOST);
        let (found, total) = tx.schedules(Page { limit, start: Start::Offset(self.offset) })?;
        let schedules: Vec<Row> = found.iter().map(|schedule| row(schedule, 40)).collect();
        let seen = self.offset + schedules.len();
        Ok(Shown::List {
            next_offset: (!schedules.is_empty() && seen < total).then_some(seen),
            schedules,
            total,
        })
    }
}

fn row(schedule: &Schedule, text: usize) -> Row {
    let zone = schedule.rhythm.zone;
    Row {
        name: schedule.name.clone(),
        cron: shortened(&schedule.rhythm.text, text),
        zone: (zone != Zone::default()).then(|| zone.to_string()),
        template: match &schedule.makes {
            Makes::Template { name, .. } => Some(name.clone()),
            Makes::Task(_) => None,
        },
        paused: schedule.next_at.is_none(),
        next_at: schedule.due_at(),
        last_at: schedule.last_at,
        problem: schedule.problem.as_ref().map(|problem| shortened(problem, text)),
        failures: schedule.failures,
    }
}

fn whole(tx: &Tx, cx: &Context, schedule: Schedule) -> Result<Whole> {
    const SHOWN: usize = 5;
    let last = tx.firings(&schedule.name, SHOWN)?.into_iter().map(|Firing { at, task }| match task {
        Some(task) => json!({ "at": at, "task": task }),
        None => json!({ "at": at }),
    });
    let from = cx.now.max(schedule.retry_at.unwrap_or_default());
    let upcoming = || schedule.rhythm.upcoming(from, SHOWN);
    let (vars, task) = match &schedule.makes {
        Makes::Template { vars, .. } => (if vars.is_empty() { None } else { if_short(vars)? }, None),
        Makes::Task(task) => (None, if_short(task)?),
    };
    Ok(Whole {
        row: Row { next_at: None, ..row(&schedule, 500) },
        vars,
        task,
        parent: schedule.parent.clone(),
        missed: schedule.missed,
        overlap: schedule.overlap,
        next: schedule.next_at.map(|_| upcoming()).unwrap_or_default(),
        last: last.collect(),
    })
}
