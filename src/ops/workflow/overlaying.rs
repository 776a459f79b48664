//! Changes the overlays of a worker.

use indexmap::IndexMap;
use serde::Serialize;
use serde_json::json;

use crate::Context;
use crate::domain::{Enforcement, Overlay, Refusal, Status, Task, Worker, WorkerId, Workflow};
use crate::error::{Error, Result};
use crate::store::{Because, Event, Tx};

/// A worker with its overlays, and the changes that the newest makes to its workflow.
#[derive(Serialize)]
pub struct Overlaid {
    pub worker_id: WorkerId,
    pub overlays: Vec<String>,
    #[serde(flatten)]
    pub difference: Difference,
}

#[derive(Serialize)]
pub struct Difference {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    states: Vec<Status>,
    /// New exits of existing states.
    #[serde(skip_serializing_if = "IndexMap::is_empty")]
    exits: IndexMap<Status, Vec<Status>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    gates: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    phases: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    roles: Vec<String>,
    /// The number of texts; `get_prompts` shows them.
    #[serde(skip_serializing_if = "is_none")]
    prompts: usize,
}

fn is_none(number: &usize) -> bool {
    *number == 0
}

impl Difference {
    /// Returns the parts of `more` that `less` lacks.
    pub fn between(less: &Workflow, more: &Workflow) -> Self {
        let has = |status: &Status| less.states.contains_key(status);
        let exits = more.states.iter().filter(|(status, _)| has(status)).map(|(status, state)| {
            let own = &less.state(status).exits;
            let new: Vec<_> = state.exits.iter().filter(|exit| !own.contains(exit)).cloned().collect();
            (status.clone(), new)
        });
        Self {
            states: more.states.keys().filter(|status| !has(status)).cloned().collect(),
            exits: exits.filter(|(_, new)| !new.is_empty()).collect(),
            gates: new(&more.gates, &less.gates).map(|gate| gate.kind.clone()).collect(),
            phases: new(&more.phases, &less.phases).map(ToString::to_string).collect(),
            roles: more.roles.keys().filter(|role| !less.roles.contains_key(*role)).cloned().collect(),
            prompts: more
                .guidance
                .texts
                .iter()
                .filter(|(cue, text)| less.guidance.texts.get(*cue) != Some(text))
                .count(),
        }
    }
}

fn new<'a, T: PartialEq>(more: &'a [T], less: &'a [T]) -> impl Iterator<Item = &'a T> {
    more.iter().filter(|one| !less.contains(one))
}

/// Returns the overlay of this name.
pub fn named<'a>(cx: &Context<'a>, name: &str) -> Result<&'a Overlay> {
    let known = &cx.config.workflows.overlays;
    known.get(name).ok_or_else(|| Error::NotFound {
        what: "overlay",
        name: name.to_owned(),
        near: known.keys().cloned().collect(),
    })
}

/// Refuses overlays that do not exist or do not fit the workflow.
pub fn check(cx: &Context, workflow: &Workflow, overlays: &[String]) -> Result<()> {
    for name in overlays {
        let overlay = named(cx, name)?;
        let misfits = overlay.misfits(workflow, &overlay.states_for(workflow));
        if !misfits.is_empty() {
            return Err(Error::input(
                format!("overlay `{name}` does not fit workflow `{}`: {}", workflow.name, misfits.join("; ")),
                "leave it out, or connect with another workflow",
            ));
        }
    }
    Ok(())
}

/// Refuses to remove an overlay that a task of the worker depends on: the task is in a state of the
/// overlay, or the overlay has a gate that rejects.
pub fn refuse_way_round(tx: &Tx, cx: &Context, worker: &Worker, after: &[String]) -> Result<()> {
    if worker.overlays.iter().all(|name| after.contains(name)) {
        return Ok(());
    }
    for id in tx.begun_by(&worker.id)? {
        let task = tx.task(&id)?;
        let own = cx.workflow_of(&task)?;
        let dropped = worker.overlays.iter().filter(|name| !after.contains(name));
        if let Some(overlay) = dropped.into_iter().find(|name| binds(cx, own, name, &task)) {
            let (overlay, worker) = (overlay.clone(), worker.id.clone());
            return Err(Refusal::OverlayInUse { overlay, task: id, worker }.into());
        }
    }
    Ok(())
}

fn binds(cx: &Context, own: &Workflow, overlay: &str, task: &Task) -> bool {
    let Some(overlay) = cx.config.workflows.overlays.get(overlay) else {
        return false;
    };
    !own.states.contains_key(&task.status)
        || overlay.gates.iter().any(|gate| gate.enforcement == Enforcement::Reject)
}

/// Adds overlays to the attempts that the worker is working on. The attempts keep them, even after the
/// worker disconnects.
pub fn lay_over_work(tx: &Tx, worker: &WorkerId, overlays: &[String]) -> Result<()> {
    for id in tx.begun_by(worker)? {
        let task = tx.task(&id)?;
        let mut own = tx.overlays_of_attempt(&task)?;
        let before = own.len();
        own.extend(overlays.iter().filter(|name| !own.contains(name)).cloned().collect::<Vec<_>>());
        if own.len() > before {
            tx.set_overlays_of_attempt(&task, &own)?;
        }
    }
    Ok(())
}

/// Records the worker's overlays.
pub fn set(tx: &Tx, worker: &Worker, overlays: &[String], because: &Because<'_>) -> Result<()> {
    tx.set_overlays(&worker.id, overlays)?;
    tx.record(&Event {
        before: Some(json!({ "overlays": worker.overlays })),
        after: Some(json!({ "overlays": overlays })),
        ..Event::of("overlays", because)
    })
}
