//! The successes that callers read, and the facts that must therefore last.
//!
//! Tasks are known by the ids that the calls gave them, since answers shorten generated ids.

use std::collections::HashMap;

use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::Result;
use super::recording::{Event, Record};

#[derive(Clone, Debug)]
pub enum Fact {
    Task(String),
    Completed(String),
    Attempt(String, i64),
    Attachment(String, String),
    Marked(String),
    Message(String),
}

/// Follows all processes of a recording.
#[derive(Default)]
pub struct Answered {
    talks: HashMap<u32, Talk>,
    pub facts: Vec<Fact>,
}

/// The calls of one process that have no answer so far.
#[derive(Default)]
struct Talk {
    input: Vec<u8>,
    output: Vec<u8>,
    calls: HashMap<u64, (String, Value)>,
}

impl Answered {
    /// Processes the next record; returns true if it is an answer that promises a fact.
    pub fn take(&mut self, record: &Record) -> Result<bool> {
        let talk = self.talks.entry(record.process).or_default();
        let before = self.facts.len();
        match &record.event {
            // A command's answer has the form of the tool's.
            Event::Start { line, .. } => {
                *talk = Talk::default();
                if line.split(|byte| *byte == 0).any(|word| word == b"create") {
                    talk.calls.insert(0, ("create".to_owned(), Value::Null));
                }
            }
            Event::Input(bytes) => {
                talk.input.extend_from_slice(bytes);
                while let Some(line) = line(&mut talk.input) {
                    talk.ask(&line)?;
                }
            }
            Event::Output(bytes) => {
                talk.output.extend_from_slice(bytes);
                while let Some(line) = line(&mut talk.output) {
                    self.facts.extend(talk.answer(&line)?);
                }
            }
            _ => {}
        }
        Ok(self.facts.len() > before)
    }
}

impl Talk {
    fn ask(&mut self, line: &[u8]) -> Result<()> {
        let mut request: Value = serde_json::from_slice(line)?;
        let params = &mut request["params"];
        if let (Some(name), arguments) =
            (params["name"].as_str().map(str::to_owned), params["arguments"].take())
        {
            self.calls.insert(request["id"].as_u64().unwrap_or_default(), (name, arguments));
        }
        Ok(())
    }

    fn answer(&mut self, line: &[u8]) -> Result<Vec<Fact>> {
        let answer: Value = serde_json::from_slice(line)?;
        let (id, content) = match answer["jsonrpc"].is_string() {
            true => (answer["id"].as_u64(), &answer["result"]["structuredContent"]),
            false => (Some(0), &answer),
        };
        let call = id.and_then(|id| self.calls.remove(&id));
        Ok(match call {
            Some((tool, arguments)) if content.is_object() => facts(&tool, &arguments, content),
            _ => Vec::new(),
        })
    }
}

/// Returns the facts that a successful call promises.
pub fn facts(tool: &str, arguments: &Value, answer: &Value) -> Vec<Fact> {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let fact = match tool {
        "create" => text(&answer["id"]).map(Fact::Task),
        "create_tree" => {
            let ids = answer["ids"].as_array().into_iter().flatten();
            return ids.filter_map(text).map(Fact::Task).collect();
        }
        "claim" => {
            let task = &answer["task"];
            text(&task["id"])
                .zip(task["attempt"].as_i64())
                .map(|(task, attempt)| Fact::Attempt(task, attempt))
        }
        "update" if arguments["status"] == "completed" => text(&arguments["task"]).map(Fact::Completed),
        "attach" => text(&arguments["task"])
            .zip(arguments["content"].as_str())
            .map(|(task, content)| Fact::Attachment(task, digest(content.as_bytes()))),
        "mark_file" => text(&arguments["file"]).map(Fact::Marked),
        "send" => text(&arguments["text"]).map(Fact::Message),
        _ => None,
    };
    fact.into_iter().collect()
}

pub fn digest(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Removes the first whole line and returns it.
fn line(bytes: &mut Vec<u8>) -> Option<Vec<u8>> {
    let end = bytes.iter().position(|byte| *byte == b'\n')?;
    Some(bytes.drain(..=end).collect())
}
