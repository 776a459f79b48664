//! What callers can ask for: one file, one type, each.
//!
//! An operation is a type whose fields are the request and whose doc comment
//! is the description that every face shows. [`CATALOGUE`] lists them all; the
//! faces are loops over it.

mod arguments;
mod clock;
mod coerce;
pub mod csv_cell;
mod entry;
mod passage;
mod plain;
mod post;
mod request;
mod rows;
mod running;
mod schema;
mod shelf;
mod staging;
mod unheeded;
mod waiting;

pub use crate::domain::nearest;
pub use arguments::{check as check_arguments, other_names};
pub use entry::{Entry, find};
pub use names::{Names, Subject, names};
pub use post::{Answer, Receipt, Rider};
pub use queue::names_for_queues;
pub use request::{Input, Request};
pub use schema::{Described, Vocabulary};
pub use shelf::Shelf;
pub use staging::Staging;
pub use waiting::{Stay, Wait};
pub use worker::clients;

mod attachment;
mod edge;
mod find;
#[cfg(test)]
mod flat;
#[cfg(test)]
mod growth;
mod job;
mod mark;
mod message;
mod names;
mod project;
mod queue;
mod schedule;
mod skill;
mod task;
mod template;
mod track;
mod until;
mod worker;
mod workflow;

use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::domain::{Kept, Refusal, WorkerId};
use crate::error::Result;
use crate::store::Tx;
use crate::{App, Context, Effect};

/// One thing a caller can ask for.
///
/// The type is the request: its fields are the arguments, its doc comment is
/// the description every face shows. Two arguments are common and are not
/// fields: `worker_id`, where `ACTOR` asks for it, and `request_id`, where
/// `EFFECT` changes something. It runs in one transaction, and it may run
/// again if that transaction has to be retried, so it must have no effect
/// outside `tx`.
pub trait Operation: DeserializeOwned + JsonSchema {
    /// What callers type: `claim`, `list_tasks`.
    const NAME: &'static str;
    /// Whether it reads, changes or destroys: picks the lock and the hints of the faces.
    const EFFECT: Effect;
    /// Whether a worker has to say that it is the one who asks.
    const ACTOR: Actor = Actor::Nobody;
    /// The arguments that a shell takes without their names, in order; a last one in `…` takes the rest.
    const POSITIONAL: &'static [&'static str] = &[];
    /// How long it may take.
    const PACE: Pace = Pace::Brisk;
    /// What the items of the list that it answers may tell, in this order; nothing if it answers no list.
    /// Faces write whole lists as tables by them.
    const COLUMNS: &'static [&'static str] = &[];
    /// Arguments that make one thing of all rows of a call: not for a file, which takes many calls.
    const ONCE: &'static [&'static str] = &[];
    /// Whether workers that died are looked for first.
    const SWEEPS: bool = false;
    /// Whether a worker that nobody has met is made by it, for one task at a time.
    const MEETS: bool = false;
    /// Whether it may be seen beforehand that nothing will change.
    const FORESEES: bool = false;

    type Output: Serialize;

    /// Does what takes long or asks the disk, once, before the transaction. It may be done in vain.
    fn prepare(&mut self, _staging: &Staging) -> Result<()> {
        Ok(())
    }

    fn run(&self, tx: &Tx, cx: &Context) -> Result<Self::Output>;

    /// Returns what comes out if nothing has to be changed for it, or refuses what would be refused.
    ///
    /// Asked of those that say so by `FORESEES`, when others write: who would
    /// come away with nothing need not line up for it. Those that at most note
    /// something are asked always.
    fn foresee(&self, _tx: &Tx, _cx: &Context) -> Result<Option<Self::Output>> {
        Ok(None)
    }

    /// Says whether the answer changed nothing and might be another one if somebody were found to be gone.
    fn comes_to_nothing(&self, _answer: &Value) -> bool {
        false
    }

    /// Says how long the caller would wait for a better answer than `output`, since it asked.
    ///
    /// The answer is then computed again after whatever is committed, by anybody; what `output`
    /// says may be noted, for where to go on from. Time that is up is no error: the answer is `output`.
    fn patience(&mut self, _output: &Self::Output) -> Wait {
        Wait::No
    }

    /// Says in what an answer falls short of what was asked for.
    fn shortfall(_answer: &Value) -> Option<Shortfall> {
        None
    }

    /// Does what has to be done before the transaction, in others of its own; it may be done again.
    fn catch_up(&self, _app: &App, _request: &Request) -> Result<()> {
        Ok(())
    }

    /// Returns true if the refused call brings a result of an attempt that the worker has lost.
    fn is_late(&self, _tx: &Tx, _worker: &WorkerId, _refusal: &Refusal) -> Result<bool> {
        Ok(false)
    }

    /// Keeps such a result, in a transaction of its own.
    fn salvage(&self, _refusal: &Refusal, _tx: &Tx, _cx: &Context) -> Result<Option<Kept>> {
        Ok(None)
    }
}

/// Whether an operation is done in the name of a worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Actor {
    /// It makes no difference who asks.
    Nobody,
    /// A worker may say that it asks: its lease is renewed and it is recorded as the author.
    Optional,
    /// A worker has to.
    Required,
}

/// How long an operation may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pace {
    /// So little that it may be done where others wait.
    Brisk,
    /// Until something has happened, as [`Operation::patience`] says; each look is brisk.
    Waits,
    /// Seconds: it reads, and does so on a connection of its own, where nobody waits.
    Long,
}

/// In what an answer falls short of what was asked for, for a script that has only the exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shortfall {
    /// It did not happen before time was up.
    TimeUp,
    /// It happened, but not as one would wish.
    EndedBadly,
}

/// Everything that callers can ask for, in the order in which it is shown.
pub static CATALOGUE: &[Entry] = &[
    Entry::of::<worker::Connect>(Shelf::Always, ""),
    Entry::of::<task::Claim>(Shelf::Always, ""),
    Entry::of::<task::Update>(Shelf::Always, ""),
    Entry::of::<task::Create>(Shelf::Always, ""),
    Entry::of::<task::ListTasks>(Shelf::Always, ""),
    Entry::of::<track::Thinking>(Shelf::Core, "heartbeat progress"),
    Entry::of::<task::Get>(Shelf::Core, ""),
    Entry::of::<edge::Link>(Shelf::Core, "depend order"),
    Entry::of::<task::Explain>(Shelf::Core, "stuck blocked"),
    Entry::of::<task::StatusSummary>(Shelf::Full, ""),
    Entry::of::<track::Events>(Shelf::Full, ""),
    Entry::of::<until::Await>(Shelf::Core, "poll sleep until"),
    Entry::of::<task::CreateTree>(Shelf::Full, "plan hierarchy"),
    Entry::of::<task::BulkUpdate>(Shelf::Full, ""),
    Entry::of::<job::Redrive>(Shelf::Full, ""),
    Entry::of::<task::Delete>(Shelf::Full, ""),
    Entry::of::<task::Undelete>(Shelf::Full, ""),
    Entry::of::<task::Rename>(Shelf::Full, ""),
    Entry::of::<task::Scan>(Shelf::Full, ""),
    Entry::of::<edge::Unlink>(Shelf::Full, ""),
    Entry::of::<edge::Relink>(Shelf::Full, ""),
    Entry::of::<track::TaskHistory>(Shelf::Full, ""),
    Entry::of::<track::ProjectHistory>(Shelf::Full, ""),
    Entry::of::<track::Results>(Shelf::Full, ""),
    Entry::of::<track::Stats>(Shelf::Full, ""),
    Entry::of::<mark::MarkFile>(Shelf::Full, "lock"),
    Entry::of::<mark::UnmarkFile>(Shelf::Full, ""),
    Entry::of::<mark::ListMarks>(Shelf::Full, ""),
    Entry::of::<mark::MarkUpdates>(Shelf::Full, ""),
    Entry::of::<message::Send>(Shelf::Full, ""),
    Entry::of::<message::Inbox>(Shelf::Full, ""),
    Entry::of::<attachment::Attach>(Shelf::Full, ""),
    Entry::of::<attachment::Attachments>(Shelf::Full, ""),
    Entry::of::<attachment::Detach>(Shelf::Full, ""),
    Entry::of::<track::LogMetrics>(Shelf::Full, "tokens"),
    Entry::of::<track::GetMetrics>(Shelf::Full, ""),
    Entry::of::<worker::Resume>(Shelf::Full, ""),
    Entry::of::<project::ChangeProject>(Shelf::Full, ""),
    Entry::of::<project::ListProjects>(Shelf::Full, ""),
    Entry::of::<template::DefineTemplate>(Shelf::Full, ""),
    Entry::of::<template::ListTemplates>(Shelf::Full, ""),
    Entry::of::<template::Instantiate>(Shelf::Full, ""),
    Entry::of::<schedule::ChangeSchedule>(Shelf::Full, "cron recurring"),
    Entry::of::<schedule::ListSchedules>(Shelf::Full, ""),
    Entry::of::<worker::Disconnect>(Shelf::Full, ""),
    Entry::of::<worker::ListAgents>(Shelf::Full, ""),
    Entry::of::<worker::CleanupStale>(Shelf::Full, ""),
    Entry::of::<workflow::CheckGates>(Shelf::Full, ""),
    Entry::of::<workflow::ListWorkflows>(Shelf::Full, ""),
    Entry::of::<workflow::AddOverlay>(Shelf::Full, ""),
    Entry::of::<workflow::RemoveOverlay>(Shelf::Full, ""),
    Entry::of::<workflow::GetPrompts>(Shelf::Full, ""),
    Entry::of::<workflow::GetAdvisory>(Shelf::Full, ""),
    Entry::of::<find::Search>(Shelf::Full, "grep text"),
    Entry::of::<find::Query>(Shelf::Full, ""),
    Entry::of::<find::GetSchema>(Shelf::Full, ""),
    Entry::of::<find::GiveFeedback>(Shelf::Full, ""),
    Entry::of::<find::ListFeedback>(Shelf::Full, ""),
    Entry::of::<find::Settings>(Shelf::Full, ""),
    Entry::of::<skill::ListSkills>(Shelf::Full, "guide how"),
    Entry::of::<skill::GetSkill>(Shelf::Full, ""),
    Entry::of::<queue::CreateProject>(Shelf::Queue, ""),
    Entry::of::<queue::ListAllProjects>(Shelf::Queue, ""),
    Entry::of::<queue::GetProject>(Shelf::Queue, ""),
    Entry::of::<queue::CloseProject>(Shelf::Queue, ""),
    Entry::of::<queue::JoinProject>(Shelf::Queue, ""),
    Entry::of::<queue::CreateTaskType>(Shelf::Queue, ""),
    Entry::of::<queue::ListTaskTypes>(Shelf::Queue, ""),
    Entry::of::<queue::GetTaskType>(Shelf::Queue, ""),
    Entry::of::<queue::AddTask>(Shelf::Queue, ""),
    Entry::of::<queue::CreateTasksBulk>(Shelf::Queue, ""),
    Entry::of::<queue::GetTask>(Shelf::Queue, ""),
    Entry::of::<queue::RegisterAgent>(Shelf::Queue, ""),
    Entry::of::<queue::GetCurrentTask>(Shelf::Queue, ""),
    Entry::of::<queue::RequestTask>(Shelf::Queue, ""),
    Entry::of::<queue::CompleteTask>(Shelf::Queue, ""),
    Entry::of::<queue::FailTask>(Shelf::Queue, ""),
    Entry::of::<queue::ExtendLease>(Shelf::Queue, ""),
    Entry::of::<queue::GetProjectStatus>(Shelf::Queue, ""),
    Entry::of::<queue::GetAgentStatus>(Shelf::Queue, ""),
    Entry::of::<queue::GetTaskHistory>(Shelf::Queue, ""),
    Entry::of::<queue::GetAuditLog>(Shelf::Queue, ""),
];
