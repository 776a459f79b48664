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

/// A project in which bob works on `old`, which is called `new` now.
fn renamed_at_work() -> Project {
    let project = Project::new();
    project.has(["old", "web"]).claim("bob", "old");
    project.does("rename", json!({ "worker_id": "ann", "task": "old", "new_id": "new" }));
    project
}

#[test]
fn the_holder_is_told_by_the_program() {
    let project = renamed_at_work();

    let answer = project.answer("list_tasks", json!({ "worker_id": "bob" }));

    let line =
        "#1 from task-graph about new: renamed: `old` is called `new` now; you may go on under either name";
    assert_eq!(answer["messages"], json!([line]));
    assert_eq!(project.answer("list_tasks", json!({ "worker_id": "ann" })).get("messages"), None);
}

#[test]
fn the_holder_who_renames_is_told_nothing() {
    let project = Project::new();
    project.has(["old"]).claim("bob", "old");

    let answer = project.answer("rename", json!({ "worker_id": "bob", "task": "old", "new_id": "new" }));

    assert_eq!(answer.get("messages"), None);
}

#[test]
fn the_old_name_is_found_by_whatever_names_a_task_while_its_attempt_is_open() {
    for (operation, asked) in [
        ("get", json!({ "task": "old" })),
        ("claim", json!({ "task": "old" })),
        ("update", json!({ "task": "old", "status": "completed", "attempt": 1 })),
        ("complete_task", json!({ "task": "old" })),
        ("bulk_update", json!({ "tasks": ["old"], "status": "completed" })),
        ("thinking", json!({ "tasks": ["old"], "thought": "hm" })),
        ("attach", json!({ "task": "old", "type": "note", "content": "x" })),
        ("attachments", json!({ "task": "old" })),
        ("log_metrics", json!({ "task": "old", "cost_usd": 1 })),
        ("get_metrics", json!({ "task": "old" })),
        ("link", json!({ "from": "web", "to": "old", "type": "relates-to" })),
        ("create", json!({ "title": "part", "parent": "old" })),
        ("create", json!({ "title": "after", "blocked_by": ["old"] })),
        ("list_tasks", json!({ "parent": "old" })),
        ("scan", json!({ "task": "old", "after": 1 })),
        ("explain", json!({ "task": "old" })),
        ("check_gates", json!({ "task": "old" })),
        ("task_history", json!({ "task": "old" })),
        ("events", json!({ "task": "old" })),
        ("inbox", json!({ "task": "old" })),
        ("mark_file", json!({ "file": "a.rs", "task": "old" })),
        ("rename", json!({ "task": "old", "new_id": "newer" })),
        ("delete", json!({ "task": "old" })),
    ] {
        let project = renamed_at_work();
        let mut asked = asked;
        asked["worker_id"] = "bob".into();

        let answer = project.answer(operation, asked);

        assert_eq!(answer.get("failed"), None, "{operation}");
    }
}

#[test]
fn the_end_of_a_generated_name_is_found_too() {
    let project = Project::new();
    let id = project.answer("create", json!({ "title": "x" }))["id"].as_str().unwrap().to_owned();
    project.claim("bob", &id);
    project.does("rename", json!({ "task": id, "new_id": "new" }));

    let _ = project.moves("bob", &id[id.len() - 8..], "completed");

    assert_eq!(project.status("new"), "completed");
}

#[test]
fn no_other_task_takes_the_old_name_while_its_attempt_is_open() {
    let project = renamed_at_work();

    let created = project.refusal("create", json!({ "id": "old", "title": "another" }));
    let renamed = project.refusal("rename", json!({ "task": "web", "new_id": "old" }));
    let _ = project.moves("bob", "old", "completed");
    project.has(["old"]);

    assert_eq!([created.code, renamed.code], ["exists", "exists"]);
    assert_eq!([project.status("new"), project.status("old")], ["completed", "pending"]);
}

#[test]
fn a_task_gets_its_old_name_back() {
    let project = renamed_at_work();

    project.does("rename", json!({ "task": "new", "new_id": "old" }));

    assert_eq!((project.task("new")["id"].clone(), project.status("old")), (json!("old"), "working".into()));
}

#[test]
fn a_task_that_is_renamed_again_is_found_by_each_of_its_names() {
    let project = renamed_at_work();

    project.does("rename", json!({ "task": "old", "new_id": "newest" }));

    for name in ["old", "new", "newest"] {
        assert_eq!(project.task(name)["id"], "newest");
    }
}
