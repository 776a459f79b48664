use std::collections::{BTreeSet, HashSet};

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::domain::{Millis, Standing, Status, TaskId, TaskRef, Times, Timestamp, reason_class};
use crate::error::Result;
use crate::ops::Operation;
use crate::ops::task::is_default;
use crate::store::{StepRow, Tx};
use crate::{Context, Effect};

/// Measure the queue: depth, waits, run times, outcomes of attempts, failures.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Stats {
    parent: Option<TaskRef>,
    /// Default: an hour ago.
    from: Option<Timestamp>,
}

#[derive(Serialize)]
pub struct Measured {
    tasks: IndexMap<Status, i64>,
    depth: IndexMap<&'static str, i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    oldest_ready: Option<Oldest>,
    workers: usize,
    /// The start of the span for which all following numbers hold.
    from: Timestamp,
    to: Timestamp,
    span_ms: Millis,
    created: i64,
    claimed: i64,
    /// How many tasks ended, by state.
    #[serde(skip_serializing_if = "IndexMap::is_empty")]
    ended: IndexMap<Status, i64>,
    /// How many of them took more than one attempt.
    #[serde(skip_serializing_if = "is_default")]
    retried: i64,
    /// The time between a task's becoming ready and its claim.
    #[serde(skip_serializing_if = "Option::is_none")]
    wait_ms: Option<Spread>,
    /// The time at work in attempts that are over.
    #[serde(skip_serializing_if = "Option::is_none")]
    run_ms: Option<Spread>,
    /// The outcomes of attempts.
    #[serde(skip_serializing_if = "IndexMap::is_empty")]
    attempts: IndexMap<String, i64>,
    /// The classes of failures, including failures that were retried.
    #[serde(skip_serializing_if = "IndexMap::is_empty")]
    failures: IndexMap<String, i64>,
}

#[derive(Serialize)]
struct Oldest {
    id: TaskId,
    waits_ms: Millis,
}

/// Median and 95th percentile.
#[derive(Serialize)]
struct Spread {
    p50: Millis,
    p95: Millis,
    /// The number of measured values.
    of: usize,
}

/// How many entries of the feed, steps and attempts are read at most, the newest first.
const ENTRIES: i64 = 200_000;
const STEPS: usize = 10_000;
const ATTEMPTS: usize = 1_000;

impl Operation for Stats {
    const NAME: &'static str = "stats";
    const EFFECT: Effect = Effect::Read;
    const POSITIONAL: &'static [&'static str] = &["parent"];
    const SWEEPS: bool = true;

    type Output = Measured;

    fn run(&self, tx: &Tx, cx: &Context) -> Result<Measured> {
        const HOUR: Millis = 3_600_000;
        let parent = self.parent.as_ref().map(|parent| tx.resolve(parent)).transpose()?;
        let under = parent.as_ref().map(|parent| tx.under(parent)).transpose()?;
        let from = self.from.unwrap_or(cx.now.before(HOUR));
        let (first, from, mut steps) = steps_since(tx, from)?;
        if let Some(under) = &under {
            let under: HashSet<&TaskId> = under.iter().collect();
            steps.retain(|step| under.contains(&step.task));
        }
        let tallies = match &parent {
            Some(parent) => tx.tallies_under(parent)?,
            None => tx.tallies()?,
        };
        let mut measured = Measured::of(from, cx.now);
        measured.created = match &under {
            Some(tasks) => tx.created_of(tasks, from)?,
            None => tx.created_from(first)?,
        };
        for tally in tallies {
            *measured.depth.entry(tally.standing.as_str()).or_default() += tally.tasks;
            *measured.tasks.entry(tally.status).or_default() += tally.tasks;
        }
        measured.workers = tx.workers_present()?.len();
        measured.oldest_ready = oldest_ready(tx, cx, under.as_deref())?;
        measured.count(&steps, cx);
        measured.time(tx, &steps)?;
        Ok(measured)
    }
}

impl Measured {
    fn of(from: Timestamp, to: Timestamp) -> Self {
        Self {
            tasks: IndexMap::new(),
            depth: Standing::ALL.into_iter().map(|standing| (standing.as_str(), 0)).collect(),
            oldest_ready: None,
            workers: 0,
            from,
            to,
            span_ms: to.since(from),
            created: 0,
            claimed: 0,
            ended: IndexMap::new(),
            retried: 0,
            wait_ms: None,
            run_ms: None,
            attempts: IndexMap::new(),
            failures: IndexMap::new(),
        }
    }

    /// Counts the facts in the steps themselves.
    fn count(&mut self, steps: &[StepRow], cx: &Context) {
        const CLASSES: usize = 10;
        let workflows = || cx.config.workflows.by_name.values();
        let ends: BTreeSet<Status> = workflows().flat_map(|workflow| workflow.ends()).collect();
        let failures: BTreeSet<Status> = workflows().flat_map(|workflow| workflow.failures()).collect();
        let claims: BTreeSet<&Status> = workflows().map(|workflow| &workflow.claim).collect();
        for step in steps {
            if failures.contains(&step.to) || step.is_failed_try() {
                *self.failures.entry(step.failure_class()).or_default() += 1;
            }
            let is_taken = step.after.is_some() && step.after != step.before;
            self.claimed += i64::from(is_taken && claims.contains(&step.to));
            if !ends.contains(&step.to) {
                continue;
            }
            *self.ended.entry(step.to.clone()).or_default() += 1;
            self.retried += i64::from(step.attempt > 1);
        }
        self.failures.sort_by(|_, one, _, other| other.cmp(one));
        let rest: i64 = self.failures.split_off(CLASSES.min(self.failures.len())).into_values().sum();
        if rest > 0 {
            self.failures.insert("other".into(), rest);
        }
    }

    /// Measures the attempts that began or ended with the steps.
    fn time(&mut self, tx: &Tx, steps: &[StepRow]) -> Result<()> {
        let mut seen: HashSet<(&TaskId, i64)> = HashSet::new();
        let (mut waits, mut runs) = (Times::default(), Times::default());
        for step in steps.iter().filter(|step| step.attempt > 0) {
            if step.before == step.after || seen.len() == ATTEMPTS || !seen.insert((&step.task, step.attempt))
            {
                continue;
            }
            let Some(attempt) = tx.attempt(&step.task, step.attempt)? else {
                continue;
            };
            if attempt.claimed_at >= self.from
                && let Some(since) = tx.could_be_claimed_since(&step.task, step.attempt)?
            {
                waits.add(attempt.claimed_at.since(since));
            }
            if let (Some(_), Some(outcome)) = (attempt.ended_at, attempt.outcome) {
                runs.add(attempt.time_ms);
                *self.attempts.entry(outcome).or_default() += 1;
            }
        }
        (self.wait_ms, self.run_ms) = (Spread::of(waits), Spread::of(runs));
        Ok(())
    }
}

impl StepRow {
    /// Returns true if an attempt failed with this step and the task is tried again.
    fn is_failed_try(&self) -> bool {
        let is_over = self.before.is_some() && self.after.is_none();
        is_over && matches!(self.outcome.as_deref(), Some("failed" | "overdue"))
    }

    fn failure_class(&self) -> String {
        let reason = self.reason.as_deref().unwrap_or_default();
        self.error_class.clone().unwrap_or_else(|| reason_class(reason))
    }
}

impl Spread {
    fn of(mut times: Times) -> Option<Self> {
        Some(Self { p50: times.percentile(50)?, p95: times.percentile(95)?, of: times.len() })
    }
}

/// Returns the steps since a point in time, the newest first, with the event and the time from which on all
/// steps are known. If there are too many steps, these are later than asked for, so that rates stay right.
fn steps_since(tx: &Tx, from: Timestamp) -> Result<(i64, Timestamp, Vec<StepRow>)> {
    let asked = tx.first_event_at(from)?;
    let first = asked.max(tx.newest_event()? - ENTRIES);
    let steps = tx.steps_from(first, STEPS)?;
    let first = steps.last().filter(|_| steps.len() == STEPS).map_or(first, |oldest| oldest.id);
    let from = if first == asked { from } else { tx.time_of_event(first)?.unwrap_or(from) };
    Ok((first, from, steps))
}

fn oldest_ready(tx: &Tx, cx: &Context, under: Option<&[TaskId]>) -> Result<Option<Oldest>> {
    let id = match under {
        Some(tasks) => tx.oldest_ready_of(tasks)?,
        None => {
            let workflows = cx.config.workflows.by_name.values();
            let waiting: BTreeSet<&Status> = workflows.flat_map(|workflow| workflow.waiting()).collect();
            let oldest = waiting.into_iter().map(|status| tx.oldest_ready(status));
            let oldest: Vec<_> = oldest.collect::<Result<_>>()?;
            oldest.into_iter().flatten().min().map(|(_, id)| id)
        }
    };
    let Some(id) = id else {
        return Ok(None);
    };
    let attempt = tx.task(&id)?.attempt + 1;
    let since = tx.could_be_claimed_since(&id, attempt)?.unwrap_or(cx.now);
    Ok(Some(Oldest { id, waits_ms: cx.now.since(since) }))
}
