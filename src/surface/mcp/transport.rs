//! Messages in and out, a line each.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use rmcp::RoleServer;
use rmcp::model::{ClientJsonRpcMessage, ServerJsonRpcMessage};
use rmcp::transport::{StdioReader, StdioWriter, Transport, stdio_pipes};
use serde::Serialize;
use tokio::io::AsyncWriteExt;
use tokio::sync::{Mutex, Notify, mpsc};

use super::lines::Lines;
use super::message;
use super::open::Open;
use super::receipts::Receipts;

/// Messages that may wait for rmcp before reading pauses.
const WAITING: usize = 64;

/// Standard input and output.
pub struct Stdio {
    incoming: mpsc::Receiver<ClientJsonRpcMessage>,
    outgoing: Arc<Outgoing>,
}

struct Outgoing {
    output: Mutex<StdioWriter>,
    /// Notified at the end of the input, or when nothing can be sent.
    hangup: Arc<Notify>,
    /// Handed in when their answers are sent.
    receipts: Arc<Receipts>,
    sent: AtomicU64,
    open: Open,
}

impl Stdio {
    /// Starts to read. `hangup` is notified when the client is gone.
    pub fn open(hangup: Arc<Notify>, receipts: Arc<Receipts>) -> Self {
        let (input, output) = stdio_pipes();
        let output = Mutex::new(output);
        let sent = AtomicU64::new(0);
        let outgoing = Arc::new(Outgoing { output, hangup, receipts, sent, open: Open::default() });
        let (sender, incoming) = mpsc::channel(WAITING);
        let answering = Arc::clone(&outgoing);
        tokio::spawn(async move {
            if let Err(error) = read(Lines::new(input), sender, answering).await {
                tracing::error!(%error, "the client cannot be heard any more");
            }
        });
        Self { incoming, outgoing }
    }

    /// Returns a function that counts the messages sent so far.
    pub fn sent(&self) -> impl Fn() -> u64 + use<> {
        let outgoing = Arc::clone(&self.outgoing);
        move || outgoing.sent.load(Ordering::Relaxed)
    }
}

/// Reads to the end. It has a task of its own because rmcp may drop a `receive` half way.
async fn read(
    mut lines: Lines<StdioReader>,
    incoming: mpsc::Sender<ClientJsonRpcMessage>,
    outgoing: Arc<Outgoing>,
) -> io::Result<()> {
    loop {
        outgoing.open.room_to_read().await;
        let Some(line) = lines.next().await? else { break };
        match message::read(line) {
            Ok(message) => {
                outgoing.open.came_in(&message);
                if incoming.send(message).await.is_err() {
                    break;
                }
            }
            Err(complaint) => outgoing.write(&complaint).await?,
        }
    }
    Ok(())
}

impl Outgoing {
    async fn write(&self, message: &impl Serialize) -> io::Result<()> {
        let mut line = serde_json::to_vec(message)?;
        line.push(b'\n');
        let _unsent = self.open.unsent(line.len());
        let mut output = self.output.lock().await;
        let written = async {
            output.write_all(&line).await?;
            output.flush().await
        };
        written.await.inspect_err(|_| self.hangup.notify_one())?;
        self.sent.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }
}

impl Transport<RoleServer> for Stdio {
    type Error = io::Error;

    fn send(
        &mut self,
        message: ServerJsonRpcMessage,
    ) -> impl Future<Output = io::Result<()>> + Send + 'static {
        let outgoing = Arc::clone(&self.outgoing);
        async move {
            let written = outgoing.write(&message).await;
            outgoing.open.went_out(&message);
            written?;
            outgoing.receipts.is_out(&message);
            Ok(())
        }
    }

    async fn receive(&mut self) -> Option<ClientJsonRpcMessage> {
        if !self.incoming.is_empty() {
            // Lets the work on the request before this one begin, so that its answer counts if it is not read.
            tokio::task::yield_now().await;
        }
        self.outgoing.open.room_to_answer().await;
        let message = self.incoming.recv().await;
        if message.is_none() {
            self.outgoing.hangup.notify_one();
        }
        message
    }

    async fn close(&mut self) -> io::Result<()> {
        Ok(())
    }
}
