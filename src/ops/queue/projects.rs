//! Projects, under TaskDriver's names.

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;

use super::{RETRIES, defaults, through};
use crate::domain::{ProjectName, Refusal, Text};
use crate::error::Result;
use crate::ops::project::{ChangeProject, ListProjects};
use crate::ops::{Actor, Operation};
use crate::store::Tx;
use crate::{Context, Effect};

/// Create a project, which holds a queue of tasks.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateProject {
    name: ProjectName,
    description: Option<Text>,
    /// Sent once per agent.
    instructions: Option<Text>,
    /// Per task; default 3.
    max_retries: Option<u32>,
    lease_duration_minutes: Option<f64>,
}

impl Operation for CreateProject {
    const NAME: &'static str = "create_project";
    const EFFECT: Effect = ChangeProject::EFFECT;
    const ACTOR: Actor = ChangeProject::ACTOR;
    const POSITIONAL: &'static [&'static str] = &["name", "description"];

    type Output = <ChangeProject as Operation>::Output;

    fn run(&self, tx: &Tx, cx: &Context) -> Result<Self::Output> {
        let Self { name, description, instructions, max_retries, lease_duration_minutes } = self;
        if tx.project_if_known(name)?.is_some() {
            return Err(Refusal::Exists { what: "project", name: name.to_string() }.into());
        }
        let defaults = defaults(max_retries.or(Some(RETRIES)), *lease_duration_minutes);
        let description = description.as_ref().map(|text| &text.0);
        let instructions = instructions.as_ref().map(|text| &text.0);
        let asked = json!({
            "name": name, "description": description, "instructions": instructions, "defaults": defaults,
        });
        through::<ChangeProject>(tx, cx, asked)
    }
}

/// List the projects with their counts.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ListAllProjects {
    #[serde(default)]
    include_closed: bool,
    limit: Option<usize>,
    offset: Option<usize>,
}

impl Operation for ListAllProjects {
    const NAME: &'static str = "list_projects";
    const EFFECT: Effect = ListProjects::EFFECT;
    const SWEEPS: bool = ListProjects::SWEEPS;

    type Output = <ListProjects as Operation>::Output;

    fn run(&self, tx: &Tx, cx: &Context) -> Result<Self::Output> {
        let Self { include_closed, limit, offset } = self;
        let asked = json!({ "with_closed": include_closed, "limit": limit, "offset": offset });
        through::<ListProjects>(tx, cx, asked)
    }
}

/// Show a project: its instructions, defaults and counts.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GetProject {
    project: ProjectName,
}

impl Operation for GetProject {
    const NAME: &'static str = "get_project";
    const EFFECT: Effect = ListProjects::EFFECT;
    const POSITIONAL: &'static [&'static str] = &["project"];
    const SWEEPS: bool = ListProjects::SWEEPS;

    type Output = <ListProjects as Operation>::Output;

    fn run(&self, tx: &Tx, cx: &Context) -> Result<Self::Output> {
        through::<ListProjects>(tx, cx, json!({ "name": self.project }))
    }
}

/// Close a project: no task is added or handed out; tasks under way may be finished.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CloseProject {
    project: ProjectName,
}

impl Operation for CloseProject {
    const NAME: &'static str = "close_project";
    const EFFECT: Effect = ChangeProject::EFFECT;
    const ACTOR: Actor = ChangeProject::ACTOR;
    const POSITIONAL: &'static [&'static str] = &["project"];

    type Output = <ChangeProject as Operation>::Output;

    fn run(&self, tx: &Tx, cx: &Context) -> Result<Self::Output> {
        tx.project_named(&self.project)?;
        through::<ChangeProject>(tx, cx, json!({ "name": self.project, "state": "closed" }))
    }
}
