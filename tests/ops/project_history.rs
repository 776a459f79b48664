//! `project_history`: what the whole project did in a span of time.

use serde_json::json;

use crate::support::project::Project;

fn project() -> Project {
    let mut project = Project::new();
    project.has(["one", "two"]);
    project.at("12:01").claim("ann", "one");
    let _ = project.at("12:03").moves("ann", "one", "completed");
    project.at("12:04").worker("bob", json!({})).claim("bob", "two");
    project.at("12:05");
    project
}

#[test]
fn changes_and_work_are_counted() {
    let report = project().answer("project_history", json!({}));

    assert_eq!(report["to"], "2026-01-31T12:05:00Z");
    assert_eq!(report["from"], "2026-01-30T12:05:00Z");
    assert_eq!((&report["transitions"], &report["tasks"]), (&json!(5), &json!(2)));
    assert_eq!(report["by_status"], json!({ "completed": 1, "pending": 2, "working": 2 }));
    assert_eq!(report["by_worker"]["ann"], json!({ "claimed": 1, "ended": 1, "time_ms": 120_000 }));
    assert_eq!(report["by_worker"]["bob"]["claimed"], 1);
    assert_eq!(report["changes"].as_array().map(Vec::len), Some(5));
}

#[test]
fn the_span_can_be_chosen() {
    let asked = json!({ "from": "2026-01-31T12:02:00Z", "to": "2026-01-31T12:03:00Z" });
    let report = project().answer("project_history", asked);

    assert_eq!(report["by_status"], json!({ "completed": 1 }));
    assert_eq!(report["by_worker"]["ann"], json!({ "claimed": 0, "ended": 1, "time_ms": 120_000 }));
    assert_eq!(report["by_worker"].get("bob"), None);
}

#[test]
fn states_can_be_picked() {
    let report = project().answer("project_history", json!({ "states": ["working"], "limit": 1 }));

    assert_eq!(report["transitions"], 2);
    assert_eq!(report["changes"][0]["task"], "two");
}

#[test]
fn a_time_that_cannot_be_read_is_refused() {
    let project = Project::new();

    let refused = project.refusal("project_history", json!({ "from": "yesterday" }));

    assert_eq!(refused.code, "input");
    assert!(refused.message.contains("2026-01-31T12:00:00Z"), "{}", refused.message);
}
