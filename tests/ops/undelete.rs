//! `undelete`: bring back what was deleted.

use serde_json::json;

use crate::support::project::Project;

fn deleted(project: &Project, task: &str, cascade: bool) {
    project.does("delete", json!({ "worker_id": "ann", "task": task, "cascade": cascade }));
}

#[test]
fn a_task_comes_back_with_its_links() {
    let project = Project::new();
    project.has(["whole", "first", "second"]).linked("first", "second");
    project.inside("whole", ["first"]);
    deleted(&project, "first", false);
    assert_eq!(project.ready(), ["whole", "second"]);

    let back = project.answer("undelete", json!({ "worker_id": "bob", "task": "first" }));

    assert_eq!(back, json!({ "id": "first", "status": "pending", "undeleted": 1 }));
    assert_eq!(project.ready(), ["first"]);
    let event = project.last_event("first");
    assert_eq!((&event["event"], &event["worker_id"]), (&json!("undeleted"), &json!("bob")));
}

#[test]
fn a_finished_task_comes_back_without_blocking() {
    let project = Project::new();
    project.has(["first", "second"]).linked("first", "second");
    let _ = project.finish("first");
    deleted(&project, "first", false);

    project.does("undelete", json!({ "task": "first" }));

    assert_eq!(project.ready(), ["second"]);
}

#[test]
fn cascade_brings_everything_under_it_back() {
    let project = Project::new();
    project.has(["whole", "part", "detail"]).inside("whole", ["part"]).inside("part", ["detail"]);
    deleted(&project, "whole", true);

    let back = project.answer("undelete", json!({ "task": "whole", "cascade": true }));

    assert_eq!(back["undeleted"], 3);
    assert_eq!(project.ready(), ["detail"]);
}

#[test]
fn what_was_not_deleted_does_not_come_back() {
    let project = Project::new();
    project.has(["api"]);

    assert_eq!(project.refusal("undelete", json!({ "task": "api" })).code, "input");
}

#[test]
fn nothing_comes_back_into_what_has_ended() {
    let project = Project::new();
    project.has(["whole", "one", "two"]).inside("whole", ["one", "two"]);
    let _ = project.finish("one");
    deleted(&project, "two", false);
    assert_eq!(project.status("whole"), "completed");

    let refused = project.refusal("undelete", json!({ "task": "two" }));

    assert_eq!(refused.code, "ended");
}

#[test]
fn a_task_that_is_not_there_is_refused() {
    let project = Project::new();

    assert_eq!(project.refusal("undelete", json!({ "task": "api" })).code, "not_found");
}
