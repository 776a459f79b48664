//! An agent's client: it starts a server of its own and speaks MCP over its pipes.
//!
//! `start` sends a call and `finish` reads its answer, so that many calls can be under way
//! before any answer is read. Every message of the server is checked against the rules of the
//! protocol, so that each test with an agent tests those too.

use std::collections::{HashMap, VecDeque};
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

use serde::Deserialize;
use serde_json::{Value, json};

/// The longest wait of a test before the server counts as stuck.
pub const PATIENCE: Duration = Duration::from_secs(60);

pub struct Agent {
    server: Child,
    input: Option<ChildStdin>,
    lines: Receiver<String>,
    /// The calls that were started and not finished, the oldest first.
    started: VecDeque<u64>,
    /// Answers that arrived before the expected one.
    early: HashMap<u64, Value>,
    /// Messages of the server that are no answers, the oldest first.
    news: VecDeque<Value>,
    last_id: u64,
}

pub type Answer = Result<Value, Box<Refused>>;

/// A refusal, as an agent reads it.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Refused {
    pub code: String,
    pub message: String,
    #[serde(default)]
    pub hint: String,
    /// The messages for the caller, a line each.
    #[serde(skip)]
    pub messages: Vec<String>,
}

impl Agent {
    /// Starts a server and opens the session, without waiting for it to come up.
    pub fn start_server(command: &mut Command) -> Self {
        let mut agent = Self::start_silently(command);
        agent.hello("2025-11-25");
        agent
    }

    /// Starts a server without sending anything.
    pub fn start_silently(command: &mut Command) -> Self {
        let command = command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut server = command.stderr(Stdio::null()).spawn().unwrap();
        Self {
            input: server.stdin.take(),
            lines: lines_of(server.stdout.take().unwrap()),
            server,
            started: VecDeque::new(),
            early: HashMap::new(),
            news: VecDeque::new(),
            last_id: 0,
        }
    }

    /// Opens the session as clients of the older era do.
    fn hello(&mut self, version: &str) {
        let client = json!({ "name": "test", "version": "1" });
        let params = json!({ "protocolVersion": version, "capabilities": {}, "clientInfo": client });
        self.send_request("initialize", params);
        self.send_line(r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#);
    }

    /// Calls a tool and waits for the answer.
    pub fn call(&mut self, tool: &str, arguments: Value) -> Answer {
        self.start(tool, arguments);
        self.finish()
    }

    /// Calls a tool that must succeed.
    #[track_caller]
    pub fn answer(&mut self, tool: &str, arguments: Value) -> Value {
        let asked = format!("{tool} {arguments}");
        let answer = self.call(tool, arguments);
        answer.unwrap_or_else(|refused| panic!("{asked}: {refused:?}"))
    }

    /// Calls a tool that must be refused.
    #[track_caller]
    pub fn refusal(&mut self, tool: &str, arguments: Value) -> Refused {
        let asked = format!("{tool} {arguments}");
        *self.call(tool, arguments).expect_err(&asked)
    }

    /// Calls a tool and does not wait.
    pub fn start(&mut self, tool: &str, arguments: Value) {
        let params = json!({ "name": tool, "arguments": arguments });
        let id = self.send_request("tools/call", params);
        self.started.push_back(id);
    }

    /// Waits for the answer to the oldest call that was started.
    pub fn finish(&mut self) -> Answer {
        self.finish_within(PATIENCE).expect("the server is stuck")
    }

    /// Waits as long as `patience`, for a server that may not be able to answer.
    pub fn finish_within(&mut self, patience: Duration) -> Option<Answer> {
        let id = *self.started.front().expect("nothing was started");
        let response = self.response(id, patience).ok()?;
        self.started.pop_front();
        Some(read_result(&response))
    }

    /// Makes a request of the protocol and returns the whole response.
    pub fn request(&mut self, method: &str, params: Value) -> Value {
        let id = self.send_request(method, params);
        self.response(id, PATIENCE).unwrap()
    }

    fn send_request(&mut self, method: &str, params: Value) -> u64 {
        self.last_id += 1;
        let id = self.last_id;
        let request = json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params });
        self.send_line(&request.to_string());
        id
    }

    pub fn send_line(&mut self, line: &str) {
        self.send_bytes(format!("{line}\n").as_bytes());
    }

    /// Sends bytes that need not be text.
    pub fn send_bytes(&mut self, bytes: &[u8]) {
        let input = self.input.as_mut().expect("the client has hung up");
        input.write_all(bytes).unwrap();
        input.flush().unwrap();
    }

    /// Reads the next message of the server.
    pub fn hear(&mut self) -> Value {
        self.hear_within(PATIENCE).unwrap()
    }

    /// Waits for the next message that is no answer.
    pub fn news(&mut self) -> Value {
        if let Some(news) = self.news.pop_front() {
            return news;
        }
        let news = self.hear();
        assert!(news["method"].is_string(), "{news}");
        news
    }

    fn hear_within(&mut self, patience: Duration) -> Result<Value, RecvTimeoutError> {
        self.lines.recv_timeout(patience).map(|line| message(&line))
    }

    fn response(&mut self, id: u64, patience: Duration) -> Result<Value, RecvTimeoutError> {
        loop {
            if let Some(response) = self.early.remove(&id) {
                return Ok(response);
            }
            let message = self.hear_within(patience)?;
            match message["id"].as_u64() {
                Some(answered) => {
                    self.early.insert(answered, message);
                }
                None if message["method"].is_string() => self.news.push_back(message),
                None => panic!("neither an answer nor news: {message}"),
            }
        }
    }

    pub fn pid(&self) -> u32 {
        self.server.id()
    }

    /// Kills the server at once. Returns the answers that were sent before that to the calls
    /// under way, and `None` for those without one.
    pub fn kill(&mut self) -> Vec<Option<Answer>> {
        self.server.kill().unwrap();
        self.server.wait().unwrap();
        let started = std::mem::take(&mut self.started);
        let answer = |id| Some(read_result(&self.response(id, PATIENCE).ok()?));
        started.into_iter().map(answer).collect()
    }

    /// Stops the server's process, until `resume`.
    pub fn pause(&self) {
        self.signal("STOP");
    }

    pub fn resume(&self) {
        self.signal("CONT");
    }

    /// Sends a signal, such as `TERM`, to the server's process.
    pub fn signal(&self, name: &str) {
        let pid = self.pid().to_string();
        let sent = Command::new("kill").args(["-s", name, &pid]).status();
        assert!(sent.unwrap().success());
    }

    /// Ends the server's input.
    pub fn hang_up(&mut self) {
        self.input = None;
    }

    /// Waits for the server to end by itself; returns its status and its last messages.
    pub fn end(mut self, patience: Duration) -> (ExitStatus, Vec<Value>) {
        let mut said = Vec::new();
        loop {
            match self.hear_within(patience) {
                Ok(message) => said.push(message),
                Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => panic!("the server goes on without a client"),
            }
        }
        (self.server.wait().unwrap(), said)
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

/// Reads the server's output in a thread of its own, so that the server never waits for a reader.
fn lines_of(output: ChildStdout) -> Receiver<String> {
    let (sender, lines) = channel();
    thread::spawn(move || {
        for line in BufReader::new(output).lines().map_while(Result::ok) {
            if sender.send(line).is_err() {
                break;
            }
        }
    });
    lines
}

/// Reads a line of the server, which must be JSON-RPC.
fn message(line: &str) -> Value {
    let message: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
    assert_eq!(message["jsonrpc"], "2.0", "{line}");
    message
}

/// Reads the result of a tool: a success has the same content twice, a refusal is a text with its code aside.
fn read_result(response: &Value) -> Answer {
    let result = response.get("result").unwrap_or_else(|| panic!("{response}"));
    let content = result["content"].as_array().unwrap();
    assert_eq!(content.len(), 1, "{result}");
    let text = content[0]["text"].as_str().unwrap();
    if result["isError"] == false {
        let said: Value = serde_json::from_str(text).unwrap();
        assert_eq!(said, result["structuredContent"]);
        assert_eq!(text, said.to_string(), "the text is compact");
        return Ok(said);
    }
    assert_eq!(result["isError"], true, "{result}");
    assert_eq!(result.get("structuredContent"), None, "{result}");
    let refused = read_refusal(text);
    // Some clients give their model the whole result, so the message is not repeated here.
    assert_eq!(result["_meta"], json!({ "task-graph/error": { "code": refused.code } }));
    Err(Box::new(refused))
}

/// Reads `error[code]: message`, then the lines that begin with `hint: ` and `message: `.
fn read_refusal(text: &str) -> Refused {
    let mut parts = text.split("\nmessage: ");
    let (error, messages) = (parts.next().unwrap(), parts.map(str::to_owned).collect());
    let (error, hint) = error.split_once("\nhint: ").unwrap_or((error, ""));
    let (code, message) = error.strip_prefix("error[").and_then(|error| error.split_once("]: ")).unwrap();
    Refused { code: code.to_owned(), message: message.to_owned(), hint: hint.to_owned(), messages }
}
