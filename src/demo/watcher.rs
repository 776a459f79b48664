//! The client that creates the tasks, reads the feed, and reads the history at the end.

use serde_json::{Value, json};

use super::client::Client;
use super::news::News;
use super::stage::Stage;
use super::story;
use super::trouble::{Result, Trouble};

pub struct Watcher {
    client: Client,
    /// The position up to which the feed has been read.
    cursor: Value,
}

/// A worker's attempt at a task.
pub struct Attempt {
    pub worker: String,
    pub outcome: String,
    pub time_ms: u64,
}

/// The task counts of the store.
#[derive(Clone, Copy, Debug)]
pub struct Count {
    pub total: u64,
    pub completed: u64,
}

impl Watcher {
    /// Creates the tasks of the demo.
    pub fn new(stage: &Stage) -> Result<Self> {
        let mut client = Client::start(stage.server())?;
        client.call("create_tree", json!({ "tree": story::tree() }))?;
        Ok(Self { client, cursor: json!(0) })
    }

    /// Returns the events since the last call.
    pub fn news(&mut self) -> Result<Vec<News>> {
        let mut news = Vec::new();
        loop {
            let mut feed = self.client.call("events", json!({ "since": self.cursor }))?;
            news.extend(list(&feed["events"]).filter_map(News::read));
            self.cursor = feed["cursor"].take();
            if feed["more"] != true {
                return Ok(news);
            }
        }
    }

    /// Returns all attempts at a task, in order.
    pub fn attempts(&mut self, task: &str) -> Result<Vec<Attempt>> {
        let history = self.client.call("task_history", json!({ "task": task }))?;
        let attempts = list(&history["attempts"]).map(|attempt| Attempt {
            worker: attempt["worker_id"].as_str().unwrap_or("?").into(),
            outcome: attempt["outcome"].as_str().unwrap_or("open").into(),
            time_ms: attempt["time_ms"].as_u64().unwrap_or_default(),
        });
        Ok(attempts.collect())
    }

    pub fn count(&mut self) -> Result<Count> {
        let asked = "status_summary";
        let summary = self.client.call(asked, json!({}))?;
        let lacks = |lacks| Trouble::Incomplete { asked, lacks };
        Ok(Count {
            total: summary["total"].as_u64().ok_or_else(|| lacks("total"))?,
            completed: summary["by_status"]["completed"].as_u64().unwrap_or(0),
        })
    }
}

fn list(values: &Value) -> impl Iterator<Item = &Value> {
    values.as_array().into_iter().flatten()
}
