//! Due work: scheduled jobs become ready, leases of attempts expire, schedules create tasks.
//!
//! There is no timer: the next claim, update, list or wait processes due work.

use serde_json::json;

use super::failing::{self, Failed};
use crate::domain::{Failure, MessageKind, Outcome, Task};
use crate::error::Result;
use crate::ops::message::telling::{self, Notice};
use crate::ops::schedule::firing;
use crate::ops::{Request, clock, passage};
use crate::store::{Event, Tx};
use crate::{App, Context, Effect};

/// How many jobs one call processes.
const AT_ONCE: usize = 50;

/// Processes due work, in transactions of its own.
pub fn look(app: &App, request: &Request) -> Result<()> {
    let (due, newest) = app
        .store
        .transact(request.patience, Effect::Read, |tx| Ok((tx.next_due()?, tx.newest_event_at()?)))?;
    let now = app.now();
    if due.is_none_or(|due| due > now) && newest.is_none_or(|newest| !now.is_far_behind(newest)) {
        return Ok(());
    }
    app.store.transact(request.patience, Effect::Write, |tx| {
        let cx = clock::context(app, tx, &request.config)?;
        catch_up(tx, &cx)
    })
}

/// Returns true if work is due.
pub fn is_any(tx: &Tx, cx: &Context) -> Result<bool> {
    Ok(tx.next_due()?.is_some_and(|due| due <= cx.now))
}

/// Processes due work.
pub fn catch_up(tx: &Tx, cx: &Context) -> Result<()> {
    if !is_any(tx, cx)? {
        return Ok(());
    }
    for id in tx.due(&cx.sign(), AT_ONCE)? {
        let task = tx.task(&id)?;
        match task.claimed_at {
            Some(_) => expire(tx, cx, &task)?,
            None => ripen(tx, cx, &task)?,
        }
    }
    firing::fire_due(tx, cx)
}

fn ripen(tx: &Tx, cx: &Context, task: &Task) -> Result<()> {
    tx.hold_until(task, None)?;
    let after = Some(json!({ "not_before": null }));
    tx.record(&Event { task: Some(&task.id), after, ..Event::of("due", &cx.by_rule("due")) })
}

/// Takes a task from a worker whose lease of the attempt expired. This counts as a failure.
fn expire(tx: &Tx, cx: &Context, task: &Task) -> Result<()> {
    let workflow = &*cx.rules_of(tx, task)?;
    let retries = tx.job(&task.id)?.unwrap_or_default().retries_on_demand();
    let Some(end) = workflow.given_up() else {
        return give_back(tx, cx, task);
    };
    let failed = Failed {
        task,
        failure: Failure::default(),
        outcome: Outcome::Overdue,
        end,
        because: cx.by_rule("expired").for_reason(Some("the lease of the attempt ran out")),
    };
    let told = task.holder.as_ref().map(|to| Notice {
        to,
        kind: MessageKind::Stop,
        task: Some(&task.id),
        text: "its lease ran out, so that others may take it; your result counts if nobody does",
    });
    if let Some(notice) = told {
        telling::tell(tx, cx, &notice, &failed.because)?;
    }
    match tx.part(|| failing::fail(tx, cx, &retries, &failed))? {
        Ok(_) => Ok(()),
        // A gate forbids the failure state, so the task is tried again.
        Err(crate::Error::Refused(_)) => give_back(tx, cx, task),
        Err(error) => Err(error),
    }
}

fn give_back(tx: &Tx, cx: &Context, task: &Task) -> Result<()> {
    let workflow = &*cx.rules_of(tx, task)?;
    let step = crate::domain::Step::let_go(task, &workflow.disconnect, Outcome::Overdue, workflow);
    passage::take(tx, cx, task, &step, &cx.by_rule("expired")).map(|_| ())
}
