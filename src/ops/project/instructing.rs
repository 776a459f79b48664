//! How workers are told what is to be known in a project: once, and again when it has changed.

use crate::domain::{Project, WorkerId};
use crate::error::Result;
use crate::ops::task::shortened;
use crate::store::Tx;

/// What the names of instructions begin with, among those of all texts that a worker was given.
const MARK: &str = "project ";

/// Returns the instructions, if the worker has not had them since it came, and writes down that it has them now.
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

/// Returns the names of the instructions among those of all texts that a worker was given.
pub fn names(mut told: Vec<String>) -> Vec<String> {
    told.retain(|name| name.starts_with(MARK));
    told
}
