//! A client at a program's pipes, which measures the time of each answer.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::Result;

/// A program that answers lines with lines. It ends when this is dropped.
pub struct Peer {
    child: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
}

/// An MCP server, and the worker that calls it.
pub struct Agent {
    peer: Peer,
    requests: u64,
    pub worker: String,
}

/// The answer of a tool.
pub struct Answer {
    /// The time from the first byte of the request to the last byte of the answer.
    pub took: Duration,
    /// The text for a model.
    pub text: String,
    /// The structured content, or the code of the refusal.
    pub outcome: std::result::Result<Value, String>,
}

impl Peer {
    pub fn spawn(command: &mut Command) -> Result<Self> {
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let input = child.stdin.take();
        let output = child.stdout.take().ok_or("no pipe from the child")?;
        Ok(Self { child, input, output: BufReader::new(output) })
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    pub fn send(&mut self, lines: &str) -> Result<()> {
        let input = self.input.as_mut().ok_or("the pipe is closed")?;
        Ok(input.write_all(lines.as_bytes())?)
    }

    pub fn receive(&mut self) -> Result<String> {
        let mut line = String::new();
        match self.output.read_line(&mut line)? {
            0 => Err("the program has gone".into()),
            _ => Ok(line),
        }
    }

    /// Sends a line and waits for the answer to it.
    pub fn round_trip(&mut self, line: &str) -> Result<(String, Duration)> {
        let begin = Instant::now();
        self.send(line)?;
        let answer = self.receive()?;
        Ok((answer, begin.elapsed()))
    }

    /// Ends the input and returns the time until the program has ended.
    pub fn hang_up(mut self) -> Result<Duration> {
        let begin = Instant::now();
        self.input.take();
        self.child.wait()?;
        Ok(begin.elapsed())
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        self.input.take();
        // It may have been killed, or waited for already.
        self.child.wait().ok();
    }
}

impl Agent {
    pub fn new(peer: Peer, worker: impl Into<String>) -> Self {
        Self { peer, requests: 0, worker: worker.into() }
    }

    pub fn peer(&mut self) -> &mut Peer {
        &mut self.peer
    }

    pub fn pid(&self) -> u32 {
        self.peer.pid()
    }

    pub fn into_peer(self) -> Peer {
        self.peer
    }

    /// Opens the session as most clients do.
    pub fn initialize(&mut self) -> Result<()> {
        let hello = self.request(
            "initialize",
            json!({
                "protocolVersion": "2025-06-18",
                "capabilities": {},
                "clientInfo": { "name": "bench", "version": "0" },
            }),
        );
        self.peer.round_trip(&hello)?;
        self.peer.send("{\"jsonrpc\":\"2.0\",\"method\":\"notifications/initialized\"}\n")
    }

    pub fn list_tools(&mut self) -> Result<Value> {
        let line = self.request("tools/list", json!({}));
        let (answer, _) = self.peer.round_trip(&line)?;
        let mut answer: Value = serde_json::from_str(&answer)?;
        Ok(answer["result"]["tools"].take())
    }

    /// Registers the worker, which may hold any number of tasks.
    pub fn connect(&mut self) -> Result<()> {
        let who = json!({ "worker_id": self.worker, "max_claims": 0 });
        self.call("connect", who)?.value().map(drop)
    }

    pub fn call(&mut self, tool: &str, arguments: Value) -> Result<Answer> {
        let line = self.tool_line(tool, arguments);
        let (answer, took) = self.peer.round_trip(&line)?;
        Answer::read(&answer, took)
    }

    /// Returns the line that calls a tool.
    pub fn tool_line(&mut self, tool: &str, arguments: Value) -> String {
        self.request("tools/call", json!({ "name": tool, "arguments": arguments }))
    }

    pub fn request(&mut self, method: &str, params: Value) -> String {
        self.requests += 1;
        let id = self.requests;
        let request = json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params });
        format!("{request}\n")
    }
}

impl Answer {
    pub fn read(line: &str, took: Duration) -> Result<Self> {
        let mut answer: Value = serde_json::from_str(line)?;
        let result = &mut answer["result"];
        let Some(text) = result["content"][0]["text"].as_str().map(str::to_owned) else {
            return Err(format!("not the answer of a tool: {line}").into());
        };
        let outcome = match result["isError"] == true {
            true => Err(code(&text)),
            false => Ok(result["structuredContent"].take()),
        };
        Ok(Self { took, text, outcome })
    }

    /// Returns the content, or the refusal as an error.
    pub fn value(self) -> Result<Value> {
        let Self { text, outcome, .. } = self;
        outcome.map_err(|_| text.into())
    }
}

/// Returns the code that a refusal begins with: `error[held]: …`.
fn code(text: &str) -> String {
    let code = text.strip_prefix("error[").and_then(|rest| rest.split_once(']'));
    code.map_or(text, |(code, _)| code).to_owned()
}
