//! `bulk_update`: many tasks to one state, each by itself.

use serde_json::{Value, json};

use crate::support::project::Project;

#[test]
fn each_task_succeeds_or_fails_by_itself() {
    let project = Project::new();
    project.has(["one", "two", "held", "after"]).linked("one", "after").claim("bob", "held");

    let asked = json!({
        "worker_id": "ann", "tasks": ["one", "held", "two", "nowhere"], "status": "cancelled",
    });
    let done = project.answer("bulk_update", asked);

    assert_eq!(done["moved"], 2);
    assert_eq!(done["unblocked"], json!(["after"]));
    assert_eq!(done["failed"][0]["task"], "held");
    assert_eq!(done["failed"][0]["error"]["code"], "held");
    assert_eq!(done["failed"][1]["error"]["code"], "not_found");
    assert_eq!(project.status("held"), "working");
}

#[test]
fn one_task_may_stand_alone() {
    let project = Project::new();
    project.has(["one"]);

    let asked = json!({ "worker_id": "ann", "tasks": "one", "status": "cancelled" });

    assert_eq!(project.answer("bulk_update", asked), json!({ "moved": 1 }));
}

#[test]
fn starts_are_checked_like_claims() {
    let project = Project::new();
    project.has(["one", "two", "three"]).worker("ann", json!({ "max_claims": 2 }));

    let asked = json!({ "worker_id": "ann", "tasks": ["one", "two", "three"], "status": "working" });
    let done = project.answer("bulk_update", asked);

    assert_eq!(done["moved"], 2);
    assert_eq!(done["failed"][0]["error"]["code"], "at_limit");
}

#[test]
fn force_is_recorded() {
    let project = Project::new();
    project.has(["one"]).claim("bob", "one");

    let asked = json!({
        "worker_id": "ann", "tasks": ["one"], "status": "cancelled", "force": true, "reason": "stop",
    });
    project.does("bulk_update", asked);

    let event = project.last_event("one");
    assert_eq!((&event["cause"], &event["reason"]), (&json!("force"), &json!("stop")));
}

#[test]
fn too_many_names_are_refused() {
    let project = Project::with(|config| config.limits.ids = 2);
    project.has(["one"]);

    let asked = json!({ "worker_id": "ann", "tasks": ["one", "one", "one"], "status": "cancelled" });

    assert_eq!(project.refusal("bulk_update", asked).code, "input");
}

#[test]
fn a_worker_that_another_followed_changes_nothing() {
    let project = Project::new();
    project.has(["api"]).claim("bob", "api");
    project.does("claim", json!({ "worker_id": "ann", "task": "api", "force": true }));
    let _ = project.moves("ann", "api", "pending");

    for status in ["cancelled", "completed", "failed"] {
        let asked = json!({ "worker_id": "bob", "tasks": ["api"], "status": status, "force": true });
        let done = project.answer("bulk_update", asked);

        assert_eq!(done["failed"][0]["error"]["code"], "fenced", "{status}");
    }
    assert_eq!(project.status("api"), "pending");
}

#[test]
fn an_old_attempt_is_fenced() {
    let project = Project::new();
    project.has(["api", "web"]).claim("bob", "web");
    project.claim("ann", "api");
    let _ = project.moves("ann", "api", "pending");
    project.claim("ann", "api");

    let asked = |attempts: Value| json!({ "worker_id": "ann", "tasks": ["api"], "status": "completed", "attempts": attempts });
    let old = project.answer("bulk_update", asked(json!([1])));
    let mismatched = project.refusal("bulk_update", asked(json!([1, 2])));
    let now = project.answer("bulk_update", asked(json!([2])));

    assert_eq!(old["failed"][0]["error"]["code"], "fenced");
    assert_eq!(mismatched.code, "input");
    assert_eq!(now, json!({ "moved": 1 }));
}
