//! `give_feedback`: say what one thinks of the tools.

use serde_json::json;

use crate::support::project::Project;

#[test]
fn feedback_is_kept_with_what_it_is_about() {
    let project = Project::new();
    project.has(["api"]);

    let kept = project.answer(
        "give_feedback",
        json!({
            "agent_id": "ann", "message": " More examples, please. ", "category": "tool",
            "sentiment": "suggestion", "tool_name": "create", "task_id": "api",
        }),
    );

    assert_eq!(kept, json!({ "id": 1 }));
    let said = project.answer("list_feedback", json!({}));
    assert_eq!(
        said["feedback"][0],
        json!({
            "id": 1, "at": "2026-01-31T12:00:00Z", "category": "tool", "sentiment": "suggestion",
            "worker_id": "ann", "tool": "create", "task": "api", "text": "More examples, please.",
        })
    );
    assert_eq!(project.last_event("api")["event"], "feedback");
}

#[test]
fn it_outlives_the_task_it_is_about() {
    let project = Project::new();
    project.has(["api"]);
    project.does("give_feedback", json!({ "message": "x", "task": "api" }));

    project.does("delete", json!({ "worker_id": "ann", "task": "api", "obliterate": true }));

    let said = project.answer("list_feedback", json!({}));
    assert_eq!((&said["total"], said["feedback"][0].get("task")), (&json!(1), None));
}

#[test]
fn what_cannot_be_kept_is_refused() {
    let project = Project::new();
    let refused = |asked| project.refusal("give_feedback", asked).code;

    assert_eq!(refused(json!({ "message": " " })), "input");
    assert_eq!(refused(json!({ "message": "x".repeat(2_001) })), "input");
    assert_eq!(refused(json!({ "message": "x", "category": "weather" })), "input");
    assert_eq!(refused(json!({ "message": "x", "tool_name": "x".repeat(65) })), "input");
    assert_eq!(refused(json!({ "message": "x", "task": "nowhere" })), "not_found");
}
