//! Schedules: when a task is created again, and how missed times are handled.

use std::fmt;
use std::str::FromStr;

use jiff::tz::Offset;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::cron::Cron;
use super::{Length, Millis, ScheduleName, TaskId, TemplateName, Timestamp};

/// A task that is created again and again.
#[derive(Clone, Debug, PartialEq)]
pub struct Schedule {
    pub name: ScheduleName,
    pub makes: Makes,
    /// The parent of the created tasks.
    pub parent: Option<TaskId>,
    pub rhythm: Rhythm,
    pub missed: Missed,
    pub overlap: Overlap,
    /// None while it is paused.
    pub next_at: Option<Timestamp>,
    pub last_at: Option<Timestamp>,
    /// Why the last task could not be created.
    pub problem: Option<String>,
    /// How many creations failed in a row.
    pub failures: u32,
    /// When to try again, if the last creation failed.
    pub retry_at: Option<Timestamp>,
}

/// The source of the created tasks.
#[derive(Clone, Debug, PartialEq)]
pub enum Makes {
    Template {
        name: TemplateName,
        vars: Map<String, Value>,
    },
    /// A task, as `create` takes it.
    Task(Map<String, Value>),
}

// How missed times are handled: one task for the last of them, none if that was long ago, or one for
// each. Not a doc comment, since every agent that lists the tools would pay for it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub enum Missed {
    #[default]
    One,
    Skip,
    All,
}

// Whether a task is created while the last one is open.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub enum Overlap {
    #[default]
    Allow,
    Skip,
}

impl Missed {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::One => "one",
            Self::Skip => "skip",
            Self::All => "all",
        }
    }
}

impl Overlap {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Skip => "skip",
        }
    }
}

impl Schedule {
    /// How many missed times are made up for.
    const MOST: usize = 1_000;
    /// How late a task may be created where missed times are skipped.
    const GRACE: Millis = 5 * 60_000;
    /// Delay after the first failure. Each failure that follows doubles it.
    const FIRST_PAUSE_MS: Millis = 10_000;
    const LONGEST_PAUSE_MS: Millis = 3_600_000;

    /// Returns when the next creation is due, unless the schedule is paused.
    pub fn due_at(&self) -> Option<Timestamp> {
        self.next_at.map(|next| next.max(self.retry_at.unwrap_or(next)))
    }

    /// Records that a creation failed, and delays the next one.
    pub fn fail(&mut self, problem: String, now: Timestamp) {
        let doubled = Self::FIRST_PAUSE_MS << self.failures.min(20);
        self.failures += 1;
        self.retry_at = Some(now.after(doubled.min(Self::LONGEST_PAUSE_MS)));
        self.problem = Some(problem);
    }

    /// Forgets earlier failures.
    pub fn forget_failures(&mut self) {
        self.failures = 0;
        self.retry_at = None;
        self.problem = None;
    }

    /// Returns the times for which tasks are due now, the oldest first.
    pub fn due(&self, now: Timestamp) -> Vec<Timestamp> {
        let Some(next) = self.next_at else {
            return Vec::new();
        };
        match self.missed {
            Missed::All => self.rhythm.latest(next, now, Self::MOST),
            Missed::One => self.rhythm.latest(next, now, 1),
            Missed::Skip => {
                let mut latest = self.rhythm.latest(next, now, 1);
                latest.retain(|at| now.since(*at) <= Self::GRACE);
                latest
            }
        }
    }
}

/// The times of a schedule: a cron line or an interval, and the time zone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rhythm {
    /// The text that the caller gave.
    pub text: String,
    pub zone: Zone,
    beat: Beat,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Beat {
    Cron(Cron),
    /// At the multiples of an interval.
    Every(Millis),
}

/// A time zone, as its offset from UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Zone(Offset);

impl Default for Zone {
    fn default() -> Self {
        Self(Offset::UTC)
    }
}

/// Short names of cron lines.
const NAMED: [(&str, &str); 7] = [
    ("hourly", "0 * * * *"),
    ("daily", "0 0 * * *"),
    ("midnight", "0 0 * * *"),
    ("weekly", "0 0 * * 0"),
    ("monthly", "0 0 1 * *"),
    ("yearly", "0 0 1 1 *"),
    ("annually", "0 0 1 1 *"),
];

impl Rhythm {
    const LONGEST: usize = 400;

    /// Reads `0 3 * * *`, `daily` or `every 15m`.
    pub fn new(text: &str, zone: Zone) -> Result<Self, String> {
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        if text.len() > Self::LONGEST {
            return Err(format!("`cron` is longer than {} characters", Self::LONGEST));
        }
        // A shell takes an argument with a leading `@` for a file, so the `@` is optional.
        let word = text.strip_prefix('@').unwrap_or(&text);
        let every = word.strip_prefix("every ");
        let named = NAMED.iter().find(|(name, _)| *name == word).map(|(_, cron)| *cron);
        let beat = match every {
            Some(length) => Beat::Every(beat(length)?),
            None => Beat::Cron(named.unwrap_or(&text).parse()?),
        };
        Ok(Self { text, zone, beat })
    }

    /// Returns the first time after `after`, if there is one.
    pub fn next(&self, after: Timestamp) -> Option<Timestamp> {
        let Zone(offset) = self.zone;
        match &self.beat {
            Beat::Every(length) => Some(Timestamp((after.0.div_euclid(*length) + 1).checked_mul(*length)?)),
            Beat::Cron(cron) => {
                let point = jiff::Timestamp::from_millisecond(after.0).ok()?;
                let next = offset.to_timestamp(cron.next(offset.to_datetime(point))?).ok()?;
                Some(Timestamp(next.as_millisecond()))
            }
        }
    }

    /// Returns the next `number` times, the earliest first.
    pub fn upcoming(&self, after: Timestamp, number: usize) -> Vec<Timestamp> {
        std::iter::successors(self.next(after), |at| self.next(*at)).take(number).collect()
    }

    /// Returns the last `most` of the times from `from` to `now`, the oldest first. `from` is one of them.
    fn latest(&self, from: Timestamp, now: Timestamp, most: usize) -> Vec<Timestamp> {
        // Times can only be computed forwards, so the search starts earlier and earlier.
        let mut back = 60_000;
        loop {
            let start = now.before(back).max(from.before(1));
            let mut found: Vec<_> = std::iter::successors(self.next(start), |at| self.next(*at))
                .take_while(|at| *at <= now)
                .collect();
            if found.len() >= most || start < from {
                found.drain(..found.len().saturating_sub(most));
                return found;
            }
            back *= 2;
        }
    }
}

fn beat(length: &str) -> Result<Millis, String> {
    const SHORTEST: Millis = 1_000;
    let millis = length.parse::<Length>()?.millis();
    if millis < SHORTEST {
        return Err(format!("`every {length}` is too often: at most every second, as `every 1s`"));
    }
    Ok(millis)
}

impl FromStr for Zone {
    type Err = String;

    /// Reads `UTC`, `+02:00` or `-0330`.
    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || {
            format!(
                "`{text}` is not a zone: give `UTC` or its distance, as `+02:00`; \
                 names are not known, and summer time is not followed"
            )
        };
        if matches!(text, "UTC" | "utc" | "Z") {
            return Ok(Self::default());
        }
        let sign = match text.as_bytes().first() {
            Some(b'+') => 1,
            Some(b'-') => -1,
            _ => return Err(wrong()),
        };
        let digits = text[1..].replace(':', "");
        if digits.len() != 4 || !digits.bytes().all(|digit| digit.is_ascii_digit()) {
            return Err(wrong());
        }
        let number: i32 = digits.parse().map_err(|_| wrong())?;
        let (hours, minutes) = (number / 100, number % 100);
        if hours > 14 || minutes > 59 {
            return Err(wrong());
        }
        Offset::from_seconds(sign * (hours * 3600 + minutes * 60)).map(Self).map_err(|_| wrong())
    }
}

impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let minutes = self.0.seconds() / 60;
        let sign = if minutes < 0 { '-' } else { '+' };
        match minutes.abs() {
            0 => f.write_str("UTC"),
            minutes => write!(f, "{sign}{:02}:{:02}", minutes / 60, minutes % 60),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn rhythm(text: &str, zone: &str) -> Rhythm {
        Rhythm::new(text, zone.parse().unwrap()).unwrap()
    }

    #[test]
    fn the_next_time_is_told_in_the_zone() {
        for (text, zone, next) in [
            ("0 3 * * *", "UTC", "2026-02-01T03:00:00Z"),
            ("0 3 * * *", "+02:00", "2026-02-01T01:00:00Z"),
            ("0 9 * * *", "-0330", "2026-01-31T12:30:00Z"),
            ("@daily", "UTC", "2026-02-01T00:00:00Z"),
            ("every 15m", "UTC", "2026-01-31T12:15:00Z"),
            ("@every  1d", "UTC", "2026-02-01T00:00:00Z"),
        ] {
            assert_eq!(rhythm(text, zone).next(at("2026-01-31T12:00:00Z")), Some(at(next)), "{text} {zone}");
        }
        for bad in ["every", "every 0s", "every 10ms", "@often", "often"] {
            assert!(Rhythm::new(bad, Zone::default()).is_err(), "{bad}");
        }
        for bad in ["Europe/Berlin", "+2", "+99:00", "02:00", "+01:75", "", "+ä1"] {
            assert!(bad.parse::<Zone>().is_err(), "{bad}");
        }
    }

    #[test]
    fn what_was_missed_is_made_once_skipped_or_made_up_for() {
        let now = at("2026-01-31T12:10:00Z");
        for (missed, next, due) in [
            (Missed::One, "2026-01-30T12:00:00Z", vec!["2026-01-31T12:00:00Z"]),
            (Missed::Skip, "2026-01-30T12:00:00Z", vec![]),
            (
                Missed::All,
                "2026-01-31T10:00:00Z",
                vec!["2026-01-31T10:00:00Z", "2026-01-31T11:00:00Z", "2026-01-31T12:00:00Z"],
            ),
            (Missed::All, "2026-01-31T13:00:00Z", vec![]),
        ] {
            let schedule = Schedule {
                name: "s".parse().unwrap(),
                makes: Makes::Task(Map::new()),
                parent: None,
                rhythm: rhythm("hourly", "UTC"),
                missed,
                overlap: Overlap::Allow,
                next_at: Some(at(next)),
                last_at: None,
                problem: None,
                failures: 0,
                retry_at: None,
            };

            let found = schedule.due(now);

            assert_eq!(found, due.into_iter().map(at).collect::<Vec<_>>(), "{missed:?} {next}");
            let on_time = Schedule { next_at: Some(at("2026-01-31T12:00:00Z")), ..schedule };
            assert_eq!(on_time.due(at("2026-01-31T12:04:00Z")).len(), 1);
        }
    }

    #[test]
    fn each_failure_in_a_row_puts_off_the_next_try_for_longer() {
        let now = at("2026-01-31T12:00:00Z");
        let mut schedule = Schedule {
            name: "s".parse().unwrap(),
            makes: Makes::Task(Map::new()),
            parent: None,
            rhythm: rhythm("every 1s", "UTC"),
            missed: Missed::One,
            overlap: Overlap::Allow,
            next_at: Some(now),
            last_at: None,
            problem: None,
            failures: 0,
            retry_at: None,
        };
        let mut pause = || {
            schedule.fail("no".into(), now);
            schedule.due_at().unwrap().since(now) / 1_000
        };

        let pauses: Vec<Millis> = (0..11).map(|_| pause()).collect();

        assert_eq!(pauses, [10, 20, 40, 80, 160, 320, 640, 1_280, 2_560, 3_600, 3_600]);
        schedule.forget_failures();
        assert_eq!(schedule.due_at(), Some(now));
        let paused = Schedule { next_at: None, retry_at: Some(now), ..schedule };
        assert_eq!(paused.due_at(), None);
    }

    #[test]
    fn only_so_many_are_made_up_for_however_long_nobody_came() {
        let every_minute = rhythm("* * * * *", "UTC");
        let now = at("2026-01-31T12:00:00Z");

        let found = every_minute.latest(at("2020-01-31T12:00:00Z"), now, 1_000);

        assert_eq!((found.len(), found.last(), found[0]), (1_000, Some(&now), now.before(999 * 60_000)));
    }
}
