use std::cell::Cell;
use std::collections::HashMap;

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::making::{Made, Making};
use super::sets::Sets;
use crate::domain::{
    OnDuplicate, ProjectName, Refusal, Status, TaskId, TaskRef, Template, TemplateName, Timestamp, Values,
    Variable, VariableName,
};
use crate::error::{Error, Result};
use crate::ops::task::words;
use crate::ops::{Actor, Operation, Staging};
use crate::store::Tx;
use crate::{Context, Effect};

/// Create a task from a template, or one per object of a list or per row of `rows`; all or none.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Instantiate {
    template: TemplateName,
    #[serde(default)]
    vars: Sets,
    parent: Option<TaskRef>,
    project: Option<ProjectName>,
    #[schemars(extend("x-rare" = true))]
    on_duplicate: Option<OnDuplicate>,
    /// Variables in `rows`; `vars` apply to all rows.
    #[serde(default)]
    #[schemars(extend("x-rare" = true))]
    columns: Vec<String>,
    #[serde(default)]
    #[schemars(schema_with = "crate::ops::rows::schema", extend("x-rare" = true))]
    rows: Vec<Vec<Value>>,
}

#[derive(Serialize)]
#[serde(untagged)]
pub enum Instantiated {
    One(One),
    Many {
        created: usize,
        #[serde(skip_serializing_if = "crate::ops::task::is_default")]
        existing: usize,
        /// In the order of the values; left out if there are too many.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        tasks: Vec<Named>,
    },
}

#[derive(Serialize)]
pub struct One {
    id: TaskId,
    status: Status,
    ready: bool,
    /// It existed before this call.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    existing: bool,
    #[serde(skip_serializing_if = "IndexMap::is_empty")]
    steps: IndexMap<String, TaskId>,
}

#[derive(Serialize)]
pub struct Named {
    id: TaskId,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    existing: bool,
}

impl Operation for Instantiate {
    const NAME: &'static str = "instantiate";
    const EFFECT: Effect = Effect::Write;
    const ACTOR: Actor = Actor::Optional;
    const POSITIONAL: &'static [&'static str] = &["template", "vars"];

    type Output = Instantiated;

    fn prepare(&mut self, staging: &Staging) -> Result<()> {
        self.vars.take_table(staging.config(), &self.columns, std::mem::take(&mut self.rows))
    }

    fn run(&self, tx: &Tx, cx: &Context) -> Result<Instantiated> {
        let (under, project) = self.place(tx, cx)?;
        let template = tx.template_for(project, &self.template)?;
        let sets = read(cx, &template, &self.vars)?;
        let on_duplicate = self.on_duplicate.unwrap_or(template.recipe.duplicates.on);
        let written = Cell::default();
        let making = Making { tx, cx, template: &template, under, project, on_duplicate, written };
        let made = sets.iter().map(|values| making.make(values)).collect::<Result<Vec<_>>>()?;
        if on_duplicate == OnDuplicate::Error {
            refuse_twins(&template, &made)?;
        }
        self.answer(tx, made)
    }
}

impl Instantiate {
    /// Creates one task for a time, which its values may use, even if the same was created before.
    pub fn once(
        tx: &Tx,
        cx: &Context,
        template: TemplateName,
        vars: Map<String, Value>,
        (parent, at): (Option<&TaskId>, Timestamp),
    ) -> Result<TaskId> {
        let parent = parent.map(|parent| tx.task(parent)).transpose()?;
        let (under, project) = parent.map_or((None, None), |parent| (Some(parent.id), parent.project));
        let template = tx.template_for(project, &template)?;
        let sets = read(cx, &template, &timed(&template, vars, at))?;
        let (on_duplicate, written) = (OnDuplicate::Allow, Cell::default());
        let making = Making { tx, cx, template: &template, under, project, on_duplicate, written };
        match sets.first().map(|values| making.make(values)).transpose()? {
            Some(Made::New { task, .. } | Made::Twin(task)) => Ok(task),
            None => Err(Error::internal("nothing was made")),
        }
    }

    /// Refuses values from which [`Self::once`] could create no task, if it would use this template.
    pub fn check(
        tx: &Tx,
        cx: &Context,
        template: &Template,
        vars: Map<String, Value>,
        (parent, at): (Option<&TaskId>, Timestamp),
    ) -> Result<()> {
        let project = parent.map(|parent| tx.task(parent)).transpose()?.and_then(|parent| parent.project);
        if tx.template_for(project, &template.name)?.id != template.id {
            return Ok(());
        }
        let sets = read(cx, template, &timed(template, vars, at))?;
        let (on_duplicate, written) = (OnDuplicate::Allow, Cell::default());
        let making = Making { tx, cx, template, under: None, project, on_duplicate, written };
        sets.iter().try_for_each(|values| making.drafted(values).map(drop))
    }

    /// Returns the parent of the new task, and its project.
    fn place(&self, tx: &Tx, cx: &Context) -> Result<(Option<TaskId>, Option<crate::domain::ProjectKey>)> {
        if let Some(parent) = &self.parent {
            let parent = tx.task_called(parent)?;
            return Ok((Some(parent.id), parent.project));
        }
        let own = cx.worker.as_ref().and_then(|worker| worker.project);
        let named = self.project.as_ref().map(|name| tx.project_named(name)).transpose()?;
        let project = named.map(|project| project.key).or(own);
        let task = project.map(|project| tx.project_task(project)).transpose()?;
        Ok((task, project))
    }

    fn answer(&self, tx: &Tx, mut made: Vec<Made>) -> Result<Instantiated> {
        const NAMED: usize = 50;
        if !self.vars.is_list
            && let Some(made) = made.pop()
        {
            let (id, steps, existing) = match made {
                Made::New { task, steps } => (task, few(steps), false),
                Made::Twin(task) => (task, IndexMap::new(), true),
            };
            let task = tx.task(&id)?;
            return Ok(Instantiated::One(One {
                id,
                status: task.status,
                ready: task.ready,
                existing,
                steps,
            }));
        }
        let existing = made.iter().filter(|made| matches!(made, Made::Twin(_))).count();
        let created = made.len() - existing;
        let named = |made: Made| match made {
            Made::New { task, .. } => Named { id: task, existing: false },
            Made::Twin(task) => Named { id: task, existing: true },
        };
        let tasks = if made.len() <= NAMED { made.into_iter().map(named).collect() } else { Vec::new() };
        Ok(Instantiated::Many { created, existing, tasks })
    }
}

/// Returns the values of one task, with its time if the template has a variable for it.
fn timed(template: &Template, mut vars: Map<String, Value>, at: Timestamp) -> Sets {
    const TIME: &str = "fired_at";
    if template.recipe.vars.keys().any(|name| name.as_str() == TIME) {
        vars.entry(TIME).or_insert_with(|| at.to_string().into());
    }
    Sets { sets: vec![vars], is_list: false }
}

/// Reads all values, or returns one refusal with all their faults.
fn read(cx: &Context, template: &Template, vars: &Sets) -> Result<Vec<Values>> {
    const MOST: usize = 1_000;
    const TOLD: usize = 2_000;
    let Sets { sets, is_list } = vars;
    words::check_number("objects in `vars`", sets.len(), MOST)?;
    let nodes = sets.len() * (1 + template.recipe.steps.len());
    words::check_number("tasks", nodes, cx.config.limits.tree_nodes)?;
    let mut read = Vec::new();
    let mut faults = Vec::new();
    for (at, given) in sets.iter().enumerate() {
        match template.recipe.read(given) {
            Ok(values) => {
                words::check_size(cx.config, "values", values.bytes())?;
                read.push(values);
            }
            Err(problems) => {
                let problems: Vec<_> = problems.iter().map(ToString::to_string).collect();
                let place = if *is_list { format!("item {at}: ") } else { String::new() };
                faults.push(format!("{place}{}", problems.join(", ")));
            }
        }
    }
    if faults.is_empty() {
        return Ok(read);
    }
    let mut message = format!("template `{}`: {}", template.name, faults[0]);
    for (at, fault) in faults.iter().enumerate().skip(1) {
        if message.len() > TOLD {
            message += &format!("; and {} more items", faults.len() - at);
            break;
        }
        message += &format!("; {fault}");
    }
    Err(Error::input(message, format!("it takes {}", signature(&template.recipe.vars))))
}

/// Returns the steps, or none if there are too many.
fn few(steps: IndexMap<String, TaskId>) -> IndexMap<String, TaskId> {
    const NAMED: usize = 50;
    if steps.len() <= NAMED { steps } else { IndexMap::new() }
}

/// Refuses the call if one of its tasks existed before, or if the call asks for it twice.
fn refuse_twins(template: &Template, made: &[Made]) -> Result<()> {
    const NAMED: usize = 10;
    let mut new: HashMap<&TaskId, usize> = HashMap::new();
    let mut old: Vec<TaskId> = Vec::new();
    for (at, made) in made.iter().enumerate() {
        match made {
            Made::New { task, .. } => {
                new.insert(task, at);
            }
            Made::Twin(task) => match new.get(task) {
                Some(first) => {
                    let message = format!("items {first} and {at} of `vars` ask for the same");
                    return Err(Error::input(message, "leave one out, or say on_duplicate=existing"));
                }
                None => old.push(task.clone()),
            },
        }
    }
    let total = old.len();
    old.truncate(NAMED);
    match total {
        0 => Ok(()),
        total => Err(Refusal::Duplicate { template: template.name.clone(), tasks: old, total }.into()),
    }
}

/// Returns the variables and their types in short.
pub fn signature(vars: &IndexMap<VariableName, Variable>) -> String {
    const NAMED: usize = 30;
    let shown = vars.iter().take(NAMED).map(|(name, variable)| {
        let mark = if variable.must_be_given() { "" } else { "?" };
        format!("{name}{mark}: {}", variable.shape())
    });
    let shown: Vec<String> = shown.collect();
    if shown.is_empty() { "no values".to_owned() } else { shown.join(", ") }
}
