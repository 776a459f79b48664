//! What a person sees who types the program's name and nothing else.

use serde_json::Map;

use super::out;
use super::tree;
use crate::config::Project;
use crate::error::Result;
use crate::ops::Input;
use crate::surface::show::show;
use crate::{App, Error};

/// The operation that sums up a store, where there is one: the only one that a face knows by name.
const SUMMARY: &str = "status_summary";

/// How agents get the program, and where people go from here.
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

/// Writes one screen: what this is, how the store is, and where to go from here.
pub fn screen(project: Result<Project>, open: impl FnOnce(Project) -> Result<App>) -> Result<()> {
    let state = project.and_then(|project| state(project, open)).unwrap_or_else(|error| trouble(&error));
    let about = concat!("task-graph ", env!("CARGO_PKG_VERSION"), "\n", env!("CARGO_PKG_DESCRIPTION"));
    Ok(out::say(&format!("{about}.\n\n{state}{CLIENTS}"))?)
}

/// Returns how the store is. Looking does not make one.
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
