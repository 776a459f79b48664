//! The README says what is so: its table of operations is the catalogue's, its session runs as printed.

use std::fmt::Write;
use std::path::Path;
use std::process::Command;

use task_graph::ops::{CATALOGUE, Entry, Shelf};

fn readme() -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).unwrap()
}

fn between<'t>(text: &'t str, start: &str, end: &str) -> &'t str {
    let after = text.split_once(start).unwrap_or_else(|| panic!("the README has no `{start}`")).1;
    after.split_once(end).unwrap_or_else(|| panic!("the README has no `{end}`")).0
}

fn table(is_shown: fn(&Entry) -> bool) -> String {
    let mut table = String::from("| operation | shown | what it does |\n|---|---|---|\n");
    for entry in CATALOGUE.iter().filter(|entry| is_shown(entry)) {
        let shown = if entry.shelf >= Shelf::Full { "" } else { "yes" };
        writeln!(table, "| `{}` | {shown} | {} |", entry.name, entry.summary()).unwrap();
    }
    table
}

#[test]
fn the_table_of_operations_is_the_catalogue() {
    let readme = readme();

    let written = between(&readme, "<!-- operations -->\n", "<!-- /operations -->");

    let table = table(|entry| entry.shelf <= Shelf::Full);
    assert_eq!(written, table, "put this into the README:\n{table}");
}

#[test]
fn the_table_of_names_for_queues_is_the_catalogue() {
    let readme = readme();

    let written = between(&readme, "<!-- names for queues -->\n", "<!-- /names for queues -->");

    let table = table(|entry| entry.shelf == Shelf::Queue).replace("|  |", "|").replace("shown | ", "");
    let table = table.replace("|---|---|---|", "|---|---|");
    assert_eq!(written, table, "put this into the README:\n{table}");
}

#[test]
fn the_sessions_run_as_they_are_printed() {
    let readme = readme();
    let sessions: Vec<&str> = readme
        .split("```console\n")
        .skip(1)
        .map(|rest| rest.split_once("```").expect("a session has no end").0)
        .collect();

    assert_eq!(sessions.len(), 2);
    for session in sessions {
        runs(session);
    }
}

/// Types what stands behind each `$`, in an empty folder, and compares what comes.
fn runs(session: &str) {
    let folder = tempfile::tempdir().unwrap();
    let program = Path::new(env!("CARGO_BIN_EXE_task-graph")).parent().unwrap();
    let path = format!("{}:{}", program.display(), std::env::var("PATH").unwrap());
    // A line that ends with `\\` goes on in the next.
    let session = session.replace("\\\n", " ");
    for step in session.split("$ ").filter(|step| !step.is_empty()) {
        let (command, printed) = step.split_once('\n').unwrap();
        let run = Command::new("sh")
            .args(["-c", command])
            .current_dir(folder.path())
            .env("PATH", &path)
            .env("TASK_GRAPH_WORKER_ID", "ann")
            .env("TASK_GRAPH_USER_DIR", folder.path().join("nobody"))
            .env_remove("TASK_GRAPH_DB_PATH")
            .output()
            .unwrap();

        assert_eq!(String::from_utf8_lossy(&run.stdout), printed, "after `{command}`");
    }
}
