//! A workflow: the states a task goes through and what each of them means.
//!
//! It is checked when it is read, so that nothing later asks whether a state
//! exists. [`Workflow::step`] is the only door from one state to another.

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

use super::{Gate, Guidance, Overlay, Phase, Refusal, Role, Status, TaskId};

#[derive(Clone, Debug, PartialEq)]
pub struct Workflow {
    pub name: String,
    pub description: String,
    /// Where a new task stands.
    pub initial: Status,
    /// What a claim enters.
    pub claim: Status,
    /// Where a task goes when its worker leaves.
    pub disconnect: Status,
    /// What a task enters that is given to a worker who has not started on it.
    pub assign: Option<Status>,
    /// What a container enters when the last task in it has ended.
    pub complete: Status,
    /// What cancelling a tree enters.
    pub cancel: Option<Status>,
    pub states: IndexMap<Status, State>,
    pub phases: Vec<Phase>,
    pub unknown_phase: Policy,
    pub gates: Vec<Gate>,
    pub roles: IndexMap<String, Role>,
    pub guidance: Guidance,
    /// States that overlays add: a task may stand in one when nobody with that overlay holds it any more.
    pub overlaid: IndexMap<Status, State>,
}

/// What it means for a task to stand in a state.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct State {
    pub exits: Vec<Status>,
    /// Time spent here is work.
    pub timed: bool,
    /// The task has ended.
    pub terminal: bool,
    /// What waits for this task goes on waiting.
    pub blocking: bool,
}

/// What happens with a word the configuration does not know.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Policy {
    Allow,
    #[default]
    Warn,
    Reject,
}

impl Workflow {
    /// Returns the states in which a task has ended, those that overlays add among them.
    pub fn ends(&self) -> impl Iterator<Item = Status> {
        let states = self.states.iter().chain(&self.overlaid);
        states.filter(|(_, state)| state.terminal).map(|(status, _)| status.clone())
    }

    /// Returns the ends that go on holding back what waits for them.
    pub fn failures(&self) -> impl Iterator<Item = Status> {
        let states = self.states.iter().chain(&self.overlaid);
        states.filter(|(_, state)| state.terminal && state.blocking).map(|(status, _)| status.clone())
    }

    /// Returns the states from which a task can be claimed.
    pub fn waiting(&self) -> impl Iterator<Item = &Status> {
        self.states.keys().filter(|status| self.is_waiting(status))
    }

    /// Returns what is wrong with the workflow; nothing if it can be used.
    pub fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        let optional = |role, status: &Option<Status>| status.clone().map(|status| (role, status));
        let roles = [
            Some(("initial_state", self.initial.clone())),
            Some(("claim_state", self.claim.clone())),
            Some(("disconnect_state", self.disconnect.clone())),
            Some(("complete_state", self.complete.clone())),
            optional("assign_state", &self.assign),
            optional("cancel_state", &self.cancel),
        ];
        for (role, status) in roles.into_iter().flatten() {
            match self.states.get(&status) {
                None => faults.push(format!("{role} `{status}` is not among the states")),
                Some(state) => faults.extend(wrong_for(role, &status, state)),
            }
        }
        for (name, state) in &self.states {
            for exit in state.exits.iter().filter(|exit| !self.states.contains_key(*exit)) {
                faults.push(format!("state `{name}` has the exit `{exit}`, which is not a state"));
            }
            if state.terminal && state.timed {
                faults.push(format!("state `{name}` cannot be both timed and terminal"));
            }
        }
        let returns = self.gates.iter().filter(|gate| gate.blocks_return(self));
        faults.extend(returns.map(|gate| {
            let status = &self.disconnect;
            format!(
                "the gate `{}` is on the way to `{status}`, where tasks go whose worker is gone",
                gate.kind
            )
        }));
        faults
    }

    /// Returns the state that a task stands in.
    ///
    /// A state that the configuration has dropped since counts as one that
    /// blocks and has no exits, so that nothing starts by mistake.
    pub fn state(&self, status: &Status) -> &State {
        static DROPPED: State = State { exits: Vec::new(), timed: false, terminal: false, blocking: true };
        self.states.get(status).or_else(|| self.overlaid.get(status)).unwrap_or(&DROPPED)
    }

    /// Says whether a task that stands here has ended as one would wish.
    pub fn ends_well(&self, status: &Status) -> bool {
        let &State { terminal, blocking, .. } = self.state(status);
        terminal && !blocking && self.cancel.as_ref() != Some(status)
    }

    /// Says whether `to` may follow `from`, and returns what it means to stand there.
    pub fn step(&self, task: &TaskId, from: &Status, to: &Status) -> Result<&State, Refusal> {
        let refused = |allowed: Vec<Status>| Refusal::NoExit {
            task: task.clone(),
            from: from.clone(),
            to: to.clone(),
            allowed,
        };
        let Some(state) = self.states.get(to) else {
            return Err(refused(self.state(from).exits.clone()));
        };
        if from == to || self.state(from).exits.contains(to) {
            return Ok(state);
        }
        Err(refused(self.state(from).exits.clone()))
    }

    /// Says whether entering `to` claims that the work is done, and so has to wait for what is in it.
    pub fn is_done(&self, to: &Status) -> bool {
        let State { terminal, blocking, .. } = self.state(to);
        *terminal && !blocking && self.cancel.as_ref() != Some(to)
    }

    /// Says whether entering `to` says that the work has failed.
    pub fn is_failure(&self, to: &Status) -> bool {
        let State { terminal, blocking, .. } = self.state(to);
        *terminal && *blocking
    }

    /// Returns what a task enters that is given up: a failure or, where the workflow knows none, the state of what is cancelled.
    pub fn given_up(&self) -> Option<&Status> {
        self.states.keys().find(|state| self.is_failure(state)).or(self.cancel.as_ref())
    }

    /// Returns what a task enters that goes back to the queue from `from`, if it may.
    pub fn way_back(&self, from: &Status) -> Option<&Status> {
        let exits = &self.state(from).exits;
        [&self.disconnect, &self.initial]
            .into_iter()
            .find(|back| exits.contains(back) && self.is_waiting(back))
    }

    /// Says whether a task in this state waits for somebody to claim it.
    pub fn is_waiting(&self, status: &Status) -> bool {
        let state = self.state(status);
        !state.timed && !state.terminal && state.exits.contains(&self.claim)
    }
}

fn wrong_for(role: &str, status: &Status, state: &State) -> Option<String> {
    let (wanted, holds) = match role {
        "initial_state" | "disconnect_state" | "assign_state" => {
            ("neither timed nor terminal", !state.timed && !state.terminal)
        }
        "claim_state" => ("timed", state.timed),
        _ => ("terminal", state.terminal),
    };
    (!holds).then(|| format!("{role} `{status}` must be {wanted}"))
}

/// The workflows of a project. A task carries the name of its own.
#[derive(Clone, Debug)]
pub struct Workflows {
    /// The name of the one for tasks that are created without one.
    pub default: String,
    pub by_name: IndexMap<String, Workflow>,
    /// What workers may lay over them.
    pub overlays: IndexMap<String, Overlay>,
}

impl Workflows {
    pub fn get(&self, name: &str) -> Option<&Workflow> {
        self.by_name.get(name)
    }

    /// Returns true if a gate of a workflow or an overlay asks for attachments of this type.
    pub fn ask_for(&self, kind: &str) -> bool {
        let of_workflows = self.by_name.values().flat_map(|workflow| &workflow.gates);
        let of_overlays = self.overlays.values().flat_map(|overlay| &overlay.gates);
        of_workflows.chain(of_overlays).any(|gate| gate.kind == kind)
    }

    /// Returns every state of every workflow and overlay, each once.
    pub fn statuses(&self) -> Vec<&Status> {
        let mut statuses: Vec<_> =
            self.by_name.values().flat_map(|w| w.states.keys().chain(w.overlaid.keys())).collect();
        let mut seen = std::collections::HashSet::new();
        statuses.retain(|status| seen.insert(*status));
        statuses
    }

    /// Returns every phase of every workflow, each once.
    pub fn phases(&self) -> Vec<&Phase> {
        let mut phases: Vec<_> = self.by_name.values().flat_map(|w| &w.phases).collect();
        let mut seen = std::collections::HashSet::new();
        phases.retain(|phase| seen.insert(*phase));
        phases
    }
}
