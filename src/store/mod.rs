//! SQLite: the only module that names it or holds SQL.
//!
//! A process has one [`Store`] with one connection. Agents are processes, so the contention is between processes:
//! writers wait in a queue beside the file, then take SQLite's write lock before they read anything. Readers never
//! wait for writers. No other module begins, commits or rolls back a transaction.
//!
//! Task state is synced to the disk before a call is answered (see `log.rs`); signs of life are not (see
//! [`Effect`]). Checkpoints run after answers, in one process at a time ([`Store::tidy`]).

mod askers;
mod commits;
mod connection;
mod disk;
mod folder;
mod functions;
mod identity;
mod log;
mod media;
mod migrate;
mod queue;
mod row;
mod steps;
mod trouble;

mod aliases;
mod answers;
mod asking;
mod attachments;
mod counts;
mod edges;
mod events;
mod feedback;
mod filter;
mod groups;
mod history;
mod jobs;
mod lanes;
mod lists;
mod losses;
mod marks;
mod messages;
mod metrics;
mod names;
mod news;
mod projects;
mod queues;
mod results;
mod schedules;
mod schema;
mod search;
mod stats;
mod tasks;
mod templates;
mod ways;
mod workers;

pub use answers::Named;
pub use asking::{Asker, Bounds, Cell, Given};
pub use attachments::{AttachmentFilter, AttachmentRow, Matter, NewAttachment, Slice};
pub use commits::Listening;
pub use counts::{Shift, Tally};
pub use edges::{Edge, Neighbour, Reach};
pub use events::{Event, FeedFilter, FeedRow};
pub use feedback::{Feedback, FeedbackRow};
pub use filter::{Filter, Period, Place};
pub use history::{AttemptRow, Passed};
pub use jobs::EarlierTry;
pub use lists::{Listed, Order, Page, Start};
pub use marks::{MarkFilter, Want};
pub use media::{Media, digest};
pub use messages::{Mailbox, NewMessage, Post};
pub use metrics::{Effort, MetricRow, NewMetrics};
pub use news::Told;
pub use projects::ProjectRow;
pub use queues::{Next, Queue};
pub use results::{Brought, Ending};
pub use schedules::Firing;
pub use schema::{ColumnRow, IndexRow, ReferenceRow, Relation, RelationKind};
pub use search::{Hit, MARKS, Passage, Source};
pub use stats::{Ended, StepRow};
pub use steps::Because;
pub use tasks::FirstPlace;
pub use templates::{Instance, TemplateRow};
pub use ways::Ways;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};
use std::time::Duration;

use rusqlite::{Connection, Transaction, TransactionBehavior};

use crate::error::{Error, Result, Trouble};
use askers::Askers;
use commits::Commits;
use connection::connect;
use identity::Identity;
use log::Log;
use queue::WriteQueue;

/// The effect of an operation on the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    Read,
    /// A change that has to survive a crash of the program, but not a power cut: a sign of life.
    Note,
    Write,
    /// A change that removes something.
    Destroy,
}

/// How long a caller waits if the store is not free at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Patience {
    /// As long as the project's settings allow.
    Waits,
    /// Not at all: the caller tries again on a thread that may wait.
    Hurries,
}

/// The options of a store.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// The longest wait of a writer for the write lock.
    pub lock_wait: Duration,
    /// True if changes of task state are synced to the disk before they are answered.
    pub synced: bool,
}

pub struct Store {
    path: PathBuf,
    options: Options,
    queue: WriteQueue,
    checkpoints: WriteQueue,
    connection: Mutex<Connection>,
    identity: Identity,
    log: Log,
    media: Media,
    commits: Arc<Commits>,
    /// A second connection for checkpoints, which run while the first one answers; opened when first needed.
    keeper: Mutex<Option<Connection>>,
    askers: Askers,
}

/// A running transaction. Its methods are named after the needs of callers; the SQL stays here.
pub struct Tx<'c>(Transaction<'c>);

/// The number of pages in the log after which a checkpoint is due.
const LOG_PAGES: i64 = 1000;
/// The number of pages after which SQLite runs a checkpoint itself, if no process did.
const MOST_LOG_PAGES: i64 = 8000;

impl Store {
    /// Opens the store at `path`, and makes or upgrades it if necessary.
    pub fn open(path: &Path, options: Options) -> Result<Self> {
        let path = folder::prepare(path, options.synced).map_err(|error| Error::unusable(path, error))?;
        Self::open_file(&path, options).map_err(|error| error.at(&path))
    }

    fn open_file(path: &Path, options: Options) -> Result<Self> {
        let unusable = |error: std::io::Error| Error::unusable(path, error);
        disk::refuse_network(path)?;
        let queue = WriteQueue::beside(path, "-queue").map_err(unusable)?;
        let checkpoints = WriteQueue::beside(path, "-checkpoint").map_err(unusable)?;
        let mut conn = connect(path, options)?;
        if !migrate::is_current(&conn, path)? {
            let _turn = queue.turn(options.lock_wait)?;
            migrate::migrate(&mut conn, path)?;
        }
        conn.pragma_update_and_check(None, "wal_autocheckpoint", MOST_LOG_PAGES, |_| Ok(()))?;
        conn.pragma_update(None, "synchronous", "normal")?;
        // After the first read the log and its index are open, and stay the same files.
        conn.pragma_query_value(None, "schema_version", |_| Ok(()))?;
        Ok(Self {
            path: path.to_owned(),
            options,
            queue,
            checkpoints,
            connection: Mutex::new(conn),
            identity: Identity::of(path).map_err(unusable)?,
            log: Log::of(path).map_err(unusable)?,
            media: Media::beside(path, options.synced),
            commits: Commits::of(path),
            keeper: Mutex::new(None),
            askers: Askers::default(),
        })
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Returns the folder for bytes that are too large, or of the wrong kind, for a table.
    pub fn media(&self) -> &Media {
        &self.media
    }

    /// Runs `body` in one transaction: all of it happens, or none of it.
    ///
    /// A writer takes the write lock before it reads, so that the facts it reads stay true until it commits.
    pub fn transact<T>(
        &self,
        patience: Patience,
        effect: Effect,
        body: impl FnOnce(&Tx) -> Result<T>,
    ) -> Result<T> {
        let done = match effect {
            Effect::Read => self.read(patience, body),
            Effect::Note => self.write(patience, body),
            Effect::Write | Effect::Destroy => self.write_durably(patience, body),
        };
        done.map_err(|error| error.at(&self.path))
    }

    fn read<T>(&self, patience: Patience, body: impl FnOnce(&Tx) -> Result<T>) -> Result<T> {
        let mut conn = self.connection(patience)?;
        let tx = Tx(conn.transaction_with_behavior(TransactionBehavior::Deferred)?);
        body(&tx)
    }

    /// Writes, and returns when the change is on the disk.
    fn write_durably<T>(&self, patience: Patience, body: impl FnOnce(&Tx) -> Result<T>) -> Result<T> {
        let value = self.write(patience, |tx| {
            let value = body(tx)?;
            tx.settle_groups()?;
            Ok(value)
        })?;
        if self.options.synced {
            self.sync()?;
        }
        Ok(value)
    }

    /// Syncs all committed changes to the disk.
    fn sync(&self) -> Result<()> {
        if let Err(error) = self.log.sync() {
            tracing::warn!(%error, "the log could not be synced, and is written again");
            self.queue.mark_log(true)?;
        } else if !self.queue.is_log_unsynced()? {
            return Ok(());
        }
        // Each write begins with the repair of the log.
        self.write(Patience::Waits, |_| Ok(()))
    }

    /// Writes the log again. The caller has the write lock.
    fn mend_log(&self) -> Result<()> {
        let _alone = self.checkpoints.turn(self.options.lock_wait)?;
        let unsynced =
            |error: std::io::Error| Error::unusable(&self.path, Trouble::Unsynced(error.to_string()));
        self.log.write_again().map_err(unsynced)?;
        Ok(self.queue.mark_log(false)?)
    }

    /// Runs `body` on a read-only connection of its own, within bounds. No other call waits for it.
    pub fn read_apart<T>(&self, bounds: Bounds, body: impl FnOnce(&Tx) -> Result<T>) -> Result<T> {
        let turn = self.askers.turn(bounds.time)?;
        let mut conn = asking::connect(&self.path, bounds, &turn.is_over)?;
        let tx = Tx(conn.transaction_with_behavior(TransactionBehavior::Deferred)?);
        body(&tx).map_err(|error| error.at(&self.path))
    }

    /// Ends everything that [`Self::read_apart`] runs, for a process that is about to end.
    pub fn stop_questions(&self) {
        self.askers.end();
    }

    fn write<T>(&self, patience: Patience, body: impl FnOnce(&Tx) -> Result<T>) -> Result<T> {
        let (_turn, wait) = match patience {
            Patience::Waits => (self.queue.turn(self.options.lock_wait)?, self.options.lock_wait),
            Patience::Hurries => (self.queue.turn_at_once().ok_or(Error::NOT_AT_ONCE)?, Duration::ZERO),
        };
        let mut conn = self.connection(patience)?;
        self.check_files()?;
        // For writers outside the queue: other programs, and processes on file systems without file locks.
        conn.busy_timeout(wait)?;
        let tx = Tx(conn.transaction_with_behavior(TransactionBehavior::Immediate)?);
        migrate::refuse_newer(&tx.0)?;
        if self.queue.is_log_unsynced()? {
            self.mend_log()?;
        }
        let value = body(&tx)?;
        tx.0.commit()?;
        Ok(value)
    }

    /// Refuses a store whose files were removed, replaced or truncated since it was opened.
    fn check_files(&self) -> Result<()> {
        let checked = self.identity.check().and_then(|()| self.log.check());
        checked.map_err(|trouble| Error::unusable(&self.path, trouble))
    }

    /// Returns true if the log has grown so long that it is time to [`tidy`](Self::tidy).
    pub fn is_untidy(&self) -> Result<bool> {
        // The thread that uses the connection now will ask again.
        match self.connection(Patience::Hurries) {
            Err(_) => Ok(false),
            Ok(conn) => Ok(log_pages(&conn, "pragma wal_checkpoint(noop)")? >= LOG_PAGES),
        }
    }

    /// Runs a checkpoint unless another process runs one, and returns true if it did.
    ///
    /// It is called after an answer is out, so that no caller waits for it.
    pub fn tidy(&self) -> Result<bool> {
        let Some(_alone) = self.checkpoints.turn_if_free() else {
            return Ok(false);
        };
        let mut keeper = self.keeper.lock().unwrap_or_else(PoisonError::into_inner);
        let conn = match keeper.take() {
            Some(conn) => conn,
            None => connect(&self.path, self.options)?,
        };
        log_pages(keeper.insert(conn), "pragma wal_checkpoint(passive)")?;
        Ok(true)
    }

    /// Calls `tell` after commits of any process, this one included, until the returned subscription is dropped.
    pub fn on_commit(&self, tell: impl Fn() + Send + 'static) -> Result<Listening> {
        self.commits.listen(tell)
    }

    /// Returns true if this process has to do a job that one of all processes does every `period`.
    pub fn looks_after(&self, period: Duration) -> Result<bool> {
        Ok(self.checkpoints.is_due(period)?)
    }

    fn connection(&self, patience: Patience) -> Result<MutexGuard<'_, Connection>> {
        match patience {
            Patience::Waits => Ok(self.connection.lock().unwrap_or_else(PoisonError::into_inner)),
            Patience::Hurries => match self.connection.try_lock() {
                Ok(conn) => Ok(conn),
                Err(TryLockError::Poisoned(broken)) => Ok(broken.into_inner()),
                Err(TryLockError::WouldBlock) => Err(Error::NOT_AT_ONCE),
            },
        }
    }
}

#[cfg(test)]
impl Store {
    /// Runs `body`, and counts the steps that SQLite takes for it.
    pub fn counting<T>(&self, body: impl FnOnce() -> T) -> (T, u64) {
        use std::sync::atomic::{AtomicU64, Ordering};
        let steps = Arc::new(AtomicU64::new(0));
        let counted = Arc::clone(&steps);
        let count = move || {
            counted.fetch_add(1, Ordering::Relaxed);
            false
        };
        let connection = || self.connection(Patience::Waits).unwrap();
        connection().progress_handler(1, Some(count)).unwrap();
        let value = body();
        connection().progress_handler(1, None::<fn() -> bool>).unwrap();
        (value, steps.load(Ordering::Relaxed))
    }
}

/// Returns the number of pages in the log that are not in the file yet.
fn log_pages(conn: &Connection, pragma: &str) -> Result<i64> {
    let left = |row: &rusqlite::Row<'_>| Ok(row.get::<_, i64>(1)? - row.get::<_, i64>(2)?);
    Ok(conn.prepare_cached(pragma)?.query_row([], left)?)
}

impl Tx<'_> {
    /// Runs `body` as a part of the transaction that may fail alone: its changes are then undone.
    pub fn part<T>(&self, body: impl FnOnce() -> Result<T>) -> Result<Result<T>> {
        self.0.prepare_cached("savepoint part")?.execute([])?;
        let result = body();
        if result.is_err() {
            self.0.prepare_cached("rollback to part")?.execute([])?;
        }
        self.0.prepare_cached("release part")?.execute([])?;
        Ok(result)
    }

    /// Runs `body` and undoes its changes, to see whether they are possible.
    pub fn rehearse<T>(&self, body: impl FnOnce() -> Result<T>) -> Result<T> {
        self.0.prepare_cached("savepoint part")?.execute([])?;
        let result = body();
        self.0.prepare_cached("rollback to part")?.execute([])?;
        self.0.prepare_cached("release part")?.execute([])?;
        result
    }
}
