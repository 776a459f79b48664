//! For whom a process speaks: the worker it was started for, its own life, its places and its clock.

use crate::config::Places;
use crate::domain::{Life, Process, Timestamp, WorkerId};
use crate::process;

/// For whom this process speaks.
#[derive(Clone, Debug, Default)]
pub struct Caller {
    /// The worker that calls are made for when they name none.
    pub worker: Option<WorkerId>,
    /// This process, if a worker that connects through it lives as long as it does.
    pub process: Option<Process>,
    /// What the paths that it names are relative to.
    pub places: Places,
    /// What the clock is stopped at, in tests.
    pub stopped_at: Option<Timestamp>,
}

impl Caller {
    /// Returns to whom the name of a call belongs: to its worker, else to this process if it serves one
    /// client, else to all people at their shells.
    pub fn scope(&self, worker: Option<&WorkerId>) -> String {
        match (worker, &self.process) {
            (Some(worker), _) => worker.to_string(),
            // No worker is called so: a name has no spaces.
            (None, Some(Process { pid, start, boot, host })) => format!("{host} {boot} {pid} {start}"),
            (None, None) => "@person".to_owned(),
        }
    }

    /// Returns true if an answer to this caller reaches the worker `reader`, which is connected through `process`.
    ///
    /// A worker without a process makes single commands and is served by them. A command that was started for a
    /// worker speaks for it once its process is over.
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
