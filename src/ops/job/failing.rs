//! Failure of a task: a retry, or its final state.

use serde::Serialize;
use serde_json::json;

use crate::Context;
use crate::domain::{Failure, Job, Outcome, Retries, Status, Step, Task, Timestamp, Verdict, Why};
use crate::error::Result;
use crate::ops::passage::{self, Consequences};
use crate::store::{Because, Event, Tx};

/// A failure to process.
pub struct Failed<'a> {
    pub task: &'a Task,
    pub failure: Failure<'a>,
    /// How the attempt ended.
    pub outcome: Outcome,
    /// The state of the task if there is no retry.
    pub end: &'a Status,
    pub because: Because<'a>,
}

/// The result of a failure.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(untagged)]
pub enum Tried {
    Again { again_at: Timestamp, retries_left: u32 },
    Final { no_retry: Why },
}

/// Returns the retry rules of a task: those of its job, or those that its worker asks for; `None` if it is
/// not retried.
pub fn retries_of(tx: &Tx, task: &Task, failure: &Failure<'_>) -> Result<Option<Retries>> {
    let job = if task.is_job { tx.job(&task.id)? } else { None };
    let asked = failure.retry == Some(true) || failure.retry.is_none() && failure.after.is_some();
    Ok(match job {
        Some(job) if asked => Some(job.retries_on_demand()),
        Some(job) => job.retries(),
        None => asked.then(Retries::default),
    })
}

/// Records a failure, and takes the step that the retry rules choose.
pub fn fail(tx: &Tx, cx: &Context, retries: &Retries, failed: &Failed<'_>) -> Result<Consequences> {
    let Failed { task, failure, outcome, end, because } = failed;
    let workflow = &*cx.rules_of(tx, task)?;
    let mut job = tx.job(&task.id)?.unwrap_or_default();
    job.max_retries = Some(retries.most);
    job.failures += 1;
    tx.put_job(task, &job)?;
    let verdict = retries.judge(&task.id, job.failures, failure, cx.now);
    let (verdict, to) = match (verdict, workflow.way_back(&task.status)) {
        (Verdict::Again(_), Some(back)) => (verdict, back),
        (Verdict::Again(_), None) => (Verdict::Final(Why::NotRetryable), *end),
        (Verdict::Final(_), _) => (verdict, *end),
    };
    let step = Step::let_go(task, to, *outcome, workflow);
    let task = Task { is_job: true, ..(*task).clone() };
    let mut consequences = passage::take(tx, cx, &task, &step, because)?;
    if let Some(class) = failure.class {
        tx.classify(&task.id, class)?;
    }
    consequences.retry = Some(match verdict {
        Verdict::Final(no_retry) => Tried::Final { no_retry },
        Verdict::Again(then) => {
            rest(tx, cx, &task, then)?;
            Tried::Again { again_at: then, retries_left: retries.most.saturating_sub(job.failures) }
        }
    });
    Ok(consequences)
}

fn rest(tx: &Tx, cx: &Context, task: &Task, then: Timestamp) -> Result<()> {
    if then <= cx.now {
        return Ok(());
    }
    tx.hold_until(task, Some(then))?;
    tx.record(&Event {
        task: Some(&task.id),
        after: Some(json!({ "not_before": then })),
        ..Event::of("scheduled", &cx.by_rule("retry"))
    })
}

/// Takes back the failure of an expired attempt, because its result has arrived after all.
pub fn forgive(tx: &Tx, task: &Task) -> Result<()> {
    match tx.job(&task.id)? {
        Some(job) => tx.put_job(task, &Job { failures: job.failures.saturating_sub(1), ..job }),
        None => Ok(()),
    }
}

/// Returns a failed job with its counters, time and lease reset.
pub fn refreshed(job: Job) -> Job {
    Job { failures: 0, losses: 0, not_before: None, lease_until: None, lease_awake: None, ..job }
}
