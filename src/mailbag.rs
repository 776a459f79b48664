//! The messages that are on their way to workers, in answers that are not written yet.
//!
//! A message is marked as told when the answer that carries it is out. Until
//! then it stays here, so that no other answer of this process carries it too;
//! an answer that never goes out gives it back.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::domain::WorkerId;

#[derive(Default)]
pub struct Mailbag(Mutex<Underway>);

/// Whose messages they are and their numbers; whether in full, or only their beginnings.
pub type Underway = BTreeMap<(WorkerId, i64), bool>;

impl Mailbag {
    /// Returns the messages that are on their way to a worker in full.
    pub fn in_full(&self, worker: &WorkerId) -> Vec<i64> {
        let all = (worker.clone(), i64::MIN)..=(worker.clone(), i64::MAX);
        let underway = self.open();
        let meant = underway.range(all).filter(|(_, is_whole)| **is_whole);
        meant.map(|((_, message), _)| *message).collect()
    }

    /// Returns how many messages are on their way to a worker.
    pub fn carried(&self, worker: &WorkerId) -> usize {
        self.open().range((worker.clone(), i64::MIN)..=(worker.clone(), i64::MAX)).count()
    }

    /// Returns what is on its way; nothing is added or taken out meanwhile.
    pub fn open(&self) -> MutexGuard<'_, Underway> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
