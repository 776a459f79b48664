//! Notices commits of all processes.
//!
//! SQLite counts the commits of other connections, and reading the count neither writes nor blocks. A thread reads
//! it on a connection of its own, so that commits of this process count as well. It runs only while there is a
//! listener.
//!
//! The thread must not look at the file or its `-shm` directly, although that would be cheaper. Closing any
//! descriptor of a file drops every POSIX lock that the process has on it, and SQLite's locks are of that kind.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

use crate::error::{Error, Result};

/// How often the thread reads the count.
const EVERY: Duration = Duration::from_millis(80);

pub struct Commits {
    path: PathBuf,
    audience: Mutex<Audience>,
}

#[derive(Default)]
struct Audience {
    listeners: Vec<Listener>,
    last_id: u64,
    /// True while a thread watches the store.
    is_served: bool,
}

struct Listener {
    id: u64,
    tell: Box<dyn Fn() + Send>,
}

/// A subscription to commits, which lasts until this is dropped.
#[must_use]
pub struct Listening {
    commits: Arc<Commits>,
    id: u64,
}

impl Commits {
    pub fn of(store: &Path) -> Arc<Self> {
        Arc::new(Self { path: store.to_owned(), audience: Mutex::default() })
    }

    /// Calls `tell` after each commit from now on, once for commits at about the same time.
    ///
    /// All listeners wait while `tell` runs, so it may only wake up another thread.
    pub fn listen(self: &Arc<Self>, tell: impl Fn() + Send + 'static) -> Result<Listening> {
        let mut audience = self.audience();
        if !audience.is_served {
            let watch = Watch::begin(&self.path)?;
            let commits = Arc::clone(self);
            let thread = thread::Builder::new().name("commits".into());
            thread.spawn(move || commits.serve(watch)).map_err(Error::internal)?;
            audience.is_served = true;
        }
        audience.last_id += 1;
        let id = audience.last_id;
        audience.listeners.push(Listener { id, tell: Box::new(tell) });
        Ok(Listening { commits: Arc::clone(self), id })
    }

    fn serve(&self, mut watch: Watch) {
        loop {
            thread::sleep(EVERY);
            let is_news = watch.has_changed();
            let mut audience = self.audience();
            if audience.listeners.is_empty() {
                audience.is_served = false;
                return;
            }
            if is_news {
                audience.listeners.iter().for_each(|listener| (listener.tell)());
            }
        }
    }

    fn audience(&self) -> MutexGuard<'_, Audience> {
        self.audience.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        self.commits.audience().listeners.retain(|listener| listener.id != self.id);
    }
}

/// The number of commits of others that a connection has seen.
struct Watch {
    conn: Connection,
    count: i64,
}

impl Watch {
    fn begin(path: &Path) -> Result<Self> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let conn = Connection::open_with_flags(path, flags)?;
        let count = count(&conn)?;
        Ok(Self { conn, count })
    }

    /// Returns true if anything was committed since the last call. An error counts as a commit: the listeners then
    /// meet the cause themselves.
    fn has_changed(&mut self) -> bool {
        match count(&self.conn) {
            Ok(count) => std::mem::replace(&mut self.count, count) != count,
            Err(error) => {
                tracing::debug!(%error, "the commits of others were not counted");
                true
            }
        }
    }
}

fn count(conn: &Connection) -> Result<i64> {
    const SQL: &str = "pragma data_version";
    Ok(conn.prepare_cached(SQL)?.query_row([], |row| row.get(0))?)
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{RecvTimeoutError, channel};

    use super::*;
    use crate::store::{Effect, Options, Patience, Store};

    fn commit(store: &Store, fact: &str) {
        store.transact(Patience::Waits, Effect::Note, |tx| tx.set_fact("test", fact)).unwrap();
    }

    #[test]
    fn a_listener_is_told_of_commits_until_it_goes() {
        const PATIENCE: Duration = Duration::from_secs(30);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tasks.db");
        let options = Options { lock_wait: Duration::from_secs(10), synced: false };
        let [own, other] = [(); 2].map(|()| Store::open(&path, options).unwrap());
        let (sender, told) = channel();
        let listening = own.on_commit(move || sender.send(()).unwrap()).unwrap();

        commit(&other, "1");
        let of_other = told.recv_timeout(PATIENCE);
        commit(&own, "2");
        let of_own = told.recv_timeout(PATIENCE);
        own.transact(Patience::Waits, Effect::Read, |tx| tx.fact("test")).unwrap();
        let of_reading = told.recv_timeout(3 * EVERY);
        drop(listening);
        let after = told.recv_timeout(PATIENCE);

        assert_eq!((of_other, of_own), (Ok(()), Ok(())));
        assert_eq!(of_reading, Err(RecvTimeoutError::Timeout));
        assert_eq!(after, Err(RecvTimeoutError::Disconnected));
    }
}
