//! State shared by the threads of the workers and of the display.

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
    /// Reports an event that no store can know.
    pub fn tell(&self, news: News) {
        let mut asides = self.asides.lock().unwrap_or_else(PoisonError::into_inner);
        asides.push(news);
    }

    /// Returns the events reported since the last call.
    pub fn asides(&self) -> Vec<News> {
        mem::take(&mut *self.asides.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Stops the other workers from waiting for one that failed.
    pub fn break_off(&self) {
        self.broken_off.store(true, Ordering::Relaxed);
    }

    pub fn is_broken_off(&self) -> bool {
        self.broken_off.load(Ordering::Relaxed)
    }
}
