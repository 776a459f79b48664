use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::assigning::{Assignment, assign};
use super::claim;
use super::claiming::{self, Beginning, Force, Taken};
use super::edit::Edit;
use super::evidence::Evidence;
use super::guiding;
use super::late::{self, Late};
use super::moving::{Move, cancel_under, move_to, refuse_follower, refuse_stranger};
use crate::domain::{
    ErrorClass, Failure, JobSettings, Kept, Length, Millis, Phase, Priority, Reason, Refusal, Status, Tag,
    Task, TaskId, TaskRef, Text, Title, When, WorkerId,
};
use crate::error::{Error, Result};
use crate::ops::attachment::To;
use crate::ops::job::{due, setting};
use crate::ops::mark::{Files, marking};
use crate::ops::passage::Consequences;
use crate::ops::{Actor, Operation, Staging};
use crate::store::{Because, Tx};
use crate::{Context, Effect};

/// Finish, release, assign or edit a task; a non-working state releases it.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Update {
    task: TaskRef,
    #[schemars(extend("x-vocabulary" = "status"))]
    status: Option<Status>,
    /// Result or cause.
    reason: Option<Reason>,
    /// Evidence.
    #[serde(default)]
    attachments: Vec<Evidence>,
    /// Claim the next one too.
    #[serde(default)]
    next: bool,
    /// As `claim` returned.
    attempt: Option<i64>,
    /// New holder.
    assignee: Option<WorkerId>,
    title: Option<Title>,
    /// Empty clears it.
    description: Option<Text>,
    priority: Option<Priority>,
    #[schemars(extend("x-vocabulary" = "phase"))]
    phase: Option<Phase>,
    tags: Option<BTreeSet<Tag>>,
    #[schemars(extend("x-rare" = true))]
    needed_tags: Option<BTreeSet<Tag>>,
    #[schemars(extend("x-rare" = true))]
    wanted_tags: Option<BTreeSet<Tag>>,
    #[schemars(extend("x-rare" = true))]
    files: Option<Files>,
    #[schemars(range(min = 0))]
    #[schemars(extend("x-rare" = true))]
    points: Option<i64>,
    #[schemars(range(min = 0))]
    #[schemars(extend("x-rare" = true))]
    time_estimate_ms: Option<Millis>,
    /// Cancel subtasks too.
    #[serde(default)]
    cascade: bool,
    /// As in `claim`.
    #[serde(default)]
    force: bool,
    /// On failure: retry or not.
    retry: Option<bool>,
    /// Delay, `10m`.
    #[schemars(extend("x-rare" = true))]
    retry_after: Option<Length>,
    /// One word for this kind of failure.
    #[schemars(extend("x-rare" = true))]
    error_class: Option<ErrorClass>,
    /// Earliest claim: a time, or `10m` from now.
    #[schemars(extend("x-rare" = true))]
    not_before: Option<When>,
    #[schemars(extend("x-rare" = true))]
    job: Option<JobSettings>,
}

#[derive(Serialize)]
pub struct Updated {
    id: TaskId,
    status: Status,
    #[serde(skip_serializing_if = "Option::is_none")]
    worker_id: Option<WorkerId>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    changed: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    attached: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cancelled_below: Option<usize>,
    #[serde(flatten)]
    consequences: Consequences,
    /// Guidance of the workflow for this step, the first time.
    #[serde(skip_serializing_if = "Option::is_none")]
    guidance: Option<String>,
    /// The task to do now, or null if none is ready.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<Option<Taken>>,
}

impl Operation for Update {
    const NAME: &'static str = "update";
    const EFFECT: Effect = Effect::Write;
    const ACTOR: Actor = Actor::Required;
    const POSITIONAL: &'static [&'static str] = &["task", "status"];
    const SWEEPS: bool = true;

    type Output = Updated;

    fn prepare(&mut self, staging: &Staging) -> Result<()> {
        self.files.as_mut().map_or(Ok(()), |files| files.locate(staging.places()))?;
        self.attachments.iter().try_for_each(|evidence| evidence.piece().prepare(staging))
    }

    fn run(&self, tx: &Tx, cx: &Context) -> Result<Updated> {
        let force = Force::from(self.force);
        let found = tx.task_called(&self.task)?;
        self.refuse_idle_words(cx, &found)?;
        let overrode = refuse_stranger(tx, cx, &found, self.attempt, force)?;
        if self.brings_a_result(cx, &found)? {
            refuse_follower(tx, cx, &found)?;
        }
        let task = late::resumed(tx, cx, found, self.status.as_ref())?;
        let before = task.clone();
        // Attachments come first, since they may be the evidence that the other changes require.
        let attached = self.attach(tx, cx, &task)?;
        let because = |cause| {
            let cause = if overrode { "force" } else { cause };
            cx.because(cause).for_reason(self.reason()).waiving(self.force)
        };
        let mut changed = self.change(tx, cx, &task, &because("update"))?;
        let task = if changed.is_empty() { task } else { tx.task(&task.id)? };
        let mut consequences = Consequences::default();
        let mut cancelled_below = None;
        if let Some(assignee) = &self.assignee {
            consequences = assign(
                tx,
                cx,
                &task,
                assignee,
                &Assignment { to: self.status.as_ref(), because: because("assign"), force },
            )?;
        } else if let Some(status) = &self.status {
            let request = Move { to: status, because: because("update"), force, failure: self.failure() };
            consequences = move_to(tx, cx, &task, &request)?;
            if self.cascade && cx.workflow_of(&task)?.cancel.as_ref() == Some(status) {
                let because = cx.because("cascade").for_reason(self.reason());
                cancelled_below = Some(cancel_under(tx, cx, &task, &because, force)?);
            }
        }
        let task = tx.task(&task.id)?;
        if let Some(then) = self.not_before {
            setting::schedule(tx, cx, &task, then.from(cx.now))?;
            changed.push("not_before".into());
        }
        let guidance = guiding::on_step(tx, cx, &before, &task)?;
        let next = if self.next { Some(take_next(tx, cx, &task)?) } else { None };
        Ok(Updated {
            id: task.id,
            status: task.status,
            worker_id: task.holder,
            changed,
            attached,
            cancelled_below,
            consequences,
            guidance,
            next,
        })
    }

    fn is_late(&self, tx: &Tx, worker: &WorkerId, refusal: &Refusal) -> Result<bool> {
        Ok(self.late().lost(tx, worker, refusal)?.is_some())
    }

    fn salvage(&self, refusal: &Refusal, tx: &Tx, cx: &Context) -> Result<Option<Kept>> {
        self.late().keep(tx, cx, refusal)
    }
}

impl Update {
    fn reason(&self) -> Option<&str> {
        self.reason.as_ref().map(Reason::as_str)
    }

    fn late(&self) -> Late<'_> {
        Late {
            task: &self.task,
            status: self.status.as_ref(),
            reason: self.reason(),
            attachments: &self.attachments,
            attempt: self.attempt,
        }
    }

    fn failure(&self) -> Failure<'_> {
        Failure { retry: self.retry, after: self.retry_after, class: self.error_class.as_ref() }
    }

    /// Refuses failure details for a step that is not a failure.
    fn refuse_idle_words(&self, cx: &Context, task: &Task) -> Result<()> {
        let says_failure = self.retry.is_some() || self.retry_after.is_some() || self.error_class.is_some();
        let workflow = cx.workflow_of(task)?;
        let fails = self.status.as_ref().is_some_and(|status| workflow.is_failure(status));
        if !says_failure || fails {
            return Ok(());
        }
        Err(Error::input(
            "`retry`, `retry_after` and `error_class` tell of a failure, and this is none",
            "give the `status` of failed work too; `not_before` puts a task off that has not failed",
        ))
    }

    /// Returns true if the call reports the end of work on the task.
    fn brings_a_result(&self, cx: &Context, task: &Task) -> Result<bool> {
        let workflow = cx.workflow_of(task)?;
        Ok(self.status.as_ref().is_some_and(|status| workflow.state(status).terminal))
    }

    /// Changes the fields of the task, apart from its state; returns the fields that differ now.
    fn change(&self, tx: &Tx, cx: &Context, task: &Task, because: &Because<'_>) -> Result<Vec<String>> {
        let mut changed = self.edit().apply(tx, cx, task, because)?;
        if let Some(files) = &self.files
            && marking::declare(tx, &task.id, files.paths(), &cx.because("update"))?
        {
            changed.push("files".into());
        }
        if let Some(settings) = &self.job {
            setting::set(tx, cx, task, settings)?;
            changed.push("job".into());
        }
        Ok(changed)
    }

    fn edit(&self) -> Edit<'_> {
        Edit {
            title: self.title.as_ref(),
            description: self.description.as_ref(),
            phase: self.phase.as_ref(),
            priority: self.priority,
            points: self.points,
            time_estimate_ms: self.time_estimate_ms,
            tags: self.tags.as_ref(),
            needed_tags: self.needed_tags.as_ref(),
            wanted_tags: self.wanted_tags.as_ref(),
        }
    }

    fn attach(&self, tx: &Tx, cx: &Context, task: &Task) -> Result<Vec<String>> {
        if self.attachments.is_empty() {
            return Ok(Vec::new());
        }
        let to = To::of(tx, cx, task, "update")?;
        let attach = |evidence: &Evidence| {
            let piece = evidence.piece();
            piece.warn(cx);
            Ok(piece.attach(tx, cx, &to)?.label)
        };
        self.attachments.iter().map(attach).collect()
    }
}

/// Claims the next task. Ending the one before may have freed a slot in its group.
fn take_next(tx: &Tx, cx: &Context, before: &Task) -> Result<Option<Taken>> {
    due::catch_up(tx, cx)?;
    if before.group.is_some() {
        tx.settle_groups()?;
    }
    let Some(task) = claim::next(tx, cx, cx.actor()?.selector.as_ref())? else {
        return Ok(None);
    };
    match claiming::claim(tx, cx, &task, &Beginning::plain(Force::No)) {
        Ok(consequences) => {
            consequences.tell_conflicts(cx);
            Ok(Some(Taken::new(tx, cx, &task.id)?))
        }
        Err(Error::Refused(refusal @ (Refusal::AtLimit { .. } | Refusal::Gate { .. }))) => {
            cx.notify(refusal.to_string());
            Ok(None)
        }
        Err(error) => Err(error),
    }
}
