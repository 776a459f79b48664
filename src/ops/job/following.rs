//! Effects of a step on a task's job, for every operation or rule that causes it.

use crate::Context;
use crate::domain::{AttemptStep, Departure, Job, MOST_LOSSES, Outcome, Step, Task};
use crate::error::Result;
use crate::ops::task::gating;
use crate::store::Tx;

/// Updates the job after a step: starts or ends a lease, clears the scheduled time, counts a lost worker.
///
/// Returns the next step if the task has lost too many workers: a task that kills its workers must not be
/// handed out forever.
pub fn follow_step(tx: &Tx, cx: &Context, task: &Task, step: &Step) -> Result<Option<(Task, Step)>> {
    let Some(job) = tx.job(&task.id)? else {
        return Ok(None);
    };
    let followed = followed(job.clone(), step, cx);
    if job.not_before.is_some() && followed.not_before.is_none() {
        tx.hold_until(task, None)?;
    }
    if followed != job {
        tx.put_job(task, &followed)?;
    }
    let is_lost = followed.losses > job.losses;
    if !is_lost || followed.max_retries.is_none() || followed.losses <= MOST_LOSSES || step.after.terminal {
        return Ok(None);
    }
    let task = tx.task(&task.id)?;
    let workflow = cx.workflow_of(&task)?;
    let Some(end) = workflow.given_up() else {
        return Ok(None);
    };
    if gating::objection_to(tx, cx, &task, end)?.is_some() {
        return Ok(None);
    }
    let step = Step::let_go(&task, end, Outcome::Ended, workflow);
    Ok(Some((task, step)))
}

fn followed(mut job: Job, step: &Step, cx: &Context) -> Job {
    match step.attempt {
        AttemptStep::Begins | AttemptStep::Resumes => {
            job.not_before = None;
            match job.lease {
                Some(lease) => job.lend(lease, &cx.sign()),
                None => job.end_lease(),
            }
        }
        AttemptStep::Ends(outcome) => {
            job.end_lease();
            let died = matches!(outcome, Outcome::Lost(how) if how != Departure::Disconnected);
            job.losses += u32::from(died);
        }
        AttemptStep::GoesOn => {}
    }
    if step.after.terminal {
        job.not_before = None;
    }
    job
}
