//! The caller of a process: its worker, its lifetime, its folders and its clock.

use crate::config::Places;
use crate::domain::{Life, Process, Timestamp, WorkerId};
use crate::process;

/// The caller on whose behalf this process runs.
#[derive(Clone, Debug, Default)]
pub struct Caller {
    /// The worker for calls that name none.
    pub worker: Option<WorkerId>,
    /// This process, if a worker that connects through it lives as long as it does.
    pub process: Option<Process>,
    /// The folders that the caller's paths are relative to.
    pub places: Places,
    /// The time at which the clock is stopped, in tests.
    pub stopped_at: Option<Timestamp>,
}

impl Caller {
    /// Returns the scope of an idempotency key: the worker, else this process if it serves
    /// one client, else all people at their shells.
    pub fn scope(&self, worker: Option<&WorkerId>) -> String {
        match (worker, &self.process) {
            (Some(worker), _) => worker.to_string(),
            // This cannot be the id of a worker, which has no spaces.
            (None, Some(Process { pid, start, boot, host })) => format!("{host} {boot} {pid} {start}"),
            (None, None) => "@person".to_owned(),
        }
    }

    /// Returns true if an answer to this caller reaches the worker `reader`, which is
    /// connected through `process`.
    ///
    /// A worker without a process makes single commands, and their answers reach it. A command
    /// that was started for a worker reaches it once the worker's process is over.
    pub(crate) fn reaches(&self, reader: &WorkerId, process: Option<&Process>) -> bool {
        match (&self.process, process) {
            (Some(here), Some(theirs)) => here == theirs,
            (Some(_), None) => false,
            (None, None) => true,
            (None, Some(theirs)) => {
                self.worker.as_ref() == Some(reader) && process::life(theirs) == Life::Over
            }
        }
    }
}
