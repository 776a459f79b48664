use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::presence::{self, Departed, Leave};
use crate::domain::{Departure, Worker, WorkerId};
use crate::error::{Error, Result};
use crate::ops::Operation;
use crate::store::Tx;
use crate::{Context, Effect};

/// Release the tasks of dead workers; claiming and listing do so automatically.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CleanupStale {
    /// Only this worker.
    #[schemars(extend("x-rare" = true))]
    worker_id: Option<WorkerId>,
}

#[derive(Serialize)]
pub struct Cleaned {
    workers: Vec<Gone>,
    tasks_released: usize,
}

#[derive(Serialize)]
struct Gone {
    id: WorkerId,
    how: Departure,
    released: usize,
    #[serde(skip_serializing_if = "crate::ops::task::is_default")]
    files: usize,
}

impl Operation for CleanupStale {
    const NAME: &'static str = "cleanup_stale";
    const EFFECT: Effect = Effect::Write;
    const POSITIONAL: &'static [&'static str] = &["worker_id"];

    type Output = Cleaned;

    fn run(&self, tx: &Tx, cx: &Context) -> Result<Cleaned> {
        const AT_A_CALL: usize = 50;
        let candidates: Vec<Worker> = match &self.worker_id {
            Some(id) => vec![tx.worker(id)?],
            None => tx.workers_present()?,
        };
        let mut workers = Vec::new();
        for worker in candidates.into_iter().filter(|worker| worker.left.is_none()) {
            match presence::loss(&worker, &cx.sign(), cx.config.stale_timeout_ms) {
                Some(loss) if workers.len() < AT_A_CALL => {
                    let leave = Leave::from(&loss);
                    let Departed { tasks, files } = presence::depart(tx, cx, &worker, &leave)?;
                    workers.push(Gone { id: worker.id, how: loss.how, released: tasks.len(), files });
                }
                Some(_) => break,
                None if self.worker_id.is_some() => return Err(alive(&worker)),
                None => {}
            }
        }
        let tasks_released = workers.iter().map(|gone| gone.released).sum();
        Ok(Cleaned { workers, tasks_released })
    }
}

fn alive(worker: &Worker) -> Error {
    Error::Refused(presence::name_taken(worker))
}
