//! `rename`: another id, and everything that names the task follows.

use serde_json::json;

use crate::support::project::Project;

#[test]
fn everything_that_names_a_task_follows() {
    let project = Project::new();
    project.has_one("old", json!({ "tags": ["css"] })).has(["whole", "after", "part"]);
    project.inside("whole", ["old"]).inside("old", ["part"]).linked("old", "after");
    let _ = project.finish("part");
    let evidence = json!([{ "type": "note", "content": "x" }]);
    project.does("update", json!({ "worker_id": "ann", "task": "old", "attachments": evidence }));

    let renamed = project.answer("rename", json!({ "worker_id": "ann", "task": "old", "new_id": "new" }));

    assert_eq!(renamed, json!({ "old_id": "old", "new_id": "new" }));
    assert_eq!(project.refusal("get", json!({ "task": "old" })).code, "not_found");
    let task = project.task("new");
    assert_eq!(task["parent"]["id"], "whole");
    assert_eq!(task["blocks"][0]["id"], "after");
    assert_eq!(task["attachments"][0]["type"], "note");
    assert_eq!(project.list(json!({ "tags_any": ["css"] })), ["new"]);
    assert_eq!(project.task("part")["parent"]["id"], "new");
    for (table, column) in [
        ("attempts", "task_id"),
        ("attachments", "task_id"),
        ("dependencies", "from_task_id"),
        ("dependencies", "to_task_id"),
        ("events", "task_id"),
        ("task_tags", "task_id"),
        ("tasks", "id"),
    ] {
        let left = project.rows(&format!("select * from {table} where {column} = 'old'"));
        assert!(left.is_empty(), "{table}: {left:?}");
    }
}

#[test]
fn a_held_task_keeps_its_worker_and_its_clock() {
    let mut project = Project::new();
    project.has(["old"]).claim("ann", "old");

    project.does("rename", json!({ "task": "old", "new_id": "new" }));
    let _ = project.at("12:01").finish("new");

    let history = project.answer("task_history", json!({ "task": "new" }));
    assert_eq!(history["time_per_worker_ms"], json!({ "ann": 60_000 }));
    assert_eq!(history["attempts_total"], 1);
}

#[test]
fn it_is_in_the_feed() {
    let project = Project::new();
    project.has(["old"]);

    project.does("rename", json!({ "worker_id": "ann", "task": "old", "new_id": "new" }));

    let event = project.last_event("new");
    assert_eq!(event["event"], "renamed");
    assert_eq!((&event["before"]["id"], &event["after"]["id"]), (&json!("old"), &json!("new")));
}

#[test]
fn a_name_that_is_taken_is_refused_even_if_its_task_was_deleted() {
    let project = Project::new();
    project.has(["one", "two", "gone"]).does("delete", json!({ "worker_id": "ann", "task": "gone" }));

    for taken in ["one", "two", "gone"] {
        let asked = json!({ "task": "one", "new_id": taken });
        assert_eq!(project.refusal("rename", asked).code, "exists");
    }
}

#[test]
fn a_bad_name_is_refused() {
    let project = Project::new();
    project.has(["one"]);

    for bad in ["", "..", "a b", "null"] {
        let asked = json!({ "task": "one", "new_id": bad });
        assert_eq!(project.refusal("rename", asked).code, "input", "{bad:?}");
    }
    let asked = json!({ "task": "nowhere", "new_id": "x" });
    assert_eq!(project.refusal("rename", asked).code, "not_found");
}
