//! An attempt: one claim of a task. Its number fences off earlier holders.

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
    /// The task ended; its state tells how.
    Ended,
    /// The work failed. The task is retried, or it has ended.
    Failed,
    /// The lease of the attempt ran out, which counts as a failure.
    Overdue,
    /// The worker released the task, or moved it to a state without a holder.
    Released,
    /// The worker left, died or was silent for too long.
    Lost(Departure),
    /// Another worker took over the task and holds it now.
    Taken,
    /// Another worker released the task. The attempt may go on until another begins.
    TakenBack,
}

/// A late result, which was kept although the call that brought it was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// The attempt that the result came from.
    pub attempt: i64,
    /// The attachments, each by its type and number.
    pub labels: Vec<String>,
}

impl Outcome {
    /// Returns how an attempt ends when `by` releases its task.
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
