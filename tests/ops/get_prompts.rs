//! `get_prompts`: what a workflow tells, whenever one wants to read it again.

use serde_json::json;

use crate::support::project::Project;

#[test]
fn the_texts_of_a_role_can_be_read() {
    let project = Project::new();

    let prompts = project.answer("get_prompts", json!({ "workflow": "hierarchical", "role": "lead" }));

    let subjects: Vec<_> = prompts["prompts"].as_object().unwrap().keys().collect();
    assert_eq!(
        subjects,
        ["lead decomposition", "lead assignment", "lead monitoring", "lead failure_handling"]
    );
}

#[test]
fn the_texts_for_where_a_task_stands_are_about_that_task() {
    let project = Project::new();
    project.has_one("api", json!({ "workflow": "relay", "phase": "design" })).claim("ann", "api");

    let prompts = project.answer("get_prompts", json!({ "worker_id": "ann", "task": "api" }));

    let names: Vec<_> = prompts["prompts"].as_object().unwrap().keys().collect();
    assert_eq!(names, ["enter phase design", "enter working", "leave working"]);
    let text = prompts["prompts"]["enter working"].as_str().unwrap();
    assert!(text.contains("phase `design`"), "{text}");
}

#[test]
fn a_state_or_a_phase_may_be_asked_for() {
    let project = Project::new();

    let state = project.answer("get_prompts", json!({ "workflow": "kanban", "status": "review" }));
    let phase = project.answer("get_prompts", json!({ "workflow": "relay", "phase": "test" }));

    assert_eq!(state["prompts"].as_object().unwrap().keys().collect::<Vec<_>>(), ["enter review"]);
    assert_eq!(phase["prompts"].as_object().unwrap().keys().collect::<Vec<_>>(), ["enter phase test"]);
}

#[test]
fn what_overlays_add_is_part_of_ones_own() {
    let project = Project::new();
    project.worker("carl", json!({ "overlays": ["git"] }));

    let own = project.answer("get_prompts", json!({ "worker_id": "carl" }));
    let default = project.answer("get_prompts", json!({}));

    assert!(own["prompts"]["enter working"].as_str().unwrap().contains("clean tree"));
    assert_eq!(default, json!({ "workflow": "default", "prompts": {} }));
}

#[test]
fn names_that_are_not_there_are_refused() {
    let project = Project::new();

    for asked in [
        json!({ "workflow": "scrum" }),
        json!({ "workflow": "relay", "role": "lead" }),
        json!({ "workflow": "relay", "state": "wrking" }),
        json!({ "task": "nothing" }),
    ] {
        assert_eq!(project.refusal("get_prompts", asked).code, "not_found");
    }
}
