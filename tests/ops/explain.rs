//! `explain`: why a task can or cannot be claimed, and what holds the project back.

use serde_json::{Value, json};

use crate::support::project::Project;

fn codes(explanation: &Value) -> Vec<&str> {
    let because = explanation["because"].as_array();
    let codes = because.into_iter().flatten();
    codes.map(|refusal| refusal["code"].as_str().unwrap()).collect()
}

#[test]
fn a_ready_task_is_claimable() {
    let project = Project::new();
    project.has(["api"]);

    let explained = project.answer("explain", json!({ "worker_id": "ann", "task": "api" }));

    let task = json!({ "id": "api", "title": "api", "status": "pending" });
    assert_eq!(explained, json!({ "task": task, "claimable": true }));
}

#[test]
fn every_objection_is_named() {
    let project = Project::new();
    project.has_one("page", json!({ "needed_tags": ["css"] })).has(["first", "part", "other"]);
    project.linked("first", "page").inside("page", ["part"]);
    project.worker("ann", json!({ "max_claims": 1 })).claim("ann", "other");

    let explained = project.answer("explain", json!({ "worker_id": "ann", "task": "page" }));

    assert_eq!(explained["claimable"], false);
    assert_eq!(codes(&explained), ["container", "blocked", "lacks_tags", "at_limit"]);
}

#[test]
fn what_it_says_is_what_claim_says() {
    let project = Project::new();
    project.has(["held", "first", "second", "done"]).linked("first", "second").claim("bob", "held");
    project.has_one("page", json!({ "needed_tags": ["css"] }));
    let _ = project.finish("done");

    for task in ["held", "second", "done", "page", "first"] {
        let explained = project.answer("explain", json!({ "worker_id": "ann", "task": task }));
        let claimed = project.call("claim", json!({ "worker_id": "ann", "task": task }));

        let code = claimed.err().map(|refused| refused.code);
        assert_eq!(codes(&explained).first().copied(), code.as_deref(), "{task}");
    }
}

#[test]
fn without_a_worker_tags_do_not_matter() {
    let project = Project::new();
    project.has_one("page", json!({ "needed_tags": ["css"] }));

    assert_eq!(project.answer("explain", json!({ "task": "page" }))["claimable"], true);
}

#[test]
fn what_i_hold_is_to_be_gone_on_with() {
    let project = Project::new();
    project.has(["api"]).claim("ann", "api");

    let explained = project.answer("explain", json!({ "worker_id": "ann", "task": "api" }));

    assert_eq!(explained["next"], "you hold it already: go on with it");
}

#[test]
fn without_a_task_it_tells_the_situation() {
    let mut project = Project::new();
    project.has(["held", "one", "two", "three"]).linked("held", "one").linked("held", "two");
    project.has_one("page", json!({ "needed_tags": ["css"] })).claim("bob", "held");

    let situation = project.at("12:04").answer("explain", json!({ "worker_id": "ann" }));

    assert_eq!(situation["ready_for_you"], 1);
    assert_eq!(situation["best"]["id"], "three");
    assert_eq!(situation["ready_for_others"], json!(["all of `css`"]));
    assert_eq!(situation["held"], json!([{ "id": "held", "worker_id": "bob", "for_minutes": 4 }]));
    assert_eq!(situation["blocked"], 2);
    let bottleneck = json!({ "id": "held", "status": "working", "holds_back": 2, "worker_id": "bob" });
    assert_eq!(situation["bottlenecks"], json!([bottleneck]));
    assert_eq!(situation["next"], "claim takes the best one");
}

#[test]
fn the_next_step_fits_the_situation() {
    let next = |project: &Project| project.answer("explain", json!({ "worker_id": "ann" }))["next"].clone();
    let project = Project::new();
    assert_eq!(next(&project), "no task is open: create tasks, or stop");

    project.has(["one"]).claim("bob", "one");
    assert_eq!(next(&project), "wait for those who are at work, or create tasks");

    project.has_one("page", json!({ "needed_tags": ["css"] }));
    assert_eq!(next(&project), "connect a worker with these tags");

    project.has(["two"]).worker("ann", json!({ "max_claims": 1 })).claim("ann", "two");
    assert_eq!(next(&project), "finish or release what you hold first");
}

#[test]
fn a_failed_blocker_is_to_be_dealt_with() {
    let project = Project::new();
    project.has(["first", "second"]).linked("first", "second").claim("ann", "first");
    let _ = project.moves("ann", "first", "failed");

    let situation = project.answer("explain", json!({}));

    assert_eq!(situation["next"], "retry, cancel or unlink what holds the others back");
    assert_eq!(situation["bottlenecks"][0]["id"], "first");
}

#[test]
fn a_task_that_is_not_there_is_refused() {
    let project = Project::new();

    assert_eq!(project.refusal("explain", json!({ "task": "api" })).code, "not_found");
}

#[test]
fn files_that_others_have_marked_are_named() {
    let project = Project::new();
    project.has_one("api", json!({ "files": ["src/**"] }));
    project.does("mark_file", json!({ "worker_id": "bob", "file": "src/a.rs", "reason": "mine" }));

    let explained = project.answer("explain", json!({ "worker_id": "ann", "task": "api" }));
    let own = project.answer("explain", json!({ "worker_id": "bob", "task": "api" }));

    assert_eq!(explained["claimable"], true);
    assert_eq!(explained["files_marked"][0]["worker_id"], "bob");
    assert!(explained["next"].as_str().unwrap().contains("passes over"));
    assert_eq!(own.get("files_marked"), None);
}
