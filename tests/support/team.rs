//! A team: one store in a folder of its own, with the agents and shells that use it.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use serde_json::{Value, json};
use task_graph::config::Config;
use tempfile::TempDir;

use super::agent::Agent;
use super::command::{Ran, program};
use super::dice::Dice;
use super::history::History;
use super::ledger;

pub struct Team {
    folder: TempDir,
}

impl Team {
    /// Returns a team that has no store yet.
    pub fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    /// Writes the project's settings.
    pub fn configure(&self, yaml: &str) {
        let file = self.file().with_file_name("config.yaml");
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, yaml).unwrap();
    }

    /// Starts the server of an agent that works under `name`, without waiting for it.
    pub fn agent(&self, name: &str) -> Agent {
        Agent::start_server(self.program().env("TASK_GRAPH_WORKER_ID", name).arg("serve"))
    }

    /// Starts the servers of this many agents, `w0` and on.
    pub fn agents(&self, number: usize) -> Vec<Agent> {
        (0..number).map(|n| self.agent(&format!("w{n}"))).collect()
    }

    /// Starts a server without a worker of its own.
    pub fn server(&self) -> Agent {
        Agent::start_server(self.program().arg("serve"))
    }

    /// Runs a command.
    pub fn run(&self, words: &[&str]) -> Ran {
        Ran::of(self.program().args(words).output().unwrap())
    }

    /// Runs a command as a worker.
    pub fn run_as(&self, worker: &str, words: &[&str]) -> Ran {
        let mut command = self.program();
        command.env("TASK_GRAPH_WORKER_ID", worker);
        Ran::of(command.args(words).output().unwrap())
    }

    pub fn program(&self) -> Command {
        program(self.folder.path())
    }

    pub fn folder(&self) -> PathBuf {
        self.folder.path().to_owned()
    }

    pub fn file(&self) -> PathBuf {
        self.folder.path().join(".task-graph/tasks.db")
    }

    /// Creates tasks with these ids.
    pub fn has(&self, ids: &[&str]) {
        let tasks: Vec<Value> = ids.iter().map(|id| json!({ "id": id, "title": id })).collect();
        self.server().answer("create", json!({ "tasks": tasks }));
    }

    /// Creates tasks in layers, each of which waits for some in the layers before, and returns their number.
    pub fn has_layers(&self, layers: usize, width: usize) -> usize {
        let mut dice = Dice::new(layers * width);
        let name = |layer, at| format!("t{layer}-{at}");
        let mut tasks = Vec::new();
        for layer in 0..layers {
            for at in 0..width {
                let before = if layer == 0 { 0 } else { dice.below(4) };
                let blocked_by: Vec<String> =
                    (0..before).map(|_| name(dice.below(layer), dice.below(width))).collect();
                let id = name(layer, at);
                tasks.push(json!({
                    "id": id, "title": id, "blocked_by": blocked_by, "priority": dice.below(11),
                }));
            }
        }
        self.server().answer("create", json!({ "tasks": tasks }));
        layers * width
    }

    /// Fails if the store breaks a rule that holds after any event.
    pub fn check(&self) {
        ledger::check(&self.file());
        History::check(&self.file(), &Config::builtin());
    }

    /// Returns the rows of a query, as numbers or texts.
    pub fn rows(&self, sql: &str) -> Vec<Vec<Value>> {
        ledger::rows(&self.file(), sql)
    }
}
