//! `thinking`: say what one does.

use serde_json::json;

use crate::support::project::Project;

#[test]
fn a_thought_is_shown_on_what_one_holds() {
    let project = Project::new();
    project.has(["one", "two", "other"]).claim("ann", "one");
    project.claim("ann", "two");
    project.claim("bob", "other");

    let thought = project.answer("thinking", json!({ "worker_id": "ann", "thought": "hm" }));

    assert_eq!(thought, json!({ "tasks": 2 }));
    assert_eq!(project.task("one")["thought"], "hm");
    assert_eq!(project.task("other").get("thought"), None);
    assert_eq!(project.last_event("two")["after"], json!({ "thought": "hm" }));
}

#[test]
fn it_can_be_of_some_tasks_only() {
    let project = Project::new();
    project.has(["one", "two"]).claim("ann", "one");
    project.claim("ann", "two");

    project.does("thinking", json!({ "worker_id": "ann", "thought": "hm", "tasks": "two" }));

    assert_eq!(project.task("one").get("thought"), None);
    assert_eq!(project.task("two")["thought"], "hm");
}

#[test]
fn who_holds_nothing_is_told_so() {
    let project = Project::new();

    let thought = project.answer("thinking", json!({ "worker_id": "ann", "thought": "hm" }));

    assert_eq!(thought["tasks"], 0);
    assert_eq!(thought["notices"].as_array().map(Vec::len), Some(1));
}

#[test]
fn a_thought_ends_with_the_work() {
    let project = Project::new();
    project.has(["api"]).claim("ann", "api");
    project.does("thinking", json!({ "worker_id": "ann", "thought": "hm" }));

    let _ = project.moves("ann", "api", "pending");

    assert_eq!(project.task("api").get("thought"), None);
}

#[test]
fn a_thought_is_a_sign_of_life() {
    let mut project = Project::new();

    project.at("12:04").does("thinking", json!({ "worker_id": "ann", "thought": "hm" }));

    let agents = project.answer("list_agents", json!({}));
    assert_eq!(agents["workers"][0]["last_heartbeat"], "2026-01-31T12:04:00Z");
}

#[test]
fn what_cannot_be_thought_is_refused() {
    let project = Project::new();

    let long = json!({ "worker_id": "ann", "thought": "x".repeat(2_001) });
    let lost = json!({ "worker_id": "ann", "thought": "hm", "tasks": "nowhere" });

    assert_eq!(project.refusal("thinking", long).code, "input");
    assert_eq!(project.refusal("thinking", lost).code, "not_found");
}
