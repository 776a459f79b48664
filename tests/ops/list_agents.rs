//! `list_agents`: who is here, with what they hold and think.

use serde_json::json;

use crate::support::project::{Project, ids};

#[test]
fn workers_are_shown_with_what_they_hold_and_think() {
    let project = Project::new();
    project.has(["api"]).claim("ann", "api");
    project.does("thinking", json!({ "worker_id": "ann", "thought": "almost" }));

    let agents = project.answer("list_agents", json!({}));

    let ann = json!({
        "id": "ann", "max_claims": 5, "thought": "almost",
        "holds": ["api"],
        "last_heartbeat": "2026-01-31T12:00:00Z",
    });
    let bob = json!({ "id": "bob", "max_claims": 5, "last_heartbeat": "2026-01-31T12:00:00Z" });
    assert_eq!(agents["total"], 2);
    assert_eq!(agents["workers"][0], ann);
    assert_eq!(agents["workers"][1], bob);
}

#[test]
fn filters_combine() {
    let project = Project::new();
    project.has(["api"]).worker("ann", json!({ "tags": ["css", "html"] }));
    project.worker("carl", json!({ "tags": ["css"] })).claim("ann", "api");
    let found = |filters| ids(&project.answer("list_agents", filters)["workers"]);

    assert_eq!(found(json!({ "tags": ["css"] })), ["ann", "carl"]);
    assert_eq!(found(json!({ "tags": ["css", "html"] })), ["ann"]);
    assert_eq!(found(json!({ "task": "api" })), ["ann"]);
    assert_eq!(found(json!({ "task": "api", "tags": ["sql"] })), [""; 0]);
}

#[test]
fn a_task_that_nobody_holds_has_no_worker() {
    let project = Project::new();
    project.has(["api"]);

    assert_eq!(project.answer("list_agents", json!({ "task": "api" }))["total"], 0);
}

#[test]
fn pages_follow_each_other() {
    let project = Project::new();
    project.worker("carl", json!({}));

    let first = project.answer("list_agents", json!({ "limit": 2 }));
    let rest = project.answer("list_agents", json!({ "limit": 2, "offset": first["next_offset"] }));

    assert_eq!(ids(&first["workers"]), ["ann", "bob"]);
    assert_eq!(ids(&rest["workers"]), ["carl"]);
    assert_eq!((&rest["total"], rest.get("next_offset")), (&json!(3), None));
}

#[test]
fn the_dead_are_not_shown() {
    let mut project = Project::new();
    project.at("12:04").worker("bob", json!({}));

    project.at("12:06");

    assert_eq!(ids(&project.answer("list_agents", json!({}))["workers"]), ["bob"]);
}

#[test]
fn a_task_that_is_not_there_is_refused() {
    let project = Project::new();

    assert_eq!(project.refusal("list_agents", json!({ "task": "api" })).code, "not_found");
}
