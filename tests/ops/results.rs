//! `results`: what came of tasks that have ended.

use serde_json::{Value, json};

use crate::support::project::Project;

/// A batch of three: done with a result, failed for a reason, still open; and one done elsewhere.
fn project() -> Project {
    let mut project = Project::new();
    project.has(["batch", "elsewhere"]);
    let rows = json!([["one", "First", "sql"], ["two", "Second", null], ["three", "Third", null]]);
    project.does("create", json!({ "columns": ["id", "title", "tags"], "rows": rows, "parent": "batch" }));
    project.claim("ann", "one");
    project.claim("bob", "two");
    project.at("12:01");
    let result = json!([{ "type": "result", "content": r#"{"rows":7}"#, "mime": "application/json" }]);
    let done = json!({ "worker_id": "ann", "task": "one", "status": "completed", "attachments": result, "reason": "went well" });
    project.does("update", done);
    project.at("12:03");
    let failed = json!({ "worker_id": "bob", "task": "two", "status": "failed", "reason": "timeout: db" });
    project
        .does("update", failed)
        .does("log_metrics", json!({ "worker_id": "bob", "task": "two", "cost_usd": 0.5 }));
    let _ = project.finish("elsewhere");
    project
}

fn ids(answer: &Value) -> Vec<&str> {
    answer["results"].as_array().unwrap().iter().map(|row| row["id"].as_str().unwrap()).collect()
}

#[test]
fn ended_tasks_tell_what_came_of_them() {
    let answer = project().answer("results", json!({ "parent": "batch" }));

    assert_eq!(
        answer["results"],
        json!([
            {
                "id": "one", "title": "First", "status": "completed", "reason": "went well", "output": { "rows": 7 },
                "attempt": 1, "worker_id": "ann", "ended_at": "2026-01-31T12:01:00Z", "time_ms": 60_000,
            },
            {
                "id": "two", "title": "Second", "status": "failed", "reason": "timeout: db",
                "attempt": 1, "worker_id": "bob", "ended_at": "2026-01-31T12:03:00Z", "time_ms": 180_000,
            },
        ])
    );
    let by_status = json!({ "completed": 1, "failed": 1 });
    assert_eq!(
        answer["summary"],
        json!({ "by_status": by_status, "open": 1, "time_ms": 240_000, "median_ms": 60_000, "cost_usd": 0.5 })
    );
}

#[test]
fn filters_combine() {
    let project = project();

    for (filter, found) in [
        (json!({}), vec!["elsewhere", "one", "two"]),
        (json!({ "status": "failed" }), vec!["two"]),
        (json!({ "status": ["failed", "completed"], "parent": "batch" }), vec!["one", "two"]),
        (json!({ "status": "pending" }), vec![]),
        (json!({ "tags": ["sql"] }), vec!["one"]),
        (json!({ "from": "2026-01-31T12:02:00Z" }), vec!["elsewhere", "two"]),
        (json!({ "to": "2026-01-31T12:02:00Z" }), vec!["one"]),
        (json!({ "from": "2026-01-31T12:02:00Z", "parent": "batch" }), vec!["two"]),
    ] {
        let answer = project.answer("results", filter.clone());

        assert_eq!(ids(&answer), found, "{filter}");
        assert_eq!(answer["total"], found.len(), "{filter}");
    }
}

#[test]
fn pages_go_on_where_the_last_one_ended() {
    let project = project();

    let first = project.answer("results", json!({ "limit": 2 }));
    let second = project.answer("results", json!({ "limit": 2, "cursor": first["cursor"] }));

    assert_eq!(ids(&first), ["elsewhere", "one"]);
    assert_eq!(ids(&second), ["two"]);
    assert_eq!(second.get("cursor"), None);
    assert_eq!(project.refusal("results", json!({ "cursor": "x" })).code, "input");
}

#[test]
fn a_long_result_is_told_by_its_length() {
    let project = project();
    let long = "x".repeat(10_000);
    project.does("attach", json!({ "task": "one", "type": "result", "content": long }));

    let row = project.answer("results", json!({ "parent": "batch" }))["results"][0].clone();

    assert_eq!((row.get("output"), &row["output_bytes"]), (None, &json!(10_000)));
}

#[test]
fn a_task_that_nobody_claimed_ends_without_a_worker() {
    let project = project();
    let _ = project.moves("ann", "three", "cancelled");

    let answer = project.answer("results", json!({ "status": "cancelled" }));

    assert_eq!(answer["results"][0].get("worker_id"), None);
}

#[test]
fn ten_long_results_fit_an_answer() {
    let project = Project::new();
    let rows: Vec<Value> = (0..20).map(|n| json!([format!("task-number-{n}"), "x".repeat(500)])).collect();
    project.does("create", json!({ "columns": ["id", "title"], "rows": rows }));
    for n in 0..20 {
        let result = json!([{ "type": "result", "content": "y".repeat(120) }]);
        project.does(
            "update",
            json!({
                "worker_id": "ann", "task": format!("task-number-{n}"), "status": "cancelled",
                "reason": "z".repeat(2_000), "attachments": result,
            }),
        );
    }

    let answer = project.answer("results", json!({}));

    assert_eq!((ids(&answer).len(), &answer["total"]), (10, &json!(20)));
    assert!(answer.to_string().len() <= 4_000, "{} bytes", answer.to_string().len());
}
