//! An overlay: the additions of a worker to the workflow of the tasks it holds.

use std::collections::HashSet;

use indexmap::IndexMap;

use super::{Barrier, Exit, Gate, Guidance, Phase, Role, State, Status, Workflow};

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Overlay {
    pub name: String,
    pub description: String,
    /// States to add, and exits to add to existing states.
    pub states: Vec<(Slot, Added)>,
    pub phases: Vec<Phase>,
    pub gates: Vec<Gate>,
    pub roles: IndexMap<String, Role>,
    pub guidance: Guidance,
    /// Texts about states that each workflow names differently.
    pub told_at: Vec<(super::Turn, Slot, String)>,
}

/// A state, by its name or by its purpose in the workflow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Slot {
    Named(Status),
    Initial,
    Claim,
    Disconnect,
    Complete,
}

/// The properties that an overlay gives to a state.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Added {
    pub exits: Vec<Slot>,
    pub timed: bool,
    pub terminal: bool,
    pub blocking: bool,
}

impl Slot {
    /// Returns the name of this state in a workflow.
    pub fn of<'a>(&'a self, workflow: &'a Workflow) -> &'a Status {
        match self {
            Self::Named(status) => status,
            Self::Initial => &workflow.initial,
            Self::Claim => &workflow.claim,
            Self::Disconnect => &workflow.disconnect,
            Self::Complete => &workflow.complete,
        }
    }
}

impl Workflow {
    /// Returns the workflow with the parts of an overlay that fit. Nothing is removed, and
    /// no state is added that nothing leads to.
    pub fn with(&self, overlay: &Overlay) -> Self {
        let mut whole = Self { states: self.states_with(overlay), ..self.clone() };
        whole.phases.extend(overlay.phases.iter().filter(|phase| !self.phases.contains(phase)).cloned());
        whole.gates.extend(overlay.gates.iter().filter(|gate| !gate.blocks_return(self)).cloned());
        for (name, role) in &overlay.roles {
            whole.roles.entry(name.clone()).or_insert_with(|| role.clone());
        }
        whole.guidance.add(&overlay.guidance_in(self));
        whole
    }

    fn states_with(&self, overlay: &Overlay) -> IndexMap<Status, State> {
        let mut states = self.states.clone();
        for (slot, added) in &overlay.states {
            let Added { exits, timed, terminal, blocking } = added;
            let state = states.entry(slot.of(self).clone()).or_default();
            // An existing state keeps its meaning, since others rely on it.
            if !self.states.contains_key(slot.of(self)) {
                (state.timed, state.terminal, state.blocking) = (*timed, *terminal, *blocking);
            }
            for exit in exits.iter().map(|exit| exit.of(self)) {
                if !state.exits.contains(exit) {
                    state.exits.push(exit.clone());
                }
            }
        }
        self.drop_what_does_not_fit(&mut states);
        states
    }

    fn drop_what_does_not_fit(&self, states: &mut IndexMap<Status, State>) {
        let reached = self.reached(states);
        states.retain(|status, _| self.states.contains_key(status) || reached.contains(status));
        let there: HashSet<Status> = states.keys().cloned().collect();
        for state in states.values_mut() {
            state.exits.retain(|exit| there.contains(exit));
        }
    }

    /// Returns the members of `states` that a task can reach.
    pub fn reached(&self, states: &IndexMap<Status, State>) -> HashSet<Status> {
        let starts = [Some(&self.initial), Some(&self.claim), Some(&self.disconnect), self.assign.as_ref()];
        let mut reached = HashSet::new();
        let mut ahead: Vec<&Status> = starts.into_iter().flatten().collect();
        ahead.extend([Some(&self.complete), self.cancel.as_ref()].into_iter().flatten());
        while let Some(status) = ahead.pop() {
            if reached.insert(status.clone()) {
                ahead.extend(states.get(status).into_iter().flat_map(|state| &state.exits));
            }
        }
        reached
    }
}

impl Overlay {
    /// Returns the parts of the overlay that do not fit a workflow, which got the states in
    /// `added`; none if all fit.
    pub fn misfits(&self, workflow: &Workflow, added: &IndexMap<Status, State>) -> Vec<String> {
        let states = self.states.iter().map(|(slot, _)| slot.of(workflow));
        let lost =
            states.filter(|status| !workflow.states.contains_key(*status) && !added.contains_key(*status));
        let gates = self.gates.iter().filter(|gate| gate.blocks_return(workflow));
        lost.map(|status| format!("no state leads to `{status}`"))
            .chain(gates.map(|gate| format!("the gate `{}` is on the way back to the queue", gate.kind)))
            .collect()
    }

    /// Returns the states that the overlay adds to a workflow.
    pub fn states_for(&self, workflow: &Workflow) -> IndexMap<Status, State> {
        if self.states.is_empty() {
            return IndexMap::new();
        }
        workflow
            .states_with(self)
            .into_iter()
            .filter(|(status, _)| !workflow.states.contains_key(status))
            .collect()
    }

    fn guidance_in(&self, workflow: &Workflow) -> Guidance {
        let mut guidance = self.guidance.clone();
        for (turn, slot, text) in &self.told_at {
            let status = Some(slot.of(workflow).clone());
            guidance.texts.insert(super::Cue { turn: *turn, status, phase: None }, text.clone());
        }
        guidance
    }
}

impl Gate {
    /// Returns true if the gate would keep the task of a lost worker from returning to the queue.
    pub fn blocks_return(&self, workflow: &Workflow) -> bool {
        match &self.on {
            Barrier::State(Exit { from, to }) => {
                to.as_ref() == Some(&workflow.disconnect)
                    && from.as_ref().is_none_or(|from| workflow.state(from).timed)
            }
            Barrier::Tag { to, .. } => to.as_ref() == Some(&workflow.disconnect),
            Barrier::Phase(_) => false,
        }
    }
}
