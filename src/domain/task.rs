//! A task and the types of its fields.

use std::borrow::Cow;
use std::collections::BTreeSet;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

use super::{
    Demand, GroupKey, JobSettings, Millis, Phase, ProjectKey, Status, Tag, TaskId, Timestamp, WorkerId,
};

/// A task as it stands.
#[derive(Clone, Debug)]
pub struct Task {
    pub id: TaskId,
    pub title: String,
    pub description: Option<String>,
    pub workflow: String,
    pub status: Status,
    pub phase: Option<Phase>,
    pub priority: Priority,
    pub holder: Option<WorkerId>,
    pub claimed_at: Option<Timestamp>,
    /// The number of the newest claim; 0 before the first.
    pub attempt: i64,
    pub demand: Demand,
    pub tags: BTreeSet<Tag>,
    pub points: Option<i64>,
    pub time_estimate_ms: Option<Millis>,
    pub time_actual_ms: Millis,
    /// When the current measurement of time began, if one is running.
    pub timed_since: Option<Timestamp>,
    pub started_at: Option<Timestamp>,
    pub completed_at: Option<Timestamp>,
    pub thought: Option<String>,
    pub created_at: Timestamp,
    pub created_by: Option<WorkerId>,
    pub updated_at: Timestamp,
    pub deleted_at: Option<Timestamp>,
    /// How many tasks must end before this one may start.
    pub open_blockers: i64,
    /// How many of the tasks above it are blocked.
    pub blocked_above: i64,
    /// How many tasks must end before this one may.
    pub open_children: i64,
    /// It has no holder and nothing holds it back.
    pub ready: bool,
    /// It is a job: it has retries, times or a lease.
    pub is_job: bool,
    /// Its start time has not come, or its group is full.
    pub is_withheld: bool,
    /// Tasks of the same group share a concurrency limit.
    pub group: Option<GroupKey>,
    /// The project that it is in, if any.
    pub project: Option<ProjectKey>,
    /// It is a project's own task, which is not work itself.
    pub is_project: bool,
    /// The number of the template's version that it was made from.
    pub template: Option<i64>,
    /// Whether its newest attempt has overlays.
    pub is_overlaid: bool,
}

/// Whether a task can be claimed now, and if not, why.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Standing {
    /// Any worker that qualifies may claim it.
    Ready,
    /// It waits for other tasks to end.
    Blocked,
    Held,
    /// It has open subtasks.
    Container,
    /// It is in a state from which it cannot be claimed.
    Paused,
    /// Its start time has not come.
    Scheduled,
    /// Its group has as many tasks at work, or on offer, as its limit allows.
    Limited,
    Ended,
}

impl Standing {
    pub const ALL: [Self; 8] = [
        Self::Ready,
        Self::Blocked,
        Self::Held,
        Self::Container,
        Self::Paused,
        Self::Scheduled,
        Self::Limited,
        Self::Ended,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ready => "ready",
            Self::Blocked => "blocked",
            Self::Held => "held",
            Self::Container => "container",
            Self::Paused => "paused",
            Self::Scheduled => "scheduled",
            Self::Limited => "limited",
            Self::Ended => "ended",
        }
    }
}

/// A task that does not exist yet.
#[derive(Clone, Debug)]
pub struct TaskDraft {
    pub id: TaskId,
    pub title: String,
    pub description: Option<String>,
    pub workflow: String,
    pub phase: Option<Phase>,
    pub priority: Priority,
    pub demand: Demand,
    pub tags: BTreeSet<Tag>,
    pub points: Option<i64>,
    pub time_estimate_ms: Option<Millis>,
    /// Its settings as a job, if it is one.
    pub job: Option<JobDraft>,
}

/// The settings of a new task as a job.
#[derive(Clone, Debug, Default)]
pub struct JobDraft {
    pub settings: JobSettings,
    pub not_before: Option<Timestamp>,
}

/// How soon a task should be done: 0 is never, 10 is now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "i64", into = "i64")]
pub struct Priority(u8);

impl Default for Priority {
    fn default() -> Self {
        Self(5)
    }
}

impl TryFrom<i64> for Priority {
    type Error = String;

    fn try_from(value: i64) -> Result<Self, String> {
        match u8::try_from(value) {
            Ok(value) if value <= 10 => Ok(Self(value)),
            _ => Err(format!("priority {value} is not between 0 and 10")),
        }
    }
}

impl From<Priority> for i64 {
    fn from(priority: Priority) -> i64 {
        priority.0.into()
    }
}

impl JsonSchema for Priority {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Priority".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "integer", "minimum": 0, "maximum": 10 })
    }
}

/// One line that names the work, at most 500 characters.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(try_from = "String")]
pub struct Title(pub String);

impl Title {
    const LONGEST: usize = 500;

    /// Returns the first line of a description, cut to a title's length.
    pub fn from_description(text: &str) -> Option<Self> {
        let line = text.lines().map(str::trim).find(|line| !line.is_empty())?;
        Some(Self(line.chars().filter(|c| !c.is_control()).take(80).collect()))
    }
}

impl TryFrom<String> for Title {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let text = text.trim();
        let length = text.chars().count();
        if length == 0 {
            return Err("a title cannot be empty".into());
        }
        if length > Self::LONGEST {
            return Err(format!(
                "a title has at most {} characters, this one has {length}: put the rest into the description",
                Self::LONGEST
            ));
        }
        if text.chars().any(char::is_control) {
            return Err("a title is one line without control characters".into());
        }
        Ok(Self(text.to_owned()))
    }
}

/// The reason for a change: a sentence or two, at most 2,000 characters.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Reason(String);

impl Reason {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Reason {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        const LONGEST: usize = 2_000;
        match text.chars().count() {
            0..=LONGEST => Ok(Self(text)),
            length => Err(format!(
                "a reason has at most {LONGEST} characters, this one has {length}: attach longer texts"
            )),
        }
    }
}

impl From<Reason> for String {
    fn from(reason: Reason) -> Self {
        reason.0
    }
}

/// A longer text. The operation checks its size, since the limit is configured.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(transparent)]
pub struct Text(pub String);

macro_rules! string_schema {
    ($($type:ident),*) => {
        $(impl JsonSchema for $type {
            fn inline_schema() -> bool {
                true
            }

            fn schema_name() -> Cow<'static, str> {
                stringify!($type).into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({ "type": "string" })
            }
        })*
    };
}
string_schema!(Title, Text, Reason);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_is_one_short_line() {
        let title = |text: &str| Title::try_from(text.to_owned());

        assert!(title("Fix the login").is_ok());
        assert!(title(&"x".repeat(500)).is_ok());
        for bad in ["", "  ", "two\nlines", &"x".repeat(501)] {
            assert!(title(bad).is_err(), "{} characters", bad.len());
        }
    }

    #[test]
    fn a_priority_is_between_0_and_10() {
        assert!(Priority::try_from(0).is_ok_and(|p| i64::from(p) == 0));
        assert!(Priority::try_from(10).is_ok());
        assert!(Priority::try_from(11).is_err());
        assert!(Priority::try_from(-1).is_err());
    }
}
