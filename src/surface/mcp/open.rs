//! Requests without an answer so far. Reading pauses while there are too many.
//!
//! A client that sends without reading would otherwise fill the memory, with requests or with answers.

use std::collections::HashSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use rmcp::model::{
    ClientJsonRpcMessage, ClientNotification, JsonRpcMessage, RequestId, ServerJsonRpcMessage,
};
use tokio::sync::Notify;

/// The most open requests before reading pauses. Each takes some kilobytes.
pub const MAX_OPEN_REQUESTS: usize = 2_048;
/// The most bytes of answers that may wait for the client before reading pauses.
const MAX_UNSENT_BYTES: usize = 8 << 20;

#[derive(Default)]
pub struct Open {
    requests: Mutex<HashSet<RequestId>>,
    unsent_bytes: AtomicUsize,
    /// Notified when a request is closed or bytes are sent.
    room: Notify,
}

impl Open {
    /// Waits until another request may be read.
    pub async fn room_to_read(&self) {
        self.wait_while(|| self.has_too_many() || self.is_unread()).await;
    }

    /// Waits until another request may be worked on.
    pub async fn room_to_answer(&self) {
        self.wait_while(|| self.is_unread()).await;
    }

    async fn wait_while(&self, is_full: impl Fn() -> bool) {
        while is_full() {
            let noticed = self.room.notified();
            if is_full() {
                noticed.await;
            }
        }
    }

    fn has_too_many(&self) -> bool {
        self.requests().len() >= MAX_OPEN_REQUESTS
    }

    fn is_unread(&self) -> bool {
        self.unsent_bytes.load(Ordering::Relaxed) >= MAX_UNSENT_BYTES
    }

    /// Notes a message that was read. A request opens; its cancellation closes it, since
    /// it then gets no answer.
    pub fn came_in(&self, message: &ClientJsonRpcMessage) {
        match message {
            JsonRpcMessage::Request(request) => drop(self.requests().insert(request.id.clone())),
            JsonRpcMessage::Notification(notification) => {
                if let ClientNotification::CancelledNotification(cancelled) = &notification.notification
                    && let Some(id) = &cancelled.params.request_id
                {
                    self.close(id);
                }
            }
            _ => {}
        }
    }

    /// Notes a message that was sent, or could not be.
    pub fn went_out(&self, message: &ServerJsonRpcMessage) {
        match message {
            JsonRpcMessage::Response(response) => self.close(&response.id),
            JsonRpcMessage::Error(error) => error.id.iter().for_each(|id| self.close(id)),
            _ => {}
        }
    }

    fn close(&self, id: &RequestId) {
        self.requests().remove(id);
        self.room.notify_waiters();
    }

    /// Counts bytes as unsent until the returned guard is dropped.
    pub fn unsent(&self, bytes: usize) -> Unsent<'_> {
        self.unsent_bytes.fetch_add(bytes, Ordering::Relaxed);
        Unsent { open: self, bytes }
    }

    fn requests(&self) -> MutexGuard<'_, HashSet<RequestId>> {
        self.requests.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Bytes that wait for the client.
pub struct Unsent<'a> {
    open: &'a Open,
    bytes: usize,
}

impl Drop for Unsent<'_> {
    fn drop(&mut self) {
        self.open.unsent_bytes.fetch_sub(self.bytes, Ordering::Relaxed);
        self.open.room.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn message(value: Value) -> ClientJsonRpcMessage {
        serde_json::from_value(value).unwrap()
    }

    fn full() -> Open {
        let open = Open::default();
        for id in 0..MAX_OPEN_REQUESTS {
            assert!(!open.has_too_many());
            open.came_in(&message(json!({ "jsonrpc": "2.0", "id": id, "method": "ping" })));
        }
        assert!(open.has_too_many());
        open
    }

    #[test]
    fn an_answer_or_a_cancellation_makes_room() {
        let answered = full();
        let answer = json!({ "jsonrpc": "2.0", "id": 7, "error": { "code": -1, "message": "no" } });
        answered.went_out(&serde_json::from_value(answer).unwrap());
        let cancelled = full();
        let cancellation = json!({ "requestId": 7 });
        cancelled.came_in(&message(
            json!({ "jsonrpc": "2.0", "method": "notifications/cancelled", "params": cancellation }),
        ));

        assert!(!answered.has_too_many());
        assert!(!cancelled.has_too_many());
    }

    #[test]
    fn answers_that_are_not_read_leave_no_room_until_they_are() {
        let open = Open::default();

        let unsent = open.unsent(MAX_UNSENT_BYTES);

        assert!(open.is_unread());
        drop(unsent);
        assert!(!open.is_unread());
    }
}
