//! `check_gates`: what each next step asks for, as `update` would judge it.

use serde_json::json;

use crate::support::project::Project;

#[test]
fn each_step_is_judged() {
    let project = Project::new();
    project.has_one("api", json!({ "workflow": "relay", "phase": "implement" })).claim("ann", "api");
    project.does(
        "update",
        json!({
            "worker_id": "ann", "task": "api", "attachments": [{ "type": "gate/commit", "content": "abc" }],
        }),
    );

    let checked = project.answer("check_gates", json!({ "task": "api" }));

    assert_eq!(checked["verdict"], "warn");
    assert_eq!(checked["free"], json!(["failed", "pending", "consult", "cancelled"]));
    let [end, turn] = checked["steps"].as_array().unwrap().as_slice() else { panic!("{checked}") };
    assert_eq!((&end["to"], &turn["phase"]), (&json!("completed"), &json!("*")));
    for step in [end, turn] {
        assert_eq!(step["verdict"], "warn");
        assert_eq!(step["found"], json!(["gate/commit"]));
        assert_eq!(step["missing"][0]["type"], "gate/impl-notes");
    }
}

#[test]
fn a_task_without_gates_is_free() {
    let project = Project::new();
    project.has(["api"]).claim("ann", "api");

    let checked = project.answer("check_gates", json!({ "task": "api" }));

    assert_eq!((&checked["verdict"], &checked["steps"]), (&json!("pass"), &json!([])));
    assert_eq!(project.refusal("check_gates", json!({ "task": "ipa" })).code, "not_found");
}

#[test]
fn the_gates_of_the_holders_overlays_count() {
    let project = Project::new();
    project.worker("carl", json!({ "overlays": ["git"] })).has(["api"]).claim("carl", "api");

    let checked = project.answer("check_gates", json!({ "task": "api" }));

    assert_eq!(checked["steps"][0]["missing"][0]["type"], "gate/commit");
}
