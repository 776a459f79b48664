//! `stats`: how deep the queue is, how long tasks wait and run, how attempts end.

use serde_json::{Value, json};

use crate::support::project::Project;

/// Three tasks at noon: `second` waits for `first`, both in `batch`; `beside` is not. `first` is
/// claimed a minute later and done after two; `second` is claimed at once and fails after four.
fn worked() -> Project {
    let mut project = Project::new();
    project.has(["batch", "beside"]);
    let rows = json!([["first", "x", null], ["second", "x", "first"]]);
    project
        .does("create", json!({ "columns": ["id", "title", "blocked_by"], "rows": rows, "parent": "batch" }));
    project.at("12:01");
    project.claim("ann", "first");
    project.at("12:03");
    let _ = project.moves("ann", "first", "completed");
    project.claim("bob", "second");
    project.at("12:07");
    let asked = json!({ "worker_id": "bob", "task": "second", "status": "failed", "reason": "timeout: db" });
    project.does("update", asked);
    project
}

#[test]
fn an_empty_store_has_figures_too() {
    let stats = Project::new().answer("stats", json!({}));

    let figures = (&stats["tasks"], &stats["created"], &stats["depth"]["ready"]);
    assert_eq!(figures, (&json!({}), &json!(0), &json!(0)));
    assert_eq!((stats.get("wait_ms"), stats.get("oldest_ready")), (None, None));
}

#[test]
fn the_last_hour_is_measured() {
    let stats = worked().answer("stats", json!({}));

    assert_eq!(stats["tasks"], json!({ "completed": 1, "failed": 1, "pending": 2 }));
    assert_eq!((&stats["depth"]["ready"], &stats["depth"]["ended"]), (&json!(1), &json!(2)));
    assert_eq!(stats["oldest_ready"], json!({ "id": "beside", "waits_ms": 7 * 60_000 }));
    assert_eq!((&stats["created"], &stats["claimed"]), (&json!(4), &json!(2)));
    assert_eq!(stats["ended"], json!({ "completed": 1, "failed": 1 }));
    // `second` could be claimed only when `first` was done.
    assert_eq!(stats["wait_ms"], json!({ "p50": 0, "p95": 60_000, "of": 2 }));
    assert_eq!(stats["run_ms"], json!({ "p50": 120_000, "p95": 240_000, "of": 2 }));
    assert_eq!((&stats["attempts"], &stats["failures"]), (&json!({ "ended": 2 }), &json!({ "timeout": 1 })));
}

#[test]
fn a_part_of_the_time_or_of_the_tasks_is_measured() {
    let project = worked();

    let late = project.answer("stats", json!({ "from": "2026-01-31T12:02:00Z" }));
    let inside = project.answer("stats", json!({ "parent": "batch" }));
    let nothing = project.answer("stats", json!({ "parent": "beside" }));

    assert_eq!(
        (&late["created"], &late["claimed"], &late["ended"]["failed"]),
        (&json!(0), &json!(1), &json!(1))
    );
    assert_eq!(late["wait_ms"]["of"], 1);
    assert_eq!((&inside["created"], &inside["wait_ms"]["of"]), (&json!(2), &json!(2)));
    assert_eq!(inside.get("oldest_ready"), None);
    assert_eq!((&nothing["claimed"], nothing.get("attempts")), (&json!(0), None));
}

#[test]
fn attempts_end_in_many_ways() {
    let project = worked();
    project.claim("ann", "beside");
    let _ = project.moves("ann", "beside", "pending");
    project.claim("bob", "beside");
    let _ = project.moves("bob", "beside", "completed");

    let stats = project.answer("stats", json!({}));

    assert_eq!(stats["attempts"], json!({ "ended": 3, "released": 1 }));
    assert_eq!(stats["retried"], 1);
}

#[test]
fn many_kinds_of_failure_are_told_together() {
    let project = Project::new();
    let rows: Vec<Value> = (0..15).map(|n| json!([format!("t{n}"), "x"])).collect();
    project.does("create", json!({ "columns": ["id", "title"], "rows": rows }));
    for n in 0..15 {
        let task = format!("t{n}");
        project.claim("ann", &task);
        let kind = char::from(b'a' + n).to_string().repeat(3);
        project
            .does("update", json!({ "worker_id": "ann", "task": task, "status": "failed", "reason": kind }));
    }

    let failures = project.answer("stats", json!({}))["failures"].clone();

    assert_eq!((failures.as_object().map(|kinds| kinds.len()), &failures["other"]), (Some(11), &json!(5)));
}

#[test]
fn a_failure_counts_under_the_name_its_worker_gave_it_also_if_the_task_is_tried_again() {
    let project = Project::new();
    project.does("create", json!({ "id": "page", "title": "Fetch it", "job": { "max_retries": 3 } }));
    for (reason, class) in [("no route to host 7", Some("network")), ("timeout: again", None)] {
        project.claim("ann", "page");
        let mut failed = json!({ "worker_id": "ann", "task": "page", "status": "failed", "reason": reason });
        if let Some(class) = class {
            failed["error_class"] = class.into();
        }
        failed["retry_after"] = 0.into();
        project.does("update", failed);
    }

    let stats = project.answer("stats", json!({}));

    assert_eq!(stats["failures"], json!({ "network": 1, "timeout": 1 }));
    assert_eq!(stats["tasks"], json!({ "pending": 1 }));
}
