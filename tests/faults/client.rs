//! A minimal client of a server: one call at a time, over its pipes.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::{Value, json};

use super::Result;
use super::answered::{Fact, facts};

pub struct Server {
    process: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
    requests: u64,
    /// The facts that this server has answered.
    pub facts: Vec<Fact>,
}

/// A refusal as an agent reads it.
#[derive(Debug)]
pub struct Refused {
    pub code: String,
    pub text: String,
}

pub type Answer = std::result::Result<Value, Refused>;

impl Server {
    pub fn start(command: &mut Command) -> Result<Self> {
        let command = command.arg("serve").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut process = command.spawn()?;
        let input = process.stdin.take();
        let output = BufReader::new(process.stdout.take().ok_or("no pipe from the server")?);
        Ok(Self { process, input, output, requests: 0, facts: Vec::new() })
    }

    /// Opens the session and registers a worker.
    pub fn connect(&mut self, worker: &str) -> Result<Answer> {
        let client = json!({ "name": "faults", "version": "0" });
        let hello = json!({ "protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": client });
        self.request("initialize", hello)?;
        self.send(&json!({ "jsonrpc": "2.0", "method": "notifications/initialized" }))?;
        self.call("connect", json!({ "worker_id": worker, "max_claims": 0 }))
    }

    /// Calls a tool. Fails if the server is gone.
    pub fn call(&mut self, tool: &str, arguments: Value) -> Result<Answer> {
        let response = self.request("tools/call", json!({ "name": tool, "arguments": arguments }))?;
        let result = &response["result"];
        if result["isError"] == false {
            let answer = result["structuredContent"].clone();
            self.facts.extend(facts(tool, &arguments, &answer));
            return Ok(Ok(answer));
        }
        let code = result["_meta"]["task-graph/error"]["code"].as_str().unwrap_or_default().to_owned();
        let text = result["content"][0]["text"].as_str().map_or_else(|| response.to_string(), str::to_owned);
        Ok(Err(Refused { code, text }))
    }

    fn request(&mut self, method: &str, params: Value) -> Result<Value> {
        self.requests += 1;
        let id = self.requests;
        self.send(&json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params }))?;
        loop {
            let mut line = String::new();
            if self.output.read_line(&mut line)? == 0 {
                return Err("the server is gone".into());
            }
            let response: Value = serde_json::from_str(&line)?;
            if response["id"] == id {
                return Ok(response);
            }
        }
    }

    fn send(&mut self, message: &Value) -> Result<()> {
        let input = self.input.as_mut().ok_or("the input has ended")?;
        Ok(input.write_all(format!("{message}\n").as_bytes())?)
    }

    pub fn kill(&mut self) -> Result<()> {
        self.process.kill()?;
        self.process.wait()?;
        Ok(())
    }

    /// Ends the input and waits for the server; returns the signal that ended it, if one did.
    pub fn end(&mut self) -> Result<Option<i32>> {
        self.input = None;
        Ok(self.process.wait()?.signal())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself.
        self.process.kill().ok();
        self.process.wait().ok();
    }
}
