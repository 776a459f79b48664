//! What becomes of a job whose work failed.

use serde_json::{Value, json};

use crate::support::project::Project;

/// A job that is tried again twice, after 30 s and 60 s.
fn project() -> Project {
    let project = Project::new();
    let job = json!({ "max_retries": 2, "base": "30s", "factor": 2, "fatal": ["bad_input"] });
    project.has_one("job", json!({ "job": job }));
    project
}

/// Lets `ann` claim the job and fail, and returns what comes of it.
fn fail(project: &Project, how: Value) -> Value {
    project.claim("ann", "job");
    report(project, how)
}

fn report(project: &Project, mut how: Value) -> Value {
    how["worker_id"] = "ann".into();
    how["task"] = "job".into();
    how["status"] = "failed".into();
    project.answer("update", how)
}

#[test]
fn a_failed_job_rests_and_is_handed_out_again() {
    let mut project = project();

    let failed = fail(&project, json!({ "reason": "no network" }));

    assert_eq!(failed["status"], "pending");
    assert_eq!(failed["retry"]["retries_left"], 1);
    assert!(failed["retry"]["again_at"].as_str().unwrap().starts_with("2026-01-31T12:00:"), "{failed}");
    assert!(project.ready().is_empty());
    assert_eq!(project.at("12:01").ready(), ["job"]);
    let again = project.answer("claim", json!({ "worker_id": "bob" }));
    assert_eq!(again["task"]["attempt"], 2);
    assert_eq!(again["task"]["before"], json!({ "outcome": "failed", "reason": "no network" }));
}

#[test]
fn a_job_whose_retries_are_spent_stays_failed() {
    let mut project = project();
    for time in ["12:10", "12:20"] {
        let failed = fail(&project, json!({}));
        assert_eq!(failed["status"], "pending");
        let _ = project.at(time).ready();
    }

    let failed = fail(&project, json!({ "retry": true }));

    assert_eq!((&failed["status"], &failed["retry"]), (&json!("failed"), &json!({ "no_retry": "spent" })));
    assert_eq!(project.task("job")["job"]["failures"], 3);
}

#[test]
fn what_no_retry_helps_against_ends_at_once() {
    for how in [json!({ "retry": false }), json!({ "error_class": "bad_input" })] {
        let project = project();

        let failed = fail(&project, how);

        assert_eq!(
            (&failed["status"], &failed["retry"]["no_retry"]),
            (&json!("failed"), &json!("not_retryable"))
        );
    }
}

#[test]
fn who_was_told_when_to_come_back_says_so() {
    let project = project();

    let failed = fail(&project, json!({ "retry_after": "2h" }));

    assert_eq!(failed["retry"]["again_at"], "2026-01-31T14:00:00Z");
}

#[test]
fn a_task_of_which_nothing_is_said_stays_failed_unless_its_worker_asks() {
    let project = Project::new();
    project.has(["plain", "asked"]).claim("ann", "plain");
    project.claim("ann", "asked");

    let plain = project.answer("update", json!({ "worker_id": "ann", "task": "plain", "status": "failed" }));
    let asked = project
        .answer("update", json!({ "worker_id": "ann", "task": "asked", "status": "failed", "retry": true }));

    assert_eq!((&plain["status"], plain.get("retry")), (&json!("failed"), None));
    assert_eq!((&asked["status"], &asked["retry"]["retries_left"]), (&json!("pending"), &json!(2)));
}

#[test]
fn a_failure_is_told_of_only_with_a_failure() {
    let project = project();
    project.claim("ann", "job");

    let refused = project.refusal(
        "update",
        json!({ "worker_id": "ann", "task": "job", "status": "completed", "retry": true }),
    );

    assert_eq!(refused.code, "input");
}

#[test]
fn a_retry_keeps_its_place() {
    let mut project = project();
    project.has(["younger"]);
    let _ = fail(&project, json!({}));

    assert_eq!(project.at("12:01").ready(), ["job", "younger"]);
}

#[test]
fn a_release_costs_no_retry() {
    let project = project();
    project.claim("ann", "job");

    let _ = project.moves("ann", "job", "pending");

    assert_eq!(project.task("job")["job"].get("failures"), None);
    assert_eq!(project.ready(), ["job"]);
}

#[test]
fn one_who_tries_again_is_told_how_far_the_last_one_came() {
    let mut project = project();
    project.claim("ann", "job");
    let long = "x".repeat(700);
    for content in ["page 3", long.as_str()] {
        let asked = json!({ "worker_id": "ann", "task": "job", "type": "checkpoint", "content": content });
        project.does("attach", asked);
    }
    let _ = report(&project, json!({}));

    let again = project.at("12:01").answer("claim", json!({ "worker_id": "bob" }));

    let checkpoint = again["task"]["before"]["checkpoint"].as_str().unwrap();
    assert!(checkpoint.starts_with("xxx") && checkpoint.ends_with("(`attachments` has the whole)"));
}

#[test]
fn each_attempt_keeps_its_outcome_and_its_reason() {
    let mut project = project();
    let _ = fail(&project, json!({ "reason": "no network", "error_class": "network" }));
    project.at("12:01").claim("ann", "job");
    let _ = project.moves("ann", "job", "completed");

    let history = project.answer("task_history", json!({ "task": "job" }));

    let attempts = history["attempts"].as_array().unwrap();
    let first = json!(["failed", "no network", "network"]);
    assert_eq!(json!([attempts[0]["outcome"], attempts[0]["reason"], attempts[0]["error_class"]]), first);
    assert_eq!(attempts[1]["outcome"], "ended");
}

#[test]
fn what_kills_whoever_touches_it_comes_to_an_end() {
    let mut project = project();
    project.does("update", json!({ "worker_id": "ann", "task": "job", "job": { "max_retries": 0 } }));
    let mut deaths = 0;

    while project.status("job") == "pending" {
        let name = format!("victim-{deaths}");
        project.worker(&name, json!({})).claim(&name, "job");
        deaths += 1;
        project.at(&format!("{}:{:02}", 12 + deaths / 6, deaths % 6 * 10));
        project.does("cleanup_stale", json!({}));
    }

    assert_eq!((project.status("job").as_str(), deaths), ("failed", 11));
    assert_eq!(project.last_event("job")["cause"], "poison");
}

#[test]
fn a_failure_in_bulk_counts_too() {
    let project = project();
    project.claim("ann", "job");

    project.does("bulk_update", json!({ "worker_id": "ann", "tasks": ["job"], "status": "failed" }));

    assert_eq!(project.status("job"), "pending");
}

#[test]
fn more_retries_than_anybody_means_are_refused() {
    let project = Project::new();

    let refused = project.refusal("create", json!({ "title": "x", "job": { "max_retries": 100_000 } }));

    assert_eq!(refused.code, "input");
}

#[test]
fn a_project_and_a_template_say_it_for_their_tasks() {
    let project = Project::new();
    let of_project = json!({ "job": { "max_retries": 1, "base": "30s" } });
    project.does("project", json!({ "name": "mail", "defaults": of_project }));
    let of_template = json!({ "job": { "max_retries": 5 } });
    project.does("define_template", json!({ "name": "reply", "title": "Reply", "defaults": of_template }));

    project.has_one("job", json!({ "parent": "mail" }));
    let made = project.answer("instantiate", json!({ "template": "reply", "project": "mail" }));

    let failed = fail(&project, json!({}));
    let job = project.answer("get", json!({ "task": made["id"] }))["job"].clone();
    assert_eq!(failed["status"], "pending", "{failed}");
    assert_eq!(job, json!({ "max_retries": 5, "backoff": { "base": "30s" } }));
}
