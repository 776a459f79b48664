//! Replays the feed from the beginning, and compares the result with the tables.

use std::collections::BTreeMap;
use std::path::Path;

use rusqlite::{Connection, OpenFlags};
use serde_json::Value;
use task_graph::config::Config;
use task_graph::domain::{Status, Workflow};

use super::rows::{Row, rows_of};

/// Causes that move a task by another rule than the exits of its state.
const RULES: &[&str] = &[
    "auto_advance",
    "cascade",
    "delete",
    "died",
    "disconnected",
    "expired",
    "force",
    "poison",
    "resume",
    "rollup",
];

/// The greatest lead of the newest entry over a clock. Beyond it a call ignores the entry's time.
const MAX_AHEAD_MS: i64 = 5 * 60_000;

/// The history of every task, according to the feed.
pub struct History<'a> {
    config: &'a Config,
    workflows: BTreeMap<String, String>,
    tasks: BTreeMap<String, Past>,
    faults: Vec<String>,
}

/// The state of a task, according to the feed.
#[derive(Debug)]
struct Past {
    workflow: String,
    status: Status,
    worker: Option<String>,
    /// The worker of each attempt, the first one first.
    attempts: Vec<String>,
}

impl<'a> History<'a> {
    /// Replays a file's feed, and fails if a step was not allowed or the tables differ.
    pub fn check(file: &Path, config: &'a Config) {
        let faults = Self::faults(file, config);
        assert!(faults.is_empty(), "{}", faults.join("\n"));
    }

    /// Returns the faults in a file's history.
    pub fn faults(file: &Path, config: &'a Config) -> Vec<String> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY;
        let connection = Connection::open_with_flags(file, flags).unwrap();
        connection.execute_batch("begin").unwrap();
        let workflows = rows_of(&connection, "select id, workflow from tasks");
        let mut history = Self {
            config,
            workflows: workflows.iter().map(|row| (text(row, "id"), text(row, "workflow"))).collect(),
            tasks: BTreeMap::new(),
            faults: Vec::new(),
        };
        let mut before = i64::MIN;
        for event in rows_of(&connection, "select * from events order by id") {
            let at = event["timestamp"].as_i64().unwrap();
            // After an entry by a clock that is far ahead, time goes on from the other clocks.
            history.expect(at >= before || before - at > MAX_AHEAD_MS, &event, "time goes back");
            before = at;
            history.replay(&event);
        }
        history.compare(&connection);
        history.faults
    }

    fn replay(&mut self, event: &Row) {
        match event["event"].as_str().unwrap() {
            "created" => self.create(event),
            "status" => self.step(event),
            "obliterated" => {
                let known = self.tasks.remove(&text(event, "task_id"));
                self.expect(known.is_some(), event, "no such task");
            }
            _ => {}
        }
    }

    fn create(&mut self, event: &Row) {
        let id = text(event, "task_id");
        let default = &self.config.workflows.default;
        let workflow = self.workflows.get(&id).unwrap_or(default).clone();
        let after = json(event, "after");
        let status: Status = after["status"].as_str().unwrap().parse().unwrap();
        let initial = self.workflow(&workflow).initial.clone();
        self.expect(status == initial, event, "a task begins elsewhere");
        let past = Past { workflow, status, worker: None, attempts: Vec::new() };
        let twice = self.tasks.insert(id, past).is_some();
        self.expect(!twice, event, "a task is created twice");
    }

    fn step(&mut self, event: &Row) {
        let Some(mut past) = self.tasks.remove(&text(event, "task_id")) else {
            self.expect(false, event, "a task moves that is not there");
            return;
        };
        let (before, after) = (json(event, "before"), json(event, "after"));
        let worker = after["worker"].as_str().map(str::to_owned);
        let to: Status = after["status"].as_str().unwrap().parse().unwrap();
        let cause = text(event, "cause");
        let workflow = self.workflow(&past.workflow);
        let by_exit = past.status == to || workflow.state(&past.status).exits.contains(&to);
        let timed = workflow.state(&to).timed;
        let ended = workflow.state(&to).terminal;

        let same = before["status"].as_str() == Some(past.status.as_str())
            && before["worker"].as_str() == past.worker.as_deref();
        self.expect(same, event, "it was not as the event says");
        let by_rule = RULES.contains(&cause.as_str());
        self.expect(by_exit || by_rule, event, "no exit and no rule leads there");

        let attempt = event["attempt"].as_i64().unwrap();
        match attempt - past.attempts.len() as i64 {
            0 => {}
            1 => past.attempts.push(worker.clone().unwrap_or_default()),
            _ => self.expect(false, event, "attempts are not numbered one by one"),
        }
        if timed {
            let own = past.attempts.last() == worker.as_ref();
            self.expect(own, event, "time is counted for another than the one who claimed");
        }
        self.expect(!ended || worker.is_none(), event, "an ended task is held");
        past.status = to;
        past.worker = worker;
        self.tasks.insert(text(event, "task_id"), past);
    }

    /// Compares the result of the replay with the tables.
    fn compare(&mut self, connection: &Connection) {
        let stored = rows_of(connection, "select * from tasks order by id");
        let attempts = rows_of(connection, "select * from attempts order by task_id, attempt");
        let told: Vec<&String> = self.tasks.keys().collect();
        let there: Vec<&str> = stored.iter().filter_map(|row| row["id"].as_str()).collect();
        let mut faults = Vec::new();
        if told != there {
            faults.push(format!("the feed tells of {told:?}, the table has {there:?}"));
        }
        for row in &stored {
            let made: Vec<&Row> = attempts.iter().filter(|attempt| attempt["task_id"] == row["id"]).collect();
            if let Some(past) = self.tasks.get(&text(row, "id")) {
                faults.extend(past.differences(row, &made));
            }
        }
        self.faults.extend(faults);
    }

    fn workflow(&self, name: &str) -> &'a Workflow {
        let workflows = &self.config.workflows;
        let found = workflows.get(name);
        found.unwrap_or_else(|| workflows.get(&workflows.default).unwrap())
    }

    fn expect(&mut self, holds: bool, event: &Row, fault: &str) {
        if !holds {
            let event = Value::Object(event.clone());
            self.faults.push(format!("{fault}: {event}"));
        }
    }
}

impl Past {
    /// Returns the differences between a task's rows and the feed.
    fn differences(&self, row: &Row, made: &[&Row]) -> Vec<String> {
        let id = text(row, "id");
        let mut found = Vec::new();
        let mut expect = |holds: bool, what: &str| {
            if !holds {
                found.push(format!("{id}: {what}: {self:?} is not {row:?} {made:?}"));
            }
        };
        expect(row["status"] == self.status.as_str(), "status");
        expect(row["worker_id"].as_str() == self.worker.as_deref(), "worker");
        expect(row["attempt"] == self.attempts.len(), "attempt");
        let makers: Vec<&str> = made.iter().filter_map(|row| row["worker_id"].as_str()).collect();
        expect(makers == self.attempts, "makers of attempts");
        let under_way: Vec<_> = made.iter().filter(|row| row["ended_at"].is_null()).collect();
        let begun = !row["claimed_at"].is_null();
        expect(under_way.len() == usize::from(begun), "attempts under way");
        let newest = under_way.iter().all(|attempt| attempt["attempt"] == row["attempt"]);
        expect(newest, "the attempt under way is not the newest");
        found
    }
}

fn text(row: &Row, column: &str) -> String {
    row[column].as_str().unwrap_or_default().to_owned()
}

fn json(row: &Row, column: &str) -> Value {
    serde_json::from_str(row[column].as_str().unwrap_or("null")).unwrap()
}
