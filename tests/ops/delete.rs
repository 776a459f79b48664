//! `delete`: put a task away, or remove it for good.

use serde_json::json;

use crate::support::project::Project;

fn delete(task: &str) -> serde_json::Value {
    json!({ "worker_id": "ann", "task": task })
}

#[test]
fn a_deleted_task_is_shown_no_more() {
    let project = Project::new();
    project.has(["api", "docs"]);

    let mut asked = delete("api");
    asked["reason"] = "not needed".into();
    let deleted = project.answer("delete", asked);

    assert_eq!(deleted, json!({ "id": "api", "deleted": 1 }));
    assert_eq!(project.list(json!({})), ["docs"]);
    assert_eq!(project.answer("status_summary", json!({}))["total"], 1);
    assert_eq!(project.task("api")["deleted_at"], "2026-01-31T12:00:00Z");
    let event = project.last_event("api");
    assert_eq!((&event["event"], &event["reason"]), (&json!("deleted"), &json!("not needed")));
}

#[test]
fn a_deleted_task_holds_nothing_back() {
    let project = Project::new();
    project.has(["first", "second", "whole", "part"]).linked("first", "second");
    project.inside("whole", ["part"]);

    let deleted = project.answer("delete", delete("first"));
    project.does("delete", delete("part"));

    assert_eq!(deleted["unblocked"], json!(["second"]));
    assert_eq!(project.ready(), ["second", "whole"]);
}

#[test]
fn a_held_task_is_released_first() {
    let mut project = Project::new();
    project.has(["api"]).claim("ann", "api");

    project.at("12:01").does("delete", delete("api"));

    let history = project.answer("task_history", json!({ "task": "api" }));
    assert_eq!(history["attempts"][0]["outcome"], "released");
    assert_eq!(history["time_actual_ms"], 60_000);
    assert_eq!(project.task("api").get("worker_id"), None);
}

#[test]
fn what_another_holds_is_not_deleted_without_force() {
    let project = Project::new();
    project.has(["api"]).claim("bob", "api");

    assert_eq!(project.refusal("delete", delete("api")).code, "held");
    let mut forced = delete("api");
    forced["force"] = true.into();
    assert_eq!(project.answer("delete", forced)["deleted"], 1);
}

#[test]
fn a_container_is_not_deleted_alone() {
    let project = Project::new();
    project.has(["whole", "part"]).inside("whole", ["part"]);

    let refused = project.refusal("delete", delete("whole"));

    assert_eq!(refused.code, "has_children");
    assert_eq!(refused.details["children"], 1);
}

#[test]
fn cascade_deletes_everything_under_a_task() {
    let project = Project::new();
    project.has(["whole", "part", "detail", "after", "other"]);
    project.inside("whole", ["part"]).inside("part", ["detail"]);
    project.linked("detail", "after").linked("detail", "other").linked("after", "other");

    let mut asked = delete("whole");
    asked["cascade"] = true.into();
    let deleted = project.answer("delete", asked);

    assert_eq!(deleted, json!({ "id": "whole", "deleted": 3, "unblocked": ["after"] }));
    assert_eq!(project.list(json!({})), ["other", "after"]);
}

#[test]
fn cascade_respects_what_others_hold() {
    let project = Project::new();
    project.has(["whole", "part"]).inside("whole", ["part"]).claim("bob", "part");

    let mut asked = delete("whole");
    asked["cascade"] = true.into();

    assert_eq!(project.refusal("delete", asked).code, "held");
}

#[test]
fn deleting_a_container_does_not_complete_it_on_the_way() {
    let project = Project::new();
    project.has(["whole", "one", "two"]).inside("whole", ["one", "two"]);
    let _ = project.finish("one");

    let mut asked = delete("whole");
    asked["cascade"] = true.into();
    let deleted = project.answer("delete", asked);

    assert_eq!(deleted.get("completed_above"), None);
    assert_eq!(project.status("whole"), "pending");
}

#[test]
fn deleting_the_last_open_task_completes_its_container() {
    let project = Project::new();
    project.has(["whole", "one", "two"]).inside("whole", ["one", "two"]);
    let _ = project.finish("one");

    let deleted = project.answer("delete", delete("two"));

    assert_eq!(deleted["completed_above"], json!(["whole"]));
}

#[test]
fn a_deleted_task_is_not_deleted_again() {
    let project = Project::new();
    project.has(["api"]).does("delete", delete("api"));

    assert_eq!(project.refusal("delete", delete("api")).code, "deleted");
}

#[test]
fn an_obliterated_task_leaves_only_its_traces() {
    let project = Project::new();
    project.has(["first", "second"]).linked("first", "second").claim("ann", "first");
    let evidence = json!([{ "type": "note", "content": "x" }]);
    project.does("update", json!({ "worker_id": "ann", "task": "first", "attachments": evidence }));

    let mut asked = delete("first");
    asked["obliterate"] = true.into();
    let deleted = project.answer("delete", asked);

    let answer = json!({ "id": "first", "deleted": 1, "obliterated": true, "unblocked": ["second"] });
    assert_eq!(deleted, answer);
    assert_eq!(project.refusal("get", json!({ "task": "first" })).code, "not_found");
    for table in ["attempts", "attachments", "dependencies", "task_tags"] {
        assert!(project.rows(&format!("select * from {table}")).is_empty(), "{table}");
    }
    let feed = project.answer("events", json!({ "kinds": ["obliterated"] }));
    assert_eq!(feed["events"][0]["task"], "first");
    assert_eq!(project.has(["first"]).status("first"), "pending");
}

#[test]
fn what_was_deleted_can_be_obliterated() {
    let project = Project::new();
    project.has(["api"]).does("delete", delete("api"));

    let mut asked = delete("api");
    asked["obliterate"] = true.into();

    assert_eq!(project.answer("delete", asked)["obliterated"], true);
    assert!(project.rows("select * from tasks").is_empty());
}

#[test]
fn what_was_under_an_obliterated_task_waits_for_nothing_above_it() {
    let project = Project::new();
    project.has(["first", "whole", "part"]).linked("first", "whole").inside("whole", ["part"]);
    project.does("delete", delete("part"));
    let mut asked = delete("whole");
    asked["obliterate"] = true.into();
    project.does("delete", asked);

    project.does("undelete", json!({ "task": "part" }));

    assert_eq!(project.ready(), ["first", "part"]);
}
