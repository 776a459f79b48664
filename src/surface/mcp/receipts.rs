//! What is to be handed in when an answer is out: it carries messages that are told by then.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rmcp::model::{JsonRpcMessage, RequestId, ServerJsonRpcMessage};

use crate::App;
use crate::ops::Receipt;

#[derive(Default)]
pub struct Receipts {
    kept: Mutex<HashMap<RequestId, (Arc<App>, Receipt)>>,
    /// How many are kept, so that answers without one need not look.
    number: AtomicUsize,
}

impl Receipts {
    /// Keeps a receipt until the answer to this request is out.
    pub fn keep(&self, request: RequestId, app: &Arc<App>, receipt: Receipt) {
        let mut kept = self.kept();
        kept.insert(request, (Arc::clone(app), receipt));
        self.number.store(kept.len(), Ordering::Release);
    }

    /// Hands in what belongs to a message that is out, without keeping anybody waiting.
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

    /// Forgets the receipt for an answer that will not go out.
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
