//! Delivery of a project's instructions to its workers: once, and again after a change.

use crate::domain::{Project, WorkerId};
use crate::error::Result;
use crate::ops::task::shortened;
use crate::store::Tx;

/// Prefix of the names of instructions, among the names of all texts that a worker has received.
const MARK: &str = "project ";

/// Returns the instructions if the worker has not received them since it connected, and records the delivery.
pub fn tell(tx: &Tx, worker: &WorkerId, project: &Project) -> Result<Option<String>> {
    const SHOWN: usize = 800;
    let Some(text) = &project.instructions else {
        return Ok(None);
    };
    let name = format!("{MARK}{} {}", project.key.0, project.revision);
    let mut told = tx.guided(worker)?;
    if told.contains(&name) {
        return Ok(None);
    }
    told.push(name);
    tx.set_guided(worker, &told)?;
    let mut shown = shortened(text, SHOWN);
    if shown.len() < text.len() {
        shown += &format!(" (`projects` with name={} has the whole)", project.name);
    }
    Ok(Some(shown))
}

/// Returns the names of the instructions, among those of all texts that a worker has received.
pub fn names(mut told: Vec<String>) -> Vec<String> {
    told.retain(|name| name.starts_with(MARK));
    told
}
