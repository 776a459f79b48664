//! `mark_updates`: what others did with marks, each event once.

use serde_json::{Value, json};
use task_graph::Caller;

use crate::support::project::Project;

fn mark(project: &Project, worker: &str, file: &str) {
    project.does("mark_file", json!({ "worker_id": worker, "file": file }));
}

fn unmark(project: &Project, worker: &str, file: &str) {
    project.does("unmark_file", json!({ "worker_id": worker, "file": file }));
}

fn told(answer: &Value) -> Vec<String> {
    let events = answer["events"].as_array().unwrap().iter();
    let words = |event: &Value| {
        ["event", "file", "worker_id"].map(|word| event[word].as_str().unwrap().to_owned()).join(" ")
    };
    events.map(words).collect()
}

fn news(project: &Project, worker: &str) -> Vec<String> {
    told(&project.answer("mark_updates", json!({ "worker_id": worker })))
}

#[test]
fn each_event_is_told_once() {
    let project = Project::new();
    mark(&project, "ann", "a");

    assert_eq!(news(&project, "bob"), ["claimed a ann"]);
    assert_eq!(news(&project, "bob"), [""; 0]);
    unmark(&project, "ann", "a");
    assert_eq!(news(&project, "bob"), ["released a ann"]);
    assert_eq!(news(&project, "bob"), [""; 0]);
}

#[test]
fn it_tells_what_there_is_to_know() {
    let project = Project::new();
    project.has(["api"]);
    let asked = json!({ "worker_id": "ann", "file": "a", "reason": "auth", "task": "api" });
    project.does("mark_file", asked);

    let answer = project.answer("mark_updates", json!({ "worker_id": "bob" }));

    let event = json!({
        "id": answer["cursor"], "event": "claimed", "file": "a", "worker_id": "ann", "reason": "auth",
        "task": "api", "at": "2026-01-31T12:00:00Z",
    });
    assert_eq!(answer["events"], json!([event]));
}

#[test]
fn ones_own_are_left_out_unless_asked_for() {
    let project = Project::new();
    mark(&project, "ann", "a");

    assert_eq!(news(&project, "ann"), [""; 0]);
    mark(&project, "ann", "b");
    let own = project.answer("mark_updates", json!({ "worker_id": "ann", "own": true }));
    assert_eq!(told(&own), ["claimed b ann"]);
}

#[test]
fn the_holder_hears_who_waits() {
    let project = Project::new();
    mark(&project, "ann", "a");
    mark(&project, "bob", "a");

    assert_eq!(news(&project, "ann"), ["wanted a bob"]);
}

#[test]
fn a_lost_answer_is_told_again_to_one_who_says_what_came() {
    let project = Project::new();
    mark(&project, "ann", "a");
    let came = project.answer("mark_updates", json!({ "worker_id": "bob" }));
    mark(&project, "ann", "b");

    let _lost = news(&project, "bob");
    let again = project.answer("mark_updates", json!({ "worker_id": "bob", "cursor": came["cursor"] }));

    assert_eq!(told(&again), ["claimed b ann"]);
}

#[test]
fn an_answer_that_a_dead_worker_may_not_have_read_is_told_again() {
    let mut project = Project::new();
    mark(&project, "ann", "a");
    assert_eq!(news(&project, "bob"), ["claimed a ann"]);
    assert_eq!(news(&project, "bob"), [""; 0]);
    mark(&project, "ann", "b");
    assert_eq!(news(&project, "bob"), ["claimed b ann"]);

    project.at("12:04").does("thinking", json!({ "worker_id": "ann", "thought": "hm" }));
    project.at("12:06").does("cleanup_stale", json!({}));

    assert_eq!(news(&project, "bob"), ["claimed b ann"]);
}

#[test]
fn one_who_is_new_or_took_leave_hears_what_comes_after() {
    let project = Project::new();
    mark(&project, "ann", "a");
    project.worker("carl", json!({})).does("disconnect", json!({ "worker_id": "bob" }));
    mark(&project, "ann", "b");

    project.worker("bob", json!({}));
    mark(&project, "ann", "c");

    assert_eq!(news(&project, "carl"), ["claimed b ann", "claimed c ann"]);
    assert_eq!(news(&project, "bob"), ["claimed c ann"]);
}

#[test]
fn a_long_story_is_told_in_parts() {
    let project = Project::new();
    for n in 0..20 {
        mark(&project, "ann", &format!("f{n:02}"));
    }

    let first = project.answer("mark_updates", json!({ "worker_id": "bob" }));
    let second = project.answer("mark_updates", json!({ "worker_id": "bob" }));

    assert_eq!((told(&first).len(), &first["more"]), (15, &json!(true)));
    assert_eq!((told(&second).len(), second.get("more")), (5, None));
}

#[test]
fn a_filter_passes_over_what_it_leaves_out() {
    let project = Project::new();
    for file in ["src/a.rs", "web/x", "src/**"] {
        mark(&project, "ann", file);
    }

    let some = project.answer("mark_updates", json!({ "worker_id": "bob", "files": "src/*.rs" }));

    assert_eq!(told(&some), ["claimed src/a.rs ann", "claimed src/** ann"]);
    assert_eq!(news(&project, "bob"), [""; 0]);
}

#[test]
fn an_empty_call_writes_nothing() {
    let project = Project::new();
    mark(&project, "ann", "a");
    let _ = news(&project, "bob");
    let _ = news(&project, "bob");
    let before = project.contents();
    // One who writes would have to wait for this one.
    let queue = std::fs::File::open(project.file().with_file_name("tasks.db-queue")).unwrap();
    queue.lock().unwrap();

    let empty = news(&project, "bob");

    assert_eq!(empty, [""; 0]);
    assert_eq!(project.contents(), before);
}

#[test]
fn a_repeated_request_gets_its_first_answer() {
    let project = Project::new();
    mark(&project, "ann", "a");
    let asked = json!({ "worker_id": "bob", "request_id": "r1" });

    let first = project.answer("mark_updates", asked.clone());
    let _ = news(&project, "bob");
    let again = project.answer("mark_updates", asked);

    assert_eq!(first, again);
    assert_eq!(told(&again), ["claimed a ann"]);
}

#[test]
fn a_cursor_that_nobody_answered_is_refused() {
    let project = Project::new();

    let refused = project.refusal("mark_updates", json!({ "worker_id": "bob", "cursor": 900 }));

    assert_eq!(refused.code, "input");
}

#[test]
fn a_worker_that_nobody_knows_is_told_nothing() {
    let project = Project::new();

    assert_eq!(project.refusal("mark_updates", json!({ "worker_id": "eve" })).code, "not_found");
    let eve = Caller { worker: Some("eve".parse().unwrap()), ..Caller::default() };
    let known = project.beside(eve);
    assert_eq!(told(&known.answer("mark_updates", json!({}))), [""; 0]);
}
