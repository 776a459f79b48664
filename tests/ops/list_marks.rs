//! `list_marks`: who works on which files.

use serde_json::{Value, json};

use crate::support::project::Project;

fn project() -> Project {
    let project = Project::new();
    project.has(["api"]);
    for (worker, file, task) in
        [("ann", "src/a.rs", Some("api")), ("ann", "web/**", None), ("bob", "src/b.rs", None)]
    {
        project.does("mark_file", json!({ "worker_id": worker, "file": file, "task": task, "reason": "r" }));
    }
    project
}

fn files(answer: &Value) -> Vec<&str> {
    let marks = answer["marks"].as_array().unwrap();
    marks.iter().map(|mark| mark["file"].as_str().unwrap()).collect()
}

#[test]
fn all_are_listed_with_whose_they_are() {
    let mut project = project();

    let listed = project.at("12:02").answer("list_marks", json!({}));

    assert_eq!(files(&listed), ["src/a.rs", "src/b.rs", "web/**"]);
    assert_eq!(listed["total"], 3);
    let first = json!({
        "file": "src/a.rs", "worker_id": "ann", "task": "api", "reason": "r", "for_minutes": 2,
    });
    assert_eq!(listed["marks"][0], first);
}

#[test]
fn filters_combine() {
    let project = project();

    for (filter, found) in [
        (json!({ "worker_id": "ann" }), vec!["src/a.rs", "web/**"]),
        (json!({ "agent": "bob" }), vec!["src/b.rs"]),
        (json!({ "task": "api" }), vec!["src/a.rs"]),
        (json!({ "files": "src/**" }), vec!["src/a.rs", "src/b.rs"]),
        (json!({ "files": "web/app/x.css" }), vec!["web/**"]),
        (json!({ "files": ["**", "src/a.rs"], "worker_id": "ann" }), vec!["src/a.rs", "web/**"]),
        (json!({ "files": "web/**", "worker_id": "bob" }), vec![]),
        (json!({ "files": "src/*", "task": "api" }), vec!["src/a.rs"]),
    ] {
        let listed = project.answer("list_marks", filter.clone());
        assert_eq!(files(&listed), found, "{filter}");
        assert_eq!(listed["total"], found.len(), "{filter}");
    }
}

#[test]
fn a_long_list_goes_on_where_it_stopped() {
    let project = project();

    for filter in [json!({ "limit": 2 }), json!({ "limit": 2, "files": "**" })] {
        let first = project.answer("list_marks", filter.clone());
        let mut asked = filter;
        asked["after"] = first["next"].clone();
        let rest = project.answer("list_marks", asked);

        assert_eq!(files(&first), ["src/a.rs", "src/b.rs"]);
        assert_eq!(files(&rest), ["web/**"]);
        assert_eq!((&first["total"], rest.get("next")), (&json!(3), None));
    }
}

#[test]
fn who_waits_is_shown_where_they_wait() {
    let project = project();
    project.worker("carl", json!({}));
    for worker in ["bob", "carl"] {
        project.does("mark_file", json!({ "worker_id": worker, "file": "web/x" }));
    }

    let listed = project.answer("list_marks", json!({ "files": "web/**" }));

    assert_eq!(listed["marks"][0]["wanted_by"], json!(["bob", "carl"]));
    assert_eq!(project.answer("list_marks", json!({}))["marks"][0].get("wanted_by"), None);
}
