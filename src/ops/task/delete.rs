use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::claiming::Force;
use super::moving::refuse_stranger;
use crate::Context;
use crate::Effect;
use crate::domain::{Outcome, Reason, Refusal, Step, Task, TaskId, TaskRef};
use crate::error::Result;
use crate::ops::mark::marking;
use crate::ops::passage::{self, Consequences};
use crate::ops::{Actor, Operation};
use crate::store::{Event, Tx};

/// Delete a task; `undelete` restores it.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Delete {
    task: TaskRef,
    /// Its subtasks too.
    #[serde(default)]
    cascade: bool,
    #[schemars(extend("x-rare" = true))]
    reason: Option<Reason>,
    /// For good.
    #[serde(default)]
    #[schemars(extend("x-rare" = true))]
    obliterate: bool,
    #[serde(default)]
    force: bool,
}

#[derive(Serialize)]
pub struct Deleted {
    id: TaskId,
    deleted: usize,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    obliterated: bool,
    #[serde(flatten)]
    consequences: Consequences,
}

impl Operation for Delete {
    const NAME: &'static str = "delete";
    const EFFECT: Effect = Effect::Destroy;
    const ACTOR: Actor = Actor::Required;
    const POSITIONAL: &'static [&'static str] = &["task"];

    type Output = Deleted;

    fn run(&self, tx: &Tx, cx: &Context) -> Result<Deleted> {
        let id = tx.resolve(&self.task)?;
        let task = tx.task(&id)?;
        if task.deleted_at.is_some() && !self.obliterate {
            return Err(Refusal::Deleted { task: id }.into());
        }
        let children = tx.children(&id)?.len();
        if children > 0 && !self.cascade {
            return Err(Refusal::HasChildren { task: id, children }.into());
        }
        let mut doomed = if self.cascade { tx.under(&id)? } else { Vec::new() };
        doomed.insert(0, id.clone());
        let mut consequences = Consequences::default();
        let mut deleted = 0;
        // From the top down, so that no container completes when its last open subtask is deleted.
        for doomed in &doomed {
            let task = tx.task(doomed)?;
            if task.deleted_at.is_none() {
                consequences.add(self.put_away(tx, cx, &task)?);
                deleted += 1;
            }
        }
        if self.obliterate {
            for doomed in doomed.iter().rev() {
                remove(tx, cx, doomed, self.reason.as_ref().map(Reason::as_str))?;
            }
        }
        consequences.unblocked.retain(|freed| !doomed.contains(freed));
        Ok(Deleted {
            id,
            deleted: deleted.max(usize::from(self.obliterate)),
            obliterated: self.obliterate,
            consequences,
        })
    }
}

impl Delete {
    fn put_away(&self, tx: &Tx, cx: &Context, task: &Task) -> Result<Consequences> {
        refuse_stranger(tx, cx, task, None, Force::from(self.force))?;
        let because = cx.because("delete").for_reason(self.reason.as_ref().map(Reason::as_str));
        if task.holder.is_some() {
            let workflow = cx.workflow_of(task)?;
            let outcome = Outcome::of_release(task.holder.as_ref(), because.worker);
            let step = Step::let_go(task, &workflow.disconnect, outcome, workflow);
            passage::take(tx, cx, task, &step, &because)?;
        }
        tx.mark_deleted(&task.id, &because)?;
        marking::release_for(tx, &task.id, None, &because)?;
        tx.record(&Event {
            task: Some(&task.id),
            before: Some(json!({ "status": task.status })),
            ..Event::of("deleted", &because)
        })?;
        passage::set_blocking(tx, cx, &task.id, false)
    }
}

/// Removes a deleted task from the store.
fn remove(tx: &Tx, cx: &Context, id: &TaskId, reason: Option<&str>) -> Result<()> {
    let below = tx.under(id)?;
    tx.obliterate(id)?;
    // Subtasks that were deleted earlier are kept, and have no parent now.
    for orphan in &below {
        tx.recount_above(orphan)?;
        tx.recount_project(orphan)?;
    }
    tx.record(&Event { task: Some(id), ..Event::of("obliterated", &cx.because("delete").for_reason(reason)) })
}
