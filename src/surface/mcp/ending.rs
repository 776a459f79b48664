//! When there is nobody left to serve.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;

/// How often a process looks whether its parent still lives.
#[cfg(unix)]
const PARENT_CHECK: Duration = Duration::from_secs(1);

/// Waits until the client hung up or died, or somebody told this process to stop.
pub async fn wait(hangup: Arc<Notify>) -> io::Result<()> {
    watch_parent(Arc::clone(&hangup));
    tokio::select! {
        () = hangup.notified() => Ok(()),
        stopped = told_to_stop() => stopped,
    }
}

/// A client that was killed may leave its end of the pipe to other children.
///
/// A thread looks, since a timer of the runtime would wake it up twice each time.
#[cfg(unix)]
fn watch_parent(hangup: Arc<Notify>) {
    use std::os::unix::process::parent_id;

    let parent = parent_id();
    std::thread::spawn(move || {
        while parent_id() == parent {
            std::thread::sleep(PARENT_CHECK);
        }
        hangup.notify_one();
    });
}

#[cfg(unix)]
async fn told_to_stop() -> io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};

    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    tokio::select! {
        _ = terminate.recv() => Ok(()),
        _ = interrupt.recv() => Ok(()),
    }
}

#[cfg(not(unix))]
fn watch_parent(_hangup: Arc<Notify>) {}

#[cfg(not(unix))]
async fn told_to_stop() -> io::Result<()> {
    tokio::signal::ctrl_c().await
}
