//! `add_overlay`: more rules for one's own work.

use serde_json::json;

use crate::support::project::Project;

#[test]
fn it_adds_states_and_gates_to_what_one_holds() {
    let project = Project::new();
    project.has(["api", "page"]).claim("ann", "api");
    project.claim("bob", "page");
    let diagnose =
        |worker: &str, task: &str| json!({ "worker_id": worker, "task": task, "status": "diagnosing" });

    let added = project.answer("add_overlay", json!({ "worker_id": "ann", "overlay": "troubleshooting" }));
    project.does("update", diagnose("ann", "api"));
    let other = project.refusal("update", diagnose("bob", "page"));

    assert_eq!(added["overlays"], json!(["troubleshooting"]));
    assert_eq!(added["states"], json!(["diagnosing"]));
    assert_eq!(added["exits"], json!({ "working": ["diagnosing"] }));
    assert_eq!(added["gates"], json!(["gate/diagnosis"]));
    assert_eq!(project.status("api"), "diagnosing");
    assert_eq!(other.code, "no_exit");
}

#[test]
fn it_fits_a_workflow_with_other_states() {
    let project = Project::new();
    project.worker("carl", json!({ "workflow": "kanban", "overlays": ["git"] }));

    let added = project.answer("add_overlay", json!({ "worker_id": "carl", "overlay": "troubleshooting" }));

    assert_eq!(added["overlays"], json!(["git", "troubleshooting"]));
    assert_eq!(added["exits"], json!({ "in_progress": ["diagnosing"] }));
    assert_eq!(added["gates"], json!(["gate/diagnosis"]), "what this one adds");
}

#[test]
fn twice_is_once() {
    let project = Project::new();
    let asked = json!({ "worker_id": "ann", "overlay": "git" });
    project.does("add_overlay", asked.clone());

    let again = project.answer("add_overlay", asked);

    assert_eq!(again, json!({ "worker_id": "ann", "overlays": ["git"] }));
}

#[test]
fn a_task_that_its_worker_left_in_a_state_of_an_overlay_comes_back() {
    let project = Project::new();
    project.has(["api"]).worker("carl", json!({ "overlays": ["troubleshooting"] }));
    project.claim("carl", "api");
    let _ = project.moves("carl", "api", "diagnosing");

    project.does("disconnect", json!({ "worker_id": "carl" }));

    assert_eq!(project.status("api"), "pending");
    assert_eq!(project.ready(), ["api"]);
}

#[test]
fn what_is_not_there_is_refused() {
    let project = Project::new();

    let added = project.refusal("add_overlay", json!({ "worker_id": "ann", "overlay": "got" }));
    let connected = project.refusal("connect", json!({ "worker_id": "carl", "overlays": ["got"] }));

    assert_eq!([&added.code, &connected.code], ["not_found", "not_found"]);
    assert_eq!(
        added.hint.unwrap(),
        "did you mean `git`, `git-worktree`, `governance`, `reasoning`, `troubleshooting`?"
    );
}
