//! How a task, or a subtree of steps, is made from a template and a set of values.

use indexmap::IndexMap;

use crate::Context;
use crate::domain::{
    Defaults, OnDuplicate, ProjectKey, Recipe, RecipeStep, Rendered, Task, TaskId, Template, Text, Title,
    Values, Window,
};
use crate::error::{Error, Result};
use crate::ops::task::Create;
use crate::ops::task::kinds::TreeKinds;
use crate::ops::task::plant::plant;
use crate::store::{Instance, Tx};

/// What is made, and where.
pub struct Making<'a> {
    pub tx: &'a Tx<'a>,
    pub cx: &'a Context<'a>,
    pub template: &'a Template,
    /// The task that it is made in, and the project of that one.
    pub under: Option<TaskId>,
    pub project: Option<ProjectKey>,
    pub on_duplicate: OnDuplicate,
}

/// What came of a set of values.
pub enum Made {
    New {
        task: TaskId,
        steps: IndexMap<String, TaskId>,
    },
    /// The same had been made before.
    Twin(TaskId),
}

impl Making<'_> {
    /// Makes what the values ask for, unless it is there and should not be made again.
    pub fn make(&self, values: &Values) -> Result<Made> {
        let Self { tx, template, .. } = self;
        let key = template.recipe.key(template, self.project, values);
        let twin = self.twin(&key)?;
        if let Some(twin) = &twin
            && self.on_duplicate != OnDuplicate::Allow
        {
            return Ok(Made::Twin(twin.id.clone()));
        }
        let made = self.plant(values)?;
        if let Made::New { task, .. } = &made
            && twin.is_none()
        {
            tx.give_key(task, &key)?;
        }
        Ok(made)
    }

    /// Returns the task that keeps others of this key away. One that does no longer loses the key, which
    /// costs those nothing that end without anybody asking for the same again.
    fn twin(&self, key: &str) -> Result<Option<Task>> {
        let Some(holder) = self.tx.holder_of_key(key)? else {
            return Ok(None);
        };
        if self.keeps_away(&holder)? {
            return Ok(Some(holder));
        }
        self.tx.take_key(&holder.id)?;
        Ok(None)
    }

    fn keeps_away(&self, task: &Task) -> Result<bool> {
        let keeps = match self.template.recipe.duplicates.window {
            Window::Active => !self.cx.workflow_of(task)?.state(&task.status).terminal,
            Window::Ever => true,
            Window::For(length) => self.cx.now.since(task.created_at) < length,
        };
        Ok(keeps && task.deleted_at.is_none())
    }

    fn plant(&self, values: &Values) -> Result<Made> {
        let Self { tx, cx, template, under, .. } = self;
        let Template { id, name, recipe, .. } = template;
        let whole = recipe.render(name, values).map_err(|fault| broken(template, &fault))?;
        let mut task = described(whole, recipe.defaults.clone())?;
        for step in &recipe.steps {
            task.tasks.push(self.step(recipe, step, values)?);
        }
        let kinds = TreeKinds::plain(cx);
        let planted = plant(tx, cx, std::slice::from_ref(&task), under.as_ref(), &kinds)?;
        let instance = |task: &TaskId, step: Option<&RecipeStep>| Instance {
            task: task.clone(),
            template: *id,
            step: step.map(|step| step.name.clone()),
        };
        let whole = &planted.ids[0];
        tx.set_instance(&instance(whole, None), Some(values))?;
        for (step, task) in recipe.steps.iter().zip(&planted.ids[1..]) {
            tx.set_instance(&instance(task, Some(step)), None)?;
        }
        Ok(Made::New { task: whole.clone(), steps: planted.labels })
    }

    fn step(&self, recipe: &Recipe, step: &RecipeStep, values: &Values) -> Result<Create> {
        let rendered = recipe.render_step(step, values).map_err(|fault| broken(self.template, &fault))?;
        let task = described(rendered, step.defaults.clone().or(&recipe.defaults))?;
        Ok(Create { label: Some(step.name.clone()), blocked_by: step.needs.clone(), ..task })
    }
}

fn described(rendered: Rendered, defaults: Defaults) -> Result<Create> {
    let Rendered { title, body } = rendered;
    let Defaults { priority, tags, needed_tags, wanted_tags, phase, workflow, job } = defaults;
    Ok(Create {
        title: Some(Title::try_from(title).map_err(|fault| Error::input(fault, ""))?),
        description: body.map(Text),
        priority,
        tags,
        needed_tags,
        wanted_tags,
        phase,
        workflow,
        job,
        ..Create::default()
    })
}

/// Says that a template cannot be read, which was looked at when it was defined.
fn broken(template: &Template, fault: &str) -> Error {
    Error::internal(format!("template `{}` version {}: {fault}", template.name, template.version))
}
