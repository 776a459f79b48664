//! A worker: an agent with a name, what it can do, and the sign of life it gave.

use std::collections::BTreeSet;

use serde::Serialize;

use super::{Tag, Timestamp, WorkerId};

#[derive(Clone, Debug)]
pub struct Worker {
    pub id: WorkerId,
    pub tags: BTreeSet<Tag>,
    pub workflow: String,
    /// What it lays over the workflow of the tasks it holds, in this order.
    pub overlays: Vec<String>,
    pub limit: ClaimLimit,
    pub registered_at: Timestamp,
    /// When its lease was last renewed.
    pub last_heartbeat: Timestamp,
    /// The process that it spoke through when it connected, unless that was a single command.
    pub process: Option<Process>,
    /// How it went, if it is gone.
    pub left: Option<Departure>,
    /// How many messages it was not told of.
    pub untold: i64,
}

/// How many tasks a worker may hold at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct ClaimLimit(pub u32);

impl ClaimLimit {
    /// Says whether one who holds `held` tasks may take another; 0 means no limit.
    pub fn allows(self, held: usize) -> bool {
        self.0 == 0 || held < self.0 as usize
    }
}

/// Which process a worker speaks through. Two processes are never equal, not even after a reboot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Process {
    pub pid: u32,
    /// When it started, in the kernel's own count.
    pub start: u64,
    pub boot: String,
    pub host: String,
}

/// How a worker went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Departure {
    /// It said goodbye.
    Disconnected,
    /// Its process is gone.
    Died,
    /// It gave no sign of life for too long.
    Expired,
    /// Someone else took its name.
    Replaced,
}

impl Departure {
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Disconnected, Self::Died, Self::Expired, Self::Replaced]
            .into_iter()
            .find(|departure| departure.as_str() == text)
    }

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Disconnected => "disconnected",
            Self::Died => "died",
            Self::Expired => "expired",
            Self::Replaced => "replaced",
        }
    }
}
