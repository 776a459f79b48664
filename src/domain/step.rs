//! A change of state that was granted: what it does, computed once and recorded as it is.

use super::{Outcome, State, Status, Task, WorkerId, Workflow};

#[derive(Clone, Debug)]
pub struct Step {
    pub from: Status,
    pub to: Status,
    /// Who holds the task afterwards.
    pub holder: Option<WorkerId>,
    pub attempt: AttemptStep,
    pub clock: Clock,
    /// What it means to stand in the new state.
    pub after: Meaning,
}

/// What a step does to the attempt that is under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AttemptStep {
    /// A new one begins, with the next number; the old one, if any, was taken away.
    Begins,
    /// The newest one, which was lost, goes on.
    Resumes,
    Ends(Outcome),
    GoesOn,
}

/// What a step does to the counting of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Clock {
    Starts,
    Stops,
    /// One stops and another starts, since the task changes hands.
    Restarts,
    GoesOn,
}

/// What a state means for everybody else, as it is stored with the task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Meaning {
    /// It waits for somebody to claim it.
    pub waiting: bool,
    /// What waits for it goes on waiting.
    pub blocking: bool,
    pub terminal: bool,
}

impl Workflow {
    /// Returns what it means for others that a task stands in `status`.
    pub fn meaning(&self, status: &Status) -> Meaning {
        let &State { terminal, blocking, .. } = self.state(status);
        Meaning { waiting: self.is_waiting(status), blocking, terminal }
    }
}

impl Step {
    /// The worker starts, or takes over, the task.
    pub fn claim(task: &Task, worker: &WorkerId, to: &Status, workflow: &Workflow) -> Self {
        Self::new(task, to, Some(worker), AttemptStep::Begins, workflow)
    }

    /// The worker goes on with an attempt that it had lost and that nobody followed.
    pub fn resume(task: &Task, worker: &WorkerId, workflow: &Workflow) -> Self {
        Self::new(task, &workflow.claim, Some(worker), AttemptStep::Resumes, workflow)
    }

    /// The task waits for `worker`, who has not started on it.
    pub fn assign(task: &Task, worker: &WorkerId, to: &Status, workflow: &Workflow) -> Self {
        let attempt = ending(task, Outcome::Taken);
        Self::new(task, to, Some(worker), attempt, workflow)
    }

    /// The task becomes nobody's, in a state that may be an end.
    pub fn let_go(task: &Task, to: &Status, outcome: Outcome, workflow: &Workflow) -> Self {
        Self::new(task, to, None, ending(task, outcome), workflow)
    }

    /// Whoever holds the task, if anyone, goes on in another state.
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

/// Returns how the attempt that is under way ends, if one is.
fn ending(task: &Task, outcome: Outcome) -> AttemptStep {
    match task.claimed_at {
        Some(_) => AttemptStep::Ends(outcome),
        None => AttemptStep::GoesOn,
    }
}
