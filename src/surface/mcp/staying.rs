//! Waits for long calls, as long as their client does.

use std::time::Duration;

use rmcp::RoleServer;
use rmcp::model::ProgressNotificationParam;
use rmcp::service::RequestContext;
use tokio::time::{Instant, sleep_until};

use crate::ops::Stay;

/// The longest wait of a call without a timeout of its own. Clients give up after a minute.
const USUAL: Duration = Duration::from_secs(45);
const LONGEST: Duration = Duration::from_secs(50);
/// The times of the first progress notice, for clients that want them, and of each further one.
const FIRST_PROGRESS: Duration = Duration::from_secs(1);
const PROGRESS: Duration = Duration::from_secs(5);

/// Returns how long a call may wait.
pub fn stay() -> Stay {
    Stay::of(USUAL, LONGEST)
}

/// Waits for the answer, and sends progress notices if the client wants them. Ends the wait
/// when the client cancels the call or is gone.
pub async fn answered<T>(
    answering: impl Future<Output = T>,
    stay: &Stay,
    context: &RequestContext<RoleServer>,
) -> T {
    let mut answering = std::pin::pin!(answering);
    let token = context.meta.get_progress_token();
    let began = Instant::now();
    let mut next = began + FIRST_PROGRESS;
    let mut is_wanted = true;
    loop {
        tokio::select! {
            // Most calls are answered before anything else is looked at.
            biased;
            result = &mut answering => return result,
            () = context.ct.cancelled(), if is_wanted => {
                stay.leave();
                is_wanted = false;
            }
            () = sleep_until(next), if token.is_some() => {
                if let Some(token) = token.clone() {
                    let seconds = (next - began).as_secs_f64();
                    // A failure to send means that the client is gone.
                    let progress = ProgressNotificationParam::new(token, seconds);
                    let _ = context.peer.notify_progress(progress.with_message("waiting")).await;
                }
                next += PROGRESS;
            }
        }
    }
}
