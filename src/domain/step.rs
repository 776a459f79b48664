//! A granted change of state, with its effects computed once and recorded as they are.

use super::{Outcome, State, Status, Task, WorkerId, Workflow};

#[derive(Clone, Debug)]
pub struct Step {
    pub from: Status,
    pub to: Status,
    /// The holder of the task afterwards.
    pub holder: Option<WorkerId>,
    pub attempt: AttemptStep,
    pub clock: Clock,
    /// The meaning of the new state for others.
    pub after: Meaning,
}

/// The effect of a step on the running attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AttemptStep {
    /// A new attempt begins, with the next number; the old one, if any, was taken away.
    Begins,
    /// The newest attempt, which was lost, goes on.
    Resumes,
    Ends(Outcome),
    GoesOn,
}

/// The effect of a step on the measurement of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Clock {
    Starts,
    Stops,
    /// One measurement stops and another starts, since the task gets another holder.
    Restarts,
    GoesOn,
}

/// The meaning of a state for others, as it is stored with the task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Meaning {
    /// The task waits to be claimed.
    pub waiting: bool,
    /// Dependents of the task keep waiting.
    pub blocking: bool,
    pub terminal: bool,
}

impl Workflow {
    /// Returns the meaning of `status` for others.
    pub fn meaning(&self, status: &Status) -> Meaning {
        let &State { terminal, blocking, .. } = self.state(status);
        Meaning { waiting: self.is_waiting(status), blocking, terminal }
    }
}

impl Step {
    /// Returns the step by which the worker starts, or takes over, the task.
    pub fn claim(task: &Task, worker: &WorkerId, to: &Status, workflow: &Workflow) -> Self {
        Self::new(task, to, Some(worker), AttemptStep::Begins, workflow)
    }

    /// Returns the step by which the worker resumes its lost attempt. No other attempt began since.
    pub fn resume(task: &Task, worker: &WorkerId, workflow: &Workflow) -> Self {
        Self::new(task, &workflow.claim, Some(worker), AttemptStep::Resumes, workflow)
    }

    /// Returns the step that assigns the task to `worker`, without starting it.
    pub fn assign(task: &Task, worker: &WorkerId, to: &Status, workflow: &Workflow) -> Self {
        let attempt = ending(task, Outcome::Taken);
        Self::new(task, to, Some(worker), attempt, workflow)
    }

    /// Returns the step that leaves the task without a holder, in a state that may be an end.
    pub fn let_go(task: &Task, to: &Status, outcome: Outcome, workflow: &Workflow) -> Self {
        Self::new(task, to, None, ending(task, outcome), workflow)
    }

    /// Returns the step to another state that keeps the holder, if there is one.
    pub fn proceed(task: &Task, to: &Status, workflow: &Workflow) -> Self {
        Self::new(task, to, task.holder.as_ref(), AttemptStep::GoesOn, workflow)
    }

    fn new(
        task: &Task,
        to: &Status,
        holder: Option<&WorkerId>,
        attempt: AttemptStep,
        workflow: &Workflow,
    ) -> Self {
        let changes_hands = attempt == AttemptStep::Begins;
        let clock = match (task.timed_since.is_some(), workflow.state(to).timed) {
            (false, true) => Clock::Starts,
            (true, false) => Clock::Stops,
            (true, true) if changes_hands => Clock::Restarts,
            _ => Clock::GoesOn,
        };
        Self {
            from: task.status.clone(),
            to: to.clone(),
            holder: holder.cloned(),
            attempt,
            clock,
            after: workflow.meaning(to),
        }
    }
}

/// Returns the end of the running attempt, if there is one.
fn ending(task: &Task, outcome: Outcome) -> AttemptStep {
    match task.claimed_at {
        Some(_) => AttemptStep::Ends(outcome),
        None => AttemptStep::GoesOn,
    }
}
