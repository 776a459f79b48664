//! The refusals of all rules, each with its facts and the next step to take.

use serde_json::{Value, json};

use super::claim::LackedTags;
use super::{
    Blocker, Enforcement, Gate, GroupKey, Mark, ProjectName, Status, Tag, TaskId, TemplateName, Timestamp,
    WorkerId, hardest, listed,
};

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("task `{task}` is held by `{holder}`")]
    Held { task: TaskId, holder: WorkerId, since: Option<Timestamp>, thought: Option<String> },
    #[error("task `{task}` is reserved for `{holder}`, whose client went, until {until}")]
    Reserved { task: TaskId, holder: WorkerId, until: Timestamp },
    #[error("task `{task}` waits for {}", waited_for(blockers))]
    Blocked { task: TaskId, blockers: Vec<Blocker> },
    #[error("task `{task}` has its time: not before {until}")]
    Scheduled { task: TaskId, until: Timestamp },
    #[error("task `{task}` waits for its turn: {} of group `{group}` at work", only(*limit))]
    Limited { task: TaskId, group: GroupKey, limit: u32, at_work: Vec<WorkerId> },
    #[error("worker `{worker}` holds no such task that has a lease")]
    NoLease { worker: WorkerId },
    #[error("task `{task}` is not work itself: {}", contents(*open))]
    Container { task: TaskId, open: i64 },
    #[error("worker `{worker}` lacks {} that task `{task}` asks for", lacked_tags(lacked))]
    LacksTags { task: TaskId, worker: WorkerId, lacked: LackedTags },
    #[error("worker `{worker}` holds {held} and may hold {limit}")]
    AtLimit { worker: WorkerId, limit: u32, held: usize },
    #[error("task `{task}` cannot go from `{from}` to `{to}`")]
    NoExit { task: TaskId, from: Status, to: Status, allowed: Vec<Status> },
    #[error("task `{task}` cannot end: {open} of the tasks in it are open")]
    OpenChildren { task: TaskId, open: i64 },
    #[error("task `{task}` cannot end before {}", waited_for(blockers))]
    EndsTooSoon { task: TaskId, blockers: Vec<Blocker> },
    #[error("attempt {attempt} of task `{task}` is over{}", now_with(holder.as_ref(), *current))]
    Fenced { task: TaskId, attempt: i64, current: i64, holder: Option<WorkerId> },
    #[error("a link `{from}` to `{to}` would close the circle {}", circle(path))]
    Cycle { from: TaskId, to: TaskId, path: Vec<TaskId> },
    #[error("task `{task}` is already under `{parent}`")]
    HasParent { task: TaskId, parent: TaskId },
    #[error("a {what} called `{name}` exists already")]
    Exists { what: &'static str, name: String },
    #[error("the name `{worker}` is held by a live worker")]
    NameTaken { worker: WorkerId, last_heartbeat: Timestamp },
    #[error("task `{task}` was deleted")]
    Deleted { task: TaskId },
    #[error("task `{task}` has ended ({status})")]
    Ended { task: TaskId, status: Status },
    #[error("task `{task}` has {children} tasks under it")]
    HasChildren { task: TaskId, children: usize },
    #[error("`{}` is held by `{}`{}", lock.file, lock.worker, for_reason(lock.reason.as_deref()))]
    LockConflict { lock: Box<Mark>, minutes: i64 },
    #[error("task `{task}` cannot {step} without {}", asked_for(missing))]
    Gate { task: TaskId, step: GatedStep, missing: Vec<Gate> },
    #[error("`{label}` is the evidence of task `{task}`, which is done: only a person takes it away")]
    EvidenceStays { task: TaskId, label: String },
    #[error("worker `{worker}` may not give out the tasks of workflow `{workflow}`")]
    MayNotAssign { worker: WorkerId, workflow: String, tags: Vec<Tag> },
    #[error("overlay `{overlay}` holds for task `{task}`, which `{worker}` is at work on")]
    OverlayInUse { overlay: String, task: TaskId, worker: WorkerId },
    #[error("workflow `{workflow}` has no state for {what}")]
    NoState { workflow: String, what: &'static str },
    #[error("{}project `{project}` is paused", in_project(task.as_ref()))]
    Paused { task: Option<TaskId>, project: ProjectName },
    #[error("{}project `{project}` is closed", in_project(task.as_ref()))]
    Closed { task: Option<TaskId>, project: ProjectName },
    #[error("template `{template}` was used with these values before: {}", listed(tasks))]
    Duplicate { template: TemplateName, tasks: Vec<TaskId>, total: usize },
}

impl Refusal {
    pub fn code(&self) -> &'static str {
        match self {
            Self::Held { .. } => "held",
            Self::Reserved { .. } => "reserved",
            Self::Blocked { .. } => "blocked",
            Self::Scheduled { .. } => "scheduled",
            Self::Limited { .. } => "limited",
            Self::NoLease { .. } => "no_lease",
            Self::Container { .. } => "container",
            Self::LacksTags { .. } => "lacks_tags",
            Self::AtLimit { .. } => "at_limit",
            Self::NoExit { .. } => "no_exit",
            Self::OpenChildren { .. } => "open_children",
            Self::EndsTooSoon { .. } => "ends_too_soon",
            Self::Fenced { .. } => "fenced",
            Self::Cycle { .. } => "cycle",
            Self::HasParent { .. } => "has_parent",
            Self::Exists { .. } => "exists",
            Self::NameTaken { .. } => "name_taken",
            Self::Deleted { .. } => "deleted",
            Self::Ended { .. } => "ended",
            Self::HasChildren { .. } => "has_children",
            Self::LockConflict { .. } => "lock_conflict",
            Self::NoState { .. } => "no_state",
            Self::Gate { .. } => "gate",
            Self::EvidenceStays { .. } => "rule",
            Self::MayNotAssign { .. } => "may_not_assign",
            Self::OverlayInUse { .. } => "overlay_in_use",
            Self::Paused { .. } => "paused",
            Self::Closed { .. } => "closed",
            Self::Duplicate { .. } => "duplicate",
        }
    }

    /// Returns true if a caller with the right to do so may override this.
    pub fn yields_to_force(&self) -> bool {
        match self {
            Self::Held { .. }
            | Self::Reserved { .. }
            | Self::Blocked { .. }
            | Self::Scheduled { .. }
            | Self::Limited { .. }
            | Self::Container { .. }
            | Self::AtLimit { .. }
            | Self::NameTaken { .. }
            | Self::MayNotAssign { .. } => true,
            Self::LacksTags { .. }
            | Self::NoLease { .. }
            | Self::NoExit { .. }
            | Self::OpenChildren { .. }
            | Self::EndsTooSoon { .. }
            | Self::Fenced { .. }
            | Self::Cycle { .. }
            | Self::HasParent { .. }
            | Self::Exists { .. }
            | Self::Deleted { .. }
            | Self::Ended { .. }
            | Self::HasChildren { .. }
            | Self::LockConflict { .. }
            | Self::NoState { .. }
            | Self::Gate { .. }
            | Self::EvidenceStays { .. }
            | Self::OverlayInUse { .. }
            | Self::Paused { .. }
            | Self::Closed { .. }
            | Self::Duplicate { .. } => false,
        }
    }

    /// Returns the worker whose departure would lift this refusal, if there is one.
    pub fn in_the_way(&self) -> Option<&WorkerId> {
        match self {
            Self::Held { holder, .. } | Self::Reserved { holder, .. } => Some(holder),
            Self::LockConflict { lock, .. } => Some(&lock.worker),
            _ => None,
        }
    }

    /// Returns the next step.
    pub fn hint(&self) -> String {
        match self {
            Self::Held { holder, .. } => {
                format!("claim another task, or ask `{holder}` to release it; `force` takes it over")
            }
            Self::Reserved { holder, .. } => {
                format!("claim another task; if `{holder}` does not come back by then, anybody may claim this one; `force` takes it over now")
            }
            Self::Blocked { .. } => "finish those first, or claim another task".into(),
            Self::Scheduled { .. } => "claim another task, or come back then; `force` takes it now".into(),
            Self::Limited { at_work, .. } => {
                format!("claim another task, or wait for {}; `force` takes it anyway", listed(at_work))
            }
            Self::NoLease { .. } => {
                "a lease is given with `claim(lease=…)` or with the task; without one nothing runs out".into()
            }
            Self::Container { task, .. } => {
                format!("claim one of them: `list_tasks` with parent `{task}` and ready")
            }
            Self::LacksTags { .. } => {
                "claim another task, or connect again with the tags you really have".into()
            }
            Self::AtLimit { .. } => {
                "finish or release a task first: `claim` without arguments shows what you hold".into()
            }
            Self::NoExit { allowed, .. } if allowed.is_empty() => {
                "this is an end; create a new task for new work".into()
            }
            Self::NoExit { allowed, .. } => format!("from there it can go to {}", listed(allowed)),
            Self::OpenChildren { task, .. } => {
                format!("finish or cancel them first: `list_tasks` with parent `{task}`")
            }
            Self::EndsTooSoon { .. } => "finish those first".into(),
            Self::Fenced { .. } => {
                "stop work on this task and claim another".into()
            }
            Self::Cycle { .. } => "remove one of these links first, or leave this one out".into(),
            Self::HasParent { .. } => "`relink` moves it".into(),
            Self::Exists { .. } => "choose another name, or leave it out to get one".into(),
            Self::NameTaken { .. } => {
                "connect with another worker_id, or without one to get one; `force` takes over the name and its tasks".into()
            }
            Self::Deleted { .. } => "`undelete` brings it back".into(),
            Self::Ended { .. } => "put the new work under a task that is open, or under none".into(),
            Self::HasChildren { .. } => "`cascade` deletes them too".into(),
            Self::LockConflict { lock, .. } => format!(
                "nothing was marked or taken; `mark_updates` tells when it is free, or ask `{}`", lock.worker
            ),
            Self::NoState { .. } => "the workflow's settings name such states".into(),
            Self::Gate { step, missing, .. } => way_through(step, missing),
            Self::EvidenceStays { .. } => {
                "attach what is new beside it; a person detaches it with `task-graph detach`".into()
            }
            Self::MayNotAssign { tags, .. } => {
                format!("ask a worker with one of the tags {}; `force` overrides", listed(tags))
            }
            Self::OverlayInUse { task, .. } => format!("finish or release `{task}` first"),
            Self::Paused { .. } | Self::Closed { .. } | Self::Duplicate { .. } => self.hint_on_queues(),
        }
    }

    fn hint_on_queues(&self) -> String {
        match self {
            Self::Paused { project, .. } => format!(
                "claim in another project, or wait: project(name={project}, state=active) lets it go on"
            ),
            Self::Closed { project, .. } => {
                format!(
                    "what was begun may be finished; project(name={project}, state=active) opens it again"
                )
            }
            _ => "on_duplicate=existing answers those instead, on_duplicate=allow makes them again".into(),
        }
    }

    /// Returns the facts for programs.
    pub fn details(&self) -> Value {
        match self {
            Self::Held { task, holder, since, thought } => {
                json!({ "task": task, "holder": holder, "since": since, "thought": thought })
            }
            Self::Reserved { task, holder, until } => {
                json!({ "task": task, "holder": holder, "until": until })
            }
            Self::Blocked { task, blockers } | Self::EndsTooSoon { task, blockers } => {
                json!({ "task": task, "blockers": blockers })
            }
            Self::Scheduled { task, until } => json!({ "task": task, "until": until }),
            Self::Limited { task, group, limit, at_work } => {
                json!({ "task": task, "group": group, "limit": limit, "at_work": at_work })
            }
            Self::NoLease { worker } => json!({ "worker": worker }),
            Self::Container { task, open } | Self::OpenChildren { task, open } => {
                json!({ "task": task, "open": open })
            }
            Self::LacksTags { task, lacked, .. } => match lacked {
                LackedTags::All(tags) => json!({ "task": task, "missing": tags }),
                LackedTags::AnyOf(tags) => json!({ "task": task, "missing_any_of": tags }),
            },
            Self::AtLimit { limit, held, .. } => json!({ "limit": limit, "held": held }),
            Self::NoExit { task, from, allowed, .. } => {
                json!({ "task": task, "status": from, "allowed": allowed })
            }
            Self::Fenced { task, current, holder, .. } => {
                json!({ "task": task, "attempt": current, "holder": holder })
            }
            Self::Cycle { path, .. } => json!({ "path": path }),
            Self::HasParent { task, parent } => json!({ "task": task, "parent": parent }),
            Self::Exists { name, .. } => json!({ "name": name }),
            Self::NameTaken { worker, last_heartbeat } => {
                json!({ "worker": worker, "last_heartbeat": last_heartbeat })
            }
            Self::Deleted { task } => json!({ "task": task }),
            Self::Ended { task, status } => json!({ "task": task, "status": status }),
            Self::HasChildren { task, children } => json!({ "task": task, "children": children }),
            Self::LockConflict { lock, minutes } => json!({
                "lock": lock.file, "holder": lock.worker, "reason": lock.reason, "task": lock.task,
                "for_minutes": minutes,
            }),
            Self::NoState { workflow, .. } => json!({ "workflow": workflow }),
            Self::Gate { task, missing, .. } => json!({ "task": task, "missing": missing }),
            Self::EvidenceStays { task, label } => json!({ "task": task, "attachment": label }),
            Self::MayNotAssign { workflow, tags, .. } => json!({ "workflow": workflow, "tags": tags }),
            Self::OverlayInUse { overlay, task, .. } => json!({ "overlay": overlay, "task": task }),
            Self::Paused { task, project } | Self::Closed { task, project } => {
                json!({ "task": task, "project": project })
            }
            Self::Duplicate { template, tasks, total } => {
                json!({ "template": template, "tasks": tasks, "total": total })
            }
        }
    }
}

/// A step that a gate refuses, in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GatedStep {
    /// To another state.
    To(Status),
    /// A change of phase, or the removal of a tag.
    Change,
}

impl std::fmt::Display for GatedStep {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::To(status) => write!(f, "go to `{status}`"),
            Self::Change => f.write_str("change so"),
        }
    }
}

fn asked_for(gates: &[Gate]) -> String {
    let shown: Vec<_> = gates
        .iter()
        .map(|Gate { kind, description, .. }| match description.is_empty() {
            true => format!("`{kind}`"),
            false => format!("`{kind}` ({description})"),
        })
        .collect();
    shown.join(", ")
}

fn way_through(step: &GatedStep, missing: &[Gate]) -> String {
    let status = match step {
        GatedStep::To(status) => format!("status={status}, "),
        GatedStep::Change => String::new(),
    };
    let wanted: Vec<_> = missing.iter().map(|gate| format!("{{type: {}, content: …}}", gate.kind)).collect();
    let attach = format!("attach it in the same call: update({status}attachments=[{}])", wanted.join(", "));
    match hardest(missing) {
        Enforcement::Reject => attach,
        _ => format!("{attach}; or go on without: update({status}force=true, reason=<why>)"),
    }
}

fn contents(open: i64) -> String {
    match open {
        0 => "it is a project".to_owned(),
        open => format!("{open} of the tasks in it are open"),
    }
}

fn in_project(task: Option<&TaskId>) -> String {
    task.map_or_else(String::new, |task| format!("task `{task}` cannot be started: "))
}

fn waited_for(blockers: &[Blocker]) -> String {
    const SHOWN: usize = 5;
    let shown: Vec<_> = blockers
        .iter()
        .take(SHOWN)
        .map(|Blocker { id, status, above }| match above {
            None => format!("`{id}` ({status})"),
            Some(above) => format!("`{id}` ({status}), which holds back `{above}` above it"),
        })
        .collect();
    let rest = match blockers.len().saturating_sub(SHOWN) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    shown.join(", ") + &rest
}

fn lacked_tags(lacked: &LackedTags) -> String {
    match lacked {
        LackedTags::All(tags) if tags.len() == 1 => format!("the tag {}", listed(tags)),
        LackedTags::All(tags) => format!("the tags {}", listed(tags)),
        LackedTags::AnyOf(tags) => format!("any of the tags {}", listed(tags)),
    }
}

fn only(limit: u32) -> String {
    match limit {
        1 => "only 1".to_owned(),
        more => format!("at most {more}"),
    }
}

fn now_with(holder: Option<&WorkerId>, current: i64) -> String {
    match holder {
        Some(holder) => format!(", `{holder}` holds attempt {current}"),
        None => String::new(),
    }
}

fn for_reason(reason: Option<&str>) -> String {
    const SHOWN: usize = 200;
    reason.map_or_else(String::new, |reason| format!(": {}", reason.chars().take(SHOWN).collect::<String>()))
}

fn circle(path: &[TaskId]) -> String {
    const ENDS: usize = 5;
    let name = |id: &TaskId| format!("`{id}`");
    if path.len() <= 2 * ENDS + 1 {
        return path.iter().map(name).collect::<Vec<_>>().join(" → ");
    }
    let left = path[..ENDS].iter().map(name);
    let right = path[path.len() - ENDS..].iter().map(name);
    let between = format!("({} more)", path.len() - 2 * ENDS);
    left.chain([between]).chain(right).collect::<Vec<_>>().join(" → ")
}
