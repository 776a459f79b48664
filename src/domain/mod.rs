//! The rules for tasks, independent of the store. No I/O, no clock, no SQL.
//!
//! Operations gather facts from the store, ask this module, and record its answers.

mod advice;
mod attachment;
mod attempt;
mod claim;
mod cron;
mod gate;
mod graph;
mod guidance;
mod ids;
mod job;
mod length;
mod lexer;
mod mark;
mod message;
mod metrics;
mod money;
mod overlay;
mod project;
mod refusal;
mod retry;
mod role;
mod schedule;
mod search;
mod selector;
mod stats;
mod step;
mod task;
mod template;
mod time;
mod turn;
mod variable;
mod visible;
mod window;
mod worker;
mod workflow;

pub use advice::{Advice, Occasion};
pub use attachment::{AttachmentRule, AttachmentTypes, Mime, Mode};
pub use attempt::{Attempt, Kept, Outcome};
pub use claim::{Blocker, Candidate, Demand, LackedTags, held_by};
pub use gate::{Barrier, Crossing, Enforcement, Exit, Gate, hardest, missing};
pub use graph::{EdgeKind, EdgeKinds, EdgeRule, Holds, Moment, Shape, path, tasks_along};
pub use guidance::{BLANKS, Cue, Guidance, Turn, filled, unknown_blank};
pub use ids::{
    AttachmentType, BadName, CounterName, Digest, EdgeKindName, ErrorClass, FileName, GroupKey, MarkPath,
    PROGRAM, Phase, ProjectName, RequestId, ScheduleName, Status, Tag, TaskId, TaskRef, TemplateName,
    VariableName, WorkerId, is_generated,
};
pub use job::{Group, Job, JobSettings, Withheld};
pub use length::{Length, When};
pub use mark::{LOCK, Mark, is_wild};
pub use message::{Address, Load, Message, MessageKind, Shown};
pub use metrics::{Amounts, Counters};
pub use money::Dollars;
pub use overlay::{Added, Overlay, Slot};
pub use project::{Defaults, Project, ProjectKey, ProjectState};
pub use refusal::{GatedStep, Refusal};
pub use retry::{Backoff, Failure, MOST_LOSSES, Retries, Verdict, Why};
pub use role::Role;
pub use schedule::{Makes, Missed, Overlap, Rhythm, Schedule, Zone};
pub use search::{BadSearch, Column, Search};
pub use selector::Selector;
pub use stats::{Times, reason_class};
pub use step::{AttemptStep, Clock, Meaning, Step};
pub use task::{JobDraft, Priority, Reason, Standing, Task, TaskDraft, Text, Title};
pub use template::{
    Duplicates, OnDuplicate, Problem, Recipe, RecipeStep, Rendered, Template, Unfilled, Values,
};
pub use time::{Millis, Timestamp};
pub use turn::{InTurn, Turns, turns};
pub use variable::Variable;
pub use visible::shows_something;
pub use window::Window;
pub use worker::{Awake, ClaimLimit, Departure, Life, Loss, Process, Sign, Worker};
pub use workflow::{Policy, State, Workflow, Workflows};

/// Returns names in backticks, separated by commas.
pub fn listed<T: std::fmt::Display>(names: impl IntoIterator<Item = T>) -> String {
    let quoted: Vec<_> = names.into_iter().map(|name| format!("`{name}`")).collect();
    quoted.join(", ")
}

/// Returns the name that the caller most likely meant, if one is close.
pub fn nearest<'a>(given: &str, names: &[&'a str]) -> Option<&'a str> {
    const ALIKE: f64 = 0.75;
    let given: String = given.chars().take(64).collect();
    names
        .iter()
        .map(|name| (strsim::jaro_winkler(&given.to_lowercase(), name), *name))
        .filter(|(score, _)| *score >= ALIKE)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, name)| name)
}
