use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::failing;
use crate::domain::{ErrorClass, Outcome, Status, Step, Tag, Task, TaskId, TaskRef};
use crate::error::Result;
use crate::ops::task::gating;
use crate::ops::{Actor, Operation, passage};
use crate::store::{Filter, Order, Page, Place, Start, Tx};
use crate::{Context, Effect};

/// Retry failed tasks, with their retry counts reset; filters combine.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Redrive {
    under: Option<TaskRef>,
    #[schemars(extend("x-rare" = true))]
    tags_any: Option<Vec<Tag>>,
    error_class: Option<ErrorClass>,
    /// Default 100.
    #[schemars(range(min = 1, max = 1000))]
    limit: Option<usize>,
    #[serde(default)]
    #[schemars(extend("x-rare" = true))]
    dry_run: bool,
}

#[derive(Default, Serialize)]
pub struct Redriven {
    redriven: usize,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    dry_run: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    ids: Vec<TaskId>,
    /// The number of tasks per error class.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    error_classes: BTreeMap<String, usize>,
    /// Tasks whose way back lacks evidence.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    gated: Vec<TaskId>,
    /// More tasks match: call again.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    more: bool,
}

impl Operation for Redrive {
    const NAME: &'static str = "redrive";
    const EFFECT: Effect = Effect::Write;
    const ACTOR: Actor = Actor::Optional;

    type Output = Redriven;

    fn run(&self, tx: &Tx, cx: &Context) -> Result<Redriven> {
        let mut done = Redriven { dry_run: self.dry_run, ..Redriven::default() };
        for status in failures(cx) {
            let filter = self.filter(tx, status)?;
            let mut after = 0;
            loop {
                let page = Page { limit: AT_ONCE, start: Start::After(after) };
                let found = tx.list(&filter, Order::Oldest, page)?;
                let Some(last) = found.last() else { break };
                after = last.n;
                for task in &found {
                    if done.redriven == self.most() {
                        return Ok(Redriven { more: true, ..done });
                    }
                    self.try_one(tx, cx, &task.id, &mut done)?;
                }
            }
        }
        Ok(done)
    }
}

/// How many tasks are read at a time.
const AT_ONCE: usize = 200;
/// How many tasks an answer names.
const NAMED: usize = 20;

impl Redrive {
    fn most(&self) -> usize {
        const USUAL: usize = 100;
        const MOST: usize = 1_000;
        self.limit.unwrap_or(USUAL).min(MOST)
    }

    fn filter(&self, tx: &Tx, status: Status) -> Result<Filter> {
        let place = match &self.under {
            Some(under) => Place::Under(tx.resolve(under)?),
            None => Place::Anywhere,
        };
        Ok(Filter {
            statuses: Some(vec![status]),
            place,
            tags_any: self.tags_any.clone(),
            ..Filter::default()
        })
    }

    fn try_one(&self, tx: &Tx, cx: &Context, id: &TaskId, done: &mut Redriven) -> Result<()> {
        let class = tx.error_class(id)?;
        if self.error_class.is_some() && class != self.error_class {
            return Ok(());
        }
        let task = tx.task(id)?;
        if !self.put_back(tx, cx, &task)? {
            done.gated.push(task.id);
            done.gated.truncate(NAMED);
            return Ok(());
        }
        done.redriven += 1;
        if let Some(class) = class {
            *done.error_classes.entry(class.to_string()).or_default() += 1;
        }
        if done.ids.len() < NAMED {
            done.ids.push(task.id);
        }
        Ok(())
    }

    /// Puts a task back if no gate forbids it; returns true if it did, or would in a dry run.
    fn put_back(&self, tx: &Tx, cx: &Context, task: &Task) -> Result<bool> {
        let workflow = cx.workflow_of(task)?;
        let Some(back) = workflow.way_back(&task.status) else {
            return Ok(false);
        };
        if gating::objection_to(tx, cx, task, back)?.is_some() {
            return Ok(false);
        }
        if self.dry_run {
            return Ok(true);
        }
        if let Some(job) = tx.job(&task.id)? {
            tx.put_job(task, &failing::refreshed(job))?;
        }
        let step = Step::let_go(task, back, Outcome::Released, workflow);
        passage::take(tx, cx, task, &step, &cx.because("redrive"))?;
        Ok(true)
    }
}

/// Returns the failure states of all workflows.
fn failures(cx: &Context) -> Vec<Status> {
    let known = &cx.config.workflows;
    let mut found: Vec<Status> = Vec::new();
    for workflow in known.by_name.values() {
        for state in workflow.states.keys().filter(|state| workflow.is_failure(state)) {
            if !found.contains(state) {
                found.push(state.clone());
            }
        }
    }
    found
}
