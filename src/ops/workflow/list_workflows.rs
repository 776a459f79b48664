use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::overlaying;
use crate::domain::{Gate, Overlay, Phase, Role, State, Status, Workflow};
use crate::error::{Error, Result};
use crate::ops::Operation;
use crate::store::Tx;
use crate::{Context, Effect};

/// List the workflows and overlays; with `name`, show one.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ListWorkflows {
    name: Option<String>,
    #[serde(default)]
    offset: usize,
}

#[derive(Serialize)]
#[serde(untagged)]
pub enum Workflows {
    One(Box<Detail>),
    All {
        workflows: Vec<Row>,
        total: usize,
        #[serde(skip_serializing_if = "Option::is_none")]
        next_offset: Option<usize>,
        #[serde(skip_serializing_if = "Vec::is_empty")]
        overlays: Vec<Row>,
    },
}

/// A workflow or an overlay in one line; names are separated by spaces.
#[derive(Serialize)]
pub struct Row {
    name: String,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    default: bool,
    #[serde(skip_serializing_if = "String::is_empty")]
    description: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    states: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    phases: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    gates: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    roles: String,
}

#[derive(Serialize)]
pub struct Detail {
    name: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    description: String,
    #[serde(flatten)]
    settings: Option<Settings>,
    #[serde(skip_serializing_if = "IndexMap::is_empty")]
    states: IndexMap<Status, Shown>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    phases: Vec<Phase>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    gates: Vec<Gate>,
    #[serde(skip_serializing_if = "IndexMap::is_empty")]
    roles: IndexMap<String, Role>,
    /// The topics of `get_advisory`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    advisories: Vec<String>,
}

#[derive(Serialize)]
struct Settings {
    initial_state: Status,
    claim_state: Status,
    disconnect_state: Status,
    #[serde(skip_serializing_if = "Option::is_none")]
    assign_state: Option<Status>,
    complete_state: Status,
    #[serde(skip_serializing_if = "Option::is_none")]
    cancel_state: Option<Status>,
}

#[derive(Serialize)]
struct Shown {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    exits: Vec<Status>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    is: Vec<&'static str>,
}

impl Operation for ListWorkflows {
    const NAME: &'static str = "list_workflows";
    const EFFECT: Effect = Effect::Read;
    const POSITIONAL: &'static [&'static str] = &["name"];

    type Output = Workflows;

    fn run(&self, _tx: &Tx, cx: &Context) -> Result<Workflows> {
        const SHOWN: usize = 10;
        let known = &cx.config.workflows;
        if let Some(name) = &self.name {
            return one(cx, name).map(|detail| Workflows::One(Box::new(detail)));
        }
        let rows = known.by_name.values().skip(self.offset).take(SHOWN);
        let workflows: Vec<Row> = rows.map(|own| row(own, own.name == known.default)).collect();
        let seen = self.offset + workflows.len();
        let overlays = known.overlays.values().take(SHOWN).map(Row::of_overlay);
        Ok(Workflows::All {
            workflows,
            total: known.by_name.len(),
            next_offset: (seen < known.by_name.len()).then_some(seen),
            overlays: if self.offset == 0 { overlays.collect() } else { Vec::new() },
        })
    }
}

fn one(cx: &Context, name: &str) -> Result<Detail> {
    let known = &cx.config.workflows;
    // The file name prefix distinguishes an overlay from a workflow of the same name.
    let of_file = name.strip_prefix("overlay-").filter(|_| !known.by_name.contains_key(name));
    if of_file.is_some() || (known.overlays.contains_key(name) && !known.by_name.contains_key(name)) {
        let overlay = overlaying::named(cx, of_file.unwrap_or(name))?;
        let default = cx.workflow(&known.default)?;
        return Ok(Detail {
            name: overlay.name.clone(),
            description: overlay.description.clone(),
            settings: None,
            states: shown(&overlay.states_for(default)),
            phases: overlay.phases.clone(),
            gates: overlay.gates.clone(),
            roles: overlay.roles.clone(),
            advisories: overlay.guidance.advice.keys().cloned().collect(),
        });
    }
    let own = cx.workflow(name).map_err(|error| match error {
        Error::NotFound { what, name, mut near } => {
            near.extend(known.overlays.keys().cloned());
            Error::NotFound { what, name, near }
        }
        error => error,
    })?;
    let Workflow { initial, claim, disconnect, assign, complete, cancel, .. } = own.clone();
    Ok(Detail {
        name: own.name.clone(),
        description: own.description.clone(),
        settings: Some(Settings {
            initial_state: initial,
            claim_state: claim,
            disconnect_state: disconnect,
            assign_state: assign,
            complete_state: complete,
            cancel_state: cancel,
        }),
        states: shown(&own.states),
        phases: own.phases.clone(),
        gates: own.gates.clone(),
        roles: own.roles.clone(),
        advisories: own.guidance.advice.keys().cloned().collect(),
    })
}

fn shown(states: &IndexMap<Status, State>) -> IndexMap<Status, Shown> {
    let of = |state: &State| {
        let flags = [(state.timed, "timed"), (state.terminal, "terminal"), (state.blocking, "blocking")];
        let is = flags.into_iter().filter(|(holds, _)| *holds).map(|(_, word)| word).collect();
        Shown { exits: state.exits.clone(), is }
    };
    states.iter().map(|(status, state)| (status.clone(), of(state))).collect()
}

fn row(workflow: &Workflow, default: bool) -> Row {
    Row {
        name: workflow.name.clone(),
        default,
        description: workflow.description.clone(),
        states: words(workflow.states.keys()),
        phases: words(&workflow.phases),
        gates: words(workflow.gates.iter().map(|gate| &gate.kind)),
        roles: words(workflow.roles.keys()),
    }
}

impl Row {
    fn of_overlay(overlay: &Overlay) -> Self {
        Self {
            name: overlay.name.clone(),
            default: false,
            description: overlay.description.clone(),
            states: String::new(),
            phases: words(&overlay.phases),
            gates: words(overlay.gates.iter().map(|gate| &gate.kind)),
            roles: words(overlay.roles.keys()),
        }
    }
}

fn words<T: ToString>(names: impl IntoIterator<Item = T>) -> String {
    names.into_iter().map(|name| name.to_string()).collect::<Vec<_>>().join(" ")
}
