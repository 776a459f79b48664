//! Agents, under TaskDriver's names.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::through;
use crate::domain::{ProjectName, Tag, Worker, WorkerId};
use crate::error::{Error, Result};
use crate::ops::Operation;
use crate::ops::task::held;
use crate::ops::worker::{Connect, ListAgents};
use crate::store::Tx;
use crate::{Context, Effect};

/// Register as an agent of a project, by your own or a generated name.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RegisterAgent {
    project: ProjectName,
    worker_id: Option<WorkerId>,
    capabilities: Option<Vec<Tag>>,
}

#[derive(Serialize)]
pub struct Registered {
    #[serde(flatten)]
    connected: <Connect as Operation>::Output,
    api_key: &'static str,
}

impl Operation for RegisterAgent {
    const NAME: &'static str = "register_agent";
    const EFFECT: Effect = Connect::EFFECT;
    const POSITIONAL: &'static [&'static str] = &["project", "worker_id"];
    const SWEEPS: bool = Connect::SWEEPS;

    type Output = Registered;

    fn run(&self, tx: &Tx, cx: &Context) -> Result<Registered> {
        let connected =
            connect(tx, cx, (&self.project, self.worker_id.as_ref()), self.capabilities.as_deref())?;
        Ok(Registered { connected, api_key: "none is needed: give your worker_id with each call" })
    }
}

/// Work in a project from now on.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct JoinProject {
    project: ProjectName,
    worker_id: Option<WorkerId>,
}

impl Operation for JoinProject {
    const NAME: &'static str = "join_project";
    const EFFECT: Effect = Connect::EFFECT;
    const POSITIONAL: &'static [&'static str] = &["project", "worker_id"];
    const SWEEPS: bool = Connect::SWEEPS;

    type Output = <Connect as Operation>::Output;

    fn run(&self, tx: &Tx, cx: &Context) -> Result<Self::Output> {
        connect(tx, cx, (&self.project, self.worker_id.as_ref()), None)
    }
}

/// Connects an agent; a new one may hold one task at a time.
fn connect(
    tx: &Tx,
    cx: &Context,
    (project, id): (&ProjectName, Option<&WorkerId>),
    tags: Option<&[Tag]>,
) -> Result<<Connect as Operation>::Output> {
    let id = id.or(cx.caller.worker.as_ref());
    let known = id.map(|id| tx.worker_if_known(id)).transpose()?.flatten();
    let limit = known.is_none().then_some(1);
    let asked = json!({ "worker_id": id, "project": project, "tags": tags, "max_claims": limit });
    through::<Connect>(tx, cx, asked)
}

/// Show an agent's current task.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GetCurrentTask {
    project: Option<ProjectName>,
    worker_id: Option<WorkerId>,
}

impl Operation for GetCurrentTask {
    const NAME: &'static str = "get_current_task";
    const EFFECT: Effect = Effect::Read;
    const POSITIONAL: &'static [&'static str] = &["project", "worker_id"];
    const SWEEPS: bool = true;

    type Output = Value;

    fn run(&self, tx: &Tx, cx: &Context) -> Result<Value> {
        let worker = of_project(tx, cx, self.project.as_ref(), self.worker_id.as_ref())?;
        match held(tx, &worker.id)? {
            Some(held) => Ok(serde_json::to_value(held)?),
            None => Ok(json!({ "task": null, "next": "`request_task` hands one out" })),
        }
    }
}

/// Show an agent: its tasks and its last heartbeat.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GetAgentStatus {
    project: Option<ProjectName>,
    worker_id: Option<WorkerId>,
}

impl Operation for GetAgentStatus {
    const NAME: &'static str = "get_agent_status";
    const EFFECT: Effect = ListAgents::EFFECT;
    const POSITIONAL: &'static [&'static str] = &["project", "worker_id"];
    const SWEEPS: bool = ListAgents::SWEEPS;

    type Output = Value;

    fn run(&self, tx: &Tx, cx: &Context) -> Result<Value> {
        let worker = of_project(tx, cx, self.project.as_ref(), self.worker_id.as_ref())?;
        if let Some(how) = worker.left {
            return Ok(json!({ "id": worker.id, "gone": how, "last_heartbeat": worker.last_heartbeat }));
        }
        let mut answer =
            serde_json::to_value(through::<ListAgents>(tx, cx, json!({ "worker": worker.id }))?)?;
        let mut agent = answer["workers"][0].take();
        let status = if agent.get("holds").is_some() { "working" } else { "idle" };
        agent["status"] = status.into();
        Ok(agent)
    }
}

/// Returns the agent that the arguments name.
fn of_project(
    tx: &Tx,
    cx: &Context,
    project: Option<&ProjectName>,
    worker: Option<&WorkerId>,
) -> Result<Worker> {
    if let Some(project) = project {
        tx.project_named(project)?;
    }
    let Some(worker) = worker.or(cx.caller.worker.as_ref()) else {
        return Err(Error::input("it needs `worker_id`", "`list_agents` shows who is here"));
    };
    tx.worker_if_known(worker)?.ok_or_else(|| Error::not_found("worker", worker))
}
