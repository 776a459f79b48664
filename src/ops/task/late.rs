//! Late results: the worker has lost the task before it finishes; the result counts, or is kept.

use serde_json::json;

use super::evidence::Evidence;
use crate::Context;
use crate::domain::{AttachmentType, Kept, Outcome, Refusal, Status, Step, Task, TaskId, TaskRef, WorkerId};
use crate::error::{Error, Result};
use crate::ops::attachment::To;
use crate::ops::job::failing;
use crate::ops::passage;
use crate::store::{Matter, NewAttachment, Tx};

/// Resumes the worker's lost attempt, so that its late result counts, and returns the task.
///
/// Applies if the worker was counted as gone or another worker released the task, and no attempt began since.
/// Otherwise returns the task unchanged.
pub fn resumed(tx: &Tx, cx: &Context, task: Task, status: Option<&Status>) -> Result<Task> {
    let worker = cx.actor()?;
    let workflow = cx.workflow_of(&task)?;
    let Some(status) = status.filter(|_| task.holder.is_none()) else {
        return Ok(task);
    };
    let only_from_work = workflow.step(&task.id, &task.status, status).is_err()
        && workflow.step(&task.id, &workflow.claim, status).is_ok();
    let lost = if only_from_work { tx.how_lost(&worker.id, &task.id)? } else { None };
    let Some(outcome) = lost else {
        return Ok(task);
    };
    if outcome == Outcome::Overdue.as_str() {
        failing::forgive(tx, &task)?;
    }
    let step = Step::resume(&task, &worker.id, workflow);
    passage::take(tx, cx, &task, &step, &cx.because("resume"))?;
    tx.task(&task.id)
}

/// The result of work, as a call reports it.
#[derive(Clone, Copy)]
pub struct Late<'a> {
    pub task: &'a TaskRef,
    pub status: Option<&'a Status>,
    pub reason: Option<&'a str>,
    pub attachments: &'a [Evidence],
    /// The attempt of the result, if the caller names it.
    pub attempt: Option<i64>,
}

impl Late<'_> {
    /// Returns the attempt whose result a refused call reports, if the worker has lost that attempt.
    pub fn lost(&self, tx: &Tx, worker: &WorkerId, refusal: &Refusal) -> Result<Option<(TaskId, i64)>> {
        if self.status.is_none() && self.attachments.is_empty() {
            return Ok(None);
        }
        let task = match tx.resolve(self.task) {
            Ok(task) => task,
            Err(Error::NotFound { .. } | Error::Ambiguous { .. }) => return Ok(None),
            Err(error) => return Err(error),
        };
        let is_fenced = matches!(refusal, Refusal::Fenced { .. });
        let attempt = tx.lost_attempt(worker, &task, self.attempt, is_fenced)?;
        Ok(attempt.map(|attempt| (task, attempt)))
    }

    /// Keeps the result as attachments of its attempt, each once. They do not count as evidence.
    pub fn keep(&self, tx: &Tx, cx: &Context, refusal: &Refusal) -> Result<Option<Kept>> {
        let worker = &cx.actor()?.id;
        let Some((task, attempt)) = self.lost(tx, worker, refusal)? else {
            return Ok(None);
        };
        let to = To { task: &tx.task(&task)?, attempt, counts_for: None, cause: "update" };
        if !self.brings_a_result(cx, to.task)? {
            return Ok(None);
        }
        let mut labels = vec![self.keep_words(tx, cx, &to)?];
        for evidence in self.attachments {
            labels.push(evidence.piece().keep(tx, cx, &to)?.label);
        }
        Ok(Some(Kept { attempt, labels }))
    }

    fn brings_a_result(&self, cx: &Context, task: &Task) -> Result<bool> {
        let workflow = cx.workflow_of(task)?;
        let ends = self.status.is_some_and(|status| workflow.state(status).terminal);
        Ok(ends || !self.attachments.is_empty())
    }

    /// Keeps the status and reason of the result as an attachment.
    fn keep_words(&self, tx: &Tx, cx: &Context, to: &To<'_>) -> Result<String> {
        let kind: AttachmentType = "late-result".parse().map_err(Error::internal)?;
        let said = json!({ "status": self.status, "reason": self.reason }).to_string();
        let late = NewAttachment {
            task: &to.task.id,
            kind: &kind,
            name: "",
            mime: &cx.config.attachments.rule(&kind).mime,
            matter: Matter::Text(&said),
            attempt: to.attempt,
            counts_for: None,
            sha256: None,
            worker: cx.worker.as_ref().map(|worker| &worker.id),
        };
        let sequence = match tx.same_attached(&late)? {
            Some(sequence) => sequence,
            None => tx.attach(&late, cx.now)?,
        };
        Ok(format!("{kind}#{sequence}"))
    }
}
