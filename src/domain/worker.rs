//! A worker: an agent with a name, its abilities, and its last sign of life.

use std::borrow::Cow;
use std::collections::BTreeSet;

use serde::Serialize;

use super::{Millis, ProjectKey, Selector, Tag, Timestamp, WorkerId};

#[derive(Clone, Debug)]
pub struct Worker {
    pub id: WorkerId,
    pub tags: BTreeSet<Tag>,
    pub workflow: String,
    /// The overlays on the workflow of the tasks it holds, in this order.
    pub overlays: Vec<String>,
    pub limit: ClaimLimit,
    /// The conditions of its last claim, if there were any.
    pub selector: Option<Selector>,
    /// The project it works in, if it is limited to one.
    pub project: Option<ProjectKey>,
    pub registered_at: Timestamp,
    /// The time of its last call.
    pub last_heartbeat: Timestamp,
    /// When its lease was last renewed: by a call, or by the server its client is connected to.
    pub sign: Sign,
    /// How long after that its tasks are reserved for it, if its client is gone.
    pub reserved_ms: Option<Millis>,
    /// The process through which it connected, unless that was a single command.
    pub process: Option<Process>,
    /// How it left, if it is gone.
    pub left: Option<Departure>,
    /// Number of undelivered messages.
    pub untold: i64,
}

/// How many tasks a worker may hold at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct ClaimLimit(pub u32);

impl ClaimLimit {
    /// Returns true if a worker that holds `held` tasks may take another; 0 means no limit.
    pub fn allows(self, held: usize) -> bool {
        self.0 == 0 || held < self.0 as usize
    }
}

/// The process of a worker. Two processes are never equal, not even after a reboot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Process {
    pub pid: u32,
    /// When it started, in the kernel's clock ticks.
    pub start: u64,
    pub boot: String,
    pub host: String,
}

/// The state of a process, as far as another one can see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Life {
    Runs,
    /// It is stopped, and may be continued.
    Stopped,
    Over,
    /// It cannot be seen from here.
    Unseen,
}

/// A moment in which a worker was alive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sign {
    pub at: Timestamp,
    /// The same moment by the monotonic clock, if there is one.
    pub awake: Option<Awake>,
}

/// How long a machine had been awake since it booted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Awake {
    pub boot: Cow<'static, str>,
    pub millis: Millis,
}

impl Sign {
    /// Returns how much time passed for a worker since an earlier sign.
    ///
    /// If both signs are from the same boot of one machine, time asleep does not count, and
    /// changes of the wall clock do not matter.
    pub fn since(&self, earlier: &Self) -> Millis {
        match (&self.awake, &earlier.awake) {
            (Some(now), Some(then)) if now.boot == then.boot => (now.millis - then.millis).max(0),
            _ => self.at.since(earlier.at),
        }
    }
}

/// The loss of a worker that did not disconnect, and the evidence for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Loss {
    pub how: Departure,
    pub why: String,
}

impl Worker {
    /// Returns how the worker was lost, if it was; `life` returns the state of its process.
    ///
    /// If its client is gone, its reservation decides. Otherwise a worker whose process runs is
    /// alive, however long it thinks, and one whose process is over has died. If the process is
    /// stopped or cannot be seen, the lease decides.
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

    /// Returns until when the tasks of a worker whose client is gone are reserved for it.
    pub fn reserved_until(&self) -> Option<Timestamp> {
        self.reserved_ms.map(|length| Timestamp(self.sign.at.0.saturating_add(length)))
    }
}

/// How a worker left.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Departure {
    /// It disconnected.
    Disconnected,
    /// Its process is gone, or its client.
    Died,
    /// It gave no sign of life for too long.
    Expired,
    /// Another caller took over its name.
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
            // Its process, the length of its silence, of its reservation; the loss.
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
