//! `task_history`: the states a task went through, its attempts, and the time they took.

use serde_json::json;

use crate::support::project::Project;

/// `ann` works for 2 minutes and fails, it waits for 3, `bob` has worked for 4.
fn project() -> Project {
    let mut project = Project::new();
    project.has(["api"]);
    project.at("12:01").claim("ann", "api");
    let asked = json!({ "worker_id": "ann", "task": "api", "status": "failed", "reason": "no disk" });
    project.at("12:03").does("update", asked);
    let _ = project.moves("ann", "api", "pending");
    project.at("12:06").worker("bob", json!({})).claim("bob", "api");
    project.at("12:10");
    project
}

#[test]
fn every_state_is_shown_with_who_and_why() {
    let history = project().answer("task_history", json!({ "task": "api" }));

    let passed = json!([
        { "status": "pending", "cause": "create",
          "from": "2026-01-31T12:00:00Z", "to": "2026-01-31T12:01:00Z" },
        { "status": "working", "by": "ann", "cause": "claim",
          "from": "2026-01-31T12:01:00Z", "to": "2026-01-31T12:03:00Z" },
        { "status": "failed", "by": "ann", "cause": "update", "reason": "no disk",
          "from": "2026-01-31T12:03:00Z", "to": "2026-01-31T12:03:00Z" },
        { "status": "pending", "by": "ann", "cause": "update",
          "from": "2026-01-31T12:03:00Z", "to": "2026-01-31T12:06:00Z" },
        { "status": "working", "by": "bob", "cause": "claim", "from": "2026-01-31T12:06:00Z" },
    ]);
    assert_eq!(history["history"], passed);
    assert_eq!(history["total"], 5);
}

#[test]
fn every_attempt_is_shown_with_its_outcome_and_its_time() {
    let history = project().answer("task_history", json!({ "task": "api" }));

    let attempts = json!([
        { "attempt": 1, "worker_id": "ann", "claimed_at": "2026-01-31T12:01:00Z",
          "outcome": "ended", "time_ms": 120_000 },
        { "attempt": 2, "worker_id": "bob", "claimed_at": "2026-01-31T12:06:00Z",
          "time_ms": 240_000 },
    ]);
    assert_eq!(history["attempts"], attempts);
}

#[test]
fn time_is_summed_up_by_state_and_by_worker() {
    let history = project().answer("task_history", json!({ "task": "api" }));

    let by_state = json!({ "pending": 240_000, "working": 360_000, "failed": 0 });
    assert_eq!(history["time_per_status_ms"], by_state);
    assert_eq!(history["time_per_worker_ms"], json!({ "ann": 120_000, "bob": 240_000 }));
    assert_eq!(history["time_actual_ms"], 360_000);
}

#[test]
fn states_can_be_picked_and_the_sums_stay() {
    let history = project().answer("task_history", json!({ "task": "api", "states": ["failed"] }));

    assert_eq!(history["total"], 1);
    assert_eq!(history["history"][0]["status"], "failed");
    assert_eq!(history["time_actual_ms"], 360_000);
}

#[test]
fn the_newest_are_shown() {
    let history = project().answer("task_history", json!({ "task": "api", "limit": 1 }));

    assert_eq!(history["history"].as_array().map(Vec::len), Some(1));
    assert_eq!(history["history"][0]["by"], "bob");
    assert_eq!(history["attempts"][0]["attempt"], 2);
    assert_eq!((&history["total"], &history["attempts_total"]), (&json!(5), &json!(2)));
}

#[test]
fn a_task_that_is_not_there_is_refused() {
    let project = Project::new();

    assert_eq!(project.refusal("task_history", json!({ "task": "api" })).code, "not_found");
}
