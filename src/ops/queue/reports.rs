//! Reports on tasks and projects, under TaskDriver's names.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::through;
use crate::domain::{ProjectName, TaskRef, WorkerId};
use crate::error::Result;
use crate::ops::project::ListProjects;
use crate::ops::task::Get;
use crate::ops::track::{Events, Stats, TaskHistory};
use crate::ops::{Actor, Operation};
use crate::store::Tx;
use crate::{Context, Effect};

/// Show a task: its instructions, state and results.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GetTask {
    task: TaskRef,
}

impl Operation for GetTask {
    const NAME: &'static str = "get_task";
    const EFFECT: Effect = Get::EFFECT;
    const ACTOR: Actor = Get::ACTOR;
    const POSITIONAL: &'static [&'static str] = &["task"];
    const SWEEPS: bool = Get::SWEEPS;

    type Output = <Get as Operation>::Output;

    fn run(&self, tx: &Tx, cx: &Context) -> Result<Self::Output> {
        through::<Get>(tx, cx, json!({ "task": self.task }))
    }
}

/// Show the attempts at a task: worker, times, outcome and reason.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GetTaskHistory {
    task: TaskRef,
    limit: Option<usize>,
}

impl Operation for GetTaskHistory {
    const NAME: &'static str = "get_task_history";
    const EFFECT: Effect = TaskHistory::EFFECT;
    const POSITIONAL: &'static [&'static str] = &["task"];

    type Output = <TaskHistory as Operation>::Output;

    fn run(&self, tx: &Tx, cx: &Context) -> Result<Self::Output> {
        through::<TaskHistory>(tx, cx, json!({ "task": self.task, "limit": self.limit }))
    }
}

/// Show the counts of a project and of its queue.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GetProjectStatus {
    project: ProjectName,
}

#[derive(Serialize)]
pub struct Status {
    project: <ListProjects as Operation>::Output,
    queue: <Stats as Operation>::Output,
}

impl Operation for GetProjectStatus {
    const NAME: &'static str = "get_project_status";
    const EFFECT: Effect = Stats::EFFECT;
    const POSITIONAL: &'static [&'static str] = &["project"];
    const SWEEPS: bool = true;

    type Output = Status;

    fn run(&self, tx: &Tx, cx: &Context) -> Result<Status> {
        let task = tx.project_task(tx.project_named(&self.project)?.key)?;
        Ok(Status {
            project: through::<ListProjects>(tx, cx, json!({ "name": self.project }))?,
            queue: through::<Stats>(tx, cx, json!({ "parent": task }))?,
        })
    }
}

/// Read the events of a project: the newest or those after a cursor.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GetAuditLog {
    project: ProjectName,
    worker: Option<WorkerId>,
    /// Cursor of the last answer; 0: all.
    since: Option<i64>,
    limit: Option<usize>,
}

impl Operation for GetAuditLog {
    const NAME: &'static str = "get_audit_log";
    const EFFECT: Effect = Events::EFFECT;
    const POSITIONAL: &'static [&'static str] = &["project"];
    const COLUMNS: &'static [&'static str] = Events::COLUMNS;

    type Output = <Events as Operation>::Output;

    fn run(&self, tx: &Tx, cx: &Context) -> Result<Self::Output> {
        let Self { project, worker, since, limit } = self;
        let asked = json!({ "project": project, "worker": worker, "since": since, "limit": limit });
        through::<Events>(tx, cx, asked)
    }
}
