//! Updates unclaimed tasks to a new version of their template, on request.

use std::collections::HashMap;

use serde::Serialize;
use serde_json::Map;

use crate::Context;
use crate::domain::{Problem, Rendered, Task, TaskRef, Template, Text, Title, Values};
use crate::error::{Error, Result};
use crate::ops::task::{is_default, reword, words};
use crate::store::{Instance, Tx};

/// The result for tasks that were created from earlier versions.
#[derive(Debug, Default, Serialize)]
pub struct Applied {
    pub rewritten: usize,
    /// Tasks whose texts were edited.
    #[serde(skip_serializing_if = "is_default")]
    pub edited: usize,
    /// Tasks whose values or step do not fit the new version.
    #[serde(skip_serializing_if = "is_default")]
    pub unfit: usize,
    /// Tasks that are left: call again.
    #[serde(skip_serializing_if = "is_default")]
    pub left: usize,
}

/// Rewrites the texts of unclaimed tasks, unless they were edited.
pub fn apply_to_pending(tx: &Tx, cx: &Context, newest: &Template) -> Result<Applied> {
    const LOOKED_AT: usize = 10_000;
    const AT_A_CALL: usize = 1_000;
    let found = tx.pending_instances(newest, LOOKED_AT)?;
    let mut versions: HashMap<i64, Template> = HashMap::new();
    let mut applied = Applied::default();
    let mut written = 0;
    for (at, instance) in found.iter().enumerate() {
        if applied.rewritten == AT_A_CALL || written > words::most_copied(cx.config) {
            applied.left = found.len() - at;
            break;
        }
        let old = match versions.entry(instance.template) {
            std::collections::hash_map::Entry::Occupied(known) => known.into_mut(),
            std::collections::hash_map::Entry::Vacant(unknown) => {
                unknown.insert(tx.template_of(instance.template)?)
            }
        };
        let task = tx.task(&instance.task)?;
        let Some(values) = values_of(tx, instance)? else {
            applied.unfit += 1;
            continue;
        };
        let most = cx.config.limits.text_bytes;
        let texts = rendered(old, instance.step.as_ref(), &values, most);
        if !texts.is_some_and(|texts| is_as(&task, &texts)) {
            applied.edited += 1;
            continue;
        }
        let Some(texts) = refitted(newest, instance.step.as_ref(), &values, most) else {
            applied.unfit += 1;
            continue;
        };
        written += texts.bytes();
        rewrite(tx, cx, &task, texts)?;
        tx.set_template(&task.id, newest.id)?;
        applied.rewritten += 1;
    }
    Ok(applied)
}

/// Returns the values that a task, or the task of which it is a step, was created with.
fn values_of(tx: &Tx, instance: &Instance) -> Result<Option<Values>> {
    if instance.step.is_none() {
        return tx.values_of(&instance.task);
    }
    match tx.parent(&instance.task)? {
        Some(whole) => tx.values_of(&whole),
        None => Ok(None),
    }
}

fn rendered(template: &Template, step: Option<&TaskRef>, values: &Values, most: usize) -> Option<Rendered> {
    let recipe = &template.recipe;
    match step {
        None => recipe.render(&template.name, values, most).ok(),
        Some(name) => {
            let step = recipe.steps.iter().find(|step| step.name == *name)?;
            recipe.render_step(step, values, most).ok()
        }
    }
}

/// Returns the texts by another version if the values fit it; values without a variable there are ignored.
fn refitted(newest: &Template, step: Option<&TaskRef>, values: &Values, most: usize) -> Option<Rendered> {
    let given: Map<_, _> = values.0.clone().into_iter().collect();
    let is_unknown = |problem: &Problem| matches!(problem, Problem::Unknown { .. });
    let fits = match newest.recipe.read(&given) {
        Ok(_) => true,
        Err(problems) => problems.iter().all(is_unknown),
    };
    fits.then(|| rendered(newest, step, values, most))?
}

fn is_as(task: &Task, texts: &Rendered) -> bool {
    task.title == texts.title && task.description == texts.body
}

fn rewrite(tx: &Tx, cx: &Context, task: &Task, texts: Rendered) -> Result<()> {
    let title = Title::try_from(texts.title).map_err(|fault| Error::input(fault, ""))?;
    reword(tx, cx, task, Some(&title), Some(&Text(texts.body.unwrap_or_default()))).map(drop)
}
