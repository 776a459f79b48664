//! The program as a person or a script runs it.

use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::Value;

/// Returns the program, started in a folder.
pub fn program(folder: &Path) -> Command {
    let mut command = apart(env!("CARGO_BIN_EXE_task-graph"), folder);
    command.arg("-C").arg(folder);
    command
}

/// Returns a command in a folder, without the settings in the environment of this test.
///
/// Its commits are not synced: only a power cut shows the difference, and on a busy disk a sync
/// can take longer than a caller waits for the store.
pub fn apart(program: &str, folder: &Path) -> Command {
    let mut command = Command::new(program);
    let ours = std::env::vars_os().map(|(name, _)| name);
    for name in ours.filter(|name| name.to_string_lossy().starts_with("TASK_GRAPH_")) {
        command.env_remove(name);
    }
    command.env("TASK_GRAPH_USER_DIR", folder.join("user"));
    command.env("TASK_GRAPH_DURABILITY", "normal");
    command.current_dir(folder).stdin(Stdio::null());
    command
}

/// The result of a run.
#[derive(Debug)]
pub struct Ran {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl Ran {
    pub fn of(output: Output) -> Self {
        Self {
            code: output.status.code().expect("it ended by itself"),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// Returns the answer of a run with `--json`.
    #[track_caller]
    pub fn json(&self) -> Value {
        assert_eq!(self.code, 0, "{self:?}");
        serde_json::from_str(&self.out).unwrap()
    }

    /// Returns the complaint of a run with `--json`.
    #[track_caller]
    pub fn error(&self) -> Value {
        assert_ne!(self.code, 0, "{self:?}");
        assert_eq!(self.out, "", "a complaint goes to standard error");
        let body: Value = serde_json::from_str(&self.err).unwrap();
        body["error"].clone()
    }
}
