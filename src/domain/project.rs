//! A project: a task without a parent, and the settings for all work in it.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{JobSettings, Phase, Priority, ProjectName, Refusal, Tag, TaskId};

/// Key of a project: the sequence number of its own task.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ProjectKey(pub i64);

#[derive(Clone, Debug, PartialEq)]
pub struct Project {
    pub key: ProjectKey,
    pub name: ProjectName,
    /// Instructions for all work in it.
    pub instructions: Option<String>,
    /// Grows with each change of the instructions.
    pub revision: i64,
    pub defaults: Defaults,
    pub state: ProjectState,
}

// The restriction on a project. Paused: none of its tasks can be claimed. Closed: none can be created
// either. Not a doc comment, since every agent that lists the tools would pay for it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub enum ProjectState {
    #[default]
    Active,
    Paused,
    Closed,
}

/// Defaults for the fields of new tasks.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Defaults {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub priority: Option<Priority>,
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub tags: BTreeSet<Tag>,
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub needed_tags: BTreeSet<Tag>,
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub wanted_tags: BTreeSet<Tag>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phase: Option<Phase>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workflow: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub job: Option<JobSettings>,
}

impl ProjectState {
    pub const ALL: [Self; 3] = [Self::Active, Self::Paused, Self::Closed];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Paused => "paused",
            Self::Closed => "closed",
        }
    }
}

impl Project {
    /// Returns why no task in it may be started, if so. Work that has begun may always be finished.
    pub fn objection_to_start(&self, task: &TaskId) -> Option<Refusal> {
        let (task, project) = (Some(task.clone()), self.name.clone());
        match self.state {
            ProjectState::Active => None,
            ProjectState::Paused => Some(Refusal::Paused { task, project }),
            ProjectState::Closed => Some(Refusal::Closed { task, project }),
        }
    }

    /// Returns why nothing may be added to it, if so.
    pub fn objection_to_growth(&self) -> Option<Refusal> {
        let closed = || Refusal::Closed { task: None, project: self.name.clone() };
        (self.state == ProjectState::Closed).then(closed)
    }
}

impl Defaults {
    /// Returns these defaults, completed by `others`.
    pub fn or(self, others: &Self) -> Self {
        let or = |own: BTreeSet<Tag>, other: &BTreeSet<Tag>| if own.is_empty() { other.clone() } else { own };
        Self {
            priority: self.priority.or(others.priority),
            tags: or(self.tags, &others.tags),
            needed_tags: or(self.needed_tags, &others.needed_tags),
            wanted_tags: or(self.wanted_tags, &others.wanted_tags),
            phase: self.phase.or_else(|| others.phase.clone()),
            workflow: self.workflow.or_else(|| others.workflow.clone()),
            job: match (self.job, &others.job) {
                (Some(own), Some(other)) => Some(own.or(other)),
                (own, other) => own.or_else(|| other.clone()),
            },
        }
    }
}
