//! The face for agents: MCP on standard input and output.
//!
//! Both eras of the protocol are spoken: the one that opens with `initialize`
//! and the one in which each request stands alone. Nothing hangs on the
//! connection, so rmcp's handshake is left out, which would end the process
//! when a client's first message is not a request: whatever comes is answered.
//!
//! ```text
//! lines ──► message ──► transport ──► (rmcp) ──► handler ──► call ──► answer
//!                           └──── receipts ◄──────────┤
//!                                                   ├──► resources, completion
//!                                                   ├──► prompts
//!                                                   └──► news ──► those who listen
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

/// What is served.
pub struct Server {
    /// The project, or why there is none: every call is then answered with that.
    pub opened: Result<App, Error>,
    pub toolset: Toolset,
}

/// Serves the client on standard input and output until it is gone.
pub fn serve(server: Server) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let served = runtime.block_on(converse(server));
    // Whatever is still at work now rolls back when the process ends.
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
        // Queries that are still at work would keep the cores from what comes last.
        app.store.stop_questions();
        ending::hang_up(app, since).await;
    }
    Ok(())
}
