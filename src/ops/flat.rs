//! Test: frequent calls cost as much in a large store as in a small one.
//!
//! The cost is the number of steps of SQLite's virtual machine, triggers included. It is the same on every computer.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use tempfile::TempDir;

use super::{Input, find};
use crate::App;
use crate::config::Config;
use crate::domain::Timestamp;
use crate::store::{Options, Store};

const WORKERS: usize = 50;
/// The number of tasks in one layer of the graph; every other one is blocked by two of the layer before.
const WIDTH: usize = 100;

struct Project {
    _folder: TempDir,
    app: App,
    /// The time at which all tasks existed.
    planted: Timestamp,
}

impl Project {
    /// Creates a project of so many tasks. Every worker has finished three tasks and holds one.
    fn of(tasks: usize) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let options = Options { lock_wait: std::time::Duration::from_secs(10), synced: false };
        let store = Store::open(&folder.path().join("tasks.db"), options).unwrap();
        let app = App::new(store, Config::builtin(), Default::default()).unwrap();
        let planted = app.now();
        let mut project = Self { _folder: folder, app, planted };
        let all: Vec<usize> = (0..tasks).collect();
        for part in all.chunks(500) {
            let rows: Vec<Value> = part.iter().map(|at| json!([id(*at), "work", blockers(*at)])).collect();
            project.call("create", json!({ "columns": ["id", "title", "blocked_by"], "rows": rows }));
        }
        project.planted = project.app.now().after(1);
        for worker in (0..WORKERS).map(|number| format!("w{number}")) {
            project.call("connect", json!({ "worker_id": worker }));
            for _ in 0..3 {
                let taken = project.call("claim", json!({ "worker_id": worker }));
                project.finish(&worker, &taken);
            }
            project.call("claim", json!({ "worker_id": worker }));
        }
        project
    }

    fn call(&self, name: &str, arguments: Value) -> Value {
        let input = Input::of(arguments.as_object().unwrap().clone());
        let answer = find(name).unwrap().call(&self.app, input);
        answer.unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    fn finish(&self, worker: &str, taken: &Value) {
        let task = &taken["task"]["id"];
        self.call("update", json!({ "worker_id": worker, "task": task, "status": "completed" }));
    }

    /// Returns the cost of each call in an agent's day.
    fn costs(&self) -> BTreeMap<&'static str, u64> {
        let mut costs = BTreeMap::new();
        let mut costing = |name: &'static str, what: &'static str, arguments: Value| {
            let (answer, steps) = self.app.store.counting(|| self.call(what, arguments));
            costs.insert(name, steps);
            answer
        };
        let mut all = || {
            let me = "w7";
            let held = costing("claim again", "claim", json!({ "worker_id": me }));
            let task = &held["task"]["id"];
            costing("list", "list_tasks", json!({}));
            costing("list ready", "list_tasks", json!({ "ready": true }));
            costing("list mine", "list_tasks", json!({ "owner": me }));
            costing("list by status", "list_tasks", json!({ "status": "completed" }));
            costing("get", "get", json!({ "task": task }));
            costing("explain", "explain", json!({ "worker_id": me, "task": task }));
            costing("status", "status_summary", json!({}));
            costing("agents", "list_agents", json!({}));
            costing("heartbeat", "thinking", json!({ "worker_id": me, "thought": "on it" }));
            costing("task history", "task_history", json!({ "task": task }));
            costing("project history", "project_history", json!({ "from": self.planted }));
            costing("events", "events", json!({}));
            costing("mark", "mark_file", json!({ "worker_id": me, "file": "src/a.rs" }));
            costing("news of marks", "mark_updates", json!({ "worker_id": me }));
            costing("unmark", "unmark_file", json!({ "worker_id": me, "file": "src/a.rs" }));
            costing(
                "attach",
                "attach",
                json!({ "worker_id": me, "task": task, "type": "note", "content": "x" }),
            );
            costing(
                "metrics",
                "log_metrics",
                json!({ "worker_id": me, "task": task, "values": { "tokens": 5 } }),
            );
            costing("resume", "resume", json!({ "worker_id": me }));
            costing("inbox", "inbox", json!({ "worker_id": me }));
            let end = json!({ "worker_id": me, "task": task, "status": "completed" });
            costing("complete", "update", end);
            costing("create", "create", json!({ "title": "more" }));
            costing("claim the best", "claim", json!({ "worker_id": me }));
        };
        // The first rounds prepare statements and check for dead workers.
        (0..3).for_each(|_| all());
        costs
    }
}

fn id(at: usize) -> String {
    format!("t{at}")
}

fn blockers(at: usize) -> Value {
    match at.checked_sub(WIDTH) {
        Some(above) if !at.is_multiple_of(2) => {
            json!([id(above), id(above / WIDTH * WIDTH + (above + 1) % WIDTH)])
        }
        // Half of the tasks are free, so that there is always work.
        _ => json!([]),
    }
}

#[test]
fn what_is_asked_all_the_time_costs_the_same_in_a_large_store() {
    let [small, large] = [400, 20_000].map(|tasks| Project::of(tasks).costs());

    let grown: Vec<String> = small
        .iter()
        .filter(|(name, steps)| large[**name] * 10 > **steps * 13 + 500)
        .map(|(name, steps)| format!("{name}: {steps} steps became {}", large[name]))
        .collect();
    assert!(grown.is_empty(), "{grown:#?}");
    assert!(small.values().all(|steps| *steps > 0), "{small:#?}");
}
