//! A worker: an agent with a name, what it can do, and the sign of life it gave.

use std::borrow::Cow;
use std::collections::BTreeSet;

use serde::Serialize;

use super::{Millis, ProjectKey, Selector, Tag, Timestamp, WorkerId};

#[derive(Clone, Debug)]
pub struct Worker {
    pub id: WorkerId,
    pub tags: BTreeSet<Tag>,
    pub workflow: String,
    /// What it lays over the workflow of the tasks it holds, in this order.
    pub overlays: Vec<String>,
    pub limit: ClaimLimit,
    /// Which work it asked for when it last claimed, if any in particular.
    pub selector: Option<Selector>,
    /// The project whose work it looks for, if not all of it.
    pub project: Option<ProjectKey>,
    pub registered_at: Timestamp,
    /// When it last made a call.
    pub last_heartbeat: Timestamp,
    /// When its lease was last renewed: by a call, or by the server its client is connected to.
    pub sign: Sign,
    /// How long after that its tasks are kept for it, if its client is gone.
    pub reserved_ms: Option<Millis>,
    /// The process that it spoke through when it connected, unless that was a single command.
    pub process: Option<Process>,
    /// How it went, if it is gone.
    pub left: Option<Departure>,
    /// How many messages it was not told of.
    pub untold: i64,
}

/// How many tasks a worker may hold at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct ClaimLimit(pub u32);

impl ClaimLimit {
    /// Says whether one who holds `held` tasks may take another; 0 means no limit.
    pub fn allows(self, held: usize) -> bool {
        self.0 == 0 || held < self.0 as usize
    }
}

/// Which process a worker speaks through. Two processes are never equal, not even after a reboot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Process {
    pub pid: u32,
    /// When it started, in the kernel's own count.
    pub start: u64,
    pub boot: String,
    pub host: String,
}

/// How it stands with a process, as far as another one sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Life {
    Runs,
    /// Somebody stopped it, and may let it go on.
    Stopped,
    Over,
    /// It is where nobody here can look.
    Unseen,
}

/// A moment in which a worker was alive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sign {
    pub at: Timestamp,
    /// The same moment by a clock that nobody sets, where there is one.
    pub awake: Option<Awake>,
}

/// How long a machine had been awake since it started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Awake {
    pub boot: Cow<'static, str>,
    pub millis: Millis,
}

impl Sign {
    /// Returns how much time passed for a worker since it gave an earlier sign.
    ///
    /// Time in which the machine slept does not count, nor does it matter that
    /// somebody set the clock, if both signs are from the same run of one machine.
    pub fn since(&self, earlier: &Self) -> Millis {
        match (&self.awake, &earlier.awake) {
            (Some(now), Some(then)) if now.boot == then.boot => (now.millis - then.millis).max(0),
            _ => self.at.since(earlier.at),
        }
    }
}

/// How a worker went that did not say so, and why that is thought.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Loss {
    pub how: Departure,
    pub why: String,
}

impl Worker {
    /// Says how the worker was lost, if it was; `life` is asked for that of its process.
    ///
    /// One whose process is seen to run is alive however long it thinks. Of any
    /// other only its lease tells, also if its process was stopped. One whose
    /// client is gone is waited for.
    pub fn loss(
        &self,
        now: &Sign,
        stale_timeout_ms: Millis,
        life: impl FnOnce(&Process) -> Life,
    ) -> Option<Loss> {
        let silent = now.since(&self.sign);
        if let Some(reserved) = self.reserved_ms {
            let why = format!("its client went and it did not come back within {} s", reserved / 1_000);
            return (silent > reserved).then_some(Loss { how: Departure::Died, why });
        }
        match (&self.process, self.process.as_ref().map_or(Life::Unseen, life)) {
            (_, Life::Runs) => None,
            (Some(Process { pid, .. }), Life::Over) => {
                Some(Loss { how: Departure::Died, why: format!("its process {pid} is gone") })
            }
            _ => (silent > stale_timeout_ms).then(|| {
                let why = format!("it gave no sign of life for {} s", silent / 1_000);
                Loss { how: Departure::Expired, why }
            }),
        }
    }

    /// Returns until when the tasks of a worker whose client is gone are kept for it.
    pub fn reserved_until(&self) -> Option<Timestamp> {
        self.reserved_ms.map(|length| Timestamp(self.sign.at.0.saturating_add(length)))
    }
}

/// How a worker went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Departure {
    /// It said goodbye.
    Disconnected,
    /// Its process is gone, or its client.
    Died,
    /// It gave no sign of life for too long.
    Expired,
    /// Someone else took its name.
    Replaced,
}

impl Departure {
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Disconnected, Self::Died, Self::Expired, Self::Replaced]
            .into_iter()
            .find(|departure| departure.as_str() == text)
    }

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Disconnected => "disconnected",
            Self::Died => "died",
            Self::Expired => "expired",
            Self::Replaced => "replaced",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LEASE: Millis = 300_000;

    fn sign(wall_s: i64, awake: Option<(&'static str, i64)>) -> Sign {
        let awake = awake.map(|(boot, seconds)| Awake { boot: boot.into(), millis: seconds * 1_000 });
        Sign { at: Timestamp(wall_s * 1_000), awake }
    }

    fn worker(sign: Sign, process: Option<Process>, reserved_ms: Option<Millis>) -> Worker {
        Worker {
            id: "ann".parse().unwrap(),
            tags: BTreeSet::new(),
            workflow: "default".into(),
            overlays: Vec::new(),
            limit: ClaimLimit(0),
            selector: None,
            project: None,
            registered_at: sign.at,
            last_heartbeat: sign.at,
            sign,
            reserved_ms,
            process,
            left: None,
            untold: Default::default(),
        }
    }

    fn process() -> Process {
        Process { pid: 7, start: 1, boot: "a".into(), host: "here".into() }
    }

    #[test]
    fn how_a_worker_was_lost_follows_from_its_process_and_its_silence() {
        use Departure::{Died, Expired};
        use Life::{Over, Runs, Stopped, Unseen};
        let table = [
            // Its process, how long it was silent, how long it is waited for; how it was lost.
            (Some(Runs), 9_999, None, None),
            (Some(Over), 0, None, Some(Died)),
            (Some(Stopped), 300, None, None),
            (Some(Stopped), 301, None, Some(Expired)),
            (Some(Unseen), 300, None, None),
            (Some(Unseen), 301, None, Some(Expired)),
            (None, 300, None, None),
            (None, 301, None, Some(Expired)),
            (Some(Over), 30, Some(30_000), None),
            (Some(Runs), 31, Some(30_000), Some(Died)),
            (None, 31, Some(30_000), Some(Died)),
        ];

        for (life, silent, reserved, expected) in table {
            let worker = worker(sign(0, None), life.map(|_| process()), reserved);

            let loss = worker.loss(&sign(silent, None), LEASE, |_| life.unwrap());

            assert_eq!(loss.map(|loss| loss.how), expected, "{life:?} {silent} {reserved:?}");
        }
    }

    #[test]
    fn a_loss_says_why() {
        let why = |process, reserved, silent| {
            worker(sign(0, None), process, reserved)
                .loss(&sign(silent, None), LEASE, |_| Life::Over)
                .map(|loss| loss.why)
                .unwrap_or_default()
        };

        assert_eq!(why(Some(process()), None, 0), "its process 7 is gone");
        assert_eq!(why(None, None, 400), "it gave no sign of life for 400 s");
        let waited = "its client went and it did not come back within 30 s";
        assert_eq!(why(Some(process()), Some(30_000), 31), waited);
    }

    #[test]
    fn time_passes_for_a_worker_only_while_its_machine_is_awake() {
        let then = sign(1_000, Some(("a", 100)));
        let table = [
            ("awake all the time", sign(1_060, Some(("a", 160))), 60),
            ("slept for a day", sign(1_060 + 86_400, Some(("a", 160))), 60),
            ("the clock was put forward", sign(99_999, Some(("a", 101))), 1),
            ("the clock was put back", sign(10, Some(("a", 500))), 400),
            ("started anew", sign(1_400, Some(("b", 5))), 400),
            ("on a machine that does not tell", sign(1_400, None), 400),
            ("started anew, with the clock put back", sign(10, Some(("b", 5))), 0),
        ];

        for (case, now, seconds) in table {
            assert_eq!(now.since(&then), seconds * 1_000, "{case}");
        }
    }
}
