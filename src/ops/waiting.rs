//! Waiting for a better answer: how long, until when, and how it is broken off.
//!
//! An answer that is not good enough yet is computed again after somebody
//! committed something, and then only: each time in one short transaction of its
//! own. What the store becomes by itself as time goes by has to be written by
//! somebody, which is a commit; those who wait see to that, one of all
//! processes for all.

use std::fmt;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::App;
use crate::error::Result;
use crate::ops::Request;
use crate::ops::worker::presence;
use crate::store::Listening;

/// How long a caller would wait, since it asked, for a better answer than the one there is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Wait {
    /// The answer is good.
    #[default]
    No,
    /// As long as callers do who do not say.
    AsUsual,
    For(Duration),
}

/// How long a face stays with a call, and whether it has left.
#[derive(Clone, Debug)]
pub struct Stay {
    usual: Duration,
    longest: Duration,
    bell: Arc<Bell>,
}

/// Wakes up whoever waits.
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

/// How often those who wait look for what becomes so by itself: workers that are gone.
const LOOK_AROUND: Duration = Duration::from_secs(1);
/// How much longer than an answer took one rests before the next, while others commit all the time.
const REST: u32 = 9;
const LONGEST_REST: Duration = Duration::from_millis(250);

impl Default for Stay {
    /// As long as it takes.
    fn default() -> Self {
        Self::of(Duration::MAX, Duration::MAX)
    }
}

impl Stay {
    /// Takes the answer there is at once.
    pub fn not_at_all() -> Self {
        Self::of(Duration::ZERO, Duration::ZERO)
    }

    /// Stays `usual` with a call that does not say how long, and at most `longest`.
    pub fn of(usual: Duration, longest: Duration) -> Self {
        Self { usual, longest, bell: Arc::default() }
    }

    /// Leaves: whoever still waits comes away with the answer there is.
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

    /// Waits until it is rung or nobody is there any more, at most for `longest`; says whether it was rung.
    fn wait(&self, longest: Duration) -> bool {
        std::mem::take(&mut self.until(longest, |heard| heard.is_rung || heard.is_over).is_rung)
    }

    /// Waits, whatever is rung, unless nobody is there any more.
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
    /// When the present answer was begun.
    round: Instant,
    /// From when it was known that there is something to wait for.
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

    /// Waits until the answer may have become another one; says no if the caller would not wait, or time is up before that.
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
            // Something may have been committed since the answer was computed: it is, once more.
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

    /// Returns when a worker who waits has to call again so that it counts as alive: nothing else
    /// vouches for one that no server speaks for.
    fn sign_of_life_after(&self) -> Option<Duration> {
        let Request { worker, config, .. } = self.request;
        let lease = Duration::from_millis(config.stale_timeout_ms.unsigned_abs());
        (worker.is_some() && self.app.caller.process.is_none()).then_some(lease / 4)
    }
}
