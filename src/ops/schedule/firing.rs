//! Creates the tasks of schedules that are due. Each task is created once, by the first call that sees it is due.

use serde_json::{Value, json};

use crate::Context;
use crate::domain::{Makes, Missed, Overlap, Schedule, TaskId, Template, Timestamp};
use crate::error::{Error, Result};
use crate::ops::task::kinds::TreeKinds;
use crate::ops::task::plant::plant;
use crate::ops::task::{Create, shortened};
use crate::ops::template::Instantiate;
use crate::store::{Event, Tx};

/// How many tasks one call creates; later calls create the rest.
const AT_ONCE: usize = 50;

/// Creates the tasks that are due.
pub fn fire_due(tx: &Tx, cx: &Context) -> Result<()> {
    // The caller is not their author, and its project is not their place.
    let cx = &cx.for_nobody();
    let mut left = AT_ONCE;
    while left > 0 {
        let Some(mut schedule) = tx.due_schedule(cx.now)? else {
            return Ok(());
        };
        let due = schedule.due(cx.now);
        let mut tried = 0;
        while tried < due.len().min(left) && schedule.retry_at.is_none_or(|retry| retry <= cx.now) {
            fire(tx, cx, &mut schedule, due[tried])?;
            tried += 1;
        }
        schedule.next_at = match due.get(tried) {
            Some(next) => Some(*next),
            None => schedule.rhythm.next(cx.now),
        };
        tx.put_schedule(&schedule)?;
        left = left.saturating_sub(tried.max(1));
    }
    Ok(())
}

/// Corrects schedules that a clock far ahead of this one has put off. A time that has created a task
/// creates no second one.
pub fn pull_back(tx: &Tx, cx: &Context) -> Result<()> {
    for mut schedule in tx.active_schedules()? {
        let before = schedule.due_at();
        schedule.retry_at = schedule.retry_at.filter(|retry| !cx.now.is_far_behind(*retry));
        let next = schedule.rhythm.next(cx.now);
        schedule.next_at = schedule.next_at.zip(next).map(|(planned, next)| planned.min(next));
        if schedule.due_at() != before {
            tx.put_schedule(&schedule)?;
        }
    }
    Ok(())
}

/// Creates the task of one time, unless that was done, and records the result.
fn fire(tx: &Tx, cx: &Context, schedule: &mut Schedule, at: Timestamp) -> Result<()> {
    if !tx.add_firing(&schedule.name, at)? {
        return Ok(());
    }
    let mut after = json!({ "schedule": schedule.name, "at": at });
    let since = schedule.next_at.filter(|planned| *planned < at && schedule.missed != Missed::All);
    if let Some(since) = since {
        after["missed_since"] = json!(since);
    }
    schedule.last_at = Some(at);
    let mut made = None;
    if let Some(open) = open_one(tx, cx, schedule)? {
        after["skipped"] = Value::String(format!("`{open}` is open"));
    } else {
        match tx.part(|| make(tx, cx, schedule, at))? {
            Ok(task) => {
                tx.set_fired(&schedule.name, at, &task)?;
                schedule.forget_failures();
                made = Some(task);
            }
            Err(busy @ Error::Busy { .. }) => return Err(busy),
            // The caller did not cause this error, so it is recorded and not returned.
            Err(error) => {
                let problem = shortened(&error.to_string(), 500);
                after["failed"] = json!(problem);
                schedule.fail(problem, cx.now);
            }
        }
    }
    let because = cx.by_rule("schedule");
    tx.record(&Event { task: made.as_ref(), after: Some(after), ..Event::of("fired", &because) })
}

/// Returns the last task if it is open and must end before the next one is created.
fn open_one(tx: &Tx, cx: &Context, schedule: &Schedule) -> Result<Option<TaskId>> {
    let last = match schedule.overlap {
        Overlap::Allow => None,
        Overlap::Skip => tx.last_fired(&schedule.name)?,
    };
    let Some(last) = last else {
        return Ok(None);
    };
    let task = tx.task(&last)?;
    let has_ended = task.deleted_at.is_some() || cx.workflow_of(&task)?.state(&task.status).terminal;
    Ok((!has_ended).then_some(last))
}

/// Refuses a template version from which a schedule could not create its tasks. Only schedules that would
/// use this template are checked.
pub fn check_template(tx: &Tx, cx: &Context, template: &Template) -> Result<()> {
    /// How many schedules of one template are checked.
    const LOOKED_AT: usize = 100;
    for schedule in tx.schedules_of(&template.name, LOOKED_AT)? {
        let Makes::Template { vars, .. } = schedule.makes else {
            continue;
        };
        Instantiate::check(tx, cx, template, vars, (schedule.parent.as_ref(), cx.now)).map_err(|fault| {
            let message = format!("the schedule `{}` could not make its task from this: {fault}", schedule.name);
            let hint = "pause it with schedule(state=paused), change the template, then give it `vars` that fit \
                and state=active";
            Error::input(message, hint)
        })?;
    }
    Ok(())
}

/// Creates one task of a schedule.
pub fn make(tx: &Tx, cx: &Context, schedule: &Schedule, at: Timestamp) -> Result<TaskId> {
    let parent = schedule.parent.as_ref();
    let task = match &schedule.makes {
        Makes::Template { name, vars } => {
            return Instantiate::once(tx, cx, name.clone(), vars.clone(), (parent, at));
        }
        Makes::Task(task) => task_of(task)?,
    };
    let kinds = TreeKinds::plain(cx);
    let planted = plant(tx, cx, std::slice::from_ref(&task), parent, &kinds)?;
    Ok(planted.ids[0].clone())
}

fn task_of(task: &serde_json::Map<String, Value>) -> Result<Create> {
    let task: Create = serde_json::from_value(Value::Object(task.clone()))
        .map_err(|error| Error::input(format!("`task`: {error}"), "give the fields of `create`"))?;
    if task.title.is_none() {
        return Err(Error::input("`task` has no `title`", "give the fields of `create`"));
    }
    match task.happens_once() {
        Some(field) => Err(Error::input(
            format!("`task` has `{field}`, which cannot be the same each time"),
            "leave it out; the schedule's own `parent` says where tasks are made",
        )),
        None => Ok(task),
    }
}
