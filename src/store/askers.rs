//! Limits how many queries of callers run at once in a process.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::error::{Error, Result};

/// The most queries that run at once. Each takes a core and up to 256 MB of memory.
pub const MAX_RUNNING: usize = 4;

#[derive(Default)]
pub struct Askers {
    running: Mutex<usize>,
    /// Notified when a query has ended, and when all queries have to end.
    ended: Condvar,
    is_over: Arc<AtomicBool>,
}

/// Permission to run one query.
pub struct Turn<'a> {
    askers: &'a Askers,
    /// True once the query has to end.
    pub is_over: Arc<AtomicBool>,
}

impl Askers {
    /// Returns permission to run a query, or refuses it if none is free within `time`.
    pub fn turn(&self, time: Duration) -> Result<Turn<'_>> {
        let end = Instant::now() + time;
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        while *running >= MAX_RUNNING {
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() || self.is_over.load(Ordering::Relaxed) {
                return Err(Error::ManyQueries { running: *running, waited: time });
            }
            let waited = self.ended.wait_timeout(running, left);
            running = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        *running += 1;
        Ok(Turn { askers: self, is_over: Arc::clone(&self.is_over) })
    }

    /// Ends all queries: running, waiting and later ones.
    pub fn end(&self) {
        self.is_over.store(true, Ordering::Relaxed);
        self.ended.notify_all();
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        *self.askers.running.lock().unwrap_or_else(PoisonError::into_inner) -= 1;
        self.askers.ended.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn so_many_run_at_once_and_a_further_one_is_refused() {
        let askers = Askers::default();
        let mut running: Vec<_> = (0..MAX_RUNNING).map(|_| askers.turn(Duration::ZERO).unwrap()).collect();

        let refused = askers.turn(Duration::ZERO).err().unwrap();
        running.pop();

        assert_eq!((refused.code(), refused.to_string().as_str()), ("busy", "4 queries ran already for 0 s"));
        assert!(askers.turn(Duration::ZERO).is_ok());
    }

    #[test]
    fn one_that_waits_goes_on_when_another_has_ended() {
        let askers = Askers::default();
        let mut running: Vec<_> = (0..MAX_RUNNING).map(|_| askers.turn(Duration::ZERO).unwrap()).collect();

        std::thread::scope(|scope| {
            let waiting = scope.spawn(|| askers.turn(Duration::from_secs(600)).is_ok());
            running.pop();
            assert!(waiting.join().unwrap());
        });
    }

    #[test]
    fn those_that_wait_are_refused_when_all_are_to_end() {
        let askers = Askers::default();
        let running: Vec<_> = (0..MAX_RUNNING).map(|_| askers.turn(Duration::ZERO).unwrap()).collect();

        std::thread::scope(|scope| {
            let waiting = scope.spawn(|| askers.turn(Duration::from_secs(600)).is_ok());
            askers.end();
            assert!(!waiting.join().unwrap());
        });
        assert!(running[0].is_over.load(Ordering::Relaxed));
    }
}
