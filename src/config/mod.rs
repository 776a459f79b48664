//! The project's settings and their defaults.
//!
//! Six tiers, each over the one before: the shipped `config/config.yaml`, the installation's
//! file, the user's, the project's, the environment, flags. Sections merge; values and lists
//! replace. All of it is read once, here, into types that cannot be wrong. A mistake in any tier
//! is an error that names the place. Skills are the exception: guides for agents, read on
//! request.

mod environment;
mod gates;
mod git;
mod guidance;
mod locate;
mod naming;
mod overlay;
mod paths;
mod project;
mod read;
mod section;
mod shipped;
mod skill;
mod source;
mod tree;
mod watch;
mod workflow;
mod yaml;

use std::collections::BTreeMap;
use std::str::FromStr;
use std::sync::Arc;

use serde::de::IntoDeserializer;
use serde::{Deserialize, Serialize};

use crate::domain::{AttachmentTypes, EdgeKinds, Millis, Policy, Status, Tag, Workflows};

pub use naming::{Case, Naming};
pub use paths::Places;
pub use project::{Project, Start};
pub use skill::{Skill, Skills};
pub use source::Origin;
pub use tree::Setting;
pub use watch::Watch;

use tree::Node;

#[derive(Clone, Debug)]
pub struct Config {
    pub workflows: Workflows,
    pub edges: EdgeKinds,
    pub auto_advance: AutoAdvance,
    pub limits: Limits,
    /// Path of the store, as it was written.
    pub db_path: String,
    /// How many tasks a worker may hold if it did not ask for another number; 0 means no limit.
    pub claim_limit: u32,
    /// How long a worker may be silent before its lease runs out.
    pub stale_timeout_ms: Millis,
    /// How long the tasks of a worker whose client is gone are reserved; 0 releases them at once.
    pub reserve_ms: Millis,
    /// How long a connected worker may make no call before it is shown as idle.
    pub idle_after_ms: Millis,
    /// How many rows a list shows by default.
    pub page_size: usize,
    /// How long a call waits for the write lock.
    pub lock_wait_ms: Millis,
    pub durability: Durability,
    pub toolset: Toolset,
    pub attachments: AttachmentTypes,
    pub unknown_tag: Policy,
    /// The declared tags; empty if the project declares none.
    pub known_tags: Vec<Tag>,
    pub worker_names: Naming,
    /// Text for agents that connect, if not the shipped one.
    pub instructions: Option<String>,
    /// Descriptions of operations in the project's own words.
    pub descriptions: BTreeMap<String, String>,
    /// Guides for agents, beside those that are compiled in.
    pub skills: Skills,
    /// Notice about environment variables that are ignored.
    pub unheeded: Option<String>,
    /// The settings as written, from which all this was read.
    pub(crate) written: Arc<Node>,
}

/// Changes of state that follow by themselves when tasks end.
#[derive(Clone, Debug)]
pub struct AutoAdvance {
    /// The state that a task enters once nothing holds it back.
    pub target_state: Option<Status>,
    /// Whether a container completes itself when the last task in it has ended.
    pub rollup: bool,
}

/// Limits of requests.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Bytes of a description or an attachment.
    pub text_bytes: usize,
    /// Tasks in one `create_tree` or `create`.
    pub tree_nodes: usize,
    /// Names in one list.
    pub ids: usize,
    /// How long a caller's own query may take.
    pub query_ms: Millis,
}

/// The failure that an answered change survives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Durability {
    /// A power cut.
    Full,
    /// A crash of the program.
    Normal,
}

/// The tools that an agent sees at first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Toolset {
    Core,
    Full,
    Queue,
}

impl FromStr for Toolset {
    type Err = serde::de::value::Error;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Self::deserialize(name.into_deserializer())
    }
}

impl Config {
    /// Returns every setting with its origin.
    pub fn settings(&self) -> Vec<Setting> {
        self.written.settings()
    }

    /// Returns a text that changes when the meaning of stored states and edges changes.
    pub fn fingerprint(&self) -> String {
        let workflows: BTreeMap<_, _> = self
            .workflows
            .by_name
            .iter()
            .map(|(name, workflow)| {
                let states: BTreeMap<_, _> = workflow.states.iter().collect();
                let overlaid: BTreeMap<_, _> = workflow.overlaid.iter().collect();
                (name, (&workflow.claim, states, overlaid))
            })
            .collect();
        let edges: BTreeMap<_, _> =
            self.edges.0.iter().map(|(kind, rule)| (kind, (rule.shape, rule.holds))).collect();
        serde_json::to_string(&(workflows, edges)).unwrap_or_default()
    }
}
