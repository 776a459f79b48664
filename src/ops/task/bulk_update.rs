use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::claiming::Force;
use super::guiding;
use super::late::{self, Late};
use super::moving::{Move, move_to, refuse_follower, refuse_stranger};
use super::words;
use crate::domain::{Reason, Status, TaskId, TaskRef};
use crate::error::{Error, Result};
use crate::ops::passage::Consequences;
use crate::ops::{Actor, Operation};
use crate::store::Tx;
use crate::{Context, Effect};

/// Move many tasks to a state. Each succeeds or fails by itself.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BulkUpdate {
    tasks: Vec<TaskRef>,
    #[schemars(extend("x-vocabulary" = "status", "x-like" = "update"))]
    status: Status,
    reason: Option<Reason>,
    /// One for each task, as `claim` returned.
    #[serde(default)]
    #[schemars(extend("x-rare" = true))]
    attempts: Vec<i64>,
    #[serde(default)]
    #[schemars(extend("x-rare" = true))]
    force: bool,
}

#[derive(Serialize)]
pub struct BulkUpdated {
    moved: usize,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    unblocked: Vec<TaskId>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    failed: Vec<Failure>,
    #[serde(skip_serializing_if = "Option::is_none")]
    failed_total: Option<usize>,
    /// Guidance of the workflow for this step, the first time.
    #[serde(skip_serializing_if = "Option::is_none")]
    guidance: Option<String>,
}

#[derive(Serialize)]
struct Failure {
    task: String,
    error: Value,
}

impl Operation for BulkUpdate {
    const NAME: &'static str = "bulk_update";
    const EFFECT: Effect = Effect::Write;
    const ACTOR: Actor = Actor::Required;
    const POSITIONAL: &'static [&'static str] = &["status", "tasks…"];

    type Output = BulkUpdated;

    fn run(&self, tx: &Tx, cx: &Context) -> Result<BulkUpdated> {
        const FAILURES: usize = 5;
        const NAMED: usize = 20;
        words::check_number("tasks", self.tasks.len(), cx.config.limits.ids)?;
        self.check_attempts()?;
        let mut done = BulkUpdated {
            moved: 0,
            unblocked: Vec::new(),
            failed: Vec::new(),
            failed_total: None,
            guidance: None,
        };
        for (at, name) in self.tasks.iter().enumerate() {
            let late = self.late(at, name);
            match tx.part(|| self.move_one(tx, cx, &late))? {
                Ok((consequences, guidance)) => {
                    done.moved += 1;
                    done.guidance = done.guidance.or(guidance);
                    done.unblocked.extend(consequences.unblocked);
                }
                Err(Error::Refused(refusal)) => {
                    let error = match late.keep(tx, cx, &refusal)? {
                        Some(kept) => Error::Kept { refusal: refusal.into(), kept },
                        None => refusal.into(),
                    };
                    done.failed.push(Failure { task: name.to_string(), error: error.to_json() });
                }
                Err(error) => done.failed.push(Failure { task: name.to_string(), error: error.to_json() }),
            }
        }
        if done.failed.len() > FAILURES {
            done.failed_total = Some(done.failed.len());
            done.failed.truncate(FAILURES);
        }
        done.unblocked.truncate(NAMED);
        Ok(done)
    }
}

impl BulkUpdate {
    fn check_attempts(&self) -> Result<()> {
        match self.attempts.len() {
            0 => Ok(()),
            attempts if attempts == self.tasks.len() => Ok(()),
            attempts => Err(Error::input(
                format!("{} tasks have {attempts} `attempts`", self.tasks.len()),
                "give one attempt for each task, in the same order, or none",
            )),
        }
    }

    fn late<'a>(&'a self, at: usize, task: &'a TaskRef) -> Late<'a> {
        Late {
            task,
            status: Some(&self.status),
            reason: self.reason.as_ref().map(Reason::as_str),
            attachments: &[],
            attempt: self.attempts.get(at).copied(),
        }
    }

    fn move_one(&self, tx: &Tx, cx: &Context, asked: &Late<'_>) -> Result<(Consequences, Option<String>)> {
        let force = Force::from(self.force);
        let found = tx.task_called(asked.task)?;
        let overrode = refuse_stranger(tx, cx, &found, asked.attempt, force)?;
        if cx.workflow_of(&found)?.state(&self.status).terminal {
            refuse_follower(tx, cx, &found)?;
        }
        let task = late::resumed(tx, cx, found, asked.status)?;
        let because = cx
            .because(if overrode { "force" } else { "update" })
            .for_reason(asked.reason)
            .waiving(self.force);
        let failure = Default::default();
        let consequences = move_to(tx, cx, &task, &Move { to: &self.status, because, force, failure })?;
        let guidance = match cx.rules_of(tx, &task)?.guidance.is_empty() {
            true => None,
            false => guiding::on_step(tx, cx, &task, &tx.task(&task.id)?)?,
        };
        Ok((consequences, guidance))
    }
}
