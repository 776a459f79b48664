//! `status_summary`: how many tasks there are of each state, and what can be done with them.

use serde_json::json;

use crate::support::project::Project;

fn project() -> Project {
    let project = Project::new();
    project.has(["whole", "one", "two", "held", "done", "gone"]).inside("whole", ["one", "two", "done"]);
    project.linked("one", "two").claim("ann", "held");
    let _ = project.finish("done");
    project.does("delete", json!({ "worker_id": "ann", "task": "gone" }));
    project
}

#[test]
fn every_task_that_was_not_deleted_is_counted_once() {
    let summary = project().answer("status_summary", json!({}));

    let expected = json!({
        "total": 5, "by_status": { "completed": 1, "pending": 3, "working": 1 },
        "ready": 1, "blocked": 1, "held": 1, "containers": 1, "ended": 1, "workers": 2,
    });
    assert_eq!(summary, expected);
}

#[test]
fn it_can_be_limited_to_a_tree() {
    let summary = project().answer("status_summary", json!({ "parent": "whole" }));

    assert_eq!(summary["total"], 3);
    assert_eq!(summary["by_status"], json!({ "completed": 1, "pending": 2 }));
    assert_eq!((&summary["ready"], &summary["blocked"]), (&json!(1), &json!(1)));
}

#[test]
fn the_work_of_the_dead_is_not_counted_as_held() {
    let mut project = project();

    project.at("12:06");

    assert_eq!(project.answer("status_summary", json!({}))["held"], 0);
}

#[test]
fn a_task_that_is_not_there_is_refused() {
    let project = Project::new();

    assert_eq!(project.refusal("status_summary", json!({ "parent": "api" })).code, "not_found");
}
