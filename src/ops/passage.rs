//! The transition of a task: every change of state takes this path, for every cause.
//!
//! A step is recorded, then its consequences. Dependents are released and, if the project is configured so,
//! advance automatically. A container whose last task has ended is completed. Each of these is a step
//! again.

use std::collections::VecDeque;

use serde::Serialize;

use crate::Context;
use crate::domain::{Crossing, MarkPath, Outcome, Refusal, Step, Task, TaskId};
use crate::error::Result;
use crate::ops::job::failing::Tried;
use crate::ops::job::following;
use crate::ops::mark::marking::{self, Conflict, Marked};
use crate::ops::message::telling;
use crate::ops::task::gating;
use crate::store::{Because, Shift, Tx};

/// The consequences of a change.
#[derive(Debug, Default, Serialize)]
pub struct Consequences {
    /// Tasks that became ready.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unblocked: Vec<TaskId>,
    /// The number of these tasks, if not all are named.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unblocked_total: Option<usize>,
    /// Tasks that advanced automatically.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub auto_advanced: Vec<TaskId>,
    /// Containers that were completed because all their tasks had ended.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub completed_above: Vec<TaskId>,
    /// Files that were marked for the caller.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub marked: Vec<MarkPath>,
    /// Files that other workers have marked.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub conflicts: Vec<Conflict>,
    /// The retry decision for a failed task.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry: Option<Tried>,
}

/// The maximum number of tasks that an answer names.
const NAMED: usize = 20;

/// Applies a permitted step and its consequences.
pub fn take(tx: &Tx, cx: &Context, task: &Task, step: &Step, because: &Because<'_>) -> Result<Consequences> {
    let mut passage = Passage::new(tx, cx);
    passage.take(task, step, because)?;
    passage.finish()
}

/// Processes tasks that were released by a removed link or a deleted task.
pub fn follow(tx: &Tx, cx: &Context, shift: Shift) -> Result<Consequences> {
    let mut passage = Passage::new(tx, cx);
    passage.follow(shift);
    passage.finish()
}

/// Updates the dependents of a task after it was deleted or restored.
pub fn set_blocking(tx: &Tx, cx: &Context, id: &TaskId, blocking: bool) -> Result<Consequences> {
    let blocked = tx.set_blocking(id, blocking)?;
    match (blocked, blocking) {
        (true, false) => follow(tx, cx, tx.shift_waiting(id, -1)?),
        (false, true) => follow(tx, cx, tx.shift_waiting(id, 1)?),
        _ => Ok(Consequences::default()),
    }
}

impl Consequences {
    /// Cuts the lists to the number of names that an answer has room for.
    fn shorten(&mut self) {
        if self.unblocked.len() > NAMED {
            self.unblocked_total = Some(self.unblocked.len());
        }
        for names in [&mut self.unblocked, &mut self.auto_advanced, &mut self.completed_above] {
            names.truncate(NAMED);
        }
    }

    /// Adds the consequences of another change of the same call.
    pub fn add(&mut self, other: Self) {
        let Self { unblocked, unblocked_total: _, auto_advanced, completed_above, marked, conflicts, retry } =
            other;
        self.retry = self.retry.or(retry);
        self.take_up(Marked { marked, conflicts });
        self.unblocked.extend(unblocked);
        self.auto_advanced.extend(auto_advanced);
        self.completed_above.extend(completed_above);
        self.shorten();
    }

    /// Adds the results of marking files, as far as an answer has room for them.
    pub fn take_up(&mut self, came: Marked) {
        const CONFLICTS: usize = 8;
        self.marked.extend(came.marked);
        self.marked.truncate(NAMED);
        self.conflicts.extend(came.conflicts);
        self.conflicts.truncate(CONFLICTS);
    }

    /// Notifies the caller of files that others have marked, if the answer has no field for them.
    pub fn tell_conflicts(&self, cx: &Context) {
        const TOLD: usize = 2;
        self.conflicts.iter().take(TOLD).for_each(|conflict| conflict.tell(cx));
    }
}

struct Passage<'a> {
    tx: &'a Tx<'a>,
    cx: &'a Context<'a>,
    /// Released tasks that are still to be processed.
    freed: VecDeque<TaskId>,
    may_end: VecDeque<TaskId>,
    consequences: Consequences,
}

impl<'a> Passage<'a> {
    fn new(tx: &'a Tx<'a>, cx: &'a Context<'a>) -> Self {
        Self {
            tx,
            cx,
            freed: VecDeque::new(),
            may_end: VecDeque::new(),
            consequences: Consequences::default(),
        }
    }

    fn take(&mut self, task: &Task, step: &Step, because: &Because<'_>) -> Result<()> {
        gating::pass(self.tx, self.cx, &Crossing::to(task, &step.to), because)?;
        let blocked_others = self.cx.workflow_of(task)?.meaning(&task.status).blocking;
        self.tx.take_step(task, step, because)?;
        gating::follow_step(self.tx, self.cx, task, step)?;
        marking::follow_step(self.tx, task, step, because)?;
        telling::follow_step(self.tx, self.cx, task, step, because)?;
        self.pass_on(blocked_others, task, step)?;
        if task.is_job
            && let Some((task, step)) = following::follow_step(self.tx, self.cx, task, step)?
        {
            let because = self.cx.by_rule("poison").for_reason(Some("too many workers died of it"));
            return self.take(&task, &step, &because);
        }
        Ok(())
    }

    /// Updates the dependents of a task after a step.
    fn pass_on(&mut self, blocked_others: bool, task: &Task, step: &Step) -> Result<()> {
        match (blocked_others, step.after.blocking) {
            (true, false) => {
                let shift = self.tx.shift_waiting(&task.id, -1)?;
                self.follow(shift);
            }
            (false, true) => {
                self.tx.shift_waiting(&task.id, 1)?;
            }
            _ => {}
        }
        Ok(())
    }

    fn follow(&mut self, shift: Shift) {
        self.freed.extend(shift.freed);
        self.may_end.extend(shift.may_end);
    }

    fn finish(mut self) -> Result<Consequences> {
        loop {
            if let Some(id) = self.freed.pop_front() {
                self.advance(&id)?;
            } else if let Some(id) = self.may_end.pop_front() {
                self.roll_up(&id)?;
            } else {
                break;
            }
        }
        self.consequences.shorten();
        Ok(self.consequences)
    }

    /// Advances a task that is no longer held back, if the project is configured so.
    fn advance(&mut self, id: &TaskId) -> Result<()> {
        if !self.consequences.unblocked.contains(id) {
            self.consequences.unblocked.push(id.clone());
        }
        let Some(target) = &self.cx.config.auto_advance.target_state else {
            return Ok(());
        };
        let task = self.tx.task(id)?;
        let workflow = self.cx.workflow_of(&task)?;
        if task.status != workflow.initial || workflow.step(id, &task.status, target).is_err() {
            return Ok(());
        }
        if let Some(refusal) = gating::objection_to(self.tx, self.cx, &task, target)? {
            self.stays(&task, &refusal);
            return Ok(());
        }
        let step = match workflow.state(target).terminal {
            true => Step::let_go(&task, target, Outcome::Ended, workflow),
            false => Step::proceed(&task, target, workflow),
        };
        self.consequences.auto_advanced.push(id.clone());
        self.take(&task, &step, &self.cx.by_rule("auto_advance"))
    }

    /// Notifies the caller that a task did not advance automatically.
    fn stays(&self, task: &Task, refusal: &Refusal) {
        self.cx.notify(format!("{refusal}, so it stays `{}`", task.status));
    }

    /// Completes a container that has no holder and no open tasks.
    fn roll_up(&mut self, id: &TaskId) -> Result<()> {
        let task = self.tx.task(id)?;
        let workflow = self.cx.workflow_of(&task)?;
        let wanted = self.cx.config.auto_advance.rollup
            && task.open_children == 0
            // A project may still receive tasks.
            && !task.is_project
            && task.holder.is_none()
            && task.deleted_at.is_none()
            && !workflow.state(&task.status).terminal
            && self.tx.has_child_in(id, &workflow.complete)?
            && self.tx.awaited_ends(id)?.is_empty();
        let closed = match wanted {
            true => gating::objection_to(self.tx, self.cx, &task, &workflow.complete)?,
            false => None,
        };
        if let Some(refusal) = &closed {
            self.stays(&task, refusal);
        }
        if !wanted || closed.is_some() {
            if task.ready {
                self.freed.push_back(id.clone());
            }
            return Ok(());
        }
        let step = Step::let_go(&task, &workflow.complete, Outcome::Ended, workflow);
        self.consequences.completed_above.push(id.clone());
        self.take(
            &task,
            &step,
            &self.cx.by_rule("rollup").for_reason(Some("the last of the tasks in it has ended")),
        )
    }
}
