//! The project's settings: what may be configured, and what holds where nothing is.
//!
//! Six tiers, each over the one before: the shipped `config/config.yaml`, the
//! installation's file, the user's, the project's, the environment, flags. Sections merge,
//! values and lists replace. The whole is read once, here, into types that
//! cannot be wrong; a mistake in any tier is an error that names the place.
//! Skills are the exception: guides for agents, read when one asks for them.

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
    /// Where the store is, as it was written.
    pub db_path: String,
    /// How many tasks a worker may hold that did not ask for another number; 0 is no limit.
    pub claim_limit: u32,
    /// How long a worker may be silent before its lease runs out.
    pub stale_timeout_ms: Millis,
    /// How long the tasks of a worker whose client went are kept for it; 0 gives them back at once.
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
    /// The tags the project has declared; empty if it declares none.
    pub known_tags: Vec<Tag>,
    pub worker_names: Naming,
    /// What agents are told when they connect, if not the shipped text.
    pub instructions: Option<String>,
    /// What operations are said to do, where the project says it in its own words.
    pub descriptions: BTreeMap<String, String>,
    /// Guides for agents, beside those that are compiled in.
    pub skills: Skills,
    /// What was given in the environment and means nothing.
    pub unheeded: Option<String>,
    /// What all this was read from.
    pub(crate) written: Arc<Node>,
}

/// What moves by itself when tasks end.
#[derive(Clone, Debug)]
pub struct AutoAdvance {
    /// Where a task goes when nothing holds it back any more.
    pub target_state: Option<Status>,
    /// Whether a container completes itself when the last task in it has ended.
    pub rollup: bool,
}

/// What is refused for its size.
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

/// What an answered change survives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Durability {
    /// A power cut.
    Full,
    /// A crash of the program.
    Normal,
}

/// Which tools an agent is shown at once.
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
    /// Returns every setting, with where its value comes from.
    pub fn settings(&self) -> Vec<Setting> {
        self.written.settings()
    }

    /// Returns a text that changes when stored states and edges come to mean something else.
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
