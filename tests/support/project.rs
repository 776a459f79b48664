//! A project in a folder of its own, with a clock that only the test moves.

use std::fs;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::Duration;

use serde::Deserialize;
use serde_json::{Value, json};
use task_graph::config::{Config, Places};
use task_graph::domain::Timestamp;
use task_graph::ops::Input;
use task_graph::store::{Options, Store};
use task_graph::{App, Caller, Error, Patience, ops};
use tempfile::TempDir;

use super::rows::{self, Row};

/// The first time on the clock.
pub const NOON: &str = "12:00";

/// A project with the workers `ann` and `bob`.
pub struct Project {
    folder: Rc<TempDir>,
    config: Config,
    pub app: App,
}

/// A refusal, as a caller gets it.
#[derive(Debug, Deserialize)]
pub struct Refused {
    pub code: String,
    pub message: String,
    pub hint: Option<String>,
    #[serde(default)]
    pub details: Box<Value>,
    /// The labels of a late result that was kept.
    #[serde(default)]
    pub kept: Vec<String>,
}

/// The effects of finishing a task.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
#[must_use]
pub struct Done {
    pub unblocked: Vec<String>,
    pub auto_advanced: Vec<String>,
    pub completed_above: Vec<String>,
}

impl Project {
    /// Returns a project without settings of its own.
    pub fn new() -> Self {
        Self::with(|_| {})
    }

    /// Returns a project with other settings.
    pub fn with(configure: impl FnOnce(&mut Config)) -> Self {
        let mut config = Config::builtin();
        configure(&mut config);
        let folder = Rc::new(tempfile::tempdir().unwrap());
        let caller = at(Caller::default(), NOON);
        let app = open(&folder, &config, caller);
        let project = Self { folder, config, app };
        project.worker("ann", json!({}));
        project.worker("bob", json!({}));
        project
    }

    /// Returns the same project for another process, with its own `caller`.
    pub fn beside(&self, caller: Caller) -> Self {
        let stopped_at = self.app.caller.stopped_at;
        let caller = Caller { stopped_at, ..caller };
        self.opened(self.config.clone(), caller)
    }

    /// Returns the same project after a change of its settings.
    pub fn reconfigured(&self, configure: impl FnOnce(&mut Config)) -> Self {
        let mut config = self.config.clone();
        configure(&mut config);
        self.opened(config, self.app.caller.clone())
    }

    /// Returns the same project for a process whose clock shows another time, such as
    /// `2036-01-31T12:00:00Z`.
    pub fn by_clock(&self, time: &str) -> Self {
        let stopped_at = Some(time.parse().unwrap());
        self.opened(self.config.clone(), Caller { stopped_at, ..self.app.caller.clone() })
    }

    fn opened(&self, config: Config, caller: Caller) -> Self {
        Self { folder: Rc::clone(&self.folder), app: open(&self.folder, &config, caller), config }
    }

    /// Moves the clock to a time of the day, such as `12:30`.
    pub fn at(&mut self, time: &str) -> &Self {
        let caller = at(self.app.caller.clone(), time);
        // A process checks for dead workers at intervals; a new one checks at once.
        self.app = open(&self.folder, &self.config, caller);
        self
    }

    pub fn file(&self) -> PathBuf {
        file(&self.folder)
    }

    /// Writes a file of the project.
    pub fn writes(&self, path: &str, text: &str) -> &Self {
        let file = self.folder.path().join(path);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, text).unwrap();
        self
    }

    /// Returns the contents of the files in the media folder.
    pub fn media(&self) -> Vec<Vec<u8>> {
        let shards = files_in(&file(&self.folder).with_file_name("tasks.db-media"));
        let files = shards.iter().flat_map(|shard| files_in(shard));
        files.map(|file| fs::read(file).unwrap()).collect()
    }

    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Calls an operation.
    pub fn call(&self, operation: &str, arguments: Value) -> Result<Value, Refused> {
        let Value::Object(arguments) = arguments else {
            panic!("arguments are an object, not {arguments}");
        };
        ops::find(operation)
            // The clock stands still, so no call may wait.
            .map(|entry| entry.answer(&self.app, Input::at_once(arguments, Patience::Waits)))
            .and_then(|answer| answer.delivered(&self.app))
            .map_err(Refused::from)
    }

    /// Calls an operation that must succeed, and returns its answer.
    #[must_use]
    pub fn answer(&self, operation: &str, arguments: Value) -> Value {
        let asked = format!("{operation} {arguments}");
        self.call(operation, arguments).unwrap_or_else(|refused| panic!("{asked}: {refused:?}"))
    }

    /// Calls an operation that must succeed, for its effect.
    pub fn does(&self, operation: &str, arguments: Value) -> &Self {
        let _ = self.answer(operation, arguments);
        self
    }

    /// Calls an operation that must be refused without any change, and returns the refusal.
    #[must_use]
    pub fn refusal(&self, operation: &str, arguments: Value) -> Refused {
        let before = self.contents();
        let asked = format!("{operation} {arguments}");
        let answer = self.call(operation, arguments);
        let refused = answer.expect_err(&asked);
        assert_eq!(before, self.contents(), "{asked} left something behind");
        refused
    }

    /// Connects a worker.
    pub fn worker(&self, id: &str, mut about: Value) -> &Self {
        about["worker_id"] = id.into();
        self.does("connect", about)
    }

    /// Creates tasks with these ids, the first one the oldest.
    pub fn has<const N: usize>(&self, ids: [&str; N]) -> &Self {
        for id in ids {
            self.does("create", json!({ "id": id, "title": id }));
        }
        self
    }

    /// Creates a task with further fields.
    pub fn has_one(&self, id: &str, mut about: Value) -> &Self {
        about["id"] = id.into();
        if about.get("title").is_none() {
            about["title"] = id.into();
        }
        self.does("create", about)
    }

    /// Makes `to` wait for `from`.
    pub fn linked(&self, from: &str, to: &str) -> &Self {
        self.does("link", json!({ "from": from, "to": to }))
    }

    /// Makes tasks subtasks of another one.
    pub fn inside<const N: usize>(&self, parent: &str, children: [&str; N]) -> &Self {
        let children = children.as_slice();
        self.does("link", json!({ "from": parent, "to": children, "type": "contains" }))
    }

    /// Lets a worker claim a task, and returns the number of the attempt.
    pub fn claim(&self, worker: &str, task: &str) -> i64 {
        let taken = self.answer("claim", json!({ "worker_id": worker, "task": task }));
        taken["task"]["attempt"].as_i64().unwrap()
    }

    /// Moves a task at the request of a worker.
    pub fn moves(&self, worker: &str, task: &str, status: &str) -> Done {
        let asked = json!({ "worker_id": worker, "task": task, "status": status });
        serde_json::from_value(self.answer("update", asked)).unwrap()
    }

    /// Lets the holder of a task finish it; if it has none, `ann` claims it first.
    pub fn finish(&self, task: &str) -> Done {
        let holder = self.task(task)["worker_id"].clone();
        let worker = holder.as_str().unwrap_or("ann");
        if self.task(task)["status"] != "working" {
            self.claim(worker, task);
        }
        self.moves(worker, task, "completed")
    }

    /// Returns a task as `get` shows it.
    #[must_use]
    pub fn task(&self, id: &str) -> Value {
        self.answer("get", json!({ "task": id }))
    }

    #[must_use]
    pub fn status(&self, id: &str) -> String {
        self.task(id)["status"].as_str().unwrap().to_owned()
    }

    /// Returns the ids of the tasks in a list.
    #[must_use]
    pub fn list(&self, mut filters: Value) -> Vec<String> {
        if filters.get("limit").is_none() {
            filters["limit"] = 200.into();
        }
        ids(&self.answer("list_tasks", filters)["tasks"])
    }

    /// Returns the ready tasks, in the order in which they are handed out.
    #[must_use]
    pub fn ready(&self) -> Vec<String> {
        self.list(json!({ "ready": true }))
    }

    /// Returns the rows of a query.
    #[must_use]
    pub fn rows(&self, sql: &str) -> Vec<Row> {
        rows::rows(&self.file(), sql)
    }

    /// Returns the last event of a task in the feed.
    #[must_use]
    pub fn last_event(&self, task: &str) -> Value {
        let feed = self.answer("events", json!({ "task": task, "limit": 1 }));
        feed["events"][0].clone()
    }

    #[must_use]
    pub fn contents(&self) -> Vec<(String, Vec<Row>)> {
        rows::contents(&self.file())
    }
}

/// Returns the ids of tasks or workers in an answer.
pub fn ids(rows: &Value) -> Vec<String> {
    let rows = rows.as_array().unwrap();
    let id = |row: &Value| row["id"].as_str().unwrap().to_owned();
    rows.iter().map(id).collect()
}

impl From<Error> for Refused {
    fn from(error: Error) -> Self {
        serde_json::from_value(error.to_json()).unwrap()
    }
}

/// Returns the contents of a folder; none if it does not exist.
fn files_in(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> =
        fs::read_dir(folder).into_iter().flatten().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

fn file(folder: &TempDir) -> PathBuf {
    folder.path().join(".task-graph/tasks.db")
}

fn open(folder: &TempDir, config: &Config, caller: Caller) -> App {
    let options = Options { lock_wait: Duration::from_secs(10), synced: false };
    let store = Store::open(&file(folder), options).unwrap();
    let root = folder.path().to_owned();
    let places = Places { start: root.clone(), root, ..Places::default() };
    App::new(store, config.clone(), Caller { places, ..caller }).unwrap()
}

fn at(caller: Caller, time: &str) -> Caller {
    let now: Timestamp = format!("2026-01-31T{time}Z").parse().unwrap();
    Caller { stopped_at: Some(now), ..caller }
}
