//! Whether the evidence is there that a step asks for: gathered here, judged in `domain`.

use serde_json::json;

use crate::Context;
use crate::domain::{
    Crossing, Enforcement, Gate, GatedStep, Refusal, Status, Task, Timestamp, Workflow, hardest, missing,
};
use crate::error::Result;
use crate::store::{Because, Event, Tx};

/// Refuses a step whose evidence is missing; writes down what is done without.
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

/// Says that a task may not go to a state, if evidence for that is missing.
pub fn objection_to(tx: &Tx, cx: &Context, task: &Task, to: &Status) -> Result<Option<Refusal>> {
    objection(tx, cx, &Crossing::to(task, to))
}

fn objection(tx: &Tx, cx: &Context, crossing: &Crossing<'_>) -> Result<Option<Refusal>> {
    let task = crossing.task;
    let rules = cx.rules_of(tx, task)?;
    let mut gates = rules.gates_at(crossing);
    gates.retain(|gate| gate.enforcement > Enforcement::Allow);
    if gates.is_empty() {
        return Ok(None);
    }
    let missing: Vec<Gate> = missing(&gates, &evidence(tx, &rules, task)?).into_iter().cloned().collect();
    if missing.is_empty() {
        return Ok(None);
    }
    let step = match *crossing.status == task.status {
        true => GatedStep::Change,
        false => GatedStep::To(crossing.status.clone()),
    };
    Ok(Some(Refusal::Gate { task: task.id.clone(), step, missing }))
}

/// Returns the types of the evidence that counts now: of the attempt that is under way or,
/// while nobody is at work, of the time since the task was last opened.
pub fn evidence(tx: &Tx, workflow: &Workflow, task: &Task) -> Result<Vec<String>> {
    if task.claimed_at.is_some() {
        let began = tx.attempt_began(&task.id, task.attempt)?.unwrap_or(task.created_at);
        return tx.evidence(&task.id, Some(task.attempt), began);
    }
    let opened = tx.last_left(&task.id, |status| workflow.state(status).terminal)?;
    tx.evidence(&task.id, None, opened.unwrap_or(Timestamp(0)))
}
