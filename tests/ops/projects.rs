//! `projects`: which there are, and how their tasks stand.

use serde_json::json;

use crate::support::project::Project;

#[test]
fn projects_are_listed_with_what_there_is_to_do() {
    let project = Project::new();
    project.does("project", json!({ "name": "web" }));
    project.does("project", json!({ "name": "api", "state": "paused" }));
    project.does("project", json!({ "name": "old", "state": "closed" }));
    for (parent, id) in [("web", "page"), ("web", "form"), ("web", "test"), ("api", "route")] {
        project.has_one(id, json!({ "parent": parent }));
    }
    project.linked("form", "test").claim("ann", "page");

    let list = project.answer("projects", json!({}));

    assert_eq!(
        list,
        json!({
            "projects": [
                { "name": "api", "state": "paused", "total": 1, "paused": 1 },
                { "name": "web", "total": 3, "ready": 1, "held": 1, "blocked": 1 },
            ],
            "total": 2,
        })
    );
    assert_eq!(project.answer("projects", json!({ "with_closed": true }))["total"], 3);
    let page = project.answer("projects", json!({ "limit": 1 }));
    assert_eq!((&page["next_offset"], &page["total"]), (&json!(1), &json!(2)));
}

#[test]
fn one_is_shown_with_what_is_to_be_known_in_it() {
    let project = Project::new();
    let (defaults, text) = (json!({ "priority": 7 }), "x".repeat(2_500));
    project.does(
        "project",
        json!({ "name": "web", "description": "The site.", "instructions": text, "defaults": defaults }),
    );
    project.has_one("page", json!({ "parent": "web" }));

    let whole = project.answer("projects", json!({ "name": "web" }));
    let rest = project.answer("projects", json!({ "name": "web", "from": whole["instructions_go_on_at"] }));

    assert_eq!((&whole["task"], &whole["description"]), (&json!("web"), &json!("The site.")));
    assert_eq!((&whole["by_status"], &whole["defaults"]), (&json!({ "pending": 1 }), &defaults));
    assert_eq!(whole["instructions"].as_str().unwrap().len(), 1_000);
    assert_eq!(rest["instructions"].as_str().unwrap().len(), 1_000);
    assert_eq!(project.refusal("projects", json!({ "name": "wep" })).hint.unwrap(), "did you mean `web`?");
}

#[test]
fn a_long_list_is_short() {
    let project = Project::new();
    for number in 0..40 {
        project.does("project", json!({ "name": format!("{}-{number}", "x".repeat(90)) }));
    }

    let list = project.answer("projects", json!({}));

    assert_eq!((&list["total"], &list["next_offset"]), (&json!(40), &json!(20)));
    assert!(list.to_string().len() < 4_000);
}
