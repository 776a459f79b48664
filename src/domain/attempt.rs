//! An attempt: one claim of a task. Its number fences off whoever held the task before.

use serde::Serialize;

use super::{Departure, Millis, TaskId, Timestamp, WorkerId};

#[derive(Clone, Debug)]
pub struct Attempt {
    pub task: TaskId,
    pub number: i64,
    pub worker: WorkerId,
    pub claimed_at: Timestamp,
    pub ended_at: Option<Timestamp>,
    pub outcome: Option<Outcome>,
    pub time_ms: Millis,
}

/// How an attempt ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The task came to an end of any kind; its state says which.
    Ended,
    /// The work failed; the task is tried again, or it has ended.
    Failed,
    /// The lease of the attempt ran out, which counts as a failure.
    Overdue,
    /// The worker gave the task back, or moved it to a state that nobody holds.
    Released,
    /// The worker left, died or was silent for too long.
    Lost(Departure),
    /// Somebody took the task away by force.
    Taken,
}

impl Outcome {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ended => "ended",
            Self::Failed => "failed",
            Self::Overdue => "overdue",
            Self::Released => "released",
            Self::Lost(departure) => departure.as_str(),
            Self::Taken => "taken",
        }
    }
}
