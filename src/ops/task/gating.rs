//! Evidence that a step requires: gathered here, judged in `domain`.

use std::borrow::Cow;

use serde_json::json;

use crate::Context;
use crate::domain::{
    AttemptStep, Crossing, Enforcement, Gate, GatedStep, Refusal, Status, Step, Task, Workflow, hardest,
    missing,
};
use crate::error::Result;
use crate::store::{Because, Event, Tx};

/// Refuses a step whose evidence is missing. If the caller may waive it, records that instead.
pub fn pass(tx: &Tx, cx: &Context, crossing: &Crossing<'_>, because: &Because<'_>) -> Result<()> {
    let missing = match objection(tx, cx, crossing)? {
        None => return Ok(()),
        Some(Refusal::Gate { missing, .. }) if because.waives && hardest(&missing) < Enforcement::Reject => {
            missing
        }
        Some(refusal) => return Err(refusal.into()),
    };
    let kinds: Vec<_> = missing.iter().map(|gate| &gate.kind).collect();
    tx.record(&Event {
        task: Some(&crossing.task.id),
        attempt: Some(crossing.task.attempt),
        after: Some(json!({ "gates": kinds, "status": crossing.status })),
        ..Event::of("gate_waived", because)
    })
}

/// Returns the refusal of a step to a state, if evidence for it is missing.
pub fn objection_to(tx: &Tx, cx: &Context, task: &Task, to: &Status) -> Result<Option<Refusal>> {
    objection(tx, cx, &Crossing::to(task, to))
}

fn objection(tx: &Tx, cx: &Context, crossing: &Crossing<'_>) -> Result<Option<Refusal>> {
    let task = crossing.task;
    let rules = rules_at(tx, cx, crossing)?;
    let mut gates = gates_at(&rules, crossing);
    gates.retain(|gate| gate.enforcement > Enforcement::Allow);
    if gates.is_empty() {
        return Ok(None);
    }
    let missing: Vec<Gate> = missing(&gates, &evidence(tx, task)?).into_iter().cloned().collect();
    if missing.is_empty() {
        return Ok(None);
    }
    let step = match *crossing.status == task.status {
        true => GatedStep::Change,
        false => GatedStep::To(crossing.status.clone()),
    };
    Ok(Some(Refusal::Gate { task: task.id.clone(), step, missing }))
}

/// Returns the rules of a step. If the step ends the task, the rules of its newest attempt apply, running or not.
pub fn rules_at<'c>(tx: &Tx, cx: &'c Context, crossing: &Crossing<'_>) -> Result<Cow<'c, Workflow>> {
    let task = crossing.task;
    match cx.workflow_of(task)?.is_done(crossing.status) {
        true => cx.rules_at_end(tx, task),
        false => cx.rules_of(tx, task),
    }
}

/// Returns the gates of a step. A task that was worked on and is completed without a new claim must also meet
/// the gates of its work.
pub fn gates_at<'r>(rules: &'r Workflow, crossing: &Crossing<'_>) -> Vec<&'r Gate> {
    let task = crossing.task;
    let was_worked_on = task.attempt > 0 && task.claimed_at.is_none();
    match was_worked_on && task.status != *crossing.status && rules.is_done(crossing.status) {
        true => rules.gates_at_end(crossing),
        false => rules.gates_at(crossing),
    }
}

/// Returns the types of the evidence that counts now: that of the newest attempt.
pub fn evidence(tx: &Tx, task: &Task) -> Result<Vec<String>> {
    tx.evidence(&task.id, task.attempt)
}

/// Voids the evidence of a task that is reopened, unless the step resumes the same attempt.
pub fn follow_step(tx: &Tx, cx: &Context, task: &Task, step: &Step) -> Result<()> {
    let was_over = cx.workflow_of(task)?.meaning(&task.status).terminal;
    if was_over && !step.after.terminal && step.attempt != AttemptStep::Resumes {
        tx.void_evidence(&task.id)?;
    }
    Ok(())
}
