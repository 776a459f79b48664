use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::domain::{Guidance, Phase, Status, TaskRef, Workflow};
use crate::error::Result;
use crate::ops::task::guiding::Listener;
use crate::ops::{Actor, Operation};
use crate::store::Tx;
use crate::{Context, Effect};

/// Show a workflow's texts for workers: all, or by `role`, or for a `task`'s state.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GetPrompts {
    /// Default: of the task, else yours.
    #[schemars(extend("x-rare" = true))]
    workflow: Option<String>,
    role: Option<String>,
    #[schemars(extend("x-rare" = true))]
    state: Option<Status>,
    #[schemars(extend("x-rare" = true))]
    phase: Option<Phase>,
    task: Option<TaskRef>,
}

#[derive(Serialize)]
pub struct Prompts {
    workflow: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    role: Option<String>,
    /// By the occasion on which they are shown.
    prompts: IndexMap<String, String>,
    /// The names of texts that do not fit.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    left_out: Vec<String>,
}

impl Operation for GetPrompts {
    const NAME: &'static str = "get_prompts";
    const EFFECT: Effect = Effect::Read;
    const ACTOR: Actor = Actor::Optional;
    const POSITIONAL: &'static [&'static str] = &["workflow"];

    type Output = Prompts;

    fn run(&self, tx: &Tx, cx: &Context) -> Result<Prompts> {
        const ROOM: usize = 3_000;
        let task = self.task.as_ref().map(|task| tx.task_called(task)).transpose()?;
        let worker = cx.worker.as_ref();
        let rules = match (&self.workflow, &task, worker) {
            (Some(name), _, _) => std::borrow::Cow::Borrowed(cx.workflow(name)?),
            (None, Some(task), _) => cx.rules_of(tx, task)?,
            (None, None, Some(worker)) => cx.overlaid(cx.workflow(&worker.workflow)?, &worker.overlays),
            (None, None, None) => std::borrow::Cow::Borrowed(cx.workflow(&cx.config.workflows.default)?),
        };
        let own_role = worker.and_then(|worker| rules.role_of(&worker.tags)).map(|(role, _)| role.to_owned());
        let role = self.role.clone().or(own_role);
        if let Some(role) = self.role.as_ref().filter(|role| !rules.roles.contains_key(*role)) {
            let near = rules.roles.keys().cloned().collect();
            return Err(crate::Error::NotFound { what: "role", name: role.clone(), near });
        }
        if let Some(state) = self.state.as_ref().filter(|state| !rules.states.contains_key(*state)) {
            let near = rules.states.keys().map(ToString::to_string).collect();
            return Err(crate::Error::NotFound { what: "state", name: state.to_string(), near });
        }
        let state = self.state.as_ref().or(task.as_ref().map(|task| &task.status));
        let phase = self.phase.as_ref().or(task.as_ref().and_then(|task| task.phase.as_ref()));
        let texts = self.wanted(&rules, role.as_deref(), state, phase);
        let filled = texts.into_iter().map(|(name, text)| match (&task, worker) {
            (Some(task), Some(worker)) => (name, Listener { worker, task, rules: &rules }.read(text)),
            _ => (name, text.to_owned()),
        });
        let (prompts, left_out) = what_fits(filled, ROOM);
        Ok(Prompts { workflow: rules.name.clone(), role, prompts, left_out })
    }
}

impl GetPrompts {
    fn wanted<'a>(
        &self,
        rules: &'a Workflow,
        role: Option<&str>,
        state: Option<&'a Status>,
        phase: Option<&'a Phase>,
    ) -> Vec<(String, &'a str)> {
        let Guidance { texts, roles, advice: _ } = &rules.guidance;
        let of_roles = roles.iter().filter(|(name, _)| role.is_none_or(|role| role == name.as_str()));
        let of_roles = of_roles.flat_map(|(name, texts)| {
            texts.iter().map(move |(subject, text)| (format!("{name} {subject}"), text.as_str()))
        });
        let places: Vec<(String, &str)> = match (state, phase) {
            (None, None) => texts.iter().map(|(cue, text)| (cue.to_string(), text.as_str())).collect(),
            _ => rules.guidance.about(state, phase).map(|(cue, text)| (cue.to_string(), text)).collect(),
        };
        let only_role = self.role.is_some() && state.is_none() && phase.is_none();
        match (only_role, state.is_some() || phase.is_some()) {
            (true, _) => of_roles.collect(),
            (false, true) => places,
            (false, false) => places.into_iter().chain(of_roles).collect(),
        }
    }
}

/// Takes as many texts as fit `room`, in bytes; names the others.
pub(super) fn what_fits(
    texts: impl Iterator<Item = (String, String)>,
    room: usize,
) -> (IndexMap<String, String>, Vec<String>) {
    let mut used = 0;
    let (mut shown, mut left_out) = (IndexMap::new(), Vec::new());
    for (name, text) in texts {
        if used + text.len() <= room || shown.is_empty() {
            used += text.len() + name.len();
            shown.insert(name, text);
        } else {
            left_out.push(name);
        }
    }
    (shown, left_out)
}
