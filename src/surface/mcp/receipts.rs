//! Receipts that are handed in when an answer is sent: they mark the messages in it as told.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rmcp::model::{JsonRpcMessage, RequestId, ServerJsonRpcMessage};

use crate::App;
use crate::ops::Receipt;

#[derive(Default)]
pub struct Receipts {
    kept: Mutex<HashMap<RequestId, (Arc<App>, Receipt)>>,
    /// The number of receipts, so that most answers need no lock.
    number: AtomicUsize,
}

impl Receipts {
    /// Keeps a receipt until the answer to this request is sent.
    pub fn keep(&self, request: RequestId, app: &Arc<App>, receipt: Receipt) {
        let mut kept = self.kept();
        kept.insert(request, (Arc::clone(app), receipt));
        self.number.store(kept.len(), Ordering::Release);
    }

    /// Hands in the receipt of a message that was sent, without delaying other requests.
    pub fn is_out(&self, message: &ServerJsonRpcMessage) {
        if self.number.load(Ordering::Acquire) == 0 {
            return;
        }
        let JsonRpcMessage::Response(response) = message else {
            return;
        };
        if let Some((app, receipt)) = self.take(&response.id) {
            tokio::task::spawn_blocking(move || receipt.hand_in(&app));
        }
    }

    /// Forgets the receipt of an answer that will not be sent.
    pub fn forget(&self, request: &RequestId) {
        drop(self.take(request));
    }

    fn take(&self, request: &RequestId) -> Option<(Arc<App>, Receipt)> {
        let mut kept = self.kept();
        let found = kept.remove(request);
        self.number.store(kept.len(), Ordering::Release);
        found
    }

    fn kept(&self) -> MutexGuard<'_, HashMap<RequestId, (Arc<App>, Receipt)>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
