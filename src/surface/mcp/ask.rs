//! Reads the store without delaying other requests.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use crate::{App, Error, Patience, Result};

/// Answers here if the store is free, else on a thread that may wait while other requests are answered.
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
    // The panic has reported its place on stderr.
    answer.unwrap_or_else(|| Err(Error::internal("the operation broke off, see the log")))
}
