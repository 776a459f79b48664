//! The README and the guide are true: their sessions run as printed, and the list of operations is the catalogue.

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use task_graph::guide::PAGES;
use task_graph::ops::{CATALOGUE, Entry, Shelf};

fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

fn readme() -> String {
    fs::read_to_string(file("README.md")).unwrap()
}

/// Returns the page of the guide that lists every operation.
fn operations() -> String {
    let mut page = String::from(
        "# Operations\n\n\
        Over MCP the operations marked `core` are listed by default, and `more` reaches the others. In a shell each is a command\n\
        with dashes; `task-graph help COMMAND` has its arguments. A test writes this page: `UPDATE_GUIDE=1 cargo test -- readme`.\n\n\
        | operation | listed | effect |\n|---|---|---|\n",
    );
    rows(&mut page, |entry| entry.shelf <= Shelf::Full);
    page += "\n## TaskDriver's names\n\n| operation | listed | effect |\n|---|---|---|\n";
    rows(&mut page, |entry| entry.shelf == Shelf::Queue);
    page
}

fn rows(page: &mut String, is_wanted: fn(&Entry) -> bool) {
    for entry in CATALOGUE.iter().filter(|entry| is_wanted(entry)) {
        let listed = match entry.shelf {
            Shelf::Full => "full",
            Shelf::Queue => "queue",
            _ => "core",
        };
        writeln!(page, "| `{}` | {listed} | {} |", entry.name, entry.summary()).unwrap();
    }
}

#[test]
fn the_page_of_operations_is_the_catalogue() {
    let page = file("src/docs/guide/operations.md");
    if std::env::var_os("UPDATE_GUIDE").is_some() {
        fs::write(&page, operations()).unwrap();
    }

    assert!(fs::read_to_string(page).unwrap() == operations(), "UPDATE_GUIDE=1 cargo test -- readme");
}

#[test]
fn the_readme_names_every_page_and_only_tests_that_are_there() {
    let readme = readme();

    for page in PAGES {
        assert!(readme.contains(&format!("`{}`", page.topic)), "{}", page.topic);
    }
    let named: Vec<&str> =
        readme.split('`').filter(|word| word.starts_with("tests/") || word.starts_with("src/")).collect();
    assert!(named.len() > 5, "{named:?}");
    for name in named {
        assert!(file(name).exists(), "{name}");
    }
}

#[test]
fn the_sessions_run_as_they_are_printed() {
    let readme = readme();
    let texts = [readme.as_str()].into_iter().chain(PAGES.iter().map(|page| page.text));
    let sessions: Vec<&str> = texts.flat_map(sessions).collect();

    assert_eq!(sessions.len(), 2);
    for session in sessions {
        runs(session);
    }
}

fn sessions(text: &str) -> impl Iterator<Item = &str> {
    let blocks = text.split("```console\n").skip(1);
    blocks.map(|rest| rest.split_once("```").expect("a session has no end").0)
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
