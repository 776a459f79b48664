use std::borrow::Cow;
use std::collections::BTreeSet;

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::circumstances;
use super::get_prompts::what_fits;
use crate::domain::{Occasion, Task, TaskId, TaskRef, Workflow};
use crate::error::{Error, Result};
use crate::ops::task::guiding::Listener;
use crate::ops::{Actor, Operation};
use crate::store::Tx;
use crate::{Context, Effect};

/// Get the current advice: your task's state and your workflow's advice.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GetAdvisory {
    // Only this advice.
    #[schemars(extend("x-rare" = true))]
    topic: Option<String>,
    /// Default: the one you hold.
    task: Option<TaskRef>,
}

#[derive(Serialize)]
pub struct Advisory {
    workflow: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    task: Option<TaskId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    role: Option<String>,
    /// The situation.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    now: Vec<String>,
    /// The advice that applies to the situation, by topic.
    #[serde(skip_serializing_if = "IndexMap::is_empty")]
    advice: IndexMap<String, String>,
    /// Topics that do not apply, or that do not fit.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    more: Vec<String>,
}

impl Operation for GetAdvisory {
    const NAME: &'static str = "get_advisory";
    const EFFECT: Effect = Effect::Read;
    const ACTOR: Actor = Actor::Optional;
    const POSITIONAL: &'static [&'static str] = &["topic"];

    type Output = Advisory;

    fn run(&self, tx: &Tx, cx: &Context) -> Result<Advisory> {
        const NAMED: usize = 30;
        let held = match &cx.worker {
            Some(worker) => tx.held_by(&worker.id)?,
            None => Vec::new(),
        };
        let task = match (&self.task, &held[..]) {
            (Some(name), _) => Some(tx.task_called(name)?),
            (None, [one]) => Some(tx.task(one)?),
            (None, _) => None,
        };
        let rules = rules(tx, cx, task.as_ref())?;
        let role = cx.worker.as_ref().and_then(|worker| rules.role_of(&worker.tags)).map(|(role, _)| role);
        let now = match (&self.topic, &task) {
            (Some(_), _) => Vec::new(),
            (None, Some(task)) => circumstances::of_task(tx, cx, task, &rules)?,
            (None, None) => vec![circumstances::of_worker(tx, cx, &held)?],
        };
        let (advice, mut more) = self.advice(cx, &rules, role, task.as_ref())?;
        more.truncate(NAMED);
        Ok(Advisory {
            workflow: rules.name.clone(),
            task: task.map(|task| task.id),
            role: role.map(str::to_owned),
            now,
            advice,
            more,
        })
    }
}

/// Returns the rules of the task, else those for the caller's tasks.
fn rules<'a>(tx: &Tx, cx: &'a Context, task: Option<&Task>) -> Result<Cow<'a, Workflow>> {
    match (task, &cx.worker) {
        (Some(task), Some(worker)) if task.holder.is_none() => {
            Ok(cx.overlaid(cx.workflow_of(task)?, &worker.overlays))
        }
        (Some(task), _) => cx.rules_of(tx, task),
        (None, Some(worker)) => {
            let own = cx.workflow(&worker.workflow).or_else(|_| cx.workflow(&cx.config.workflows.default));
            Ok(cx.overlaid(own?, &worker.overlays))
        }
        (None, None) => Ok(Cow::Borrowed(cx.workflow(&cx.config.workflows.default)?)),
    }
}

impl GetAdvisory {
    /// Returns the advice by topic, and the names of the other topics.
    fn advice(
        &self,
        cx: &Context,
        rules: &Workflow,
        role: Option<&str>,
        task: Option<&Task>,
    ) -> Result<(IndexMap<String, String>, Vec<String>)> {
        const ROOM: usize = 2_000;
        let all = &rules.guidance.advice;
        let read = |topic: &str, text: &str| {
            let text = match (task, &cx.worker) {
                (Some(task), Some(worker)) => Listener { worker, task, rules }.read(text),
                _ => text.to_owned(),
            };
            (topic.to_owned(), text)
        };
        if let Some(topic) = &self.topic {
            let Some(advice) = all.get(topic) else {
                let near = all.keys().cloned().collect();
                return Err(Error::NotFound { what: "topic", name: topic.clone(), near });
            };
            return Ok((IndexMap::from([read(topic, &advice.text)]), Vec::new()));
        }
        let no_tags = BTreeSet::new();
        let phase = task.and_then(|task| task.phase.as_ref());
        let occasion = Occasion { role, phase, tags: task.map_or(&no_tags, |task| &task.tags) };
        let (concerns, others): (Vec<_>, Vec<_>) =
            all.iter().partition(|(_, advice)| advice.concerns(&occasion));
        let (advice, left_out) =
            what_fits(concerns.into_iter().map(|(topic, advice)| read(topic, &advice.text)), ROOM);
        Ok((advice, left_out.into_iter().chain(others.into_iter().map(|(topic, _)| topic.clone())).collect()))
    }
}
