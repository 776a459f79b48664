//! Many tasks at once, under TaskDriver's names. Tasks that cannot be added do not stop the others.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::jobs::AddTask;
use crate::domain::{ProjectName, TemplateName, Text};
use crate::error::{Error, Kind, Misfit, Result};
use crate::ops::task::words;
use crate::ops::template::Instantiate;
use crate::ops::{Actor, Operation};
use crate::store::Tx;
use crate::{Context, Effect};

/// Add up to 1,000 tasks; invalid ones are skipped and reported.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateTasksBulk {
    project: ProjectName,
    tasks: Vec<NewTask>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct NewTask {
    task_type: Option<TemplateName>,
    instructions: Option<Text>,
    #[serde(default)]
    variables: Map<String, Value>,
}

#[derive(Serialize)]
pub struct Added {
    created: usize,
    /// The number of tasks that existed before.
    #[serde(skip_serializing_if = "crate::ops::task::is_default")]
    existing: usize,
    /// In the order of the call; left out if there are too many.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tasks: Vec<Value>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<Value>,
    /// The number of errors, if not all are shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    errors_total: Option<usize>,
}

impl Operation for CreateTasksBulk {
    const NAME: &'static str = "create_tasks_bulk";
    const EFFECT: Effect = Instantiate::EFFECT;
    const ACTOR: Actor = Instantiate::ACTOR;
    const POSITIONAL: &'static [&'static str] = &["project", "tasks"];
    const ONCE: &'static [&'static str] = &["tasks"];

    type Output = Added;

    fn run(&self, tx: &Tx, cx: &Context) -> Result<Added> {
        const MOST: usize = 1_000;
        const NAMED: usize = 50;
        const TOLD: usize = 20;
        words::check_number("tasks", self.tasks.len(), MOST)?;
        tx.project_named(&self.project)?;
        let mut added =
            Added { created: 0, existing: 0, tasks: Vec::new(), errors: Vec::new(), errors_total: None };
        for (at, task) in self.tasks.iter().enumerate() {
            match tx.part(|| self.one(task).run(tx, cx))? {
                Ok(answer) => {
                    let is_old = answer.get("existing").is_some();
                    added.existing += usize::from(is_old);
                    added.created += usize::from(!is_old);
                    added.tasks.push(answer["id"].clone());
                }
                Err(error) => added.errors.push(misfit(at, error)?),
            }
        }
        if added.tasks.len() > NAMED {
            added.tasks.clear();
        }
        added.errors_total = Some(added.errors.len()).filter(|total| *total > TOLD);
        added.errors.truncate(TOLD);
        Ok(added)
    }
}

impl CreateTasksBulk {
    fn one(&self, task: &NewTask) -> AddTask {
        AddTask {
            project: self.project.clone(),
            task_type: task.task_type.clone(),
            instructions: task.instructions.clone(),
            variables: task.variables.clone(),
        }
    }
}

/// Describes the fault of a task if the caller can correct it.
fn misfit(at: usize, error: Error) -> Result<Value> {
    match error.kind() {
        Kind::Internal | Kind::Busy | Kind::Setup => Err(error),
        Kind::Input | Kind::NotFound | Kind::Refused => {
            Ok(Misfit { at, place: format!("tasks[{at}]"), error: Box::new(error) }.to_json())
        }
    }
}
