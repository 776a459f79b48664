//! `connect`: register as a worker, or come back as one.

use serde_json::json;
use task_graph::domain::Process;
use task_graph::{Caller, process};

use crate::support::project::{Project, ids};

/// A caller that lives as long as the program with this number.
fn speaking_through(pid: u32, start: u64) -> Caller {
    let here = process::this();
    Caller { process: Some(Process { pid, start, ..here.clone() }), ..Caller::default() }
}

fn alive() -> Caller {
    let here = process::this();
    speaking_through(here.pid, here.start)
}

/// Nothing that runs has this number and began at this time.
fn dead() -> Caller {
    speaking_through(1, u64::MAX >> 1)
}

#[test]
fn a_worker_is_registered_as_it_describes_itself() {
    let project = Project::new();
    project.has(["api"]);

    let asked = json!({ "worker_id": "carl", "tags": ["css", "a11y"], "max_claims": 2 });
    let connected = project.answer("connect", asked);

    let expected = json!({
        "worker_id": "carl", "tags": ["a11y", "css"], "workflow": "default", "max_claims": 2,
        "ready": 1, "next": "claim takes the best ready task",
    });
    assert_eq!(connected, expected);
}

#[test]
fn who_gives_no_name_gets_one() {
    let project = Project::new();

    let first = project.answer("connect", json!({}));
    let second = project.answer("connect", json!({}));

    assert!(first["worker_id"].as_str().is_some_and(|name| !name.is_empty()));
    assert_ne!(first["worker_id"], second["worker_id"]);
}

#[test]
fn coming_back_keeps_what_is_not_said_again() {
    let project = Project::new();
    project.worker("carl", json!({ "tags": ["css"], "max_claims": 2 }));

    let again = project.answer("connect", json!({ "worker_id": "carl" }));

    assert_eq!(again["tags"], json!(["css"]));
    assert_eq!(again["max_claims"], 2);
}

#[test]
fn coming_back_shows_what_one_holds() {
    let project = Project::new();
    project.has(["api"]).claim("ann", "api");

    let again = project.answer("connect", json!({ "worker_id": "ann" }));

    let held = json!({
        "id": "api", "title": "api", "status": "working", "attempt": 1, "since": "2026-01-31T12:00:00Z",
    });
    assert_eq!(again["holds"], json!([held]));
}

#[test]
fn an_unknown_workflow_is_refused_with_the_valid_ones() {
    let project = Project::new();

    let refused = project.refusal("connect", json!({ "workflow": "scrum" }));

    assert_eq!(refused.code, "not_found");
    assert!(refused.hint.unwrap().contains("`default`"));
}

#[test]
fn the_name_of_a_live_worker_is_refused() {
    let project = Project::new();
    project.beside(alive()).worker("carl", json!({}));
    let other = project.beside(dead());

    let refused = other.refusal("connect", json!({ "worker_id": "carl" }));

    assert_eq!(refused.code, "name_taken");
    assert_eq!(refused.details["last_heartbeat"], "2026-01-31T12:00:00Z");
}

#[test]
fn calls_in_the_name_of_a_live_worker_are_refused() {
    let project = Project::new();
    project.has(["api"]).beside(alive()).worker("carl", json!({}));
    let other = project.beside(dead());

    let refused = other.refusal("claim", json!({ "worker_id": "carl", "task": "api" }));

    assert_eq!(refused.code, "name_taken");
}

#[test]
fn force_takes_over_a_name_and_fences_off_who_had_it() {
    let project = Project::new();
    let first = project.beside(alive());
    project.has(["api"]);
    first.worker("carl", json!({})).claim("carl", "api");

    let second = project.beside(dead());
    let connected = second.answer("connect", json!({ "worker_id": "carl", "force": true }));

    assert_eq!(connected["holds"][0]["id"], "api");
    assert_eq!(connected["notices"].as_array().map(Vec::len), Some(1));
    assert_eq!(project.task("api")["attempt"], 2);
    let late = json!({ "worker_id": "carl", "task": "api", "status": "completed", "attempt": 1 });
    assert_eq!(second.call("update", late).unwrap_err().code, "fenced");
}

#[test]
fn who_comes_back_from_a_new_process_goes_on_with_what_nobody_took() {
    let mut project = Project::new();
    project.has(["api", "docs"]).claim("ann", "api");
    project.claim("ann", "docs");
    project.at("12:06").worker("bob", json!({})).claim("bob", "docs");

    let again = project.answer("connect", json!({ "worker_id": "ann" }));

    assert_eq!(ids(&again["holds"]), ["api"]);
    assert_eq!(again["holds"][0]["status"], "working");
    assert_eq!(project.task("api")["attempt"], 1);
    assert_eq!(project.task("docs")["worker_id"], "bob");
}

#[test]
fn who_comes_back_may_begin_anew() {
    let mut project = Project::new();
    project.has(["api"]).claim("ann", "api");
    project.at("12:06").does("cleanup_stale", json!({}));

    let again = project.answer("connect", json!({ "worker_id": "ann", "resume": false }));

    assert_eq!(again.get("holds"), None);
    assert_eq!(again["ready"], 1);
}

#[test]
fn a_worker_dies_with_its_process() {
    let project = Project::new();
    let theirs = project.beside(dead());
    project.has(["api"]);
    theirs.worker("carl", json!({})).claim("carl", "api");

    let fresh = project.beside(Caller::default());
    fresh.does("list_tasks", json!({}));

    assert_eq!(fresh.ready(), ["api"]);
    assert_eq!(fresh.last_event("api")["cause"], "died");
}

#[test]
fn connecting_is_in_the_feed() {
    let project = Project::new();

    project.worker("carl", json!({ "tags": ["css"] }));

    let feed = project.answer("events", json!({ "worker": "carl" }));
    assert_eq!(feed["events"][0]["event"], "connected");
    assert_eq!(feed["events"][0]["after"]["tags"], json!(["css"]));
}
