//! Task types: templates, under TaskDriver's names.

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{RETRIES, defaults, through};
use crate::domain::{ProjectName, TemplateName, Text};
use crate::error::Result;
use crate::ops::template::{DefineTemplate, ListTemplates};
use crate::ops::{Actor, Operation};
use crate::store::Tx;
use crate::{Context, Effect};

/// The variable of a type without a template: each of its tasks gives its own instructions.
pub const INSTRUCTIONS: &str = "instructions";

/// Create or update a task type; its template contains `{{variable}}`s.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateTaskType {
    project: ProjectName,
    name: TemplateName,
    /// Default: each task's own instructions.
    template: Option<Text>,
    variables: Option<Vec<String>>,
    /// If an open task has the same variables.
    duplicate_handling: Option<Handling>,
    max_retries: Option<u32>,
    lease_duration_minutes: Option<f64>,
}

#[derive(Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
enum Handling {
    Allow,
    Ignore,
    Fail,
}

impl Operation for CreateTaskType {
    const NAME: &'static str = "create_task_type";
    const EFFECT: Effect = DefineTemplate::EFFECT;
    const ACTOR: Actor = DefineTemplate::ACTOR;
    const POSITIONAL: &'static [&'static str] = &["project", "name", "template"];

    type Output = <DefineTemplate as Operation>::Output;

    fn run(&self, tx: &Tx, cx: &Context) -> Result<Self::Output> {
        let project = tx.project_named(&self.project)?;
        let known = tx.template_if_known(Some(project.key), &self.name)?;
        let is_new = known.is_none();
        let template = self.template.as_ref().map(|text| text.0.clone()).filter(|text| !text.is_empty());
        let plain = || vec![INSTRUCTIONS.to_owned()];
        let variables = match &template {
            None if is_new => Some(plain()),
            _ => self.variables.clone(),
        };
        let body = template.or_else(|| is_new.then(|| format!("{{{{{INSTRUCTIONS}}}}}")));
        let first = variables.as_ref().and_then(|variables| variables.first().cloned());
        let first = first.or_else(|| body.as_deref().and_then(first_blank));
        let title = first.map(|first| format!("{}: {{{{{first}}}}}", self.name));
        let said = project.defaults.job.as_ref().and_then(|job| job.max_retries).is_some();
        let retries = self.max_retries.or((is_new && !said).then_some(RETRIES));
        let vars = variables.map(|names| {
            names.into_iter().map(|name| (name, "string".into())).collect::<Map<String, Value>>()
        });
        let duplicates = self.duplicate_handling.map(|handling| {
            json!({ "on": match handling {
                Handling::Allow => "allow",
                Handling::Ignore => "existing",
                Handling::Fail => "error",
            } })
        });
        let asked = json!({
            "project": self.project, "name": self.name, "title": title, "body": body, "vars": vars,
            "duplicates": duplicates, "defaults": defaults(retries, self.lease_duration_minutes),
        });
        through::<DefineTemplate>(tx, cx, asked)
    }
}

/// Returns the name of the first variable of a template; titles contain it to tell tasks apart.
fn first_blank(template: &str) -> Option<String> {
    let (before, after) = template.split_once("{{")?;
    let (name, _) = after.split_once("}}")?;
    (!before.ends_with('\\')).then(|| name.trim().to_owned())
}

/// List the task types of a project.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ListTaskTypes {
    project: ProjectName,
    limit: Option<usize>,
    offset: Option<usize>,
}

impl Operation for ListTaskTypes {
    const NAME: &'static str = "list_task_types";
    const EFFECT: Effect = ListTemplates::EFFECT;
    const ACTOR: Actor = ListTemplates::ACTOR;
    const POSITIONAL: &'static [&'static str] = &["project"];

    type Output = <ListTemplates as Operation>::Output;

    fn run(&self, tx: &Tx, cx: &Context) -> Result<Self::Output> {
        let Self { project, limit, offset } = self;
        through::<ListTemplates>(tx, cx, json!({ "project": project, "limit": limit, "offset": offset }))
    }
}

/// Show a task type: its template, variables and defaults.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GetTaskType {
    project: ProjectName,
    task_type: TemplateName,
}

impl Operation for GetTaskType {
    const NAME: &'static str = "get_task_type";
    const EFFECT: Effect = ListTemplates::EFFECT;
    const ACTOR: Actor = ListTemplates::ACTOR;
    const POSITIONAL: &'static [&'static str] = &["project", "task_type"];

    type Output = <ListTemplates as Operation>::Output;

    fn run(&self, tx: &Tx, cx: &Context) -> Result<Self::Output> {
        through::<ListTemplates>(tx, cx, json!({ "project": self.project, "name": self.task_type }))
    }
}
