//! `schedules`: which there are, and how they fare.

use serde_json::json;

use crate::support::project::Project;

#[test]
fn schedules_are_listed_by_name_page_by_page() {
    let project = Project::new();
    for name in ["b", "a"] {
        project.does("schedule", json!({ "name": name, "cron": "@daily", "task": { "title": "Rest" } }));
    }

    let page = project.answer("schedules", json!({ "limit": 1 }));

    let row = json!({ "name": "a", "cron": "@daily", "next_at": "2026-02-01T00:00:00Z" });
    assert_eq!(page, json!({ "schedules": [row], "total": 2, "next_offset": 1 }));
    assert_eq!(project.answer("schedules", json!({ "limit": 1, "offset": 1 }))["schedules"][0]["name"], "b");
}

#[test]
fn one_that_cannot_be_made_any_more_says_why_and_stops_nobody() {
    let mut project = Project::new();
    project.has(["other"]);
    project.does("project", json!({ "name": "web" }));
    project.does(
        "schedule",
        json!({ "name": "sweep", "cron": "@hourly", "task": { "title": "Sweep" }, "parent": "web" }),
    );
    project.does("project", json!({ "name": "web", "state": "closed" }));

    let taken = project.at("13:00").answer("claim", json!({ "worker_id": "ann" }));

    assert_eq!(taken["task"]["id"], "other");
    let listed = project.answer("schedules", json!({}));
    assert_eq!(listed["schedules"][0]["problem"], "project `web` is closed");
    project.does("project", json!({ "name": "web", "state": "active" }));
    assert_eq!(project.at("14:00").list(json!({ "parent": "web" })).len(), 1);
    assert_eq!(project.answer("schedules", json!({}))["schedules"][0].get("problem"), None);
}
