//! Many tasks at once by the queue's names: those that cannot be added do not keep the others away.

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

/// Add up to 1,000 tasks; it goes on after those that are wrong and says which.
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
    /// They were there before.
    #[serde(skip_serializing_if = "crate::ops::task::is_default")]
    existing: usize,
    /// In the order of the call, if they are few enough to be named.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tasks: Vec<Value>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<Value>,
    /// How many errors there are, if they are not all told.
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

/// Says what is wrong with a task, if it is the caller's to mend.
fn misfit(at: usize, error: Error) -> Result<Value> {
    match error.kind() {
        Kind::Internal | Kind::Busy | Kind::Setup => Err(error),
        Kind::Input | Kind::NotFound | Kind::Refused => {
            Ok(Misfit { at, place: format!("tasks[{at}]"), error: Box::new(error) }.to_json())
        }
    }
}
