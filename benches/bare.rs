//! Minimal programs, to measure floors with: an echo, an empty server, loops of bare SQLite.
//!
//! The bench starts itself as one of these, named by its first argument.

use std::fs::File;
use std::io::{self, BufRead, Write};
use std::process::Command;
use std::time::{Duration, Instant};

use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CallToolResult, ContentBlock, ListToolsResult,
    PaginatedRequestParams, ServerCapabilities, ServerConfig, Tool,
};
use rmcp::service::RequestContext;
use rmcp::{ErrorData, RoleServer, ServerHandler, ServiceExt};
use rusqlite::Connection;
use serde_json::{Map, json};

use crate::Result;
use crate::floor::RawStore;

/// Answers each line with itself.
pub const ECHO: &str = "as-echo";
/// An MCP server without operations.
pub const SERVER: &str = "as-server";
/// Commits as fast as it can, in turns given by a lock on a file.
pub const WRITER: &str = "as-writer";

/// Takes and finishes jobs as fast as it can, in the same turns.
pub const JOBBER: &str = "as-jobber";

/// Returns the command that starts this program in a part.
pub fn command(part: &[&str]) -> Result<Command> {
    let mut command = Command::new(std::env::current_exe()?);
    command.args(part);
    Ok(command)
}

/// Plays the part that the words name, if any.
pub fn play(words: &[String]) -> Option<Result<()>> {
    match words {
        [part] if part == ECHO => Some(echo()),
        [part] if part == SERVER => Some(serve()),
        [part, store, lock, durability] if part == WRITER => Some(write(store, lock, durability)),
        [part, store, lock, durability] if part == JOBBER => Some(work(store, lock, durability)),
        _ => None,
    }
}

fn echo() -> Result<()> {
    let mut output = io::stdout().lock();
    let mut input = io::stdin().lock();
    let mut line = String::new();
    while input.read_line(&mut line)? > 0 {
        output.write_all(line.as_bytes())?;
        output.flush()?;
        line.clear();
    }
    Ok(())
}

/// Prints the number of commits in the time that it reads from standard input, in milliseconds.
fn write(store: &str, lock: &str, durability: &str) -> Result<()> {
    count([store, lock, durability], |raw, queue| queued(queue, || raw.commit()))
}

/// Prints the number of jobs that it took and finished in that time.
fn work(store: &str, lock: &str, durability: &str) -> Result<()> {
    count([store, lock, durability], |raw, queue| {
        let job = queued(queue, || raw.take_job())?.ok_or("the queue is too short to measure with")?;
        queued(queue, || raw.finish_job(job))
    })
}

/// Does the work while it holds the lock, for which processes queue.
fn queued<T>(queue: &File, work: impl FnOnce() -> Result<T>) -> Result<T> {
    queue.lock()?;
    let done = work()?;
    queue.unlock()?;
    Ok(done)
}

fn count([store, lock, durability]: [&str; 3], turn: impl Fn(&RawStore, &File) -> Result<()>) -> Result<()> {
    let raw = RawStore::join(Connection::open(store)?)?;
    raw.sync(durability)?;
    let queue = File::open(lock)?;
    let mut output = io::stdout().lock();
    writeln!(output, "ready")?;
    let mut line = String::new();
    io::stdin().lock().read_line(&mut line)?;
    let end = Instant::now() + Duration::from_millis(line.trim().parse()?);
    let mut turns = 0;
    while Instant::now() < end {
        turn(&raw, &queue)?;
        turns += 1;
    }
    Ok(writeln!(output, "{turns}")?)
}

fn serve() -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let server = Bare.serve(rmcp::transport::stdio_pipes()).await?;
        server.waiting().await?;
        Ok(())
    })
}

struct Bare;

impl ServerHandler for Bare {
    fn get_info(&self) -> ServerConfig {
        ServerConfig::new(ServerCapabilities::builder().enable_tools().build())
    }

    async fn list_tools(
        &self,
        _page: Option<PaginatedRequestParams>,
        _context: RequestContext<RoleServer>,
    ) -> std::result::Result<ListToolsResult, ErrorData> {
        let mut schema = Map::new();
        schema.insert("type".to_owned(), json!("object"));
        let ping = Tool::new("ping", "Answer.", std::sync::Arc::new(schema));
        Ok(ListToolsResult::with_all_items(vec![ping]))
    }

    async fn call_tool(
        &self,
        _request: CallToolRequestParams,
        _context: RequestContext<RoleServer>,
    ) -> std::result::Result<CallToolResponse, ErrorData> {
        Ok(CallToolResult::success(vec![ContentBlock::text("pong")]).into())
    }
}
