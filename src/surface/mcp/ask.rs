//! Asks the store without keeping other requests waiting.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use crate::{App, Error, Patience, Result};

/// Answers a question here if that can be done at once; else on a thread that
/// may wait, while other requests are answered.
pub async fn ask<T: Send + 'static>(
    app: &Arc<App>,
    question: impl Fn(&App, Patience) -> Result<T> + Send + 'static,
) -> Result<T> {
    let answer = match catch_unwind(AssertUnwindSafe(|| question(app, Patience::Hurries))) {
        Ok(Err(Error::Busy { .. })) => {
            let app = Arc::clone(app);
            tokio::task::spawn_blocking(move || question(&app, Patience::Waits)).await.ok()
        }
        Ok(answer) => Some(answer),
        Err(_) => None,
    };
    // A panic has said on stderr where it was.
    answer.unwrap_or_else(|| Err(Error::internal("the operation broke off, see the log")))
}
