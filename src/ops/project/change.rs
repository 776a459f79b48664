use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::domain::{Defaults, Project, ProjectName, ProjectState, Refusal, TaskId, Text};
use crate::error::{Error, Result};
use crate::ops::job::setting;
use crate::ops::task::{Create, found, reword, shortened, words};
use crate::ops::{Actor, Operation};
use crate::store::{Event, Tx};
use crate::{Context, Effect};

/// Create or edit a project; paused, it hands out no task; closed, it also takes none.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangeProject {
    name: ProjectName,
    description: Option<Text>,
    /// Sent once per worker.
    instructions: Option<Text>,
    /// For new tasks, as in `create`.
    #[schemars(extend("x-rare" = true))]
    defaults: Option<Map<String, Value>>,
    state: Option<ProjectState>,
}

#[derive(Serialize)]
pub struct Changed {
    name: ProjectName,
    /// The task of the project itself, which contains the others.
    task: TaskId,
    state: ProjectState,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    created: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    changed: Vec<&'static str>,
}

impl Operation for ChangeProject {
    const NAME: &'static str = "project";
    const EFFECT: Effect = Effect::Write;
    const ACTOR: Actor = Actor::Optional;
    const POSITIONAL: &'static [&'static str] = &["name"];

    type Output = Changed;

    fn run(&self, tx: &Tx, cx: &Context) -> Result<Changed> {
        let found = tx.project_if_known(&self.name)?;
        let created = found.is_none();
        let before = match found {
            Some(project) => project,
            None => self.found(tx, cx)?,
        };
        let task = tx.task(&tx.project_task(before.key)?)?;
        if task.deleted_at.is_some() {
            return Err(Refusal::Deleted { task: task.id }.into());
        }
        let mut changed = Vec::new();
        if let Some(description) = self.description.as_ref().filter(|_| !created)
            && reword(tx, cx, &task, None, Some(description))?
        {
            changed.push("description");
        }
        let after = self.applied_to(before.clone(), cx)?;
        changed.extend(differences(&before, &after));
        if before != after {
            tx.put_project(&after)?;
            record(tx, cx, &task.id, (&before, &after))?;
        }
        let changed = if created { Vec::new() } else { changed };
        Ok(Changed { name: after.name, task: task.id, state: after.state, created, changed })
    }
}

impl ChangeProject {
    /// Creates the project's own task.
    fn found(&self, tx: &Tx, cx: &Context) -> Result<Project> {
        let id: TaskId = self.name.as_str().parse().map_err(Error::internal)?;
        let title = self.name.as_str().to_owned().try_into().map_err(Error::internal)?;
        let task = Create {
            id: Some(id.clone()),
            title: Some(title),
            description: self.description.clone(),
            ..Create::default()
        };
        found(tx, cx, &task)?;
        let key = tx.found_project(&id, &self.name)?;
        tx.project(key)
    }

    fn applied_to(&self, project: Project, cx: &Context) -> Result<Project> {
        let mut after = project.clone();
        if let Some(text) = &self.instructions {
            words::check_text(cx, "instructions", &text.0)?;
            after.instructions = Some(text.0.clone()).filter(|text| !text.is_empty());
        }
        if let Some(defaults) = &self.defaults {
            after.defaults = read_defaults(cx, defaults)?;
        }
        after.state = self.state.unwrap_or(after.state);
        after.revision += i64::from(after.instructions != project.instructions);
        Ok(after)
    }
}

/// Reads the defaults of new tasks.
pub fn read_defaults(cx: &Context, given: &Map<String, Value>) -> Result<Defaults> {
    let defaults: Defaults = serde_json::from_value(Value::Object(given.clone()))
        .map_err(|error| Error::input(format!("`defaults`: {error}"), ""))?;
    check_defaults(cx, &defaults)?;
    Ok(defaults)
}

/// Refuses tags, phases and workflows that the settings do not know.
pub fn check_defaults(cx: &Context, defaults: &Defaults) -> Result<()> {
    let Defaults { priority: _, tags, needed_tags, wanted_tags, phase, workflow, job } = defaults;
    job.as_ref().map_or(Ok(()), setting::check)?;
    words::check_tags(cx, tags.iter().chain(needed_tags).chain(wanted_tags))?;
    let workflow = cx.workflow(workflow.as_ref().unwrap_or(&cx.config.workflows.default))?;
    phase.as_ref().map_or(Ok(()), |phase| words::check_phase(cx, workflow, phase))
}

fn differences(before: &Project, after: &Project) -> Vec<&'static str> {
    let changes = [
        ("instructions", before.instructions != after.instructions),
        ("defaults", before.defaults != after.defaults),
        ("state", before.state != after.state),
    ];
    changes.into_iter().filter(|(_, differs)| *differs).map(|(name, _)| name).collect()
}

fn record(tx: &Tx, cx: &Context, task: &TaskId, (before, after): (&Project, &Project)) -> Result<()> {
    let told = |project: &Project| {
        let names = differences(before, after);
        let mut told = Map::new();
        for name in names {
            let value = match name {
                "instructions" => project.instructions.as_ref().map(|text| shortened(text, 500)).into(),
                "defaults" => json!(project.defaults),
                _ => json!(project.state),
            };
            told.insert(name.to_owned(), value);
        }
        Some(Value::Object(told))
    };
    let because = cx.because("project");
    tx.record(&Event {
        task: Some(task),
        before: told(before),
        after: told(after),
        ..Event::of("project", &because)
    })
}
