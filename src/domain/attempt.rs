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
    /// Another worker took the task and holds it now.
    Taken,
    /// Another worker released the task. The attempt may go on as long as no other began.
    TakenBack,
}

/// What was kept of a refused call that brought a late result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// The attempt it came from.
    pub attempt: i64,
    /// The attachments, each by its type and number.
    pub labels: Vec<String>,
}

impl Outcome {
    /// Returns how an attempt ends whose task `by` releases.
    pub fn of_release(holder: Option<&WorkerId>, by: Option<&WorkerId>) -> Self {
        match holder == by {
            true => Self::Released,
            false => Self::TakenBack,
        }
    }

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ended => "ended",
            Self::Failed => "failed",
            Self::Overdue => "overdue",
            Self::Released => "released",
            Self::Lost(departure) => departure.as_str(),
            Self::Taken => "taken",
            Self::TakenBack => "taken_back",
        }
    }
}
