//! `resume`: what a worker needs to go on.

use serde_json::{Value, json};
use task_graph::config::Config;
use task_graph::domain::{Barrier, Enforcement, Exit, Gate};

use crate::support::project::Project;

/// Work cannot be completed without its tests.
fn with_a_gate(config: &mut Config) {
    let name = config.workflows.default.clone();
    let workflow = config.workflows.by_name.get_mut(&name).unwrap();
    let on = Barrier::State(Exit {
        from: Some("working".parse().unwrap()),
        to: Some("completed".parse().unwrap()),
    });
    workflow.gates.push(Gate {
        on,
        kind: "gate/tests".into(),
        enforcement: Enforcement::Reject,
        description: String::new(),
    });
}

/// Ann was in the midst of something, and others did this and that.
fn midway() -> Project {
    let project = Project::with(with_a_gate);
    project.has(["schema"]);
    let _ = project.moves("bob", "schema", "working");
    project.does("update", json!({ "worker_id": "bob", "task": "schema", "status": "completed", "attachments": [{ "type": "gate/tests", "content": "ok" }] }));
    project.has_one(
        "api",
        json!({ "title": "Write the API", "description": "With the routes of v2.", "blocked_by": "schema" }),
    );
    project.claim("ann", "api");
    project.does("thinking", json!({ "worker_id": "ann", "thought": "routes are done, errors are next" }));
    project.does(
        "attach",
        json!({ "worker_id": "ann", "task": "api", "type": "note", "content": "errors are RFC 9457" }),
    );
    project.does(
        "mark_file",
        json!({ "worker_id": "ann", "file": ["src/api.rs", "src/main.rs"], "task": "api" }),
    );
    project.does("mark_file", json!({ "worker_id": "bob", "file": "src/main.rs", "reason": "logging" }));
    project.does("update", json!({ "worker_id": "bob", "task": "api", "priority": 9, "force": true }));
    project.does("send", json!({ "worker_id": "bob", "task": "api", "text": "mind the timeouts" }));
    project
}

fn packet() -> Value {
    json!({
        "worker_id": "ann",
        "holds": [{
            "id": "api", "title": "Write the API", "status": "working", "attempt": 1,
            "since": "2026-01-31T12:00:00Z", "description": "With the routes of v2.",
            "thought": "routes are done, errors are next", "notes": ["note: errors are RFC 9457"],
            "gates": ["gate/tests"],
        }],
        "marks": [{ "file": "src/main.rs", "wanted_by": ["bob"] }, { "file": "src/api.rs" }],
        "changed": ["api: edited (priority) by bob", "src/main.rs: mark wanted by bob: logging"],
        "messages": ["#1 from bob about api: mind the timeouts"],
        "ready": 0,
        "next": "go on with `api`, then update(task=api, status=completed, attachments=[{type: gate/tests, content: …}])",
    })
}

#[test]
fn it_is_everything_that_is_needed_to_go_on() {
    let project = midway();

    let resumed = project.answer("resume", json!({ "worker_id": "ann" }));

    assert_eq!(resumed, packet());
}

#[test]
fn its_messages_are_read_with_it() {
    let project = midway();

    let first = project.answer("resume", json!({ "worker_id": "ann" }));
    let again = project.answer("resume", json!({ "worker_id": "ann" }));

    assert_eq!(first["messages"].as_array().map(Vec::len), Some(1));
    assert_eq!(again.get("messages"), None);
}

#[test]
fn who_comes_back_gets_it_with_the_answer_to_connect() {
    let mut project = midway();
    project.at("12:06").does("cleanup_stale", json!({}));

    let lost = project.answer("resume", json!({ "worker_id": "ann" }));
    let back = project.answer("connect", json!({ "worker_id": "ann" }));

    assert_eq!(lost["holds"][0]["lost"], true);
    assert_eq!(lost["holds"][0]["thought"], "routes are done, errors are next");
    assert_eq!(lost["holds"][0]["gates"], json!(["gate/tests"]));
    assert_eq!(lost["next"], "connect(worker_id=ann) gives you `api` back; then go on with it");
    let held = &back["holds"][0];
    assert_eq!(
        (&held["id"], &held["status"], &held["attempt"]),
        (&json!("api"), &json!("working"), &json!(1))
    );
    assert_eq!(held["thought"], "routes are done, errors are next");
    assert_eq!(held["notes"], json!(["note: errors are RFC 9457"]));
    assert_eq!(held["gates"], json!(["gate/tests"]));
    let changed = back["changed"][0].as_str().unwrap();
    assert!(changed.starts_with("api: pending (expired)"), "{changed}");
    assert_eq!(back["next"], packet()["next"]);
}

#[test]
fn evidence_that_is_there_is_not_asked_for() {
    let project = midway();
    project
        .does("attach", json!({ "worker_id": "ann", "task": "api", "type": "gate/tests", "content": "ok" }));

    let resumed = project.answer("resume", json!({ "worker_id": "ann" }));

    assert_eq!(resumed["holds"][0].get("gates"), None);
    assert_eq!(
        resumed["next"],
        "go on with `api`, then update(task=api, status=completed, reason=<what was done>)"
    );
}

#[test]
fn what_a_blocker_did_since_is_said() {
    let project = Project::new();
    project.has(["schema", "api"]).claim("ann", "api");
    project.does("link", json!({ "worker_id": "bob", "from": "schema", "to": "api" })).claim("bob", "schema");

    let resumed = project.answer("resume", json!({ "worker_id": "ann" }));

    assert_eq!(resumed["changed"], json!(["schema: working by bob", "api: linked by bob"]));
}

#[test]
fn what_stops_a_worker_is_the_next_thing_to_do() {
    let project = midway();
    project.does(
        "send",
        json!({ "worker_id": "bob", "to": "ann", "kind": "stop", "text": "the plan has changed" }),
    );

    let resumed = project.answer("resume", json!({ "worker_id": "ann" }));

    assert_eq!(resumed["messages"][0], "#2 stop from bob: the plan has changed");
    assert_eq!(
        resumed["next"].as_str().unwrap(),
        format!("heed message #2 first; {}", packet()["next"].as_str().unwrap())
    );
}

#[test]
fn what_one_was_told_to_do_otherwise_is_not_forgotten() {
    let project = midway();
    project.does(
        "send",
        json!({ "worker_id": "bob", "task": "api", "kind": "redirect", "text": "leave out v1" }),
    );
    project.does("inbox", json!({ "worker_id": "ann" }));

    let resumed = project.answer("resume", json!({ "worker_id": "ann" }));

    let notes = json!(["#2 redirect from bob about api: leave out v1", "note: errors are RFC 9457"]);
    assert_eq!(resumed["holds"][0]["notes"], notes);
}

#[test]
fn what_was_given_is_to_be_claimed() {
    let project = Project::new();
    project.has(["api"]).does("update", json!({ "worker_id": "bob", "task": "api", "assignee": "ann" }));

    let resumed = project.answer("resume", json!({ "worker_id": "ann" }));

    assert_eq!(resumed["holds"][0]["status"], "assigned");
    assert_eq!(resumed["next"], "claim(task=api) starts on what was given to you");
}

#[test]
fn who_has_nothing_is_told_what_there_is() {
    let project = Project::new();
    project.has(["api"]);

    let resumed = project.answer("resume", json!({ "worker_id": "ann" }));

    let expected = json!({ "worker_id": "ann", "ready": 1, "next": "claim takes the best ready task" });
    assert_eq!(resumed, expected);
}

/// A worker with as much of everything as there can be.
fn laden() -> Project {
    let project = Project::new();
    let long = |character: &str| character.repeat(500 / character.len());
    let tasks: Vec<Value> = (0..40)
        .map(|number| {
            json!({
                "id": format!("{number}-{}", "x".repeat(120)), "title": long("\""),
                "description": long("\\"),
            })
        })
        .collect();
    project.does("create", json!({ "tasks": tasks }));
    project.worker("ann", json!({ "max_claims": 0 }));
    project.does("claim", json!({ "worker_id": "ann", "count": 20 }));
    project.does("claim", json!({ "worker_id": "ann", "count": 20 }));
    project.does("thinking", json!({ "worker_id": "ann", "thought": long("→") }));
    let file = |number: usize| format!("{}/{number}.rs", "f".repeat(200));
    for number in 0..40 {
        let task = format!("{number}-{}", "x".repeat(120));
        let kind = format!("{number}{}", "k".repeat(60));
        let note = json!({ "worker_id": "ann", "task": task, "type": kind, "content": long("\"") });
        project.does("attach", note);
        project.does("mark_file", json!({ "worker_id": "ann", "file": file(number) }));
    }
    for number in 0..40 {
        let task = format!("{number}-{}", "x".repeat(120));
        let reason = long("\"");
        project.does("update", json!({ "worker_id": "bob", "task": task, "priority": 9, "force": true }));
        project.does("mark_file", json!({ "worker_id": "bob", "file": file(number), "reason": reason }));
        project.does("send", json!({ "worker_id": "bob", "to": "ann", "text": reason }));
    }
    project
}

#[test]
fn it_is_never_above_800_tokens() {
    let project = laden();

    let resumed = project.answer("resume", json!({ "worker_id": "ann" }));

    let size = resumed.to_string().len();
    assert!(size <= 3_200, "{size}: {resumed}");
    let held = resumed["holds"].as_array().unwrap().len();
    assert_eq!(resumed["holds_more"], format!("{} more: list_tasks(owner=ann)", 40 - held));
    assert!(resumed["marks_more"].as_str().unwrap().ends_with(" more: list_marks(worker_id=ann)"));
    assert!(
        resumed["changed"].as_array().unwrap().last().unwrap().as_str().unwrap().ends_with(" more: events")
    );
    assert_eq!(resumed["messages"].as_array().unwrap().last().unwrap(), "39 more: inbox");
}

#[test]
fn who_is_not_known_is_refused() {
    let project = Project::new();

    assert_eq!(project.refusal("resume", json!({ "worker_id": "carl" })).code, "not_found");
}
