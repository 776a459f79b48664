//! Waiting for a better answer: how long, until when, and how it is cancelled.
//!
//! An answer that is not good enough yet is computed again only after a commit, each time in one short
//! transaction of its own. Changes that come with time alone, such as expired leases, must be written by a
//! process. Waiting calls do this, and one process does it for all.

use std::fmt;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::App;
use crate::error::Result;
use crate::ops::Request;
use crate::ops::worker::presence;
use crate::store::Listening;

/// How long a caller would wait, from the start of its call, for a better answer than the present one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Wait {
    /// The answer is good.
    #[default]
    No,
    /// The usual time of the face, because the call gives none.
    AsUsual,
    For(Duration),
}

/// How long a face waits for a call, and whether it has cancelled the wait.
#[derive(Clone, Debug)]
pub struct Stay {
    usual: Duration,
    longest: Duration,
    bell: Arc<Bell>,
}

/// Wakes up a waiting call.
#[derive(Default)]
struct Bell {
    state: Mutex<Heard>,
    rung: Condvar,
}

#[derive(Clone, Copy, Default)]
struct Heard {
    is_rung: bool,
    is_over: bool,
}

/// How often a waiting call checks for changes that come with time: dead workers.
const LOOK_AROUND: Duration = Duration::from_secs(1);
/// The pause before the next answer, as a multiple of the time that the last one took, while other
/// processes commit all the time.
const REST: u32 = 9;
const LONGEST_REST: Duration = Duration::from_millis(250);

impl Default for Stay {
    /// Waits without a limit.
    fn default() -> Self {
        Self::of(Duration::MAX, Duration::MAX)
    }
}

impl Stay {
    /// Takes the present answer at once.
    pub fn not_at_all() -> Self {
        Self::of(Duration::ZERO, Duration::ZERO)
    }

    /// Waits for `usual` if the call does not say how long, and at most for `longest`.
    pub fn of(usual: Duration, longest: Duration) -> Self {
        Self { usual, longest, bell: Arc::default() }
    }

    /// Cancels the wait: the call returns the present answer.
    pub fn leave(&self) {
        self.bell.tell(|heard| heard.is_over = true);
    }

    fn is_over(&self) -> bool {
        self.bell.heard().is_over
    }

    fn length(&self, wait: Wait) -> Duration {
        match wait {
            Wait::No => Duration::ZERO,
            Wait::AsUsual => self.usual.min(self.longest),
            Wait::For(length) => length.min(self.longest),
        }
    }
}

impl Bell {
    fn heard(&self) -> MutexGuard<'_, Heard> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tell(&self, what: impl FnOnce(&mut Heard)) {
        what(&mut self.heard());
        self.rung.notify_all();
    }

    /// Waits for a commit or the cancellation, at most for `longest`; returns true after a commit.
    fn wait(&self, longest: Duration) -> bool {
        std::mem::take(&mut self.until(longest, |heard| heard.is_rung || heard.is_over).is_rung)
    }

    /// Waits for the whole length, unless it is cancelled.
    fn rest(&self, length: Duration) {
        drop(self.until(length, |heard| heard.is_over));
    }

    fn until(&self, longest: Duration, is_so: impl Fn(&Heard) -> bool) -> MutexGuard<'_, Heard> {
        let goes_on = |heard: &mut Heard| !is_so(heard);
        let waited = self.rung.wait_timeout_while(self.heard(), longest, goes_on);
        waited.unwrap_or_else(PoisonError::into_inner).0
    }
}

impl fmt::Debug for Bell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bell").finish_non_exhaustive()
    }
}

/// A call that waits.
pub struct Waiting<'a> {
    app: &'a App,
    request: &'a Request,
    since: Instant,
    /// When the computation of the present answer began.
    round: Instant,
    /// The subscription to commits, once the call has begun to wait.
    listening: Option<Listening>,
}

impl<'a> Waiting<'a> {
    pub fn begin(app: &'a App, request: &'a Request) -> Self {
        let now = Instant::now();
        Self { app, request, since: now, round: now, listening: None }
    }

    fn is_left(&self, wait: Wait) -> bool {
        !self.left(wait).is_zero() && !self.request.stay.is_over()
    }

    fn left(&self, wait: Wait) -> Duration {
        self.request.stay.length(wait).saturating_sub(self.since.elapsed())
    }

    /// Waits until the answer should be computed again: at once the first time, then after each commit or
    /// when the lease must be renewed. Returns false if the caller would not wait, on timeout and on
    /// cancellation.
    pub fn goes_on(&mut self, wait: Wait) -> Result<bool> {
        let goes_on = self.is_time_again(wait);
        self.round = Instant::now();
        goes_on
    }

    fn is_time_again(&mut self, wait: Wait) -> Result<bool> {
        if !self.is_left(wait) {
            return Ok(false);
        }
        let bell = &self.request.stay.bell;
        if self.listening.is_none() {
            // A change may have been committed since the answer was computed, so it is computed once more.
            let bell = Arc::clone(bell);
            let ring = move || bell.tell(|heard| heard.is_rung = true);
            self.listening = Some(self.app.store.on_commit(ring)?);
            return Ok(true);
        }
        let rest = (self.round.elapsed() * REST).min(LONGEST_REST);
        bell.rest(rest.min(self.left(wait)));
        let renewed = self.sign_of_life_after().map(|after| Instant::now() + after);
        while self.is_left(wait) {
            if bell.wait(self.left(wait).min(LOOK_AROUND)) {
                return Ok(true);
            }
            if renewed.is_some_and(|at| Instant::now() >= at) {
                return Ok(true);
            }
            if let Err(error) = presence::sweep(self.app, self.request) {
                tracing::debug!(%error, "workers that are gone were not looked for");
            }
        }
        Ok(false)
    }

    /// Returns after how long a waiting worker must call again to renew its lease. Only a worker without a
    /// server process needs this.
    fn sign_of_life_after(&self) -> Option<Duration> {
        let Request { worker, config, .. } = self.request;
        let lease = Duration::from_millis(config.stale_timeout_ms.unsigned_abs());
        (worker.is_some() && self.app.caller.process.is_none()).then_some(lease / 4)
    }
}
