//! Messages in transit: those in answers that have not been sent yet.
//!
//! A message counts as delivered once the answer that carries it was sent. Until then it is
//! listed here, so that no other answer of this process carries it too. If the answer is never
//! sent, the message is removed from the list.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::domain::WorkerId;

#[derive(Default)]
pub struct Mailbag(Mutex<Underway>);

/// Recipients and numbers of messages, and whether each is carried in full or only its beginning.
pub type Underway = BTreeMap<(WorkerId, i64), bool>;

impl Mailbag {
    /// Returns the messages in transit to a worker in full.
    pub fn in_full(&self, worker: &WorkerId) -> Vec<i64> {
        let all = (worker.clone(), i64::MIN)..=(worker.clone(), i64::MAX);
        let underway = self.open();
        let meant = underway.range(all).filter(|(_, is_whole)| **is_whole);
        meant.map(|((_, message), _)| *message).collect()
    }

    /// Returns how many messages are in transit to a worker.
    pub fn carried(&self, worker: &WorkerId) -> usize {
        self.open().range((worker.clone(), i64::MIN)..=(worker.clone(), i64::MAX)).count()
    }

    /// Returns the messages in transit, locked against changes.
    pub fn open(&self) -> MutexGuard<'_, Underway> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
