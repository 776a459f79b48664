//! A workflow: the states of a task and the meaning of each.
//!
//! It is checked when it is read, so that no later code asks whether a state exists. Every
//! change of state goes through [`Workflow::step`].

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

use super::{Gate, Guidance, Overlay, Phase, Refusal, Role, Status, TaskId};

#[derive(Clone, Debug, PartialEq)]
pub struct Workflow {
    pub name: String,
    pub description: String,
    /// State of a new task.
    pub initial: Status,
    /// State of a claimed task.
    pub claim: Status,
    /// State of a task whose worker left.
    pub disconnect: Status,
    /// State of a task that is assigned to a worker but not started.
    pub assign: Option<Status>,
    /// State of a container once the last task in it has ended.
    pub complete: Status,
    /// State of the tasks in a cancelled tree.
    pub cancel: Option<Status>,
    pub states: IndexMap<Status, State>,
    pub phases: Vec<Phase>,
    pub unknown_phase: Policy,
    pub gates: Vec<Gate>,
    pub roles: IndexMap<String, Role>,
    pub guidance: Guidance,
    /// States that overlays add. A task may stay in one after its holder with that overlay is gone.
    pub overlaid: IndexMap<Status, State>,
}

/// The meaning of a state.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct State {
    pub exits: Vec<Status>,
    /// Time spent here is work.
    pub timed: bool,
    /// The task has ended.
    pub terminal: bool,
    /// Dependents of the task keep waiting.
    pub blocking: bool,
}

/// Policy for a word that the configuration does not know.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Policy {
    Allow,
    #[default]
    Warn,
    Reject,
}

impl Workflow {
    /// Returns the states in which a task has ended, including those that overlays add.
    pub fn ends(&self) -> impl Iterator<Item = Status> {
        let states = self.states.iter().chain(&self.overlaid);
        states.filter(|(_, state)| state.terminal).map(|(status, _)| status.clone())
    }

    /// Returns the end states that keep dependents waiting.
    pub fn failures(&self) -> impl Iterator<Item = Status> {
        let states = self.states.iter().chain(&self.overlaid);
        states.filter(|(_, state)| state.terminal && state.blocking).map(|(status, _)| status.clone())
    }

    /// Returns the states from which a task can be claimed.
    pub fn waiting(&self) -> impl Iterator<Item = &Status> {
        self.states.keys().filter(|status| self.is_waiting(status))
    }

    /// Returns the faults of the workflow; none if it can be used.
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

    /// Returns the state of this name.
    ///
    /// A state that the configuration no longer has counts as blocking and without exits,
    /// so that nothing starts by mistake.
    pub fn state(&self, status: &Status) -> &State {
        static DROPPED: State = State { exits: Vec::new(), timed: false, terminal: false, blocking: true };
        self.states.get(status).or_else(|| self.overlaid.get(status)).unwrap_or(&DROPPED)
    }

    /// Returns true if a task in this state has ended with success.
    pub fn ends_well(&self, status: &Status) -> bool {
        let &State { terminal, blocking, .. } = self.state(status);
        terminal && !blocking && self.cancel.as_ref() != Some(status)
    }

    /// Returns the state `to`, or a refusal if it may not follow `from`.
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

    /// Returns true if entering `to` declares the work done, which has to wait for open subtasks.
    pub fn is_done(&self, to: &Status) -> bool {
        let State { terminal, blocking, .. } = self.state(to);
        *terminal && !blocking && self.cancel.as_ref() != Some(to)
    }

    /// Returns true if entering `to` declares the work failed.
    pub fn is_failure(&self, to: &Status) -> bool {
        let State { terminal, blocking, .. } = self.state(to);
        *terminal && *blocking
    }

    /// Returns the state for a task that is given up: a failure or, without such a state, the cancelled state.
    pub fn given_up(&self) -> Option<&Status> {
        self.states.keys().find(|state| self.is_failure(state)).or(self.cancel.as_ref())
    }

    /// Returns the state by which a task in `from` can go back to the queue, if there is one.
    pub fn way_back(&self, from: &Status) -> Option<&Status> {
        let exits = &self.state(from).exits;
        [&self.disconnect, &self.initial]
            .into_iter()
            .find(|back| exits.contains(back) && self.is_waiting(back))
    }

    /// Returns true if a task in this state waits to be claimed.
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
    /// The workflow of tasks that are created without one.
    pub default: String,
    pub by_name: IndexMap<String, Workflow>,
    /// The overlays that workers may use.
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
