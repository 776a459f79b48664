//! Tasks that have their time.

use serde_json::json;

use crate::support::project::{Project, ids};

#[test]
fn a_task_is_not_handed_out_before_its_time() {
    let mut project = Project::new();
    project.has_one("later", json!({ "not_before": "2026-01-31T12:30:00Z" }));

    let none = project.answer("claim", json!({ "worker_id": "ann" }));

    assert_eq!(none["next_at"], "2026-01-31T12:30:00Z");
    assert!(none["why"].as_str().unwrap().contains("1 scheduled"), "{none}");
    assert_eq!(project.answer("status_summary", json!({}))["scheduled"], 1);
    assert!(project.ready().is_empty());
    project.at("12:30");
    assert_eq!(project.ready(), ["later"]);
    assert_eq!(project.answer("claim", json!({ "worker_id": "ann" }))["task"]["id"], "later");
}

#[test]
fn who_names_it_is_told_when_its_time_comes_and_may_insist() {
    let mut project = Project::new();
    project.has_one("later", json!({ "not_before": "30m" })).has_one("other", json!({ "not_before": "30m" }));

    let refused = project.refusal("claim", json!({ "worker_id": "ann", "task": "later" }));
    let explained = project.answer("explain", json!({ "worker_id": "ann", "task": "later" }));
    project.does("claim", json!({ "worker_id": "ann", "task": "later", "force": true }));

    assert_eq!(
        (refused.code.as_str(), &refused.details["until"]),
        ("scheduled", &json!("2026-01-31T12:30:00Z"))
    );
    assert_eq!(explained["because"][0]["code"], "scheduled");
    assert_eq!(project.task("later")["job"].get("not_before"), None);
    assert_eq!(project.at("12:30").claim("bob", "other"), 1);
}

#[test]
fn a_claim_sees_at_once_that_the_time_has_come() {
    let mut project = Project::new();
    project.has_one("later", json!({ "not_before": "1m" }));
    let caller = task_graph::Caller::default();
    // Another process has looked just now, and nobody looks again so soon.
    let _ = project.at("12:01").beside(caller).ready();

    let taken = project.answer("claim", json!({ "worker_id": "ann" }));

    assert_eq!(taken["task"]["id"], "later");
}

#[test]
fn work_is_put_off_without_a_failure() {
    let mut project = Project::new();
    project.has_one("job", json!({ "job": { "max_retries": 0 } })).claim("ann", "job");

    let put_off = project.answer(
        "update",
        json!({ "worker_id": "ann", "task": "job", "status": "pending", "not_before": "10m" }),
    );

    assert_eq!((&put_off["status"], &put_off["changed"]), (&json!("pending"), &json!(["not_before"])));
    assert!(project.ready().is_empty());
    assert_eq!(project.task("job")["job"].get("failures"), None);
    assert_eq!(project.at("12:10").claim("bob", "job"), 2);
}

#[test]
fn what_is_put_off_can_be_brought_forward() {
    let project = Project::new();
    project.has_one("later", json!({ "not_before": "1d" }));

    project.does("update", json!({ "worker_id": "ann", "task": "later", "not_before": "0s" }));

    assert_eq!(project.ready(), ["later"]);
}

#[test]
fn what_is_at_work_or_has_ended_is_not_put_off() {
    let project = Project::new();
    project.has(["busy", "done"]).claim("ann", "busy");
    let _ = project.finish("done");

    for task in ["busy", "done"] {
        let refused =
            project.refusal("update", json!({ "worker_id": "ann", "task": task, "not_before": "1h" }));
        assert_eq!(refused.code, "input", "{task}");
    }
}

#[test]
fn a_time_that_is_none_is_refused() {
    let project = Project::new();

    for when in [json!("soon"), json!("-1h"), json!(-5), json!("3000d")] {
        let refused = project.refusal("create", json!({ "title": "x", "not_before": when }));
        assert_eq!(refused.code, "input", "{when}");
    }
}

#[test]
fn a_blocked_task_waits_for_both() {
    let mut project = Project::new();
    project.has(["first"]).has_one("second", json!({ "not_before": "10m", "blocked_by": "first" }));

    let _ = project.finish("first");

    assert!(project.ready().is_empty());
    assert_eq!(ids(&project.at("12:10").answer("list_tasks", json!({ "ready": true }))["tasks"]), ["second"]);
}
