//! `redrive`: put failed work back.

use serde_json::{Value, json};

use crate::support::project::{Project, ids};

/// Three jobs without retries that have failed, two of them for want of a network, and one that is open.
fn project() -> Project {
    let project = Project::new();
    project.has(["import", "open"]);
    for (id, class) in [("one", "network"), ("two", "network"), ("three", "disk")] {
        let about = json!({ "parent": "import", "tags": [class], "job": { "max_retries": 0 } });
        project.has_one(id, about).claim("ann", id);
        let failed = json!({ "worker_id": "ann", "task": id, "status": "failed", "error_class": class });
        project.does("update", failed);
    }
    project
}

fn redriven(project: &Project, asked: Value) -> (i64, Vec<String>) {
    let answer = project.answer("redrive", asked);
    let ids = if answer.get("ids").is_some() { ids_of(&answer["ids"]) } else { Vec::new() };
    (answer["redriven"].as_i64().unwrap(), ids)
}

fn ids_of(names: &Value) -> Vec<String> {
    names.as_array().unwrap().iter().map(|name| name.as_str().unwrap().to_owned()).collect()
}

#[test]
fn failed_work_goes_back_with_all_its_retries() {
    let project = project();

    let answer = project.answer("redrive", json!({ "worker_id": "ann" }));

    let expected = json!({
        "redriven": 3, "ids": ["one", "two", "three"], "error_classes": { "network": 2, "disk": 1 },
    });
    assert_eq!(answer, expected);
    assert_eq!(project.ready(), ["open", "one", "two", "three"]);
    assert_eq!(project.task("one")["job"].get("failures"), None);
    assert_eq!(project.last_event("one")["cause"], "redrive");
    assert_eq!(project.claim("bob", "one"), 2);
}

#[test]
fn filters_say_which() {
    for (asked, back) in [
        (json!({ "error_class": "network" }), vec!["one", "two"]),
        (json!({ "tags_any": ["disk"] }), vec!["three"]),
        (json!({ "under": "import" }), vec!["one", "two", "three"]),
        (json!({ "under": "open" }), vec![]),
        (json!({ "under": "import", "error_class": "disk" }), vec!["three"]),
    ] {
        let project = project();

        assert_eq!(redriven(&project, asked.clone()).1, back, "{asked}");
    }
}

#[test]
fn it_is_seen_beforehand_what_would_be_done() {
    let project = project();
    let before = project.contents();

    let answer = project.answer("redrive", json!({ "dry_run": true }));

    assert_eq!((&answer["redriven"], &answer["dry_run"]), (&json!(3), &json!(true)));
    assert_eq!(project.contents(), before);
}

#[test]
fn so_many_at_a_time() {
    let project = project();

    let first = project.answer("redrive", json!({ "limit": 2 }));
    let rest = project.answer("redrive", json!({ "limit": 2 }));

    assert_eq!(
        (ids_of(&first["ids"]), &first["more"]),
        (vec!["one".to_owned(), "two".to_owned()], &json!(true))
    );
    assert_eq!((ids_of(&rest["ids"]), rest.get("more")), (vec!["three".to_owned()], None));
}

#[test]
fn what_failed_and_was_no_job_goes_back_too() {
    let project = Project::new();
    project.has(["plain"]).claim("ann", "plain");
    let _ = project.moves("ann", "plain", "failed");

    assert_eq!(redriven(&project, json!({})).1, ["plain"]);
    assert_eq!(ids(&project.answer("list_tasks", json!({ "ready": true }))["tasks"]), ["plain"]);
}

#[test]
fn a_place_that_is_none_is_refused() {
    let project = Project::new();

    assert_eq!(project.refusal("redrive", json!({ "under": "nowhere" })).code, "not_found");
}
