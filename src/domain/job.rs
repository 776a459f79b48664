//! A job: a task with retries, a start time, a lease, or a share of a scarce resource.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Awake, Backoff, ErrorClass, GroupKey, Length, Millis, Retries, Sign, Timestamp, WorkerId};

/// Settings of a job. Omitted settings stay as they are.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(inline)]
pub struct JobSettings {
    /// How many times a failed task is retried.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_retries: Option<u32>,
    /// Delay after the first failure, `10s`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub base: Option<Length>,
    /// Growth of each further delay, 3.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub factor: Option<u32>,
    /// The longest delay, `1h`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cap: Option<Length>,
    /// Values of `error_class` that are not retried.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub fatal: BTreeSet<ErrorClass>,
    /// Time limit of an attempt; `thinking` extends it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lease: Option<Length>,
    /// Tasks of the same group share a concurrency limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group: Option<GroupKey>,
    /// Concurrency limit of the group, 1.
    #[schemars(range(min = 1))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group_limit: Option<u32>,
}

impl JobSettings {
    /// Returns these settings, completed by `defaults`.
    pub fn or(&self, defaults: &Self) -> Self {
        Self {
            max_retries: self.max_retries.or(defaults.max_retries),
            base: self.base.or(defaults.base),
            factor: self.factor.or(defaults.factor),
            cap: self.cap.or(defaults.cap),
            fatal: if self.fatal.is_empty() { defaults.fatal.clone() } else { self.fatal.clone() },
            lease: self.lease.or(defaults.lease),
            group: self.group.clone().or_else(|| defaults.group.clone()),
            group_limit: self.group_limit.or(defaults.group_limit),
        }
    }
}

/// The properties of a job beside those of its task.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Job {
    /// Maximum number of retries. Without it a failure is final.
    pub max_retries: Option<u32>,
    pub backoff: Backoff,
    /// Time limit of an attempt, unless it is extended.
    pub lease: Option<Millis>,
    pub failures: u32,
    /// How many workers were lost while they held it, other than by disconnecting.
    pub losses: u32,
    /// Set while its start time is in the future.
    pub not_before: Option<Timestamp>,
    /// Set while an attempt with a lease is running.
    pub lease_until: Option<Timestamp>,
    /// The same moment by the monotonic clock, if there is one.
    pub lease_awake: Option<Awake>,
}

impl Job {
    /// Returns the job with these settings applied.
    pub fn with(mut self, settings: &JobSettings) -> Self {
        let JobSettings { max_retries, base, factor, cap, fatal, lease, group: _, group_limit: _ } = settings;
        self.max_retries = max_retries.or(self.max_retries);
        self.backoff.base = base.or(self.backoff.base);
        self.backoff.factor = factor.or(self.backoff.factor);
        self.backoff.cap = cap.or(self.backoff.cap);
        if !fatal.is_empty() {
            self.backoff.fatal.clone_from(fatal);
        }
        self.lease = lease.map_or(self.lease, |lease| Some(lease.millis()).filter(|lease| *lease > 0));
        self
    }

    /// Gives the running attempt a lease of this length from now on.
    pub fn lend(&mut self, length: Millis, now: &Sign) {
        self.lease_until = Some(now.at.after(length));
        let deadline = |awake: &Awake| Awake { millis: awake.millis.saturating_add(length), ..awake.clone() };
        self.lease_awake = now.awake.as_ref().map(deadline);
    }

    /// Ends the lease of the attempt.
    pub fn end_lease(&mut self) {
        (self.lease_until, self.lease_awake) = (None, None);
    }

    /// Returns true if the lease has run out.
    ///
    /// Within one boot of one machine the monotonic clock decides, so that a wrong wall clock ends no lease.
    pub fn is_overdue(&self, now: &Sign) -> bool {
        match (&now.awake, &self.lease_awake) {
            (Some(now), Some(deadline)) if now.boot == deadline.boot => deadline.millis <= now.millis,
            _ => self.lease_until.is_some_and(|until| until <= now.at),
        }
    }

    /// Returns the retry rule for failures in which the worker does not ask for a retry, if there is one.
    pub fn retries(&self) -> Option<Retries> {
        self.max_retries.map(|most| Retries { most, backoff: self.backoff.clone() })
    }

    /// Returns the retry rule for a worker that asks for a retry.
    pub fn retries_on_demand(&self) -> Retries {
        self.retries().unwrap_or_else(|| Retries { backoff: self.backoff.clone(), ..Retries::default() })
    }

    /// Returns how many retries are left.
    pub fn retries_left(&self) -> Option<u32> {
        self.max_retries.map(|most| most.saturating_sub(self.failures))
    }
}

/// Why a task that nothing blocks is held back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Withheld {
    /// Its start time is in the future.
    Until(Timestamp),
    /// Its group is at its concurrency limit.
    Full { group: GroupKey, limit: u32, at_work: Vec<WorkerId> },
}

/// A group of tasks with a concurrency limit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    pub key: GroupKey,
    pub limit: u32,
    /// The workers at work in it.
    pub at_work: Vec<WorkerId>,
}

impl Group {
    /// Returns how many more of its tasks may be at work.
    pub fn room(&self) -> usize {
        (self.limit as usize).saturating_sub(self.at_work.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lease_runs_by_the_clock_that_nobody_sets_where_there_is_one() {
        let sign = |seconds: i64, awake: Option<(&'static str, i64)>| Sign {
            at: Timestamp(seconds * 1_000),
            awake: awake.map(|(boot, seconds)| Awake { boot: boot.into(), millis: seconds * 1_000 }),
        };
        let given = |awake| {
            let mut job = Job::default();
            job.lend(60_000, &sign(1_000, awake));
            job
        };
        let here = Some(("here", 500));

        for (awake, now, is_overdue) in [
            (here, sign(1_059, Some(("here", 559))), false),
            (here, sign(1_060, Some(("here", 560))), true),
            // Ten years ahead, and a day behind.
            (here, sign(315_000_000, Some(("here", 559))), false),
            (here, sign(-85_000, Some(("here", 560))), true),
            (here, sign(1_060, Some(("after a restart", 1))), true),
            (here, sign(1_060, None), true),
            (None, sign(1_059, Some(("here", 559))), false),
            (None, sign(1_060, Some(("here", 560))), true),
        ] {
            assert_eq!(given(awake).is_overdue(&now), is_overdue, "{awake:?} {now:?}");
        }
        let mut ended = given(here);
        ended.end_lease();
        assert!(!ended.is_overdue(&sign(2_000, None)));
    }
}
