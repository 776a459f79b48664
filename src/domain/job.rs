//! A job: a task that may be tried again, has its time, a lease, or shares something scarce.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Awake, Backoff, ErrorClass, GroupKey, Length, Millis, Retries, Sign, Timestamp, WorkerId};

/// What is asked of a job. What is left out stays as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(inline)]
pub struct JobSettings {
    /// How often it is tried again when it fails.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_retries: Option<u32>,
    /// Rest after the first failure, `10s`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub base: Option<Length>,
    /// How many times as long each further rest is, 3.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub factor: Option<u32>,
    /// The longest rest, `1h`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cap: Option<Length>,
    /// Values of `error_class` that no retry helps against.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub fatal: BTreeSet<ErrorClass>,
    /// How long an attempt may take unless `thinking` extends it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lease: Option<Length>,
    /// Of tasks with the same one only so many are at work at once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group: Option<GroupKey>,
    /// So many, 1.
    #[schemars(range(min = 1))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group_limit: Option<u32>,
}

impl JobSettings {
    /// Returns the same, with `defaults` where nothing is said.
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

/// What there is to know of a job beside its task.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Job {
    /// How often it is tried again; a failure is the end if nothing is said.
    pub max_retries: Option<u32>,
    pub backoff: Backoff,
    /// How long an attempt may take unless it is extended.
    pub lease: Option<Millis>,
    pub failures: u32,
    /// How often its worker died.
    pub losses: u32,
    /// Set while its time has not come.
    pub not_before: Option<Timestamp>,
    /// Set while an attempt with a lease is under way.
    pub lease_until: Option<Timestamp>,
    /// The same by the clock that nobody sets, where there is one.
    pub lease_awake: Option<Awake>,
}

impl Job {
    /// Takes over what is asked of it.
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

    /// Gives the attempt that is under way a lease of this length from now on.
    pub fn lend(&mut self, length: Millis, now: &Sign) {
        self.lease_until = Some(now.at.after(length));
        let deadline = |awake: &Awake| Awake { millis: awake.millis.saturating_add(length), ..awake.clone() };
        self.lease_awake = now.awake.as_ref().map(deadline);
    }

    /// Ends the lease of the attempt.
    pub fn end_lease(&mut self) {
        (self.lease_until, self.lease_awake) = (None, None);
    }

    /// Says whether the lease has run out. A clock that is set wrong ends none that was given in the same run of
    /// the same machine.
    pub fn is_overdue(&self, now: &Sign) -> bool {
        match (&now.awake, &self.lease_awake) {
            (Some(now), Some(deadline)) if now.boot == deadline.boot => deadline.millis <= now.millis,
            _ => self.lease_until.is_some_and(|until| until <= now.at),
        }
    }

    /// Returns how it is tried again, if it is when nobody asks for it.
    pub fn retries(&self) -> Option<Retries> {
        self.max_retries.map(|most| Retries { most, backoff: self.backoff.clone() })
    }

    /// Returns the same for a worker who asks for a retry.
    pub fn retries_on_demand(&self) -> Retries {
        self.retries().unwrap_or_else(|| Retries { backoff: self.backoff.clone(), ..Retries::default() })
    }

    /// Returns how often it may still be tried again.
    pub fn retries_left(&self) -> Option<u32> {
        self.max_retries.map(|most| most.saturating_sub(self.failures))
    }
}

/// Why a task that nothing blocks is not handed out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Withheld {
    /// Its time has not come.
    Until(Timestamp),
    /// As many of its group are at work as may be.
    Full { group: GroupKey, limit: u32, at_work: Vec<WorkerId> },
}

/// A group of which only so many may be at work at a time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    pub key: GroupKey,
    pub limit: u32,
    /// Who is at work in it.
    pub at_work: Vec<WorkerId>,
}

impl Group {
    /// Returns how many more may be at work in it.
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
