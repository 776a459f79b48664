//! Gates as workflow files write them: a list, or lists by the guarded state, phase or tag.

use serde::Deserialize;

use super::section::Section;
use crate::domain::{Barrier, Enforcement, Exit, Gate, Phase, Status, Workflow};
use crate::error::Result;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    on: Option<String>,
    to: Option<String>,
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    enforcement: Enforcement,
    #[serde(default)]
    description: String,
}

/// Reads the gates of a file. A name without a prefix is a state, or a phase if only a phase has that name.
pub fn read(file: &mut Section, phases: &[Phase]) -> Result<Vec<Gate>> {
    let written: Vec<(Option<String>, Written)> = match file.has_section("gates") {
        false => {
            let list: Vec<Written> = file.or_default("gates")?;
            list.into_iter().map(|gate| (None, gate)).collect()
        }
        true => {
            let lists = file.optional_section("gates")?.values::<Vec<Written>>()?.into_iter();
            lists.flat_map(|(on, list)| list.into_iter().map(|gate| (Some(on.to_owned()), gate))).collect()
        }
    };
    let states = states(file);
    written
        .into_iter()
        .map(|(key, gate)| {
            let on = gate.on.clone().or(key).unwrap_or_else(|| "*".to_owned());
            let is_phase = |name: &str| {
                phases.iter().any(|phase| phase.as_str() == name) && !states.iter().any(|state| state == name)
            };
            let barrier = barrier(&on, gate.to.as_deref(), is_phase);
            let on = barrier.map_err(|bad| file.fault("gates", format!("cannot be used: {bad}"), ""))?;
            let Written { kind, enforcement, description, .. } = gate;
            if !is_kind(&kind) {
                let what = format!("cannot be used: `{kind}` is not the type of an attachment");
                return Err(file.fault("gates", what, "a word of at most 64 characters"));
            }
            Ok(Gate { on, kind, enforcement, description })
        })
        .collect()
}

fn states(file: &mut Section) -> Vec<String> {
    let states = file.optional_section("states").and_then(|states| states.named::<String>());
    states.map(|states| states.into_iter().map(|(name, _)| name).collect()).unwrap_or_default()
}

fn is_kind(text: &str) -> bool {
    (1..=64).contains(&text.len()) && text.chars().all(|c| c.is_ascii_graphic())
}

fn barrier(
    on: &str,
    to: Option<&str>,
    is_phase: impl Fn(&str) -> bool,
) -> Result<Barrier, crate::domain::BadName> {
    let (what, name) = match on.split_once(':') {
        Some(("status" | "state", name)) => ("state", name),
        Some((what @ ("phase" | "tag"), name)) => (what, name),
        _ if is_phase(on) => ("phase", on),
        _ => ("state", on),
    };
    let any = name == "*";
    Ok(match what {
        "phase" => Barrier::Phase(Exit { from: parsed(name, any)?, to: to.map(str::parse).transpose()? }),
        "tag" => Barrier::Tag { name: name.parse()?, to: to.map(str::parse).transpose()? },
        _ => Barrier::State(Exit { from: parsed(name, any)?, to: to.map(str::parse).transpose()? }),
    })
}

fn parsed<T: std::str::FromStr>(name: &str, any: bool) -> Result<Option<T>, T::Err> {
    if any { Ok(None) } else { name.parse().map(Some) }
}

/// Returns a fault for each gate that names an unknown state or phase.
pub fn faults(workflow: &Workflow) -> Vec<String> {
    let no_state =
        |status: &Option<Status>| status.clone().filter(|status| !workflow.states.contains_key(status));
    let no_phase = |phase: &Option<Phase>| phase.clone().filter(|phase| !workflow.phases.contains(phase));
    let mut faults = Vec::new();
    for Gate { on, kind, .. } in &workflow.gates {
        let (state, phase) = match on {
            Barrier::State(Exit { from, to }) => (no_state(from).or(no_state(to)), None),
            Barrier::Tag { to, .. } => (no_state(to), None),
            Barrier::Phase(Exit { from, to }) => (None, no_phase(from).or(no_phase(to))),
        };
        faults.extend(state.map(|name| format!("the gate `{kind}` names `{name}`, which is not a state")));
        faults.extend(phase.map(|name| format!("the gate `{kind}` names `{name}`, which is not a phase")));
    }
    faults
}
