//! When there is nobody left to serve.

use std::io;
use std::time::Duration;

use tokio::sync::Notify;

/// How often a process looks whether its parent still lives.
#[cfg(unix)]
const PARENT_CHECK: Duration = Duration::from_secs(1);

/// Waits until the client hung up or died, or somebody told this process to stop.
pub async fn wait(hangup: &Notify) -> io::Result<()> {
    tokio::select! {
        () = hangup.notified() => Ok(()),
        () = orphaned() => Ok(()),
        stopped = told_to_stop() => stopped,
    }
}

/// A client that was killed may leave its end of the pipe to other children.
#[cfg(unix)]
async fn orphaned() {
    use std::os::unix::process::parent_id;

    let parent = parent_id();
    let mut checks = tokio::time::interval(PARENT_CHECK);
    while parent_id() == parent {
        checks.tick().await;
    }
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
async fn orphaned() {
    std::future::pending().await
}

#[cfg(not(unix))]
async fn told_to_stop() -> io::Result<()> {
    tokio::signal::ctrl_c().await
}
