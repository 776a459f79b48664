//! What a person or a script meets: commands, their help, and how they end.

use std::fs::{self, File};
use std::process::Stdio;

use serde_json::{Value, json};
use task_graph::ops::CATALOGUE;

use crate::support::command::apart;
use crate::support::team::Team;

/// Returns the name of an operation as it is typed.
fn typed(operation: &str) -> String {
    operation.replace('_', "-")
}

#[test]
fn five_lines_are_enough_to_begin() {
    let team = Team::new();
    let ann = |words: &[&str]| {
        let ran = team.run_as("ann", words);
        assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{words:?}: {ran:?}");
        ran.out
    };

    ann(&["create", "Write the schema", "--id", "schema"]);
    ann(&["create", "Write the queries", "--id", "queries", "--blocked-by", "schema"]);
    let first = ann(&["claim"]);
    let finished = ann(&["update", "schema", "completed"]);
    let second = ann(&["claim"]);

    assert!(first.contains("id: schema"), "{first}");
    assert!(finished.contains("unblocked: queries"), "{finished}");
    assert!(second.contains("id: queries"), "{second}");
    team.check();
}

#[test]
fn every_kind_of_failure_ends_with_its_own_number() {
    let team = Team::new();
    team.run_as("ann", &["create", "T", "--id", "t"]);
    team.run_as("ann", &["claim", "t"]);
    let other = team.folder().join("other.db");
    fs::write(&other, "not a database at all, but long enough to be taken for one").unwrap();
    let other = other.to_str().unwrap();

    for (code, words) in [
        (0, vec!["get", "t"]),
        (2, vec!["get"]),
        (2, vec!["gett", "t"]),
        (2, vec!["create", "T", "--priority", "high"]),
        (2, vec!["create", "T", "--priority", "11"]),
        (2, vec!["claim", "t"]),
        (3, vec!["get", "nothing"]),
        (3, vec!["claim", "t", "--worker-id", "bob"]),
        (4, vec!["link", "t", "t"]),
        (4, vec!["create", "T", "--id", "t"]),
        (6, vec!["-d", other, "get", "t"]),
    ] {
        let ran = team.run(&words);
        assert_eq!(ran.code, code, "{words:?}: {ran:?}");
        assert_eq!(ran.err.starts_with("error: "), code != 0, "{words:?}: {ran:?}");
        assert_eq!(ran.out.is_empty(), code != 0, "{words:?}: {ran:?}");
    }
}

#[test]
fn a_script_goes_on_when_what_it_waits_for_has_ended_well() {
    let team = Team::new();
    team.has(&["well", "badly", "never"]);
    let ann = |words: &[&str]| assert_eq!(team.run_as("ann", words).code, 0, "{words:?}");
    let mut waiting = team.program();
    let waiting = waiting.args(["wait", "well", "badly"]).stdout(Stdio::null()).spawn().unwrap();
    ann(&["claim", "well"]);
    ann(&["update", "well", "completed"]);
    ann(&["claim", "badly"]);
    ann(&["update", "badly", "failed", "--reason", "no"]);

    let both = waiting.wait_with_output().unwrap();

    assert_eq!(both.status.code(), Some(8));
    for (code, words) in [
        (0, vec!["wait", "well"]),
        (0, vec!["wait", "well", "never", "--any"]),
        (7, vec!["wait", "well", "never", "--timeout", "0"]),
        (3, vec!["wait", "nothing"]),
    ] {
        assert_eq!(team.run(&words).code, code, "{words:?}");
    }
}

#[test]
fn reading_goes_on_while_somebody_writes() {
    let team = Team::new();
    team.has(&["t"]);
    let writer = rusqlite::Connection::open(team.file()).unwrap();
    let queue = File::open(format!("{}-queue", team.file().display())).unwrap();
    queue.lock().unwrap();
    writer.execute_batch("begin immediate; delete from tasks").unwrap();

    let task = team.run(&["--json", "get", "t"]).json();
    let list = team.run(&["--json", "list-tasks"]).json();

    assert_eq!((&task["id"], &list["total"]), (&json!("t"), &json!(1)));
}

#[test]
fn a_store_that_stays_busy_is_a_failure_of_its_own() {
    let team = Team::new();
    team.has(&["t"]);
    team.configure("server: { lock_wait_seconds: 0 }");
    let queue = File::open(format!("{}-queue", team.file().display())).unwrap();
    queue.lock().unwrap();

    let ran = team.run(&["--json", "create", "T"]);

    assert_eq!((ran.code, &ran.error()["code"]), (5, &json!("busy")));
}

#[test]
fn a_setting_that_is_not_one_is_told_to_people_and_to_agents() {
    let team = Team::new();
    team.configure("server: { lock_weight_seconds: 0 }");

    let ran = team.run(&["create", "T"]);
    let refused = team.server().refusal("create", json!({ "title": "T" }));

    assert_eq!(ran.code, 6, "{ran:?}");
    assert_eq!(refused.code, "config");
    for told in [ran.err, refused.message] {
        assert!(told.contains("lock_weight_seconds") && told.contains("config.yaml"), "{told}");
    }
    assert!(!team.file().exists());
}

#[test]
fn a_program_is_told_what_failed_as_json() {
    let team = Team::new();
    team.run_as("ann", &["create", "T", "--id", "schema"]);
    team.run_as("ann", &["claim"]);

    let typo = team.run(&["--json", "get", "scheme"]).error();
    let held = team.run_as("bob", &["claim", "schema", "--json"]).error();
    let flag = team.run(&["create", "T", "--titel", "x", "--json"]).error();
    let word = team.run(&["updat", "--json"]).error();

    assert_eq!((&typo["code"], &typo["details"]["near"]), (&json!("not_found"), &json!(["schema"])));
    assert_eq!((&held["code"], &held["details"]["holder"]), (&json!("held"), &json!("ann")));
    for (error, right) in [(flag, "--title"), (word, "update")] {
        assert_eq!(error["code"], "input");
        assert!(error.to_string().contains(right), "{error}");
    }
}

#[test]
fn a_program_gets_whole_ids_and_people_their_ends() {
    let team = Team::new();

    let whole = team.run(&["--json", "create", "T"]).json();
    let id = whole["id"].as_str().unwrap();
    let shown = team.run(&["get", &id[28..]]).out;

    assert_eq!(id.len(), 36);
    assert!(shown.contains(&id[28..]) && !shown.contains(id), "{shown}");
}

#[test]
fn values_come_from_files_and_from_standard_input() {
    let team = Team::new();
    fs::write(team.folder().join("text.md"), "First line.\n\nAnother one.\n").unwrap();

    let ran = team.run(&["create", "T", "--id", "t", "--description", "@text.md"]);

    assert_eq!(ran.code, 0, "{ran:?}");
    let task = team.run(&["--json", "get", "t"]).json();
    assert_eq!(task["description"], "First line.\n\nAnother one.\n");
}

#[test]
fn every_command_has_help_in_three_places() {
    let team = Team::new();
    for entry in CATALOGUE {
        let name = typed(entry.name);
        let short = team.run(&[&name, "-h"]);
        let long = team.run(&[&name, "--help"]);
        let asked = team.run(&["help", &name]);

        assert_eq!(short.code, 0, "{short:?}");
        assert_eq!((&short.out, &short.out), (&long.out, &asked.out));
        let words: Vec<&str> = short.out.split_whitespace().collect();
        let summary = entry.summary();
        let about: Vec<&str> = summary.split_whitespace().collect();
        assert!(words.join(" ").contains(&about.join(" ")), "{}: {}", about.join(" "), short.out);
        assert!(short.out.contains("Usage: "), "{}", short.out);
    }
    let overview = team.run(&["--help"]);
    assert!(CATALOGUE.iter().all(|entry| overview.out.contains(&typed(entry.name))));
    assert!(!team.file().exists(), "asking for help makes no store");
}

#[test]
fn five_shells_complete_every_command() {
    let team = Team::new();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let ran = team.run(&["completions", shell]);

        assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{shell}");
        for entry in CATALOGUE {
            assert!(ran.out.contains(&typed(entry.name)), "{shell}: {}", entry.name);
        }
    }
}

#[test]
fn there_is_a_manual_page_for_the_program_and_for_each_command() {
    let team = Team::new();
    let pages = team.folder().join("man");

    let page = team.run(&["man"]);
    let written = team.run(&["man", "--out", pages.to_str().unwrap()]);

    assert!(page.out.contains(".TH task-graph"), "{}", page.out);
    assert_eq!(written.code, 0, "{written:?}");
    for entry in CATALOGUE {
        let page = pages.join(format!("task-graph-{}.1", typed(entry.name)));
        assert!(page.exists(), "{}", page.display());
    }
}

#[test]
fn an_agent_and_a_shell_see_each_other_s_work() {
    let team = Team::new();
    let mut ann = team.agent("ann");
    ann.answer("create", json!({ "id": "t", "title": "T" }));
    ann.answer("claim", json!({}));

    let held = team.run(&["--json", "list-tasks", "--claimed"]).json();
    // A command under the name of a connected agent is that agent's own.
    let finished = team.run_as("ann", &["update", "t", "completed"]);
    let nothing = ann.answer("claim", json!({}));

    assert_eq!(held["tasks"][0]["worker_id"], "ann");
    assert_eq!(finished.code, 0, "{finished:?}");
    assert_eq!(nothing["task"], Value::Null);
    team.check();
}

#[test]
fn a_reader_that_has_seen_enough_is_no_failure() {
    let team = Team::new();
    let command = format!("{} help | head -1", env!("CARGO_BIN_EXE_task-graph"));
    let output = apart("sh", &team.folder()).args(["-c", &command]).output().unwrap();

    assert!(output.status.success());
    assert_eq!(String::from_utf8(output.stderr).unwrap(), "");
}
