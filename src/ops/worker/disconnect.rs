use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::presence::{self, Departed, Leave};
use crate::domain::{Refusal, Status, TaskId};
use crate::error::Result;
use crate::ops::task::{gating, moving};
use crate::ops::{Actor, Operation};
use crate::store::Tx;
use crate::{Context, Effect};

/// Leave: your tasks go back to the queue.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Disconnect {
    /// State of your tasks.
    #[schemars(extend("x-vocabulary" = "status", "x-like" = "update"))]
    #[schemars(extend("x-rare" = true))]
    final_status: Option<Status>,
}

#[derive(Serialize)]
pub struct Disconnected {
    worker_id: crate::domain::WorkerId,
    /// The first of the released tasks.
    released: Vec<TaskId>,
    released_total: usize,
    #[serde(skip_serializing_if = "crate::ops::task::is_default")]
    files_released: usize,
}

impl Operation for Disconnect {
    const NAME: &'static str = "disconnect";
    const EFFECT: Effect = Effect::Write;
    const ACTOR: Actor = Actor::Required;

    type Output = Disconnected;

    fn run(&self, tx: &Tx, cx: &Context) -> Result<Disconnected> {
        let worker = cx.actor()?;
        if let Some(status) = &self.final_status {
            refuse_unfit(tx, cx, status)?;
        }
        const SHOWN: usize = 20;
        let status = self.final_status.as_ref();
        let Departed { tasks: mut released, files } =
            presence::depart(tx, cx, worker, &Leave::taken(status))?;
        let released_total = released.len();
        released.truncate(SHOWN);
        Ok(Disconnected { worker_id: worker.id.clone(), released, released_total, files_released: files })
    }
}

/// Refuses a state in which a held task cannot be left.
fn refuse_unfit(tx: &Tx, cx: &Context, status: &Status) -> Result<()> {
    for id in tx.held_by(&cx.actor()?.id)? {
        let task = tx.task(&id)?;
        let workflow = cx.rules_of(tx, &task)?;
        let state = workflow.step(&id, &task.status, status)?;
        if state.timed {
            return Err(Refusal::NoExit {
                task: id,
                from: task.status.clone(),
                to: status.clone(),
                allowed: vec![workflow.disconnect.clone()],
            }
            .into());
        }
        moving::refuse_early_end(tx, cx, &task, status)?;
        if let Some(refusal) = gating::objection_to(tx, cx, &task, status)? {
            return Err(refusal.into());
        }
    }
    Ok(())
}
