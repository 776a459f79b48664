//! The screen that a person gets for the program's name alone.

use serde_json::Map;

use super::out;
use super::tree;
use crate::config::Project;
use crate::error::Result;
use crate::ops::Input;
use crate::surface::show::show;
use crate::{App, Error};

/// The operation that sums up a store, one of the few that a face knows by name.
const SUMMARY: &str = "status_summary";

/// How to register the program with agents' clients, and further commands for people.
pub const CLIENTS: &str = r#"
Give it to your agents:
  Claude Code  claude mcp add task-graph -- task-graph serve
  Codex        codex mcp add task-graph -- task-graph serve
  Cursor       in .cursor/mcp.json:
               {"mcpServers": {"task-graph": {"command": "task-graph", "args": ["serve"]}}}
  VS Code      in .vscode/mcp.json:
               {"servers": {"task-graph": {"type": "stdio", "command": "task-graph", "args": ["serve"]}}}

`task-graph help` lists the commands, `task-graph help COMMAND` explains one.
"#;

/// Writes one screen: the program, the state of the store, and the next commands.
pub fn screen(project: Result<Project>, open: impl FnOnce(Project) -> Result<App>) -> Result<()> {
    let state = project.and_then(|project| state(project, open)).unwrap_or_else(|error| trouble(&error));
    let about = concat!("task-graph ", env!("CARGO_PKG_VERSION"), "\n", env!("CARGO_PKG_DESCRIPTION"));
    Ok(out::say(&format!("{about}.\n\n{state}{CLIENTS}"))?)
}

/// Returns the state of the store. A missing store is not created.
fn state(project: Project, open: impl FnOnce(Project) -> Result<App>) -> Result<String> {
    let path = project.database.display().to_string();
    if !project.database.exists() {
        return Ok(format!("The first call makes a store: {path}\n"));
    }
    let app = open(project)?;
    let Some(entry) = tree::operation(SUMMARY) else {
        return Ok(format!("The store: {path}\n"));
    };
    let summary = entry.call(&app, Input::of(Map::new()))?;
    let summary = show(&summary, None);
    let lines: Vec<_> = summary.lines().map(|line| format!("  {line}\n")).collect();
    Ok(format!("The store: {path}\n{}", lines.concat()))
}

fn trouble(error: &Error) -> String {
    let hint = error.hint().map(|hint| format!("  {hint}\n"));
    format!("The store cannot be used: {error}\n{}", hint.unwrap_or_default())
}
