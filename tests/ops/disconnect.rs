//! `disconnect`: leave, and give everything back.

use serde_json::json;
use task_graph::domain::{EdgeRule, Holds, Shape};

use crate::support::project::{Project, ids};

#[test]
fn who_leaves_gives_its_tasks_back() {
    let mut project = Project::new();
    project.has(["api", "docs"]).claim("ann", "api");
    project.does("update", json!({ "worker_id": "bob", "task": "docs", "assignee": "ann" }));
    project.does("inbox", json!({ "worker_id": "ann" }));

    let left = project.at("12:01").answer("disconnect", json!({ "worker_id": "ann" }));

    assert_eq!(left, json!({ "worker_id": "ann", "released": ["api", "docs"], "released_total": 2 }));
    assert_eq!(project.ready(), ["api", "docs"]);
    assert_eq!(project.task("api")["time_actual_ms"], 60_000);
    let event = project.last_event("api");
    assert_eq!((&event["cause"], &event["worker_id"]), (&json!("disconnected"), &json!("ann")));
    assert_eq!(ids(&project.answer("list_agents", json!({}))["workers"]), ["bob"]);
}

#[test]
fn tasks_can_be_left_in_another_state() {
    let project = Project::new();
    project.has(["first", "second"]).linked("first", "second").claim("ann", "first");

    project.does("disconnect", json!({ "worker_id": "ann", "final_status": "completed" }));

    assert_eq!(project.status("first"), "completed");
    assert_eq!(project.ready(), ["second"]);
}

#[test]
fn a_state_that_cannot_be_left_behind_is_refused() {
    let project = Project::new();
    project.has(["api"]).claim("ann", "api");

    for (status, allowed) in [("working", json!(["pending"])), ("assigned", json!(null))] {
        let asked = json!({ "worker_id": "ann", "final_status": status });
        let refused = project.refusal("disconnect", asked);

        assert_eq!(refused.code, "no_exit");
        assert!(allowed.is_null() || refused.details["allowed"] == allowed);
    }
}

#[test]
fn what_is_in_a_task_holds_back_its_end_here_too() {
    let project = Project::new();
    project.has(["whole"]).claim("ann", "whole");
    project.has_one("part", json!({ "parent": "whole" }));

    let asked = json!({ "worker_id": "ann", "final_status": "completed" });

    assert_eq!(project.refusal("disconnect", asked).code, "open_children");
}

#[test]
fn another_end_holds_back_a_tasks_end_here_too() {
    let awaits = EdgeRule { shape: Shape::Horizontal, holds: Some(Holds::Completion) };
    let project = Project::with(|config| {
        config.edges.0.insert("awaits".parse().unwrap(), awaits);
    });
    project.has(["review", "release"]).claim("ann", "release");
    project.does("link", json!({ "from": "review", "to": "release", "type": "awaits" }));

    let asked = json!({ "worker_id": "ann", "final_status": "completed" });

    assert_eq!(project.refusal("disconnect", asked).code, "ends_too_soon");
}

#[test]
fn who_left_on_purpose_lost_nothing() {
    let project = Project::new();
    project.has(["api"]).claim("ann", "api");
    project.does("disconnect", json!({ "worker_id": "ann" }));

    let again = project.answer("connect", json!({ "worker_id": "ann" }));

    assert_eq!(again.get("holds"), None);
}

#[test]
fn a_worker_must_be_known() {
    let project = Project::new();

    let refused = project.refusal("disconnect", json!({ "worker_id": "carl" }));

    assert_eq!(refused.code, "not_found");
}

#[test]
fn what_one_had_marked_is_free() {
    let project = Project::new();
    project.does("mark_file", json!({ "worker_id": "ann", "file": ["a", "lock:b"] }));

    let left = project.answer("disconnect", json!({ "worker_id": "ann" }));

    assert_eq!(left["files_released"], 2);
    let news = project.answer("mark_updates", json!({ "worker_id": "bob" }));
    assert_eq!(news["events"][3]["event"], "released");
    assert_eq!(news["events"][3]["cause"], "disconnected");
}
