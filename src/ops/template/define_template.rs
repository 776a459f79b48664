use std::fmt::Display;

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::applying::{Applied, apply_to_pending};
use super::instantiate::signature;
use crate::domain::{ProjectKey, ProjectName, Recipe, RecipeStep, Template, TemplateName, Text};
use crate::error::{Error, Result};
use crate::ops::project::{check_defaults, read_defaults};
use crate::ops::schedule::firing;
use crate::ops::task::words;
use crate::ops::{Actor, Operation};
use crate::store::{Event, Tx};
use crate::{Context, Effect};

/// Define or update a template: texts with `{{name}}` variables.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DefineTemplate {
    name: TemplateName,
    title: Option<Text>,
    body: Option<Text>,
    /// {name: type, value list, or {type, default, required}}.
    vars: Option<Map<String, Value>>,
    /// {ref, title, body, needs}.
    steps: Option<Vec<Map<String, Value>>>,
    #[schemars(extend("x-rare" = true))]
    defaults: Option<Map<String, Value>>,
    /// {on: existing, key: names, window: active, ever or 7d}.
    #[schemars(extend("x-rare" = true))]
    duplicates: Option<Map<String, Value>>,
    #[schemars(extend("x-rare" = true))]
    project: Option<ProjectName>,
    #[schemars(extend("x-rare" = true))]
    apply: Option<Apply>,
}

// The existing tasks to which the change applies: those that are unclaimed.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
enum Apply {
    Pending,
}

#[derive(Serialize)]
pub struct Defined {
    name: TemplateName,
    version: i64,
    /// The call changed nothing.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    unchanged: bool,
    /// The variables, in short.
    vars: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    applied: Option<Applied>,
}

impl Operation for DefineTemplate {
    const NAME: &'static str = "define_template";
    const EFFECT: Effect = Effect::Write;
    const ACTOR: Actor = Actor::Optional;
    const POSITIONAL: &'static [&'static str] = &["name"];

    type Output = Defined;

    fn run(&self, tx: &Tx, cx: &Context) -> Result<Defined> {
        let project = self.project.as_ref().map(|name| tx.project_named(name)).transpose()?;
        let project = project.map(|project| project.key);
        let before = tx.template_if_known(project, &self.name)?;
        let recipe = self.recipe(cx, before.as_ref())?;
        let unchanged = before.as_ref().is_some_and(|before| before.recipe == recipe);
        let template = match before {
            Some(before) if unchanged => before,
            before => self.add(tx, cx, (before.as_ref(), project, recipe))?,
        };
        if !unchanged {
            firing::check_template(tx, cx, &template)?;
        }
        let applied = self.apply.map(|Apply::Pending| apply_to_pending(tx, cx, &template)).transpose()?;
        Ok(Defined {
            vars: signature(&template.recipe.vars),
            name: template.name,
            version: template.version,
            unchanged,
            applied,
        })
    }
}

impl DefineTemplate {
    /// Returns the recipe that the call asks for, or one refusal with all its faults.
    fn recipe(&self, cx: &Context, before: Option<&Template>) -> Result<Recipe> {
        let mut recipe = before.map(|before| before.recipe.clone()).unwrap_or_default();
        let mut faults = Vec::new();
        for (what, text, place) in
            [("title", &self.title, &mut recipe.title), ("body", &self.body, &mut recipe.body)]
        {
            if let Some(text) = text {
                words::check_text(cx, what, &text.0)?;
                *place = Some(text.0.clone()).filter(|text| !text.is_empty());
            }
        }
        if let Some(steps) = &self.steps {
            recipe.steps = steps
                .iter()
                .filter_map(|step| read("a step", &Value::Object(step.clone()), &mut faults))
                .collect();
            check_steps(cx, &recipe.steps)?;
        }
        if let Some(duplicates) = &self.duplicates {
            let given = Value::Object(duplicates.clone());
            recipe.duplicates = read("`duplicates`", &given, &mut faults).unwrap_or_default();
        }
        if let Some(defaults) = &self.defaults {
            recipe.defaults = read_defaults(cx, defaults)?;
        }
        match &self.vars {
            Some(vars) => recipe.vars = read_vars(vars, &mut faults),
            // A text that cannot be read is reported below.
            None => drop(recipe.declare()),
        }
        faults.extend(recipe.faults());
        match faults.is_empty() {
            true => Ok(recipe),
            false => Err(Error::input(format!("template `{}`: {}", self.name, faults.join("; ")), "")),
        }
    }

    fn add(
        &self,
        tx: &Tx,
        cx: &Context,
        (before, project, recipe): (Option<&Template>, Option<ProjectKey>, Recipe),
    ) -> Result<Template> {
        let version = before.map_or(1, |before| before.version + 1);
        let template = Template { id: 0, project, name: self.name.clone(), version, recipe };
        let by = cx.worker.as_ref().map(|worker| &worker.id);
        let id = tx.add_template(&template, by, cx.now)?;
        let because = cx.because("define_template");
        let after = Some(json!({ "template": template.name, "version": version }));
        tx.record(&Event { after, ..Event::of("template", &because) })?;
        Ok(Template { id, ..template })
    }
}

fn read<T: DeserializeOwned>(what: impl Display, given: &Value, faults: &mut Vec<String>) -> Option<T> {
    match serde_json::from_value(given.clone()) {
        Ok(read) => Some(read),
        Err(error) => {
            faults.push(format!("{what}: {error}"));
            None
        }
    }
}

fn read_vars<K, V>(given: &Map<String, Value>, faults: &mut Vec<String>) -> IndexMap<K, V>
where
    K: DeserializeOwned + std::hash::Hash + Eq,
    V: DeserializeOwned,
{
    let mut vars = IndexMap::new();
    for (name, about) in given {
        let name = read(format!("`{name}`"), &Value::String(name.clone()), faults).zip(read(
            format!("`{name}`"),
            about,
            faults,
        ));
        vars.extend(name);
    }
    vars
}

fn check_steps(cx: &Context, steps: &[RecipeStep]) -> Result<()> {
    for step in steps {
        check_defaults(cx, &step.defaults)?;
        for text in step.title.iter().chain(&step.body) {
            words::check_text(cx, "step", text)?;
        }
    }
    Ok(())
}
