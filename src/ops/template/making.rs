//! Creates a task, or a subtree of steps, from a template and a set of values.

use std::cell::Cell;

use indexmap::IndexMap;

use crate::Context;
use crate::domain::{
    Defaults, OnDuplicate, ProjectKey, Recipe, RecipeStep, Rendered, Task, TaskId, Template, Text, Title,
    Unfilled, Values, Window,
};
use crate::error::{Error, Result};
use crate::ops::task::Create;
use crate::ops::task::kinds::TreeKinds;
use crate::ops::task::plant::plant;
use crate::ops::task::words;
use crate::store::{Instance, Tx};

/// The template, and the place of the new tasks.
pub struct Making<'a> {
    pub tx: &'a Tx<'a>,
    pub cx: &'a Context<'a>,
    pub template: &'a Template,
    /// The parent, and its project.
    pub under: Option<TaskId>,
    pub project: Option<ProjectKey>,
    pub on_duplicate: OnDuplicate,
    /// The bytes of values and texts that this call has written.
    pub written: Cell<usize>,
}

/// The result for a set of values.
pub enum Made {
    New {
        task: TaskId,
        steps: IndexMap<String, TaskId>,
    },
    /// The same task existed before.
    Twin(TaskId),
}

impl Making<'_> {
    /// Creates the task of the values, unless it exists and duplicates are not allowed.
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

    /// Returns the task that forbids another one with this key. A task that no longer does so loses the key
    /// here. Tasks that end without a later duplicate pay nothing for this.
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

    /// Adds to the bytes that the call writes, and checks the limit.
    fn count(&self, bytes: usize) -> Result<()> {
        self.written.set(self.written.get() + bytes);
        words::check_copies(self.cx.config, self.written.get())
    }

    /// Returns the request for the task and its steps.
    pub fn drafted(&self, values: &Values) -> Result<Create> {
        let Template { name, recipe, .. } = self.template;
        let most = self.cx.config.limits.text_bytes;
        self.count(values.bytes())?;
        let whole = recipe.render(name, values, most).map_err(|fault| unfilled(self.template, fault))?;
        self.count(whole.bytes())?;
        let mut task = described(whole, recipe.defaults.clone())?;
        for step in &recipe.steps {
            task.tasks.push(self.step(recipe, step, values)?);
        }
        Ok(task)
    }

    fn plant(&self, values: &Values) -> Result<Made> {
        let Self { tx, cx, template, under, .. } = self;
        let Template { id, recipe, .. } = template;
        let task = self.drafted(values)?;
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
        let most = self.cx.config.limits.text_bytes;
        let rendered = recipe.render_step(step, values, most);
        let rendered = rendered.map_err(|fault| unfilled(self.template, fault))?;
        self.count(rendered.bytes())?;
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

/// Returns the refusal of values that make a text too long. A template that cannot be read is an internal
/// error, since it was checked when it was defined.
fn unfilled(template: &Template, fault: Unfilled) -> Error {
    let Template { name, version, .. } = template;
    match fault {
        Unfilled::Broken(fault) => Error::internal(format!("template `{name}` version {version}: {fault}")),
        Unfilled::TooLong { what, most } => Error::input(
            format!("the {what} that template `{name}` makes has more than {most} bytes"),
            "give shorter values, or raise `limits.text_bytes`",
        ),
    }
}
