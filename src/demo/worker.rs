//! A worker: a client that claims tasks and completes them, according to the script.

use std::mem;
use std::thread::sleep;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::backstage::Backstage;
use super::client::Client;
use super::news::News;
use super::stage::Stage;
use super::story::{self, Fate, Hand};
use super::trouble::{Result, Trouble};

/// The time between two claims of a worker without a task.
const ASKS_EVERY: Duration = Duration::from_millis(80);
/// The time after which a worker without a task gives up.
const PATIENCE: Duration = Duration::from_secs(60);

pub struct Worker {
    hand: &'static Hand,
    client: Client,
    /// The claimed task that it has not begun.
    given: Option<String>,
}

impl Worker {
    /// Starts the worker's process and claims its first task.
    pub fn hire(hand: &'static Hand, stage: &Stage) -> Result<Self> {
        let client = Client::start(stage.server())?;
        let mut worker = Self { hand, client, given: None };
        worker.call("connect", json!({ "tags": hand.tags }))?;
        worker.given = worker.claim()?;
        Ok(worker)
    }

    /// Works until no tasks are left, and returns the durations of its calls.
    pub fn work(mut self, backstage: &Backstage) -> Result<Vec<Duration>> {
        self.work_off(backstage).map_err(Trouble::with(self.hand.name))?;
        Ok(mem::take(&mut self.client.timings))
    }

    fn work_off(&mut self, backstage: &Backstage) -> Result<()> {
        while let Some(id) = self.next_task(backstage)? {
            let task = story::find(&id).ok_or(Trouble::Stranger { task: id })?;
            let third = Duration::from_millis(task.takes_ms) / 3;
            sleep(third);
            self.call("thinking", json!({ "thought": task.thought }))?;
            sleep(third);
            if self.hand.fate == Fate::IsKilled {
                self.client.kill()?;
                backstage.tell(News::Killed { worker: self.hand.name.into(), task: task.id.into() });
                return Ok(());
            }
            sleep(third);
            self.finish(task)?;
        }
        self.call("disconnect", json!({}))?;
        Ok(())
    }

    /// Completes the task, and claims the next one in the same call.
    fn finish(&mut self, task: &story::Task) -> Result<()> {
        let done = json!({
            "task": task.id,
            "status": "completed",
            "reason": task.result,
            "next": true,
        });
        let answer = self.call("update", done)?;
        self.given = id_of(&answer["next"]);
        Ok(())
    }

    /// Returns the next task; none if all tasks have ended or another worker failed.
    fn next_task(&mut self, backstage: &Backstage) -> Result<Option<String>> {
        if let Some(given) = self.given.take() {
            return Ok(Some(given));
        }
        let deadline = Instant::now() + PATIENCE;
        while Instant::now() < deadline {
            if let Some(task) = self.claim()? {
                return Ok(Some(task));
            }
            let summary = self.client.call("status_summary", json!({}))?;
            if summary["ended"] == summary["total"] || backstage.is_broken_off() {
                return Ok(None);
            }
            sleep(ASKS_EVERY);
        }
        Err(Trouble::Idle { waited: PATIENCE })
    }

    fn claim(&mut self) -> Result<Option<String>> {
        let answer = self.call("claim", json!({}))?;
        Ok(id_of(&answer["task"]))
    }

    /// Calls a tool in the worker's name.
    fn call(&mut self, tool: &str, mut arguments: Value) -> Result<Value> {
        arguments["worker_id"] = self.hand.name.into();
        self.client.call(tool, arguments)
    }
}

fn id_of(task: &Value) -> Option<String> {
    task["id"].as_str().map(str::to_owned)
}
