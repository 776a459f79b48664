//! A gate: evidence that must be attached to a task before it may take a step.
//!
//! Facts in, verdict out: [`Workflow::gates_at`] returns the gates of a step, and
//! [`missing`] those of them that lack their evidence.

use std::collections::BTreeSet;

use serde::ser::SerializeMap;
use serde::{Deserialize, Serialize, Serializer};

use super::{Phase, Status, Tag, Task, Workflow};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gate {
    pub on: Barrier,
    /// The type of attachment that it requires.
    pub kind: String,
    pub enforcement: Enforcement,
    /// The purpose of the evidence.
    pub description: String,
}

/// The steps that a gate guards.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Barrier {
    /// Leaving a state; without a target, for a state in which the work is done.
    State(Exit<Status>),
    /// Leaving a phase, for another or because the work is done. The latter counts for every target.
    Phase(Exit<Phase>),
    /// The same steps as for any state, for tasks with this tag; also removing the tag.
    Tag { name: Tag, to: Option<Status> },
}

/// The start and the target of a step. No start means any; without a target, see [`Barrier`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exit<T> {
    pub from: Option<T>,
    pub to: Option<T>,
}

/// Serializes a gate as it is written in the configuration.
impl Serialize for Gate {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { on, kind, enforcement, description } = self;
        let (on, to) = on.spelt();
        let mut shown = serializer.serialize_map(None)?;
        shown.serialize_entry("on", &on)?;
        if let Some(to) = to {
            shown.serialize_entry("to", to)?;
        }
        shown.serialize_entry("type", kind)?;
        shown.serialize_entry("enforcement", enforcement)?;
        if !description.is_empty() {
            shown.serialize_entry("description", description)?;
        }
        shown.end()
    }
}

impl Barrier {
    fn spelt(&self) -> (String, Option<&str>) {
        match self {
            Self::State(Exit { from, to }) => {
                let from = from.as_ref().map_or("*", Status::as_str);
                (from.to_owned(), to.as_ref().map(Status::as_str))
            }
            Self::Phase(Exit { from, to }) => {
                let from = from.as_ref().map_or("*", Phase::as_str);
                (format!("phase:{from}"), to.as_ref().map(Phase::as_str))
            }
            Self::Tag { name, to } => (format!("tag:{name}"), to.as_ref().map(Status::as_str)),
        }
    }
}

/// The consequence of missing evidence.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Enforcement {
    /// The step is taken, and the missing evidence is shown.
    Allow,
    /// The step is refused, unless the worker forces it and gives a reason.
    #[default]
    Warn,
    /// The step is refused.
    Reject,
}

/// A step that a task is about to take: its state, phase and tags afterwards.
#[derive(Clone, Copy, Debug)]
pub struct Crossing<'a> {
    pub task: &'a Task,
    pub status: &'a Status,
    pub phase: Option<&'a Phase>,
    pub tags: &'a BTreeSet<Tag>,
}

impl<'a> Crossing<'a> {
    /// Returns the step to another state.
    pub fn to(task: &'a Task, status: &'a Status) -> Self {
        Self { task, status, phase: task.phase.as_ref(), tags: &task.tags }
    }

    /// Returns the step of an edit: the phase and the tags may change, the state stays.
    pub fn edit(task: &'a Task, edited: &'a Task) -> Self {
        Self { task, status: &task.status, phase: edited.phase.as_ref(), tags: &edited.tags }
    }
}

impl Workflow {
    /// Returns the gates that guard a step.
    pub fn gates_at<'a>(&'a self, crossing: &Crossing<'_>) -> Vec<&'a Gate> {
        each_kind_once(self.gates.iter().filter(|gate| self.is_at(gate, crossing)))
    }

    /// Returns the gates of a step by which a task is done without being worked on: those of
    /// the step itself, and those that a worker of the task would have met.
    pub fn gates_at_end<'a>(&'a self, crossing: &Crossing<'_>) -> Vec<&'a Gate> {
        let at_work = Task { status: self.claim.clone(), ..crossing.task.clone() };
        let from_work = Crossing { task: &at_work, ..*crossing };
        let is_at = |gate: &&Gate| self.is_at(gate, crossing) || self.is_at(gate, &from_work);
        each_kind_once(self.gates.iter().filter(is_at))
    }

    /// Returns the gates ahead of a task as it stands, for any next step.
    pub fn gates_ahead<'a>(&'a self, task: &Task) -> Vec<&'a Gate> {
        let is_ahead = |gate: &Gate| match &gate.on {
            Barrier::State(Exit { from, .. }) => from.as_ref().is_none_or(|from| *from == task.status),
            Barrier::Phase(Exit { from, .. }) => {
                from.as_ref().is_none_or(|from| task.phase.as_ref() == Some(from))
            }
            Barrier::Tag { name, .. } => task.tags.contains(name),
        };
        each_kind_once(self.gates.iter().filter(|gate| is_ahead(gate)))
    }

    fn is_at(&self, gate: &Gate, crossing: &Crossing<'_>) -> bool {
        let Crossing { task, status, phase, tags } = *crossing;
        // A task can always return to the queue, since its worker may be gone.
        let returns = task.holder.is_some() && *status == self.disconnect;
        let moves = task.status != *status && !returns;
        let ends = moves && self.is_done(status);
        let enters = |to: &Option<Status>| to.as_ref().map_or(ends, |to| moves && to == status);
        match &gate.on {
            Barrier::State(Exit { from, to }) => {
                from.as_ref().is_none_or(|from| *from == task.status) && enters(to)
            }
            Barrier::Phase(Exit { from, to }) => {
                let leaves = task.phase.is_some() && task.phase.as_ref() != phase;
                let here = from.as_ref().is_none_or(|from| task.phase.as_ref() == Some(from));
                here && match to {
                    _ if ends => task.phase.is_some(),
                    Some(to) => leaves && phase == Some(to),
                    None => leaves,
                }
            }
            Barrier::Tag { name, to } => task.tags.contains(name) && (enters(to) || !tags.contains(name)),
        }
    }
}

/// Returns the strictest gate of each type, in their order.
fn each_kind_once<'a>(gates: impl Iterator<Item = &'a Gate>) -> Vec<&'a Gate> {
    let mut kept: Vec<&Gate> = Vec::new();
    for gate in gates {
        match kept.iter_mut().find(|other| other.kind == gate.kind) {
            Some(other) if other.enforcement < gate.enforcement => *other = gate,
            Some(_) => {}
            None => kept.push(gate),
        }
    }
    kept
}

/// Returns the gates that evidence of these types does not open.
pub fn missing<'a>(gates: &[&'a Gate], evidence: &[String]) -> Vec<&'a Gate> {
    gates.iter().filter(|gate| !evidence.contains(&gate.kind)).copied().collect()
}

/// Returns the strictest enforcement among these gates.
pub fn hardest<'a>(gates: impl IntoIterator<Item = &'a Gate>) -> Enforcement {
    gates.into_iter().map(|gate| gate.enforcement).max().unwrap_or(Enforcement::Allow)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;
    use crate::domain::{Demand, Priority, Timestamp};

    fn task(status: &str, phase: &str, tag: &str) -> Task {
        Task {
            id: "api".parse().unwrap(),
            title: "api".into(),
            description: None,
            workflow: "default".into(),
            status: status.parse().unwrap(),
            phase: phase.parse().ok(),
            priority: Priority::default(),
            holder: None,
            claimed_at: None,
            attempt: 0,
            demand: Demand::default(),
            tags: tag.parse().into_iter().collect(),
            points: None,
            time_estimate_ms: None,
            time_actual_ms: 0,
            timed_since: None,
            started_at: None,
            completed_at: None,
            thought: None,
            created_at: Timestamp(0),
            created_by: None,
            updated_at: Timestamp(0),
            deleted_at: None,
            open_blockers: 0,
            blocked_above: 0,
            open_children: 0,
            ready: false,
            is_job: false,
            is_withheld: false,
            group: None,
            project: None,
            is_project: false,
            template: None,
            is_overlaid: false,
        }
    }

    fn gate(on: Barrier) -> Gate {
        Gate { on, kind: "tests".into(), enforcement: Enforcement::Reject, description: String::new() }
    }

    fn state(from: &str, to: &str) -> Barrier {
        Barrier::State(Exit { from: from.parse().ok(), to: to.parse().ok() })
    }

    fn phase(from: &str, to: &str) -> Barrier {
        Barrier::Phase(Exit { from: from.parse().ok(), to: to.parse().ok() })
    }

    fn tag(name: &str, to: &str) -> Barrier {
        Barrier::Tag { name: name.parse().unwrap(), to: to.parse().ok() }
    }

    /// A task as (state, phase, tag), the same after the step, and whether the gate guards the step.
    type Case = (Barrier, [&'static str; 3], [&'static str; 3], bool);

    #[test]
    fn a_gate_stands_in_the_way_of_the_steps_it_names() {
        let cases: Vec<Case> = vec![
            (state("working", ""), ["working", "", ""], ["completed", "", ""], true),
            (state("working", ""), ["working", "", ""], ["pending", "", ""], false),
            (state("working", ""), ["working", "", ""], ["failed", "", ""], false),
            (state("working", ""), ["working", "", ""], ["cancelled", "", ""], false),
            (state("working", ""), ["working", "", ""], ["working", "", ""], false),
            (state("working", ""), ["pending", "", ""], ["completed", "", ""], false),
            (state("", ""), ["pending", "", ""], ["completed", "", ""], true),
            (state("", ""), ["pending", "", ""], ["working", "", ""], false),
            (state("working", "failed"), ["working", "", ""], ["failed", "", ""], true),
            (state("working", "failed"), ["working", "", ""], ["completed", "", ""], false),
            (state("pending", "working"), ["pending", "", ""], ["working", "", ""], true),
            (phase("test", ""), ["working", "test", ""], ["working", "deploy", ""], true),
            (phase("test", ""), ["working", "test", ""], ["completed", "test", ""], true),
            (phase("test", ""), ["working", "test", ""], ["pending", "test", ""], false),
            (phase("test", ""), ["working", "plan", ""], ["completed", "plan", ""], false),
            (phase("test", "deploy"), ["working", "test", ""], ["working", "deploy", ""], true),
            (phase("test", "deploy"), ["working", "test", ""], ["working", "review", ""], false),
            (phase("test", "deploy"), ["working", "test", ""], ["completed", "test", ""], true),
            (phase("", ""), ["working", "", ""], ["working", "plan", ""], false),
            (tag("risky", ""), ["working", "", "risky"], ["completed", "", "risky"], true),
            (tag("risky", ""), ["working", "", "risky"], ["working", "", ""], true),
            (tag("risky", ""), ["working", "", "risky"], ["pending", "", "risky"], false),
            (tag("risky", ""), ["working", "", "plain"], ["completed", "", "plain"], false),
            (tag("risky", "working"), ["pending", "", "risky"], ["working", "", "risky"], true),
        ];
        for (on, [status, from, has], [to, into, keeps], expected) in cases {
            let mut workflow = Config::builtin().workflows.by_name["default"].clone();
            workflow.gates = vec![gate(on.clone())];
            let (before, after) = (task(status, from, has), task(to, into, keeps));
            let crossing = Crossing {
                task: &before,
                status: &after.status,
                phase: after.phase.as_ref(),
                tags: &after.tags,
            };

            let found = !workflow.gates_at(&crossing).is_empty();

            assert_eq!(found, expected, "{on:?} {status}/{from}/{has} -> {to}/{into}/{keeps}");
        }
    }

    #[test]
    fn of_two_gates_of_a_type_the_harder_counts() {
        let mut workflow = Config::builtin().workflows.by_name["default"].clone();
        let hard = gate(state("working", ""));
        let soft = Gate { enforcement: Enforcement::Warn, ..gate(state("", "")) };
        workflow.gates = vec![soft, hard.clone()];
        let working = task("working", "", "");

        assert_eq!(workflow.gates_at(&Crossing::to(&working, &workflow.complete)), [&hard]);
        assert_eq!(workflow.gates_ahead(&working), [&hard]);
    }

    #[test]
    fn a_gate_is_shown_as_it_is_written() {
        let shown = |on| serde_json::to_value(gate(on)).unwrap();

        assert_eq!(
            shown(state("", "")),
            serde_json::json!({ "on": "*", "type": "tests", "enforcement": "reject" })
        );
        assert_eq!(shown(phase("review", "test"))["on"], "phase:review");
        assert_eq!(shown(phase("review", "test"))["to"], "test");
        assert_eq!(shown(tag("risky", ""))["on"], "tag:risky");
    }

    #[test]
    fn evidence_opens_the_gates_of_its_type() {
        let tests = gate(state("", ""));
        let commit = Gate { kind: "commit".into(), enforcement: Enforcement::Warn, ..tests.clone() };

        let left = missing(&[&tests, &commit], &["tests".into(), "note".into()]);

        assert_eq!(left, [&commit]);
        assert_eq!(hardest(left), Enforcement::Warn);
        assert_eq!(hardest([&tests, &commit]), Enforcement::Reject);
        assert_eq!(hardest([]), Enforcement::Allow);
    }
}
