//! `unmark_file`: let go of files.

use serde_json::{Value, json};

use crate::support::project::Project;

fn asked(worker: &str, file: impl Into<Value>) -> Value {
    json!({ "worker_id": worker, "file": file.into() })
}

/// A project in which `ann` has marked `a`, `src/x.rs`, `src/y.rs` and, for the task `api`, `b`; `bob` has `c`.
fn project() -> Project {
    let project = Project::new();
    project.has(["api"]);
    project.does("mark_file", asked("ann", ["a", "src/x.rs", "src/y.rs"]));
    project.does("mark_file", json!({ "worker_id": "ann", "file": "b", "task": "api" }));
    project.does("mark_file", asked("bob", "c"));
    project
}

fn marked(project: &Project) -> Vec<String> {
    let rows = project.rows("select file_path from file_locks order by file_path");
    rows.iter().map(|row| row["file_path"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_file_is_let_go_with_what_was_done() {
    let project = project();

    let answer = project
        .answer("unmark_file", json!({ "worker_id": "ann", "file": "a", "reason": "ready for review" }));

    assert_eq!(answer, json!({ "unmarked": ["a"] }));
    let news = project.answer("mark_updates", json!({ "worker_id": "bob" }));
    let last = news["events"].as_array().unwrap().last().unwrap();
    assert_eq!((&last["event"], &last["reason"]), (&json!("released"), &json!("ready for review")));
}

#[test]
fn a_pattern_lets_go_of_what_it_stands_for() {
    let project = project();

    let answer = project.answer("unmark_file", asked("ann", "src/**"));

    assert_eq!(answer["unmarked"], json!(["src/x.rs", "src/y.rs"]));
    assert_eq!(marked(&project), ["a", "b", "c"]);
}

#[test]
fn a_star_is_everything_of_ones_own() {
    let project = project();
    project.does("mark_file", asked("ann", "c"));

    let answer = project.answer("unmark_file", asked("ann", "*"));

    assert_eq!(answer["unmarked"], json!(["a", "b", "src/x.rs", "src/y.rs"]));
    assert_eq!(answer["withdrawn"], json!(["c"]));
    assert_eq!(marked(&project), ["c"]);
}

#[test]
fn a_task_names_what_was_marked_for_it_and_leaves_others_theirs() {
    let project = project();
    project.does("mark_file", json!({ "worker_id": "bob", "file": "d", "task": "api" }));

    let answer = project.answer("unmark_file", json!({ "worker_id": "ann", "task": "api" }));

    assert_eq!(answer["unmarked"], json!(["b"]));
    assert_eq!(answer["not_yours"][0]["worker_id"], "bob");
    assert_eq!(marked(&project), ["a", "c", "d", "src/x.rs", "src/y.rs"]);
}

#[test]
fn file_and_task_combine() {
    let project = project();

    let asked = json!({ "worker_id": "ann", "file": ["a", "b"], "task": "api" });
    let answer = project.answer("unmark_file", asked);

    assert_eq!(answer, json!({ "unmarked": ["b"], "not_marked": ["a"] }));
}

#[test]
fn what_another_has_marked_stays() {
    let project = project();

    let answer = project.answer("unmark_file", asked("ann", ["c", "nothing"]));

    assert_eq!(answer["unmarked"], json!([]));
    assert_eq!(answer["not_yours"][0]["file"], "c");
    assert_eq!(answer["not_yours"][0]["worker_id"], "bob");
    assert_eq!(answer["not_marked"], json!(["nothing"]));
}

#[test]
fn waiting_can_be_given_up() {
    let project = project();
    project.does("mark_file", asked("ann", "c"));

    let answer = project.answer("unmark_file", asked("ann", "c"));

    assert_eq!(answer, json!({ "unmarked": [], "withdrawn": ["c"] }));
    assert_eq!(project.rows("select * from file_wants").len(), 0);
}

#[test]
fn force_takes_a_mark_from_another_who_is_told() {
    let project = project();

    let asked = json!({ "worker_id": "ann", "file": "c", "force": true, "reason": "you left it" });
    let answer = project.answer("unmark_file", asked);

    assert_eq!(answer, json!({ "unmarked": ["c"] }));
    let news = project.answer("mark_updates", json!({ "worker_id": "bob" }));
    let last = news["events"].as_array().unwrap().last().unwrap().clone();
    let told = ["event", "worker_id", "by", "cause", "reason"].map(|word| last[word].as_str().unwrap());
    assert_eq!(told, ["released", "bob", "ann", "force", "you left it"]);
}

#[test]
fn a_folder_can_be_let_go_when_it_is_gone() {
    let project = Project::new();
    project.does("mark_file", asked("ann", "old/"));

    let answer = project.answer("unmark_file", asked("ann", "old"));

    assert_eq!(answer, json!({ "unmarked": ["old/**"] }));
}

#[test]
fn something_has_to_be_named() {
    let project = Project::new();

    assert_eq!(project.refusal("unmark_file", json!({ "worker_id": "ann" })).code, "input");
    let lost = json!({ "worker_id": "ann", "task": "nowhere" });
    assert_eq!(project.refusal("unmark_file", lost).code, "not_found");
}
