//! Attempts that may take so long and no longer.

use serde_json::json;

use crate::support::project::Project;

fn project() -> Project {
    let project = Project::new();
    project.has_one("job", json!({ "job": { "lease": "5m", "max_retries": 1, "base": "0s" } }));
    project
}

#[test]
fn an_attempt_whose_lease_ran_out_counts_as_a_failure_though_its_worker_lives() {
    let mut project = project();
    let taken = project.answer("claim", json!({ "worker_id": "ann" }));

    project.at("12:04").does("connect", json!({ "worker_id": "ann" }));
    let before = project.status("job");
    project.at("12:05").does("connect", json!({ "worker_id": "ann" }));

    assert_eq!(taken["task"]["lease_until"], "2026-01-31T12:05:00Z");
    assert_eq!(before, "working");
    assert_eq!(project.ready(), ["job"]);
    assert_eq!(project.task("job")["job"]["failures"], 1);
    let attempts = project.rows("select outcome from attempts");
    assert_eq!(json!(attempts), json!([{ "outcome": "overdue" }]));
}

#[test]
fn a_lease_is_extended_by_who_says_so() {
    let mut project = project();
    project.claim("ann", "job");

    let thought = project
        .at("12:04")
        .answer("thinking", json!({ "worker_id": "ann", "thought": "not yet", "extend": "20m" }));
    project.at("12:20").does("connect", json!({ "worker_id": "ann" }));

    assert_eq!(thought["lease_until"], "2026-01-31T12:24:00Z");
    assert_eq!(project.status("job"), "working");
}

#[test]
fn extending_never_shortens() {
    let project = project();
    project.claim("ann", "job");

    let thought = project.answer("thinking", json!({ "worker_id": "ann", "thought": "hm", "extend": "1s" }));

    assert_eq!(thought["lease_until"], "2026-01-31T12:05:00Z");
}

#[test]
fn only_a_lease_can_be_extended() {
    let project = Project::new();
    project.has(["plain"]).claim("ann", "plain");

    let refused =
        project.refusal("thinking", json!({ "worker_id": "ann", "thought": "hm", "extend": "10m" }));

    assert_eq!(refused.code, "no_lease");
}

#[test]
fn a_claim_may_ask_for_a_lease_of_its_own() {
    let mut project = Project::new();
    project.has(["plain"]);

    let taken = project.answer("claim", json!({ "worker_id": "ann", "lease": "1m" }));
    project.at("12:01").does("connect", json!({ "worker_id": "ann" }));
    let again = project.at("12:30").answer("claim", json!({ "worker_id": "bob" }));

    assert_eq!(taken["task"]["lease_until"], "2026-01-31T12:01:00Z");
    assert_eq!((&again["task"]["attempt"], again["task"].get("lease_until")), (&json!(2), None));
}

#[test]
fn what_always_takes_too_long_comes_to_an_end() {
    let mut project = project();
    project.claim("ann", "job");
    project.at("12:05").claim("ann", "job");

    project.at("12:10").does("connect", json!({ "worker_id": "ann" }));

    assert_eq!(project.status("job"), "failed");
}

#[test]
fn a_late_result_counts_if_nobody_took_the_task_meanwhile() {
    for attempts in [1, 2] {
        let mut project = project();
        for attempt in 0..attempts {
            project.at(&format!("12:{:02}", attempt * 5)).claim("ann", "job");
        }
        project.at("12:30").does("connect", json!({ "worker_id": "ann" }));
        let before = project.status("job");

        let _ = project.moves("ann", "job", "completed");

        assert_eq!(before, ["pending", "failed"][attempts - 1]);
        assert_eq!(project.status("job"), "completed", "after {attempts}");
    }
}

#[test]
fn a_late_failure_counts_once() {
    let mut project = project();
    project.claim("ann", "job");
    let _ = project.at("12:05").ready();
    let overdue = project.task("job")["job"]["failures"].clone();

    let _ = project.moves("ann", "job", "failed");

    assert_eq!((overdue, &project.task("job")["job"]["failures"]), (json!(1), &json!(1)));
    assert_eq!(project.rows("select outcome from attempts")[0]["outcome"], "failed");
}

#[test]
fn who_lost_a_task_since_its_lease_ran_out_is_told() {
    let mut project = project();
    project.claim("ann", "job");

    let answer = project.at("12:05").answer("list_tasks", json!({ "worker_id": "ann" }));

    assert!(answer.to_string().contains("its lease ran out"), "{answer}");
}

#[test]
fn a_late_result_is_kept_if_somebody_took_the_task() {
    let mut project = project();
    project.claim("ann", "job");
    project.at("12:05").claim("bob", "job");

    let refused = project.call("update", json!({ "worker_id": "ann", "task": "job", "status": "completed" }));

    assert_eq!(refused.unwrap_err().code, "fenced");
    assert_eq!(project.task("job")["attachments"][0]["type"], "late-result");
}

#[test]
fn a_released_task_has_no_lease_left() {
    let mut project = project();
    project.claim("ann", "job");
    let _ = project.moves("ann", "job", "pending");

    project.at("12:30").does("connect", json!({ "worker_id": "ann" }));

    assert_eq!(project.task("job")["job"].get("lease_until"), None);
    assert_eq!(project.task("job")["job"].get("failures"), None);
}
