//! `list_workflows`: what there is to work by.

use serde_json::json;

use crate::support::project::Project;

#[test]
fn all_are_named_with_their_parts() {
    let project = Project::new();

    let listed = project.answer("list_workflows", json!({}));

    let names: Vec<_> =
        listed["workflows"].as_array().unwrap().iter().map(|row| row["name"].clone()).collect();
    assert_eq!(names, ["default", "solo", "swarm", "relay", "hierarchical", "push", "kanban", "sprint"]);
    assert_eq!((&listed["total"], &listed["workflows"][0]["default"]), (&json!(8), &json!(true)));
    assert_eq!(listed["workflows"][6]["states"], "backlog todo in_progress review blocked done cancelled");
    let overlays: Vec<_> =
        listed["overlays"].as_array().unwrap().iter().map(|row| row["name"].clone()).collect();
    assert_eq!(overlays, ["git", "git-worktree", "governance", "reasoning", "troubleshooting"]);
    assert!(listed.to_string().len() <= 4_000, "{} bytes", listed.to_string().len());
}

#[test]
fn one_is_shown_whole() {
    let project = Project::new();

    let kanban = project.answer("list_workflows", json!({ "name": "kanban" }));
    let overlay = project.answer("list_workflows", json!({ "name": "troubleshooting" }));

    let by_file = project.answer("list_workflows", json!({ "name": "overlay-troubleshooting" }));
    let advising = project.answer("list_workflows", json!({ "name": "governance" }));

    assert_eq!(by_file, overlay);
    assert_eq!(advising["advisories"].as_array().unwrap().len(), 15);
    assert_eq!(kanban["claim_state"], "in_progress");
    assert_eq!(kanban["states"]["done"], json!({ "exits": ["backlog"], "is": ["terminal"] }));
    assert_eq!(kanban["gates"][0]["type"], "gate/acceptance-criteria");
    assert_eq!(overlay["states"]["diagnosing"]["is"], json!(["timed", "blocking"]));
    assert!(kanban.to_string().len() <= 4_000);
}

#[test]
fn a_name_that_is_not_there_is_refused_with_those_that_are() {
    let refused = Project::new().refusal("list_workflows", json!({ "name": "scrum" }));

    assert_eq!(refused.code, "not_found");
    assert!(refused.hint.unwrap().contains("`sprint`"));
}
