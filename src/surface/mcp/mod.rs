//! The face for agents: MCP on standard input and output.
//!
//! Both eras of the protocol are supported: the one that starts with `initialize`, and the one
//! in which each request stands alone. No state depends on the connection, so rmcp's handshake
//! is left out: it would end the process if a client's first message is not a request. Every
//! message is answered.
//!
//! ```text
//! lines ──► message ──► transport ──► (rmcp) ──► handler ──► call ──► answer
//!                           └──── receipts ◄──────────┤
//!                                                     ├──► resources, completion
//!                                                     ├──► prompts
//!                                                     └──► news ──► subscribers
//! ```

mod answer;
mod ask;
mod call;
mod completion;
mod ending;
mod handler;
mod id_scan;
mod lines;
mod message;
mod more;
mod news;
mod open;
mod prompts;
mod reach;
mod receipts;
mod resources;
mod staying;
mod tools;
mod transport;

use std::io;
use std::sync::Arc;
use std::time::Instant;

use rmcp::service::serve_directly;
use tokio::sync::Notify;

use crate::config::Toolset;
use crate::{App, Error};
use handler::Handler;
use transport::Stdio;

/// The state of a server at its start.
pub struct Server {
    /// The project, or the error that answers every call.
    pub opened: Result<App, Error>,
    pub toolset: Toolset,
}

/// Serves the client on standard input and output until it is gone.
pub fn serve(server: Server) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let served = runtime.block_on(converse(server));
    // Work that still runs now rolls back when the process ends.
    runtime.shutdown_background();
    served
}

async fn converse(server: Server) -> io::Result<()> {
    let hangup = Arc::new(Notify::new());
    let receipts = Arc::default();
    let transport = Stdio::open(Arc::clone(&hangup), Arc::clone(&receipts));
    let (sent, sent_so_far) = (transport.sent(), transport.sent());
    let handler = Handler::new(server, receipts);
    let app = handler.project();
    if let Some(app) = &app {
        tokio::spawn(ending::renew(Arc::clone(app)));
    }
    let conversation = serve_directly(handler, transport, None);
    ending::wait(hangup, sent_so_far).await?;
    let since = Instant::now();
    ending::finish(conversation.cancel(), sent).await;
    if let Some(app) = app {
        // Running queries would take the processor from the last steps.
        app.store.stop_questions();
        ending::hang_up(app, since).await;
    }
    Ok(())
}
