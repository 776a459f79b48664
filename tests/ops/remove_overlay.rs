//! `remove_overlay`: back to the rules of all.

use serde_json::json;
use task_graph::domain::Enforcement;

use crate::support::project::Project;

#[test]
fn what_it_added_is_gone() {
    let project = Project::new();
    project.worker("carl", json!({ "overlays": ["git", "troubleshooting"] })).has(["api"]);

    let removed = project.answer("remove_overlay", json!({ "worker_id": "carl", "overlay": "git" }));
    project.claim("carl", "api");
    let checked = project.answer("check_gates", json!({ "task": "api" }));

    assert_eq!(removed["overlays"], json!(["troubleshooting"]));
    assert_eq!(removed["gates"], json!(["gate/commit"]));
    assert_eq!(checked["steps"][0]["missing"].as_array().map(Vec::len), Some(1));
}

#[test]
fn not_while_a_task_stands_in_a_state_of_it() {
    let project = Project::new();
    project.worker("carl", json!({ "overlays": ["troubleshooting"] })).has(["api"]).claim("carl", "api");
    let _ = project.moves("carl", "api", "diagnosing");

    let removed =
        project.refusal("remove_overlay", json!({ "worker_id": "carl", "overlay": "troubleshooting" }));
    let connected = project.refusal("connect", json!({ "worker_id": "carl", "overlays": [] }));

    assert_eq!([removed.code, connected.code], ["overlay_in_use", "overlay_in_use"]);
}

#[test]
fn not_to_get_past_a_gate_that_rejects() {
    let project = Project::with(|config| {
        config.workflows.overlays["git"].gates[0].enforcement = Enforcement::Reject;
    });
    project.worker("carl", json!({ "overlays": ["git"] })).has(["api"]).claim("carl", "api");

    let refused = project.refusal("remove_overlay", json!({ "worker_id": "carl", "overlay": "git" }));

    assert_eq!(refused.code, "overlay_in_use");
    assert_eq!(refused.hint.unwrap(), "finish or release `api` first");
}

#[test]
fn what_one_does_not_have_cannot_be_removed() {
    let project = Project::new();

    let refused = project.refusal("remove_overlay", json!({ "worker_id": "ann", "overlay": "git" }));

    assert_eq!(refused.code, "not_found");
}
