//! Operations under the names that TaskDriver's agents use: thin layers over the other operations.
//!
//! Each builds the request of another operation and runs it in its own transaction. Only names, defaults
//! and the parts of the answer that are shown are decided here.

mod agents;
mod bulk;
mod jobs;
mod projects;
mod reports;
mod types;

pub use agents::{GetAgentStatus, GetCurrentTask, JoinProject, RegisterAgent};
pub use bulk::CreateTasksBulk;
pub use jobs::{AddTask, CompleteTask, ExtendLease, FailTask, RequestTask};
pub use projects::{CloseProject, CreateProject, GetProject, ListAllProjects};
pub use reports::{GetAuditLog, GetProjectStatus, GetTask, GetTaskHistory};
pub use types::{CreateTaskType, GetTaskType, ListTaskTypes};

use serde_json::{Map, Value, json};

use crate::Context;
use crate::error::{Error, Result};
use crate::ops::Operation;
use crate::store::Tx;

/// Other operations that queue workers see, whose names are the same in TaskDriver.
pub const ALSO: &[&str] = &["list_tasks"];

/// Other names of these operations, from releases of TaskDriver.
pub const RENAMED: &[(&str, &str)] = &[
    ("get_next_task", "request_task"),
    ("create_task", "add_task"),
    ("update_task_type", "create_task_type"),
    ("get_project_stats", "get_project_status"),
    ("get_lease_stats", "get_project_status"),
    ("list_active_agents", "list_agents"),
    ("extend_task_lease", "extend_lease"),
    ("cleanup_expired_leases", "cleanup_stale"),
];

/// Operation names in hints, and their names for callers that know only TaskDriver's.
const HINTED: &[(&str, &str)] = &[
    ("`claim` without arguments", "`get_current_task`"),
    ("`claim`", "`request_task`"),
    ("`connect`", "`register_agent`"),
    ("`update`", "`complete_task`"),
    ("`projects`", "`list_projects`"),
    ("`project`", "`create_project`"),
];

/// Returns a hint with TaskDriver's names.
pub fn names_for_queues(hint: &str) -> String {
    HINTED.iter().fold(hint.to_owned(), |hint, (own, theirs)| hint.replace(own, theirs))
}

/// The default number of retries.
const RETRIES: u32 = 3;

/// Returns the request of an operation; null arguments are left out.
fn request<O: Operation>(arguments: Value) -> Result<O> {
    let given: Map<String, Value> = match arguments {
        Value::Object(arguments) => arguments.into_iter().filter(|(_, value)| !value.is_null()).collect(),
        _ => Map::new(),
    };
    serde_json::from_value(Value::Object(given)).map_err(|error| Error::input(error.to_string(), ""))
}

/// Runs another operation in the same transaction.
fn through<O: Operation>(tx: &Tx, cx: &Context, arguments: Value) -> Result<O::Output> {
    request::<O>(arguments)?.run(tx, cx)
}

/// Returns job settings in the form of project defaults, if any are given.
fn defaults(max_retries: Option<u32>, lease_minutes: Option<f64>) -> Option<Value> {
    let mut job = Map::new();
    job.extend(max_retries.map(|most| ("max_retries".to_owned(), most.into())));
    job.extend(lease_minutes.map(|minutes| ("lease".to_owned(), millis(minutes).into())));
    (!job.is_empty()).then(|| json!({ "job": job }))
}

/// Returns minutes as milliseconds.
fn millis(minutes: f64) -> i64 {
    (minutes * 60_000.0).round() as i64
}
