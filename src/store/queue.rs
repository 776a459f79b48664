//! The queue for the write lock: a lock on a file beside the store.
//!
//! SQLite's own waiting is a lottery in which one process can win for seconds. The kernel queues waiters for a file
//! lock in the order of their arrival, and frees the lock when its holder dies. On a file system without such locks
//! only SQLite's own waiting remains.
//!
//! Waiting for a file lock has no timeout, so it needs a thread of its own. A process may take a free lock without
//! that thread, but only a few times in a row: waiting processes need a moment to wake up, and a running one would
//! always be faster.

use std::fs::{File, OpenOptions, TryLockError};
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
    /// How often this process may still take a free lock without queueing.
    passes: AtomicU32,
}

/// Whether other processes were in the queue when this one joined.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Queued {
    Alone,
    BehindOthers,
}

/// The position of the mark for an unsynced log, after the number of the process at the head.
const MARK_AT: u64 = 10;
const SYNCED: [u8; 1] = *b" ";
const UNSYNCED: [u8; 1] = *b"!";

/// How often a process may skip the queue if it was alone the last time it queued.
const PASSES: u32 = 8;

struct Gate {
    file: File,
    /// True if a thread of this process is at the head; file locks do not distinguish threads.
    taken: Mutex<bool>,
}

/// The head of the queue, until it is dropped.
pub struct Turn<'q>(&'q WriteQueue);

impl WriteQueue {
    /// Opens the queue whose file has the store's name and `suffix`.
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
            return Err(self.busy(start));
        }
        self.sign();
        Ok(Turn(self))
    }

    /// Takes the head of the queue if it is free and the process may skip the queue.
    pub fn turn_at_once(&self) -> Option<Turn<'_>> {
        let turn = self.may_pass().then(|| self.turn_if_free())??;
        self.sign();
        Some(turn)
    }

    /// Takes the head of the queue if it is free.
    pub fn turn_if_free(&self) -> Option<Turn<'_>> {
        let mut taken = unpoisoned(self.gate.taken.lock());
        if *taken || !self.gate.try_lock() {
            return None;
        }
        *taken = true;
        Some(Turn(self))
    }

    /// Waits for the file lock. After a timeout it leaves the head of the queue and returns false.
    fn lock_file(&self, patience: Duration) -> bool {
        if self.may_pass() && self.gate.try_lock() {
            return true;
        }
        let (done, word) = sync_channel(0);
        let asked = self.waiter.get_or_init(|| start_waiter(self.gate.clone())).send(done);
        let Some(queued) = asked.ok().and_then(|()| awaited(&word, patience)) else {
            // Before `word` is dropped: if the lock comes now, the waiter must see that it has to release it.
            self.leave();
            return false;
        };
        let passes = if queued == Queued::Alone { PASSES } else { 0 };
        self.passes.store(passes, Ordering::Relaxed);
        true
    }

    /// Returns true if the process may skip the queue, and counts that it did.
    fn may_pass(&self) -> bool {
        let one_less = |left: u32| left.checked_sub(1);
        self.passes.fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_less).is_ok()
    }

    /// Returns true if no process did a job within the last `period`, and records that it is done now.
    pub fn is_due(&self, period: Duration) -> std::io::Result<bool> {
        let file = &self.gate.file;
        let age = file.metadata()?.modified()?.elapsed();
        // A time in the future was left by a wrong clock.
        let due = age.map_or(true, |age| age >= period);
        if due {
            file.set_modified(SystemTime::now())?;
        }
        Ok(due)
    }

    /// Returns true if a process failed to sync the log and no process has written it again since.
    pub fn is_log_unsynced(&self) -> std::io::Result<bool> {
        let mut mark = [0];
        let read = read_at(&self.gate.file, &mut mark, MARK_AT)?;
        Ok(read == 1 && mark == UNSYNCED)
    }

    /// Marks the log as unsynced, or as synced again, for all processes.
    pub fn mark_log(&self, is_unsynced: bool) -> std::io::Result<()> {
        let mark = if is_unsynced { UNSYNCED } else { SYNCED };
        write_at(&self.gate.file, &mark, MARK_AT)
    }

    fn leave(&self) {
        *unpoisoned(self.gate.taken.lock()) = false;
        self.freed.notify_one();
    }

    /// Writes the number of this process into the file, for the error of a process that waits too long.
    fn sign(&self) {
        let name = format!("{:<10}", std::process::id());
        let signed = write_at(&self.gate.file, name.as_bytes(), 0);
        if let Err(error) = signed {
            tracing::debug!(%error, "the write queue could not be signed");
        }
    }

    fn busy(&self, start: Instant) -> Error {
        let mut name = [0; MARK_AT as usize];
        let read = read_at(&self.gate.file, &mut name, 0);
        let name = read.ok().and_then(|read| std::str::from_utf8(&name[..read]).ok());
        Error::Busy { waited: start.elapsed(), holder: name.and_then(|name| name.trim().parse().ok()) }
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.0.gate.unlock();
        self.0.leave();
    }
}

impl Gate {
    /// Takes the file lock if it is free. Where files cannot be locked, SQLite's own lock protects the store.
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

/// Waits in short steps until the lock arrives, so that no timeout passes while the whole machine stands still.
fn awaited(word: &Receiver<Queued>, patience: Duration) -> Option<Queued> {
    const LOOK: Duration = Duration::from_millis(100);
    let looks = patience.as_millis().div_ceil(LOOK.as_millis());
    (0..looks).find_map(|_| word.recv_timeout(LOOK.min(patience)).ok())
}

/// Starts the thread that waits for the file lock, since that wait has no timeout.
fn start_waiter(gate: Arc<Gate>) -> Sender<SyncSender<Queued>> {
    let (ask, asked) = channel::<SyncSender<Queued>>();
    thread::spawn(move || {
        for done in asked {
            let queued = gate.line_up();
            // The requester may have given up. The lock is then released, unless another thread is at the head by
            // now: it is the same lock.
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

#[cfg(unix)]
fn read_at(file: &File, bytes: &mut [u8], at: u64) -> std::io::Result<usize> {
    std::os::unix::fs::FileExt::read_at(file, bytes, at)
}

#[cfg(unix)]
fn write_at(file: &File, bytes: &[u8], at: u64) -> std::io::Result<()> {
    std::os::unix::fs::FileExt::write_all_at(file, bytes, at)
}

#[cfg(windows)]
fn read_at(file: &File, bytes: &mut [u8], at: u64) -> std::io::Result<usize> {
    std::os::windows::fs::FileExt::seek_read(file, bytes, at)
}

#[cfg(windows)]
fn write_at(file: &File, bytes: &[u8], at: u64) -> std::io::Result<()> {
    std::os::windows::fs::FileExt::seek_write(file, bytes, at).map(drop)
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
    fn a_lock_that_comes_too_late_is_given_back() {
        let folder = tempfile::tempdir().unwrap();
        let store = folder.path().join("tasks.db");
        let [holder, waiter, other] = [(); 3].map(|()| WriteQueue::beside(&store, "-queue").unwrap());

        // The lock is freed at about the moment at which the wait for it times out.
        for step in 0..3_000 {
            let turn = holder.turn(Duration::from_secs(10)).unwrap();
            thread::scope(|scope| {
                scope.spawn(|| drop(waiter.turn(Duration::from_micros(300))));
                thread::sleep(Duration::from_micros(300 + step % 100));
                drop(turn);
            });
            assert!(other.turn(Duration::from_secs(2)).is_ok(), "kept after step {step}");
        }
    }

    #[test]
    fn a_log_that_is_unsynced_is_known_to_all() {
        let folder = tempfile::tempdir().unwrap();
        let store = folder.path().join("tasks.db");
        let [one, other] = [(); 2].map(|()| WriteQueue::beside(&store, "-queue").unwrap());
        assert!(!one.is_log_unsynced().unwrap());

        one.mark_log(true).unwrap();
        drop(one.turn(Duration::from_secs(10)).unwrap());
        assert!(other.is_log_unsynced().unwrap());

        other.mark_log(false).unwrap();
        assert!(!one.is_log_unsynced().unwrap());
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
