//! The verdict on a failed task: a retry after some time, or the end.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::{ErrorClass, Length, Millis, TaskId, Timestamp};

/// The retry rule of a task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Retries {
    /// Maximum number of retries.
    pub most: u32,
    pub backoff: Backoff,
}

/// The delay after a failure: `base`, then each time `factor` times as long, at most `cap`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Backoff {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub base: Option<Length>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub factor: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cap: Option<Length>,
    /// Classes of failures that are not retried.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub fatal: BTreeSet<ErrorClass>,
}

/// A failure, as the worker reports it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Failure<'a> {
    /// The worker's opinion on whether a retry helps, if it has one.
    pub retry: Option<bool>,
    /// Delay before the retry, in place of the task's backoff.
    pub after: Option<Length>,
    pub class: Option<&'a ErrorClass>,
}

/// The verdict on a failed task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It returns to the queue and may start at this time.
    Again(Timestamp),
    Final(Why),
}

/// Why a failure is final.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Why {
    /// All retries are used up.
    Spent,
    /// The worker reports that a retry does not help, or the task excludes such failures.
    NotRetryable,
}

/// How many workers a task with retries may lose, beside its failures. A task that kills
/// each of its workers has to end too.
pub const MOST_LOSSES: u32 = 10;

/// Retries of a task without settings, if its worker asks for a retry.
const USUAL_RETRIES: u32 = 3;

impl Default for Retries {
    fn default() -> Self {
        Self { most: USUAL_RETRIES, backoff: Backoff::default() }
    }
}

impl Retries {
    /// Decides on a task that failed for the `failures`th time.
    pub fn judge(&self, task: &TaskId, failures: u32, failure: &Failure<'_>, now: Timestamp) -> Verdict {
        let hopeless = failure.class.is_some_and(|class| self.backoff.fatal.contains(class));
        if failure.retry == Some(false) || hopeless && failure.retry.is_none() {
            return Verdict::Final(Why::NotRetryable);
        }
        if failures > self.most {
            return Verdict::Final(Why::Spent);
        }
        let rest = failure.after.map_or_else(|| self.backoff.rest(task, failures), Length::millis);
        Verdict::Again(now.after(rest))
    }
}

impl Backoff {
    const BASE: Millis = 10_000;
    const FACTOR: u32 = 3;
    const CAP: Millis = 3_600_000;
    /// How much the delay varies from task to task, so that tasks that failed together do not return together.
    const JITTER_PERCENT: Millis = 10;

    /// Returns the delay after the `failures`th failure of a task. It is the same for the same task each time.
    fn rest(&self, task: &TaskId, failures: u32) -> Millis {
        let base = self.base.map_or(Self::BASE, Length::millis);
        let cap = self.cap.map_or(Self::CAP, Length::millis);
        let factor = Millis::from(self.factor.unwrap_or(Self::FACTOR));
        let grown = factor.checked_pow(failures.saturating_sub(1)).and_then(|grown| base.checked_mul(grown));
        let rest = grown.unwrap_or(cap).min(cap);
        let spread = rest * Self::JITTER_PERCENT / 100;
        rest - spread + (hash(task, failures) % (2 * spread + 1).unsigned_abs()) as Millis
    }
}

/// Returns a hash of the task and the number of failures: FNV-1a.
fn hash(task: &TaskId, failures: u32) -> u64 {
    const BASIS: u64 = 0xcbf2_9ce4_8422_2325;
    const PRIME: u64 = 0x0100_0000_01b3;
    let bytes = task.as_str().bytes().chain(failures.to_le_bytes());
    bytes.fold(BASIS, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(PRIME))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOON: Timestamp = Timestamp(1_769_860_800_000);

    fn task(name: &str) -> TaskId {
        name.parse().unwrap()
    }

    fn length(text: &str) -> Option<Length> {
        Some(text.parse().unwrap())
    }

    fn class(name: &str) -> ErrorClass {
        name.parse().unwrap()
    }

    #[test]
    fn a_failure_is_the_end_when_it_is_said_so_or_the_retries_are_spent() {
        let retries = Retries {
            most: 2,
            backoff: Backoff { fatal: [class("bad_input")].into(), ..Backoff::default() },
        };
        let (bad, slow) = (class("bad_input"), class("timeout"));
        let spent = Some(Why::Spent);
        let hopeless = Some(Why::NotRetryable);
        for (failures, retry, class, end) in [
            (1, None, None, None),
            (2, None, Some(&slow), None),
            (3, None, None, spent),
            (3, Some(true), None, spent),
            (1, Some(true), None, None),
            (1, Some(false), None, hopeless),
            (3, Some(false), None, hopeless),
            (1, None, Some(&bad), hopeless),
            (1, Some(true), Some(&bad), None),
        ] {
            let failure = Failure { retry, after: None, class };

            let verdict = retries.judge(&task("t"), failures, &failure, NOON);

            let ended = match verdict {
                Verdict::Final(why) => Some(why),
                Verdict::Again(_) => None,
            };
            assert_eq!(ended, end, "{failures} {failure:?}");
        }
    }

    #[test]
    fn a_task_rests_longer_after_each_failure_up_to_a_cap() {
        let backoff =
            Backoff { base: length("10s"), factor: Some(2), cap: length("1m"), ..Default::default() };
        for (failures, about) in [(1, 10_000), (2, 20_000), (3, 40_000), (4, 60_000), (40, 60_000)] {
            let rest = backoff.rest(&task("t"), failures);

            assert!((about * 9 / 10..=about * 11 / 10).contains(&rest), "{failures}: {rest}");
        }
        assert_eq!(Backoff { base: length("0s"), ..Default::default() }.rest(&task("t"), 3), 0);
    }

    #[test]
    fn tasks_that_failed_together_come_back_apart_and_each_at_the_same_time_again() {
        let rests =
            |_| (0..50).map(|n| Backoff::default().rest(&task(&format!("t{n}")), 1)).collect::<BTreeSet<_>>();

        assert!(rests(1).len() > 40);
        assert_eq!(rests(1), rests(2));
    }

    #[test]
    fn whoever_was_told_when_to_come_back_says_so() {
        let failure = Failure { after: length("2h"), ..Failure::default() };

        let verdict = Retries::default().judge(&task("t"), 1, &failure, NOON);

        assert_eq!(verdict, Verdict::Again(NOON.after(7_200_000)));
    }
}
