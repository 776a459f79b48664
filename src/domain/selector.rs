//! Which work a worker asks for.

use serde::{Deserialize, Serialize};

use super::{Tag, TaskId};

/// Which work a worker asks for. What is left out does not matter.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Selector {
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
        let Self { under, tags_any, tags_all } = self;
        under.is_none() && tags_any.is_empty() && tags_all.is_empty()
    }
}
