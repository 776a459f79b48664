//! Arguments in other forms: numbers, truth values, lists and objects as some clients write them.

use serde_json::json;

use crate::support::project::Project;

#[test]
fn a_number_a_truth_and_a_nested_value_may_be_floating_or_text() {
    let project = Project::new();
    project.has(["a", "b"]);

    let list = project.answer("list_tasks", json!({ "limit": 1.0, "ready": "true", "offset": "1" }));
    project.does("create", json!({ "title": "T", "id": "c", "tags": "[\"x\",\"y\"]", "priority": 7.0 }));
    let tasks = r#"[{"title":"In","id":"d","priority":"8","job":"{\"max_retries\":2.0}"}]"#;
    project.does("create", json!({ "title": "Out", "id": "o", "tasks": tasks }));
    project.does("log_metrics", json!({ "worker_id": "ann", "task": "a", "values": "{\"tokens\":5.0}" }));

    assert_eq!(list["tasks"][0]["id"], "b");
    assert_eq!(project.task("c")["priority"], 7);
    assert_eq!(project.task("c")["tags"], json!(["x", "y"]));
    assert_eq!(project.task("d")["priority"], 8);
    assert_eq!(project.rows("select max_retries from jobs where task_id = 'd'")[0]["max_retries"], 2);
}

#[test]
fn cells_and_options_in_nested_tasks_are_read_in_the_same_way() {
    let project = Project::new();
    let rows = json!([["r1", "Row", 7.0, "[\"x\"]"]]);
    let table =
        json!({ "title": "Mid", "columns": "[\"id\",\"title\",\"priority\",\"tags\"]", "rows": rows });

    project.does("create", json!({ "title": "Out", "tasks": [table] }));

    assert_eq!(project.task("r1")["priority"], 7);
    assert_eq!(project.task("r1")["tags"], json!(["x"]));
}

#[test]
fn what_is_no_such_value_is_refused_as_before() {
    let project = Project::new();
    for (asked, complaint) in [
        (json!({ "priority": 5.5 }), "`priority` of `create` takes integer, not number"),
        (json!({ "priority": "high" }), "`priority` of `create` takes integer, not string"),
        (json!({ "priority": "11" }), "`priority` of `create` is between 0 and 10, not 11"),
        (json!({ "partial": "perhaps" }), "`partial` of `create` takes boolean, not string"),
        (json!({ "tasks": "[{" }), "`tasks` of `create` takes object, not string"),
        (
            json!({ "tasks": [{ "priority": "?" }] }),
            "`tasks[0].priority` of `create` takes integer, not string",
        ),
    ] {
        let mut asked = asked;
        asked["title"] = "T".into();

        assert_eq!(project.refusal("create", asked).message, complaint);
    }
}

#[test]
fn an_argument_that_a_client_adds_to_every_tool_is_passed_over() {
    let project = Project::new();
    let nested = json!([{ "title": "In", "wait_for_previous": true, "tasks": [
        { "title": "Below", "wait_for_previous": "false" },
    ] }]);

    let made = project.answer("create", json!({ "title": "T", "wait_for_previous": true, "tasks": nested }));
    let listed = project.answer("list_tasks", json!({ "wait_for_previous": false }));

    assert_eq!(made["created"], 3);
    assert_eq!((made.get("notices"), listed.get("notices")), (None, None));
}

#[test]
fn an_argument_that_a_client_adds_is_passed_over_by_every_operation() {
    let project = Project::new();
    for entry in task_graph::ops::CATALOGUE {
        let refused = project.call(entry.name, json!({ "wait_for_previous": true }));

        let message = refused.err().map(|refused| refused.message).unwrap_or_default();
        assert!(!message.contains("wait_for_previous"), "{}: {message}", entry.name);
    }
}
