//! A worker's role in a team, which follows from its tags.

use std::collections::BTreeSet;

use serde::Serialize;

use super::{Tag, Workflow};

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Role {
    #[serde(skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// A worker with one of these tags has the role.
    pub tags: BTreeSet<Tag>,
    /// How many tasks it may hold, unless it asked for another number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_claims: Option<u32>,
    /// It may assign tasks to other workers.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub can_assign: bool,
}

impl Workflow {
    /// Returns the first role that a worker with these tags has.
    pub fn role_of(&self, tags: &BTreeSet<Tag>) -> Option<(&str, &Role)> {
        let found = self.roles.iter().find(|(_, role)| !role.tags.is_disjoint(tags));
        found.map(|(name, role)| (name.as_str(), role))
    }

    /// Returns true if a worker with these tags may assign tasks to others. If no role has
    /// that right, every worker does.
    pub fn may_assign(&self, tags: &BTreeSet<Tag>) -> bool {
        let is_anybodys = !self.roles.values().any(|role| role.can_assign);
        is_anybodys || self.role_of(tags).is_some_and(|(_, role)| role.can_assign)
    }

    /// Returns the tags that let a worker assign tasks.
    pub fn assigning_tags(&self) -> Vec<Tag> {
        let roles = self.roles.values().filter(|role| role.can_assign);
        roles.flat_map(|role| role.tags.iter().cloned()).collect()
    }
}
