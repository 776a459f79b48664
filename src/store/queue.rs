//! The queue for the write lock: a lock on a file beside the store.
//!
//! SQLite's own waiting is a lottery in which one process can win for seconds.
//! The kernel queues those who wait for a file lock in the order of their
//! arrival, and frees the lock when its holder dies. Where a file system has no
//! such locks, SQLite's waiting has to do.
//!
//! To line up takes a thread's help, because that wait knows no time limit. So a
//! process may take a free lock without it, but only a few times in a row: those
//! who wait need a moment to wake up, and one in haste would always be faster.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use crate::error::{Error, Result};

pub struct WriteQueue {
    gate: Arc<Gate>,
    freed: Condvar,
    waiter: OnceLock<Sender<SyncSender<Queued>>>,
    /// How often this process may still go ahead without lining up.
    passes: AtomicU32,
}

/// Whether others were there when a process lined up.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Queued {
    Alone,
    BehindOthers,
}

/// How often a process may go ahead when it was alone the last time it lined up.
const PASSES: u32 = 8;

struct Gate {
    file: File,
    /// Whether a thread of this process is at the head; file locks do not tell threads apart.
    taken: Mutex<bool>,
}

/// The head of the queue, until it is dropped.
pub struct Turn<'q>(&'q WriteQueue);

impl WriteQueue {
    /// Opens the queue whose file is named as the store with `suffix`.
    pub fn beside(store: &Path, suffix: &str) -> std::io::Result<Self> {
        let mut path = store.as_os_str().to_owned();
        path.push(suffix);
        let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)?;
        Ok(Self {
            gate: Arc::new(Gate { file, taken: Mutex::new(false) }),
            freed: Condvar::new(),
            waiter: OnceLock::new(),
            passes: AtomicU32::new(PASSES),
        })
    }

    /// Waits for the head of the queue, at most for `patience`.
    pub fn turn(&self, patience: Duration) -> Result<Turn<'_>> {
        let start = Instant::now();
        let (mut taken, _) = self
            .freed
            .wait_timeout_while(unpoisoned(self.gate.taken.lock()), patience, |taken| *taken)
            .unwrap_or_else(PoisonError::into_inner);
        if *taken {
            return Err(self.busy(start));
        }
        *taken = true;
        drop(taken);
        if !self.lock_file(patience.saturating_sub(start.elapsed())) {
            self.leave();
            return Err(self.busy(start));
        }
        self.sign();
        Ok(Turn(self))
    }

    /// Takes the head of the queue if nobody has it and the process need not line up.
    pub fn turn_at_once(&self) -> Option<Turn<'_>> {
        let turn = self.may_pass().then(|| self.turn_if_free())??;
        self.sign();
        Some(turn)
    }

    /// Takes the head of the queue if nobody has it.
    pub fn turn_if_free(&self) -> Option<Turn<'_>> {
        let mut taken = unpoisoned(self.gate.taken.lock());
        if *taken || !self.gate.try_lock() {
            return None;
        }
        *taken = true;
        Some(Turn(self))
    }

    /// Waits for the file lock; says whether there is nothing more to wait for.
    fn lock_file(&self, patience: Duration) -> bool {
        if self.may_pass() && self.gate.try_lock() {
            return true;
        }
        let (done, word) = sync_channel(0);
        if self.waiter.get_or_init(|| start_waiter(self.gate.clone())).send(done).is_err() {
            return false;
        }
        let Some(queued) = awaited(&word, patience) else {
            return false;
        };
        let passes = if queued == Queued::Alone { PASSES } else { 0 };
        self.passes.store(passes, Ordering::Relaxed);
        true
    }

    /// Says whether the process may go ahead, and counts that it did.
    fn may_pass(&self) -> bool {
        let one_less = |left: u32| left.checked_sub(1);
        self.passes.fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_less).is_ok()
    }

    /// Says whether nobody has done something within the last `period`, and notes that it is done now.
    pub fn is_due(&self, period: Duration) -> std::io::Result<bool> {
        let file = &self.gate.file;
        let age = file.metadata()?.modified()?.elapsed();
        // A time in the future is left from a clock that was wrong.
        let due = age.map_or(true, |age| age >= period);
        if due {
            file.set_modified(SystemTime::now())?;
        }
        Ok(due)
    }

    fn leave(&self) {
        *unpoisoned(self.gate.taken.lock()) = false;
        self.freed.notify_one();
    }

    /// Leaves this process's number for those who wait too long for it.
    fn sign(&self) {
        let mut file = &self.gate.file;
        // One write: everybody else waits meanwhile.
        let name = format!("{:<10}", std::process::id());
        let signed = file.rewind().and_then(|()| file.write_all(name.as_bytes()));
        if let Err(error) = signed {
            tracing::debug!(%error, "the write queue could not be signed");
        }
    }

    fn busy(&self, start: Instant) -> Error {
        let mut file = &self.gate.file;
        let mut text = String::new();
        let read = file.rewind().and_then(|()| file.read_to_string(&mut text));
        Error::Busy { waited: start.elapsed(), holder: read.ok().and_then(|_| text.trim().parse().ok()) }
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.0.gate.unlock();
        self.0.leave();
    }
}

impl Gate {
    /// Takes the file lock if it is free. Where files cannot be locked, SQLite's own lock keeps things right.
    fn try_lock(&self) -> bool {
        !matches!(self.file.try_lock(), Err(TryLockError::WouldBlock))
    }

    /// Waits for the file lock in the order of arrival.
    fn line_up(&self) -> Queued {
        if self.try_lock() {
            return Queued::Alone;
        }
        if let Err(error) = self.file.lock() {
            tracing::debug!(%error, "the write queue could not be joined");
        }
        Queued::BehindOthers
    }

    fn unlock(&self) {
        if let Err(error) = self.file.unlock() {
            tracing::debug!(%error, "the write queue could not be left");
        }
    }
}

/// Waits for the word that the lock is here, looking up often: while the whole
/// machine stands still, nobody's patience runs out.
fn awaited(word: &Receiver<Queued>, patience: Duration) -> Option<Queued> {
    const LOOK: Duration = Duration::from_millis(100);
    let looks = patience.as_millis().div_ceil(LOOK.as_millis());
    (0..looks).find_map(|_| word.recv_timeout(LOOK.min(patience)).ok())
}

/// Starts the thread that waits for the file lock, since that wait knows no time limit.
fn start_waiter(gate: Arc<Gate>) -> Sender<SyncSender<Queued>> {
    let (ask, asked) = channel::<SyncSender<Queued>>();
    thread::spawn(move || {
        for done in asked {
            let queued = gate.line_up();
            // Whoever asked may have given up. The lock then goes back, unless
            // another thread has come to the head meanwhile: it is the same lock.
            if done.send(queued).is_err() {
                let taken = unpoisoned(gate.taken.lock());
                if !*taken {
                    gate.unlock();
                }
            }
        }
    });
    ask
}

fn unpoisoned<T>(lock: std::sync::LockResult<MutexGuard<'_, T>>) -> MutexGuard<'_, T> {
    lock.unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_has_an_end_and_names_the_holder() {
        let folder = tempfile::tempdir().unwrap();
        let store = folder.path().join("tasks.db");
        let (first, second) =
            (WriteQueue::beside(&store, "-queue").unwrap(), WriteQueue::beside(&store, "-queue").unwrap());
        let turn = first.turn(Duration::ZERO).unwrap();

        let refused = second.turn(Duration::from_millis(20)).err().unwrap();

        assert!(matches!(refused, Error::Busy { holder: Some(pid), .. } if pid == std::process::id()));
        drop(turn);
        assert!(second.turn(Duration::from_secs(10)).is_ok());
        assert!(first.turn(Duration::from_secs(10)).is_ok());
    }

    #[test]
    fn threads_take_turns() {
        let folder = tempfile::tempdir().unwrap();
        let queue = WriteQueue::beside(&folder.path().join("tasks.db"), "-queue").unwrap();
        let inside = Mutex::new(0);

        thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    for _ in 0..50 {
                        let _turn = queue.turn(Duration::from_secs(10)).unwrap();
                        let mut alone = inside.try_lock().expect("nobody else is inside");
                        *alone += 1;
                    }
                });
            }
        });

        assert_eq!(*inside.lock().unwrap(), 400);
    }
}
