//! Processes whose clocks differ: time goes on for those whose clock is right.

use serde_json::{Value, json};

use crate::support::history::History;
use crate::support::project::{Project, ids};
use crate::support::team::Team;

const IN_TEN_YEARS: &str = "2036-01-31T12:00:00Z";
const A_DAY_AGO: &str = "2026-01-30T12:00:00Z";

/// Has a process ten years ahead and one a day behind write something.
fn disturb(project: &Project, number: usize) {
    for (clock, time) in [("behind", A_DAY_AGO), ("ahead", IN_TEN_YEARS)] {
        let other = project.by_clock(time);
        other.does("create", json!({ "id": format!("{clock}{number}"), "title": "other" }));
        other.does("list_tasks", json!({ "worker_id": "bob" }));
    }
}

#[test]
fn a_lease_a_start_time_and_a_schedule_of_seconds_pass_whatever_other_clocks_show() {
    let mut project = Project::new();
    disturb(&project, 1);
    let job = json!({ "lease": "2s", "max_retries": 5, "base": "2s" });
    project.has_one("leased", json!({ "job": job })).has_one("later", json!({ "not_before": "2s" }));
    project.has_one("failing", json!({ "job": job }));
    project.does(
        "schedule",
        json!({ "name": "s", "cron": "every 1s", "task": { "title": "Sweep", "tags": ["s"] } }),
    );
    project.does("claim", json!({ "worker_id": "ann", "task": "leased" }));
    project.does("claim", json!({ "worker_id": "ann", "task": "failing" }));
    project
        .does("update", json!({ "worker_id": "ann", "task": "failing", "status": "failed", "retry": true }));
    assert_eq!(project.refusal("claim", json!({ "worker_id": "ann", "task": "failing" })).code, "scheduled");
    assert_eq!(project.task("later")["created_at"], "2026-01-31T12:00:00Z");

    assert_eq!(project.task("leased")["worker_id"], "ann");
    for (number, time) in [(2, "12:00:03"), (3, "12:00:06")] {
        project.at(time);
        let swept = project.list(json!({ "tags_all": ["s"], "limit": 100 })).len();
        assert!(swept > 0, "{time}");
        assert_eq!(project.task("leased").get("worker_id"), None);
        disturb(&project, number);
    }
    let before = project.list(json!({ "tags_all": ["s"], "limit": 100 })).len();
    // The first call after the clock that was ahead plans the schedule again.
    let _ = project.at("12:00:20").answer("list_tasks", json!({}));
    project.at("12:00:25");
    let after = project.list(json!({ "tags_all": ["s"], "limit": 100 })).len();

    assert!(after > before, "{before} {after}");
    assert_eq!(project.status("leased"), "pending");
    for task in ["leased", "later", "failing"] {
        project.does("claim", json!({ "worker_id": "ann", "task": task, "force": true }));
    }
    History::check(&project.file(), project.config());
}

#[test]
fn a_rest_after_a_failure_that_a_clock_ahead_has_written_ends_for_the_others() {
    let mut project = Project::new();
    project.has_one("t", json!({ "job": { "max_retries": 5, "base": "10s" } })).claim("ann", "t");

    let ahead = project.by_clock(IN_TEN_YEARS);
    ahead.does("update", json!({ "worker_id": "ann", "task": "t", "status": "failed" }));
    project.has(["other"]);

    let until = project.rows("select not_before from jobs")[0]["not_before"].as_i64().unwrap();
    assert!((1_769_860_800_000..1_769_860_860_000).contains(&until), "{until}");
    let taken = project.at("12:02").answer("claim", json!({ "worker_id": "ann", "task": "t" }));
    assert_eq!(taken["task"]["attempt"], 2);
    let counted =
        project.rows("select time_ms from attempts where attempt = 1")[0]["time_ms"].as_i64().unwrap();
    assert!(counted <= 30 * 24 * 3_600_000, "{counted}");
}

#[test]
fn a_clock_that_is_ahead_is_told_once_and_stands_in_the_feed() {
    let project = Project::new();
    project.by_clock(IN_TEN_YEARS).has(["late"]);

    let first = project.answer("create", json!({ "title": "a" }));
    let second = project.answer("create", json!({ "title": "b" }));

    let notice = first["notices"][0].as_str().unwrap();
    assert!(notice.starts_with("an entry of the store is of 2036-01-31T12:00:00Z"), "{notice}");
    assert_eq!(second.get("notices"), None);
    let told = project.rows("select before, after from events where event = 'clock'");
    assert_eq!(told.len(), 1);
    assert_eq!(told[0]["after"], r#"{"now":"2026-01-31T12:00:00Z"}"#);
}

#[test]
fn what_is_asked_for_a_span_of_time_passes_over_a_clock_that_was_ahead() {
    let mut project = Project::new();
    project.has(["early"]);
    project.by_clock(IN_TEN_YEARS).has(["late"]);
    project.at("12:30").has(["now"]);

    let report = project.answer("project_history", json!({ "from": "2026-01-31T12:15:00Z" }));
    let stats = project.answer("stats", json!({ "from": "2026-01-31T12:15:00Z" }));

    assert_eq!(report["from"], "2026-01-31T12:15:00Z");
    assert_eq!(stats["created"], json!(1), "{stats}");
    let listed: Value = project.answer("list_tasks", json!({ "sort_order": "asc" }));
    assert_eq!(ids(&listed["tasks"]).len(), 3);
}

#[test]
fn a_clock_is_stopped_only_at_a_time_that_may_be() {
    let team = Team::new();

    for time in ["9223372036854775807", "-5", "1999-12-31", "2101-01-01"] {
        let ran = team.program().env("TASK_GRAPH_NOW", time).args(["create", "x"]).output().unwrap();

        let said = String::from_utf8_lossy(&ran.stderr).into_owned();
        assert!(!ran.status.success() && said.contains("is not between 2000 and 2100"), "{time}: {said}");
    }
}
