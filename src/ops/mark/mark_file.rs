use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Files;
use super::marking::{self, Conflict, Marked, Purpose};
use crate::domain::{MarkPath, Reason, TaskRef};
use crate::error::Result;
use crate::ops::{Actor, Operation, Staging};
use crate::store::Tx;
use crate::{Context, Effect};

/// Mark files as yours, or see the holder; `lock:` names are exclusive.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MarkFile {
    /// Or `src/**`.
    file: Files,
    reason: Option<Reason>,
    /// Until it ends.
    task: Option<TaskRef>,
}

#[derive(Serialize)]
pub struct Answer {
    marked: Vec<MarkPath>,
    #[serde(skip_serializing_if = "Option::is_none")]
    marked_total: Option<usize>,
    /// The files that others have marked.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    conflicts: Vec<Conflict>,
    #[serde(skip_serializing_if = "Option::is_none")]
    conflicts_total: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<&'static str>,
}

impl Operation for MarkFile {
    const NAME: &'static str = "mark_file";
    const EFFECT: Effect = Effect::Write;
    const ACTOR: Actor = Actor::Required;
    const POSITIONAL: &'static [&'static str] = &["file…"];
    const SWEEPS: bool = true;

    type Output = Answer;

    fn prepare(&mut self, staging: &Staging) -> Result<()> {
        self.file.locate(staging.places())
    }

    fn run(&self, tx: &Tx, cx: &Context) -> Result<Answer> {
        let task = self.task.as_ref().map(|task| tx.resolve(task)).transpose()?;
        if let Some(task) = &task {
            refuse_ended(tx, cx, task)?;
        }
        let because = cx.because("mark_file").for_reason(self.reason.as_ref().map(Reason::as_str));
        let purpose = Purpose { task: task.as_ref(), because };
        Ok(Answer::of(marking::mark(tx, cx, self.file.paths(), &purpose)?))
    }
}

/// Refuses a task that has ended: it will not end again, so its marks would stay forever.
fn refuse_ended(tx: &Tx, cx: &Context, id: &crate::domain::TaskId) -> Result<()> {
    use crate::domain::Refusal;
    let task = tx.task(id)?;
    if task.deleted_at.is_some() {
        return Err(Refusal::Deleted { task: task.id }.into());
    }
    if cx.workflow_of(&task)?.state(&task.status).terminal {
        return Err(Refusal::Ended { task: task.id, status: task.status }.into());
    }
    Ok(())
}

impl Answer {
    fn of(came: Marked) -> Self {
        const MARKED: usize = 20;
        const CONFLICTS: usize = 8;
        let Marked { mut marked, mut conflicts } = came;
        let next = (!conflicts.is_empty())
            .then_some("work on something else until `mark_updates` says released, or ask the holder");
        let marked_total = Some(marked.len()).filter(|total| *total > MARKED);
        let conflicts_total = Some(conflicts.len()).filter(|total| *total > CONFLICTS);
        marked.truncate(MARKED);
        conflicts.truncate(CONFLICTS);
        Self { marked, marked_total, conflicts, conflicts_total, next }
    }
}
