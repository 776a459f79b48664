//! Whether a worker may start a task: facts in, objections out.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::{Project, Refusal, Status, Tag, Task, TaskId, Timestamp, Withheld, Worker, Workflow};

/// The tags that a task requires of its worker.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Demand {
    /// The worker must have all of these.
    pub needed: BTreeSet<Tag>,
    /// The worker must have one of these, unless there are none.
    pub wanted: BTreeSet<Tag>,
}

impl Demand {
    /// Returns why a worker with these tags does not qualify.
    pub fn objection(&self, tags: &BTreeSet<Tag>) -> Option<LackedTags> {
        let missing: Vec<Tag> = self.needed.difference(tags).cloned().collect();
        if !missing.is_empty() {
            return Some(LackedTags::All(missing));
        }
        if !self.wanted.is_empty() && self.wanted.is_disjoint(tags) {
            return Some(LackedTags::AnyOf(self.wanted.iter().cloned().collect()));
        }
        None
    }
}

/// The tags that a worker needs for a task and lacks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LackedTags {
    All(Vec<Tag>),
    AnyOf(Vec<Tag>),
}

/// A task that another one waits for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Blocker {
    pub id: TaskId,
    pub status: Status,
    /// The task above that it blocks, if it does not block the task itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub above: Option<TaskId>,
}

/// The facts about a worker that wants to start a task.
pub struct Candidate<'a> {
    pub task: &'a Task,
    pub worker: &'a Worker,
    pub workflow: &'a Workflow,
    /// The tasks that block this one, directly or through the tasks above it.
    pub blockers: Vec<Blocker>,
    /// Why the task is held back although nothing blocks it, if it is.
    pub withheld: Option<Withheld>,
    /// The project that the task is in, if any.
    pub project: Option<&'a Project>,
    /// How many other tasks the worker works on.
    pub held: usize,
    /// The holder of the task, if that is another worker.
    pub holder: Option<Worker>,
    pub now: Timestamp,
}

impl Candidate<'_> {
    /// Returns every objection to the worker entering `target`, the most serious first.
    pub fn objections(&self, target: &Status) -> Vec<Refusal> {
        let Self { task, worker, workflow, blockers, withheld, project, held, holder, now } = self;
        let id = || task.id.clone();
        let mut found = Vec::new();
        if task.deleted_at.is_some() {
            found.push(Refusal::Deleted { task: id() });
        }
        if let Some(holder) = holder {
            found.push(held_by(task, holder));
        } else if let Err(refusal) = workflow.step(&task.id, &task.status, target) {
            found.push(refusal);
        }
        found.extend(project.and_then(|project| project.objection_to_start(&task.id)));
        if task.open_children > 0 || task.is_project {
            found.push(Refusal::Container { task: id(), open: task.open_children });
        }
        if !blockers.is_empty() {
            found.push(Refusal::Blocked { task: id(), blockers: blockers.clone() });
        }
        match withheld.clone() {
            Some(Withheld::Until(until)) if until > *now => {
                found.push(Refusal::Scheduled { task: id(), until });
            }
            Some(Withheld::Full { group, limit, at_work }) if at_work.len() >= limit as usize => {
                found.push(Refusal::Limited { task: id(), group, limit, at_work });
            }
            _ => {}
        }
        if let Some(lacked) = task.demand.objection(&worker.tags) {
            found.push(Refusal::LacksTags { task: id(), worker: worker.id.clone(), lacked });
        }
        if !worker.limit.allows(*held) {
            found.push(Refusal::AtLimit { worker: worker.id.clone(), limit: worker.limit.0, held: *held });
        }
        found
    }
}

/// Returns the refusal for a worker that wants a task held by another.
pub fn held_by(task: &Task, holder: &Worker) -> Refusal {
    let (task_id, holder_id) = (task.id.clone(), holder.id.clone());
    match holder.reserved_until() {
        Some(until) => Refusal::Reserved { task: task_id, holder: holder_id, until },
        None => Refusal::Held {
            task: task_id,
            holder: holder_id,
            since: task.claimed_at,
            thought: task.thought.clone(),
        },
    }
}
