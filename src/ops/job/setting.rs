//! Creates and changes the job of a task.

use serde_json::json;

use crate::Context;
use crate::domain::{JobSettings, Length, Refusal, Task, TaskId, Timestamp};
use crate::error::{Error, Result};
use crate::store::{Event, Tx};

/// Applies job settings to a task.
pub fn set(tx: &Tx, cx: &Context, task: &Task, settings: &JobSettings) -> Result<()> {
    check(settings)?;
    let job = tx.job(&task.id)?.unwrap_or_default();
    tx.put_job(task, &job.with(settings))?;
    if let Some(group) = &settings.group {
        tx.join_group(&task.id, group)?;
    }
    if let Some(group) = settings.group.as_ref().or(task.group.as_ref()) {
        tx.set_group_limit(group, settings.group_limit)?;
    }
    tx.record(&Event {
        task: Some(&task.id),
        after: Some(json!({ "job": settings })),
        ..Event::of("edited", &cx.because("update"))
    })
}

/// Refuses settings that are out of range.
pub fn check(settings: &JobSettings) -> Result<()> {
    const MOST_RETRIES: u32 = 1_000;
    if settings.group_limit == Some(0) {
        return Err(Error::input("a group of which nobody may be at work is never done", "cancel its tasks"));
    }
    match settings.max_retries {
        Some(most) if most > MOST_RETRIES => {
            Err(Error::input(format!("{most} retries are too many, the limit is {MOST_RETRIES}"), ""))
        }
        _ => Ok(()),
    }
}

/// Schedules a task for a later time. This costs none of its retries.
pub fn schedule(tx: &Tx, cx: &Context, task: &Task, then: Timestamp) -> Result<()> {
    if task.claimed_at.is_some() {
        return Err(Error::input(
            format!("somebody is at work on task `{}`, so its time has come", task.id),
            "put it back in the same call, with a `status` in which it waits",
        ));
    }
    if cx.workflow_of(task)?.state(&task.status).terminal {
        return Err(Error::input(
            format!("task `{}` has ended ({})", task.id, task.status),
            "open it again first",
        ));
    }
    if !task.is_job {
        tx.put_job(task, &Default::default())?;
    }
    tx.hold_until(task, Some(then).filter(|then| *then > cx.now))?;
    tx.record(&Event {
        task: Some(&task.id),
        after: Some(json!({ "not_before": then })),
        ..Event::of("scheduled", &cx.because("update"))
    })
}

/// Gives the current attempt a lease.
pub fn lend(tx: &Tx, cx: &Context, task: &Task, length: Length) -> Result<()> {
    let mut job = tx.job(&task.id)?.unwrap_or_default();
    job.lend(length.millis(), &cx.sign());
    tx.put_job(task, &job)
}

/// Extends the caller's leases of these tasks, unless they already last longer. Returns the earliest expiry.
pub fn extend(tx: &Tx, cx: &Context, tasks: &[TaskId], length: Length) -> Result<Timestamp> {
    let until = cx.now.after(length.millis());
    let mut first = None;
    for id in tasks {
        let task = tx.task(id)?;
        let job = if task.is_job { tx.job(id)? } else { None };
        let Some((mut job, lease)) = job.and_then(|job| job.lease_until.map(|lease| (job, lease))) else {
            continue;
        };
        let lease = lease.max(until);
        if lease == until {
            job.lend(length.millis(), &cx.sign());
        }
        tx.put_job(&task, &job)?;
        tx.record(&Event {
            task: Some(id),
            attempt: Some(task.attempt),
            after: Some(json!({ "lease_until": lease })),
            ..Event::of("extended", &cx.because("extend"))
        })?;
        first = Some(first.map_or(lease, |first: Timestamp| first.min(lease)));
    }
    let no_lease = || cx.actor().map(|worker| Refusal::NoLease { worker: worker.id.clone() });
    first.map_or_else(|| Err(no_lease()?.into()), Ok)
}
