//! The operations: one file and one type for each.
//!
//! An operation is a type whose fields are the request and whose doc comment is the description that every
//! face shows. [`CATALOGUE`] lists all operations, and the faces are loops over it.

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

/// An operation that callers can request.
///
/// The type is the request: its fields are the arguments, its doc comment is the description that every
/// face shows. Two arguments are common and are not fields: `worker_id`, unless `ACTOR` is
/// [`Actor::Nobody`], and `request_id`, unless `EFFECT` is [`Effect::Read`]. The operation runs in one
/// transaction, and it may run again if that transaction has to be retried, so it must have no effect
/// outside `tx`.
pub trait Operation: DeserializeOwned + JsonSchema {
    /// The name that callers use: `claim`, `list_tasks`.
    const NAME: &'static str;
    /// Whether it reads, changes or destroys: selects the lock, and the hints that faces give to clients.
    const EFFECT: Effect;
    /// Whether the calling worker must be named.
    const ACTOR: Actor = Actor::Nobody;
    /// The arguments that a shell accepts without their names, in order; a last one in `…` takes the rest.
    const POSITIONAL: &'static [&'static str] = &[];
    /// How long it may take.
    const PACE: Pace = Pace::Brisk;
    /// The columns of the list that it answers, in this order; empty if it answers no list. Faces write
    /// whole lists as tables with them.
    const COLUMNS: &'static [&'static str] = &[];
    /// Arguments that join all rows of a call into one whole. They are refused when rows come from a file,
    /// which may take several calls.
    const ONCE: &'static [&'static str] = &[];
    /// Whether the tasks of dead workers are released first.
    const SWEEPS: bool = false;
    /// Whether it registers an unknown worker, limited to one task at a time.
    const MEETS: bool = false;
    /// Whether it may be answered by [`Operation::foresee`].
    const FORESEES: bool = false;

    type Output: Serialize;

    /// Does slow work and disk access, once, before the transaction. The transaction may still fail.
    fn prepare(&mut self, _staging: &Staging) -> Result<()> {
        Ok(())
    }

    fn run(&self, tx: &Tx, cx: &Context) -> Result<Self::Output>;

    /// Returns the answer if the call would change nothing, or the refusal that `run` would return.
    ///
    /// Called if `FORESEES` is set and the caller may wait for the write lock, so that a call that finds
    /// nothing does not queue for it. With the effect [`Effect::Note`] it is called in every case.
    fn foresee(&self, _tx: &Tx, _cx: &Context) -> Result<Option<Self::Output>> {
        Ok(None)
    }

    /// Returns true if the answer is empty and releasing a dead worker might change that.
    fn comes_to_nothing(&self, _answer: &Value) -> bool {
        false
    }

    /// Returns how long the caller would wait, counted from the start of the call, for a better answer than `output`.
    ///
    /// The answer is computed again after each commit of any process. The operation may keep a cursor from
    /// `output` for the next round. A timeout is no error: the answer is `output`.
    fn patience(&mut self, _output: &Self::Output) -> Wait {
        Wait::No
    }

    /// Returns how an answer falls short of the request.
    fn shortfall(_answer: &Value) -> Option<Shortfall> {
        None
    }

    /// Does work that must precede the transaction, in transactions of its own; it may be repeated.
    fn catch_up(&self, _app: &App, _request: &Request) -> Result<()> {
        Ok(())
    }

    /// Returns true if the refused call brings a result of an attempt that the worker has lost.
    fn is_late(&self, _tx: &Tx, _worker: &WorkerId, _refusal: &Refusal) -> Result<bool> {
        Ok(false)
    }

    /// Keeps the result of a late call, in a transaction of its own.
    fn salvage(&self, _refusal: &Refusal, _tx: &Tx, _cx: &Context) -> Result<Option<Kept>> {
        Ok(None)
    }
}

/// Whether an operation has a calling worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Actor {
    /// The identity of the caller makes no difference.
    Nobody,
    /// The call may name a worker: its lease is renewed and it is recorded as the author.
    Optional,
    /// The call must name a worker.
    Required,
}

/// How long an operation may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pace {
    /// So little that it may run on a thread that other calls need.
    Brisk,
    /// Until an event, as [`Operation::patience`] decides; each check is brisk.
    Waits,
    /// Seconds: it only reads, on a connection of its own that no other call waits for.
    Long,
}

/// How an answer falls short of the request, for a script that has only the exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shortfall {
    /// The event did not happen before the timeout.
    TimeUp,
    /// It happened, but a task failed, was cancelled or was deleted.
    EndedBadly,
}

/// All operations, in the order in which they are shown.
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
