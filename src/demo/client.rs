//! A client of one server: starts a process of this program and talks to it through pipes.
//!
//! MCP over stdio needs no more than this: a line for each message, and the id of its request in each answer.

use std::io::{self, BufRead, BufReader, ErrorKind, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::trouble::{Result, Trouble};

/// The timeout of an answer: longer than a server waits for its store.
const PATIENCE: Duration = Duration::from_secs(45);
/// The time a server has to end after its input was closed.
const FAREWELL: Duration = Duration::from_secs(3);
const PROTOCOL: &str = "2025-06-18";

pub struct Client {
    server: Child,
    /// Taken when nothing more will be sent.
    input: Option<ChildStdin>,
    lines: Receiver<io::Result<String>>,
    last_id: u64,
    /// The duration of each tool call.
    pub timings: Vec<Duration>,
}

impl Client {
    /// Starts a server and sends it the handshake of every client.
    pub fn start(mut command: Command) -> Result<Self> {
        let mut server = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(Trouble::when("the server cannot be started"))?;
        let (input, output) = (server.stdin.take(), server.stdout.take());
        let mut client = Self { server, input, lines: read_lines(output), last_id: 0, timings: Vec::new() };
        let about = json!({ "name": "task-graph-demo", "version": env!("CARGO_PKG_VERSION") });
        client.request(
            "initialize",
            json!({ "protocolVersion": PROTOCOL, "capabilities": {}, "clientInfo": about }),
        )?;
        client.send(&json!({ "jsonrpc": "2.0", "method": "notifications/initialized" }))?;
        client.request("tools/list", json!({}))?;
        Ok(client)
    }

    /// Calls a tool, and returns its structured answer.
    pub fn call(&mut self, tool: &str, arguments: Value) -> Result<Value> {
        let begun = Instant::now();
        let params = json!({ "name": tool, "arguments": arguments });
        let mut result = self.request("tools/call", params)?;
        self.timings.push(begun.elapsed());
        if result["isError"] == true {
            let text = result["content"][0]["text"].as_str();
            return Err(Trouble::Refused { asked: tool.into(), answer: text.unwrap_or_default().into() });
        }
        Ok(result["structuredContent"].take())
    }

    /// Kills the server process with `kill -9`.
    pub fn kill(&mut self) -> Result<()> {
        let killed = self.server.kill().and_then(|()| self.server.wait());
        killed.map_err(Trouble::when("the server cannot be killed"))?;
        Ok(())
    }

    fn request(&mut self, method: &str, params: Value) -> Result<Value> {
        self.last_id += 1;
        let id = self.last_id;
        let asked = params["name"].as_str().unwrap_or(method).to_owned();
        self.send(&json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params }))?;
        let mut answer = self.answer_to(id, &asked)?;
        match answer.get("error") {
            Some(error) => Err(Trouble::Refused { asked, answer: error.to_string() }),
            None => Ok(answer["result"].take()),
        }
    }

    /// Writes a line. A closed pipe is ignored here: the wait for the answer then reports it.
    fn send(&mut self, message: &Value) -> Result<()> {
        let Some(input) = &mut self.input else {
            return Ok(());
        };
        match input.write_all(format!("{message}\n").as_bytes()) {
            Err(error) if error.kind() != ErrorKind::BrokenPipe => {
                Err(Trouble::when("the server cannot be reached")(error))
            }
            _ => Ok(()),
        }
    }

    /// Waits for the answer with this id, and skips other messages of the server.
    fn answer_to(&self, id: u64, asked: &str) -> Result<Value> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let line = match self.lines.recv_timeout(left) {
                Ok(line) => line.map_err(Trouble::when("the server cannot be heard"))?,
                Err(RecvTimeoutError::Disconnected) => {
                    let asked = asked.to_owned();
                    return Err(Trouble::HungUp { asked });
                }
                Err(RecvTimeoutError::Timeout) => {
                    let (asked, waited) = (asked.to_owned(), PATIENCE);
                    return Err(Trouble::Silent { asked, waited });
                }
            };
            let Ok(message) = serde_json::from_str::<Value>(&line) else {
                return Err(Trouble::Unreadable { line });
            };
            if message["id"] == id && message.get("method").is_none() {
                return Ok(message);
            }
        }
    }
}

/// Reads lines in a thread, so that waiting for a line can have a timeout.
fn read_lines(output: Option<ChildStdout>) -> Receiver<io::Result<String>> {
    let (sender, lines) = mpsc::channel();
    thread::spawn(move || {
        let readers = output.into_iter().map(BufReader::new);
        for line in readers.flat_map(BufRead::lines) {
            if sender.send(line).is_err() {
                break;
            }
        }
    });
    lines
}

impl Drop for Client {
    /// Ends the server as clients do, by closing its input. A server that does not end is killed.
    fn drop(&mut self) {
        const LOOK_EVERY: Duration = Duration::from_millis(5);
        drop(self.input.take());
        let deadline = Instant::now() + FAREWELL;
        while Instant::now() < deadline {
            if !matches!(self.server.try_wait(), Ok(None)) {
                return;
            }
            thread::sleep(LOOK_EVERY);
        }
        // A server that cannot be killed is left to the system.
        let _ = self.kill();
    }
}
