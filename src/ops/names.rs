//! Names that begin with a prefix. This is no operation; faces use it for completion.

use crate::error::Result;
use crate::store::{Patience, Tx};
use crate::{App, Effect};

/// A kind of thing that has names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    Task,
    Worker,
    Skill,
    /// A workflow or an overlay.
    Workflow,
    Overlay,
}

#[derive(Debug, Default, PartialEq, Eq)]
pub struct Names {
    pub names: Vec<String>,
    /// True if there are others.
    pub more: bool,
}

/// Returns at most `limit` names that begin with `start`; without a prefix, the likeliest ones.
pub fn names(app: &App, patience: Patience, subject: Subject, start: &str, limit: usize) -> Result<Names> {
    let limited = |mut names: Vec<String>| {
        let more = names.len() > limit;
        names.truncate(limit);
        Names { names, more }
    };
    let stored = |body: fn(&Tx, &str, usize) -> Result<Vec<String>>| {
        app.store.transact(patience, Effect::Read, |tx| body(tx, start, limit + 1))
    };
    match subject {
        Subject::Task => stored(tasks),
        Subject::Worker => stored(workers),
        Subject::Skill => Ok(beginning(app.config().skills.names()?, start)),
        Subject::Workflow => {
            let config = app.config();
            let known = &config.workflows;
            Ok(beginning(known.by_name.keys().chain(known.overlays.keys()).cloned(), start))
        }
        Subject::Overlay => Ok(beginning(app.config().workflows.overlays.keys().cloned(), start)),
    }
    .map(limited)
}

fn tasks(tx: &Tx, start: &str, limit: usize) -> Result<Vec<String>> {
    let ids = match start {
        "" => tx.newest_tasks(limit)?,
        start => tx.tasks_called(start, limit)?,
    };
    // Generated ids are shown by their last part, which may also be typed.
    let shown = ids
        .iter()
        .map(|id| if id.as_str().starts_with(start) && !start.is_empty() { id.as_str() } else { id.short() });
    Ok(shown.map(str::to_owned).collect())
}

fn workers(tx: &Tx, start: &str, limit: usize) -> Result<Vec<String>> {
    let ids = tx.workers_called(start, limit)?;
    Ok(ids.iter().map(|id| id.as_str().to_owned()).collect())
}

fn beginning(names: impl IntoIterator<Item = String>, start: &str) -> Vec<String> {
    names.into_iter().filter(|name| name.starts_with(start)).collect()
}
