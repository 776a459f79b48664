//! What the workers' threads and the audience share.

use std::mem;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use super::news::News;

#[derive(Default)]
pub struct Backstage {
    asides: Mutex<Vec<News>>,
    broken_off: AtomicBool,
}

impl Backstage {
    /// Tells the audience what no store can know.
    pub fn tell(&self, news: News) {
        let mut asides = self.asides.lock().unwrap_or_else(PoisonError::into_inner);
        asides.push(news);
    }

    /// Returns what was told since the last time.
    pub fn asides(&self) -> Vec<News> {
        mem::take(&mut *self.asides.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Lets nobody wait for the work of one who cannot go on.
    pub fn break_off(&self) {
        self.broken_off.store(true, Ordering::Relaxed);
    }

    pub fn is_broken_off(&self) -> bool {
        self.broken_off.load(Ordering::Relaxed)
    }
}
