//! The work that a worker asks for.

use serde::{Deserialize, Serialize};

use super::{ProjectKey, Tag, TaskId, TemplateName};

/// The tasks that a worker asks for. An omitted condition is not checked.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Selector {
    /// Only tasks in this project.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub project: Option<ProjectKey>,
    /// Only tasks made from a template of this name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub template: Option<TemplateName>,
    /// Only tasks under this task.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub under: Option<TaskId>,
    /// Only tasks with one of these tags.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tags_any: Vec<Tag>,
    /// Only tasks with all of these tags.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tags_all: Vec<Tag>,
}

impl Selector {
    /// Returns true if it has no condition.
    pub fn is_any(&self) -> bool {
        self.project.is_none() && self.is_any_of_project()
    }

    /// Returns true if it has no condition beside the project.
    pub fn is_any_of_project(&self) -> bool {
        let Self { project: _, template, under, tags_any, tags_all } = self;
        template.is_none() && under.is_none() && tags_any.is_empty() && tags_all.is_empty()
    }
}
