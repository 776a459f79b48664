//! Which work a worker asks for.

use serde::{Deserialize, Serialize};

use super::{ProjectKey, Tag, TaskId, TemplateName};

/// Which work a worker asks for. What is left out does not matter.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Selector {
    /// Only what is in this project.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub project: Option<ProjectKey>,
    /// Only what was made from a template of this name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub template: Option<TemplateName>,
    /// Only what is under this task.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub under: Option<TaskId>,
    /// Only what has one of these tags.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tags_any: Vec<Tag>,
    /// Only what has all of these tags.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tags_all: Vec<Tag>,
}

impl Selector {
    /// Says whether it asks for nothing in particular.
    pub fn is_any(&self) -> bool {
        self.project.is_none() && self.is_any_of_project()
    }

    /// Says whether it asks for nothing in particular of what is in its project.
    pub fn is_any_of_project(&self) -> bool {
        let Self { project: _, template, under, tags_any, tags_all } = self;
        template.is_none() && under.is_none() && tags_any.is_empty() && tags_all.is_empty()
    }
}
