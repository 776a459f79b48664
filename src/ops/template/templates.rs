use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::instantiate::signature;
use crate::domain::{ProjectKey, ProjectName, Recipe, RecipeStep, TaskRef, Template, TemplateName};
use crate::error::{Error, Result};
use crate::ops::task::{if_short, is_default, shortened};
use crate::ops::{Actor, Operation};
use crate::store::{Page, Start, TemplateRow, Tx};
use crate::{Context, Effect};

/// List the templates, or show one.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ListTemplates {
    name: Option<TemplateName>,
    project: Option<ProjectName>,
    #[schemars(extend("x-rare" = true))]
    step: Option<TaskRef>,
    #[serde(default)]
    #[schemars(extend("x-rare" = true))]
    from: usize,
    /// Default 20.
    limit: Option<usize>,
    #[serde(default)]
    offset: usize,
}

#[derive(Serialize)]
#[serde(untagged)]
pub enum Shown {
    One(Box<Whole>),
    List {
        templates: Vec<Row>,
        total: usize,
        #[serde(skip_serializing_if = "Option::is_none")]
        next_offset: Option<usize>,
    },
}

#[derive(Serialize)]
pub struct Row {
    name: TemplateName,
    version: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    project: Option<ProjectName>,
    #[serde(skip_serializing_if = "is_default")]
    steps: usize,
}

#[derive(Serialize)]
pub struct Whole {
    name: TemplateName,
    version: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    project: Option<ProjectName>,
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    body: Option<String>,
    /// The offset of the rest of the body.
    #[serde(skip_serializing_if = "Option::is_none")]
    body_goes_on_at: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    vars: Option<Value>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    steps: Vec<Step>,
    #[serde(skip_serializing_if = "Option::is_none")]
    steps_total: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    defaults: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    duplicates: Option<Value>,
}

/// A step in short.
#[derive(Serialize)]
struct Step {
    #[serde(rename = "ref")]
    name: TaskRef,
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    needs: Vec<TaskRef>,
}

impl Operation for ListTemplates {
    const NAME: &'static str = "templates";
    const EFFECT: Effect = Effect::Read;
    const ACTOR: Actor = Actor::Optional;
    const POSITIONAL: &'static [&'static str] = &["name"];

    type Output = Shown;

    fn run(&self, tx: &Tx, cx: &Context) -> Result<Shown> {
        const MOST: usize = 40;
        let named = self.project.as_ref().map(|name| tx.project_named(name)).transpose()?;
        let own = cx.worker.as_ref().and_then(|worker| worker.project);
        let project = named.map(|project| project.key).or(own);
        if let Some(name) = &self.name {
            let template = tx.template_for(project, name)?;
            return Ok(Shown::One(Box::new(self.whole(tx, template)?)));
        }
        let limit = self.limit.unwrap_or(20).clamp(1, MOST);
        let (found, total) = tx.templates(project, Page { limit, start: Start::Offset(self.offset) })?;
        let templates = found.into_iter().map(|template| row(tx, template)).collect::<Result<Vec<_>>>()?;
        let seen = self.offset + templates.len();
        Ok(Shown::List {
            next_offset: (!templates.is_empty() && seen < total).then_some(seen),
            templates,
            total,
        })
    }
}

fn row(tx: &Tx, TemplateRow { project, name, version, steps }: TemplateRow) -> Result<Row> {
    Ok(Row { name, version, project: project_name(tx, project)?, steps })
}

fn project_name(tx: &Tx, project: Option<ProjectKey>) -> Result<Option<ProjectName>> {
    project.map(|project| Ok(tx.project(project)?.name)).transpose()
}

impl ListTemplates {
    fn whole(&self, tx: &Tx, template: Template) -> Result<Whole> {
        const TITLE: usize = 200;
        const SIGNATURE: usize = 600;
        let Template { id: _, project, name, version, recipe } = template;
        let (body, body_goes_on_at) = self.part(&recipe)?;
        let Recipe { title, body: _, vars, steps, defaults, duplicates } = recipe;
        let total = steps.len();
        let (shown, steps) = (fitting(steps), total);
        Ok(Whole {
            name,
            version,
            project: project_name(tx, project)?,
            title: title.map(|title| shortened(&title, TITLE)),
            body,
            body_goes_on_at,
            vars: match if_short(&vars)? {
                None if !vars.is_empty() => Some(shortened(&signature(&vars), SIGNATURE).into()),
                shown => shown,
            },
            steps_total: (shown.len() < steps).then_some(steps),
            steps: shown,
            defaults: if_short(&defaults)?,
            duplicates: if_short(&duplicates)?,
        })
    }

    /// Returns the part of the body, or of a step's, that fits an answer, and the offset of the rest.
    fn part(&self, recipe: &Recipe) -> Result<(Option<String>, Option<usize>)> {
        const SHOWN: usize = 600;
        let body = match &self.step {
            None => &recipe.body,
            Some(name) => match recipe.steps.iter().find(|step| step.name == *name) {
                Some(step) => &step.body,
                None => return Err(Error::not_found("step", name)),
            },
        };
        let text = body.as_deref().unwrap_or_default();
        let part: String = text.chars().skip(self.from).take(SHOWN).collect();
        let end = self.from + part.chars().count();
        Ok((Some(part).filter(|part| !part.is_empty()), text.chars().nth(end).map(|_| end)))
    }
}

/// Returns as many steps as fit an answer.
fn fitting(steps: Vec<RecipeStep>) -> Vec<Step> {
    const ROOM: usize = 800;
    const NEEDS: usize = 5;
    const TITLE: usize = 60;
    let mut room = ROOM;
    let brief = |step: RecipeStep| {
        let mut needs = step.needs;
        needs.truncate(NEEDS);
        Step { name: step.name, title: step.title.map(|title| shortened(&title, TITLE)), needs }
    };
    let length = |step: &Step| {
        let names = step.needs.iter().chain([&step.name]).map(|name| name.as_str().len() + 4);
        names.sum::<usize>() + step.title.as_ref().map_or(0, |title| title.len() + 10) + 20
    };
    let fits = |step: &Step| {
        let rest = room.checked_sub(length(step));
        room = rest.unwrap_or(0);
        rest.is_some()
    };
    steps.into_iter().map(brief).take_while(fits).collect()
}
