//! The end of a server, when its client is gone.

use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use tokio::sync::Notify;
use tokio::time::{sleep, timeout};

use super::ask::ask;
use crate::App;
use crate::ops::clients;

/// The time in which a server ends after its client, unless it is still answering requests.
const AT_ONCE: Duration = Duration::from_millis(80);
/// The longest time without an answer while calls are under way.
const STANDSTILL: Duration = Duration::from_millis(40);
/// The longest time for calls under way in all.
const LONGEST: Duration = Duration::from_millis(900);
/// The time between two checks.
const LOOK: Duration = Duration::from_millis(5);

#[cfg(unix)]
const SIGHUP: u32 = 1;

/// Waits until the client hung up or died, or a signal told this process to stop.
pub async fn wait(hangup: Arc<Notify>, sent: impl Fn() -> u64 + Send + 'static) -> io::Result<()> {
    watch_client(Arc::clone(&hangup));
    watch_reader(Arc::clone(&hangup), sent);
    let ended = tokio::select! {
        () = hangup.notified() => Ok(()),
        stopped = told_to_stop() => stopped,
    };
    thread::spawn(end_at_the_latest);
    ended
}

/// Ends the process when its time is up, even if something keeps it.
fn end_at_the_latest() {
    thread::sleep(LONGEST + AT_ONCE);
    tracing::warn!("the client is gone, and something kept this process from ending");
    std::process::exit(0);
}

/// Lets calls under way finish, as long as answers are sent.
///
/// A call that waits for others, or whose client does not read, rolls back when the process ends.
pub async fn finish<T>(calls: impl Future<Output = T>, sent: impl Fn() -> u64) {
    let mut calls = pin!(calls);
    let start = Instant::now();
    loop {
        let before = sent();
        if within(STANDSTILL, &mut calls).await.is_some() {
            return;
        }
        if sent() == before || start.elapsed() > LONGEST {
            tracing::warn!("calls were still under way when the client was gone");
            return;
        }
    }
}

/// Reserves or releases the tasks of the client's workers. If there is no time for that, other processes do it.
pub async fn hang_up(app: Arc<App>, since: Instant) {
    let time = AT_ONCE.saturating_sub(since.elapsed()).max(AT_ONCE - STANDSTILL);
    let done = tokio::task::spawn_blocking(move || clients::hang_up(&app));
    match within(time, done).await {
        Some(Ok(Ok(()))) => {}
        Some(Ok(Err(error))) => tracing::warn!(%error, "the workers of this client were left to others"),
        _ => tracing::warn!("the workers of this client were left to others"),
    }
}

/// Waits this long for `work`, counting only time in which this process runs: on a busy machine its
/// checks are delayed as much as its work.
async fn within<T>(time: Duration, work: impl Future<Output = T>) -> Option<T> {
    let mut work = pin!(work);
    let start = Instant::now();
    for _ in 0..time.as_millis().div_ceil(LOOK.as_millis()) {
        if let Ok(done) = timeout(LOOK, &mut work).await {
            return Some(done);
        }
        if start.elapsed() > LONGEST || tokio::task::spawn_blocking(|| ()).await.is_err() {
            return None;
        }
    }
    None
}

/// Renews the leases of workers at intervals, while their client is connected.
pub async fn renew(app: Arc<App>) {
    loop {
        sleep(Duration::from_millis(clients::renewed_every(&app).unsigned_abs())).await;
        if let Err(error) = ask(&app, clients::renew).await {
            tracing::warn!(%error, "the leases were not renewed");
        }
    }
}

/// Notifies when the client is gone, even if other children of it still hold the input open.
///
/// A thread of its own waits for that. It also ends the process in time if other threads do not.
fn watch_client(hangup: Arc<Notify>) {
    thread::spawn(move || {
        watched::until_gone();
        hangup.notify_one();
        end_at_the_latest();
    });
}

/// Notifies when the client has closed the input and reads no answers: those to its remaining requests
/// would not be read either.
fn watch_reader(hangup: Arc<Notify>, sent: impl Fn() -> u64 + Send + 'static) {
    thread::spawn(move || {
        watched::until_input_is_closed();
        let look = || (watched::output_is_full(), sent());
        let mut before = look();
        loop {
            thread::sleep(STANDSTILL);
            let now = look();
            if now.0 && now == before {
                return hangup.notify_one();
            }
            before = now;
        }
    });
}

#[cfg(target_os = "linux")]
mod watched {
    use std::io;
    use std::time::Duration;

    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    use rustix::io::Errno;
    use rustix::process::{PidfdFlags, getppid, pidfd_open};

    /// Waits until no process can write to the input any more, though some of it may be unread.
    pub fn until_input_is_closed() {
        let input = io::stdin();
        let mut watched = [PollFd::new(&input, PollFlags::RDHUP)];
        while poll(&mut watched, None) == Err(Errno::INTR) {}
    }

    /// True if the output takes no more until some of it is read.
    pub fn output_is_full() -> bool {
        let output = io::stdout();
        let mut watched = [PollFd::new(&output, PollFlags::OUT)];
        poll(&mut watched, Some(&Timespec { tv_sec: 0, tv_nsec: 0 })) == Ok(0)
    }

    /// Waits until the output has no reader or the parent has ended.
    pub fn until_gone() {
        let parent = getppid();
        let handle = parent.and_then(|parent| pidfd_open(parent, PidfdFlags::empty()).ok());
        // A parent that cannot be watched is polled.
        let look = Timespec { tv_sec: 1, tv_nsec: 0 };
        let timeout = (parent.is_some() && handle.is_none()).then_some(&look);
        let output = io::stdout();
        let mut watched = vec![PollFd::new(&output, PollFlags::empty())];
        watched.extend(handle.as_ref().map(|handle| PollFd::new(handle, PollFlags::IN)));
        while getppid() == parent {
            match poll(&mut watched, timeout) {
                Ok(0) | Err(Errno::INTR) => {}
                Ok(_) => return,
                Err(_) => std::thread::sleep(Duration::from_secs(1)),
            }
        }
    }
}

#[cfg(all(unix, not(target_os = "linux")))]
mod watched {
    use std::os::unix::process::parent_id;
    use std::time::Duration;

    /// Never returns: only reading the input to its end shows it.
    pub fn until_input_is_closed() {
        loop {
            std::thread::park();
        }
    }

    /// False: only a write shows it.
    pub fn output_is_full() -> bool {
        false
    }

    /// Waits until the parent has ended.
    pub fn until_gone() {
        let parent = parent_id();
        while parent_id() == parent {
            std::thread::sleep(Duration::from_secs(1));
        }
    }
}

#[cfg(not(unix))]
mod watched {
    /// Never returns: only reading the input to its end shows it.
    pub fn until_input_is_closed() {
        loop {
            std::thread::park();
        }
    }

    /// False: only a write shows it.
    pub fn output_is_full() -> bool {
        false
    }

    /// Never returns: only the end of the input shows it.
    pub fn until_gone() {
        loop {
            std::thread::park();
        }
    }
}

#[cfg(unix)]
async fn told_to_stop() -> io::Result<()> {
    use crate::process;
    use std::future::pending;
    use tokio::signal::unix::{SignalKind, signal};

    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut hangup = match process::ignores(SIGHUP) {
        true => None,
        false => Some(signal(SignalKind::hangup())?),
    };
    let hung_up = async {
        match &mut hangup {
            Some(hangup) => hangup.recv().await,
            None => pending().await,
        }
    };
    tokio::select! {
        _ = terminate.recv() => Ok(()),
        _ = interrupt.recv() => Ok(()),
        _ = hung_up => Ok(()),
    }
}

#[cfg(not(unix))]
async fn told_to_stop() -> io::Result<()> {
    tokio::signal::ctrl_c().await
}
