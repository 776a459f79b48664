//! `cleanup_stale`: give back the tasks of workers that are gone.

use serde_json::json;

use crate::support::project::Project;

#[test]
fn who_was_silent_for_too_long_is_gone() {
    let mut project = Project::new();
    project.has(["api"]).claim("ann", "api");
    project.at("12:03").worker("bob", json!({}));

    let cleaned = project.at("12:06").answer("cleanup_stale", json!({}));

    let gone = json!([{ "id": "ann", "how": "expired", "released": 1 }]);
    assert_eq!(cleaned, json!({ "workers": gone, "tasks_released": 1 }));
    let event = project.last_event("api");
    assert_eq!(event["cause"], "expired");
    assert_eq!(event.get("worker_id"), None);
}

#[test]
fn nobody_is_gone_before_the_time() {
    let mut project = Project::new();
    project.has(["api"]).claim("ann", "api");

    let cleaned = project.at("12:05").answer("cleanup_stale", json!({}));

    assert_eq!(cleaned, json!({ "workers": [], "tasks_released": 0 }));
}

#[test]
fn a_live_worker_cannot_be_put_out() {
    let mut project = Project::new();
    project.at("12:04");

    let refused = project.refusal("cleanup_stale", json!({ "worker_id": "ann" }));

    assert_eq!(refused.code, "name_taken");
}

#[test]
fn a_worker_must_be_known() {
    let project = Project::new();

    let refused = project.refusal("cleanup_stale", json!({ "worker_id": "carl" }));

    assert_eq!(refused.code, "not_found");
}

#[test]
fn what_was_only_assigned_goes_back_too() {
    let mut project = Project::new();
    project.has(["api"]);
    project.does("update", json!({ "worker_id": "ann", "task": "api", "assignee": "bob" }));

    project.at("12:06").does("cleanup_stale", json!({}));

    assert_eq!(project.ready(), ["api"]);
}

#[test]
fn who_is_gone_cannot_be_given_a_task() {
    let mut project = Project::new();
    project.has(["api"]);
    project.at("12:06").does("cleanup_stale", json!({ "worker_id": "bob" }));

    let asked = json!({ "worker_id": "ann", "task": "api", "assignee": "bob" });

    assert_eq!(project.refusal("update", asked).code, "not_found");
}
