//! `get`: a task, whole.

use serde_json::json;

use crate::support::project::Project;

#[test]
fn a_task_is_shown_with_what_is_around_it() {
    let mut project = Project::new();
    project.has(["before", "api", "after", "whole", "part"]);
    project.inside("whole", ["api"]).inside("api", ["part"]);
    project.linked("before", "api").linked("api", "after");

    let task = project.at("12:01").task("api");

    assert_eq!(task["ready"], false);
    assert_eq!(task["parent"], json!({ "id": "whole", "title": "whole", "status": "pending" }));
    assert_eq!(task["children"], json!({ "pending": 1 }));
    assert_eq!(task["blocked_by"], json!([{ "id": "before", "status": "pending" }]));
    assert_eq!(task["blocks"], json!([{ "id": "after", "title": "after", "status": "pending" }]));
    assert_eq!(task["events"].as_array().map(Vec::len), Some(3));
}

#[test]
fn the_clock_of_a_task_under_way_runs() {
    let mut project = Project::new();
    project.has(["api"]).claim("ann", "api");

    let task = project.at("12:02").task("api");

    assert_eq!(task["time_actual_ms"], 120_000);
    assert_eq!((&task["worker_id"], &task["attempt"]), (&json!("ann"), &json!(1)));
    assert_eq!(task["claimed_at"], "2026-01-31T12:00:00Z");
}

#[test]
fn a_long_description_is_shown_in_parts() {
    let project = Project::new();
    let text: String = ('a'..='z').cycle().take(4_500).collect();
    project.has_one("api", json!({ "description": text }));

    let mut read = String::new();
    let mut from = json!(0);
    while !from.is_null() {
        let task = project.answer("get", json!({ "task": "api", "from": from }));
        read += task["description"].as_str().unwrap();
        from = task["description_goes_on_at"].clone();
    }

    assert_eq!(read, text);
}

#[test]
fn a_finished_task_says_when_it_ended_and_a_reopened_one_does_not() {
    let project = Project::new();
    project.has(["api"]).claim("ann", "api");

    let _ = project.moves("ann", "api", "failed");
    assert_eq!(project.task("api")["completed_at"], "2026-01-31T12:00:00Z");
    let _ = project.moves("ann", "api", "pending");
    assert_eq!(project.task("api").get("completed_at"), None);
}

#[test]
fn a_task_that_is_not_there_is_refused() {
    let project = Project::new();

    let refused = project.refusal("get", json!({ "task": "api" }));

    assert_eq!(refused.code, "not_found");
    assert_eq!(refused.hint.as_deref(), Some("`list_tasks` shows the tasks there are"));
}
