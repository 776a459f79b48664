//! Ways round a gate that rejects: none of them leads to a task that is done.

use serde_json::{Value, json};
use task_graph::domain::{Barrier, Enforcement, Exit, Gate};

use crate::support::project::Project;

fn tests_from(status: &str) -> Gate {
    let on = Barrier::State(Exit { from: status.parse().ok(), to: None });
    Gate { on, kind: "tests".into(), enforcement: Enforcement::Reject, description: String::new() }
}

/// A project in which work is not done without tests.
fn gated() -> Project {
    let project =
        Project::with(|config| config.workflows.by_name["default"].gates = vec![tests_from("working")]);
    project.has(["api"]);
    project
}

fn evidence() -> Value {
    json!([{ "type": "tests", "content": "12 passed" }])
}

/// Has ann give `api` back and put two tasks into it that ask for nothing.
fn release_and_split(project: &Project) {
    project.claim("ann", "api");
    let _ = project.moves("ann", "api", "pending");
    for child in ["one", "two"] {
        project.has_one(child, json!({ "parent": "api", "workflow": "free" }));
    }
}

/// The same project with a workflow that asks for nothing.
fn with_free(project: &Project) -> Project {
    project.reconfigured(|config| {
        let mut free = config.workflows.by_name["default"].clone();
        (free.name, free.gates) = ("free".into(), Vec::new());
        config.workflows.by_name.insert("free".into(), free);
    })
}

#[test]
fn a_task_that_was_worked_on_does_not_complete_itself_past_its_gate() {
    for end in ["completed", "cancelled", "deleted", "unlinked"] {
        let project = with_free(&gated());
        release_and_split(&project);
        let _ = project.finish("one");
        match end {
            "deleted" => project.does("delete", json!({ "worker_id": "ann", "task": "two" })),
            "unlinked" => project.does("unlink", json!({ "from": "api", "to": "two", "type": "contains" })),
            "completed" => {
                project.claim("ann", "two");
                project.does("update", json!({ "worker_id": "ann", "task": "two", "status": end }))
            }
            _ => project.does("update", json!({ "worker_id": "ann", "task": "two", "status": end })),
        };

        assert_eq!(project.status("api"), "pending", "{end}");
        assert_eq!(project.ready().first().map(String::as_str), Some("api"), "{end}");
    }
}

#[test]
fn a_task_that_was_worked_on_completes_itself_with_its_evidence() {
    let project = with_free(&gated());
    release_and_split(&project);
    project.does("update", json!({ "worker_id": "bob", "task": "api", "attachments": evidence() }));
    let _ = project.finish("one");

    let done = project.finish("two");

    assert_eq!(done.completed_above, ["api"]);
}

#[test]
fn a_container_that_was_never_worked_on_is_vouched_for_by_the_tasks_in_it() {
    let project = gated();
    project.has_one("part", json!({ "parent": "api" })).claim("ann", "part");

    let asked =
        json!({ "worker_id": "ann", "task": "part", "status": "completed", "attachments": evidence() });
    project.does("update", asked);

    assert_eq!(project.status("api"), "completed");
}

#[test]
fn a_kept_result_is_no_evidence_for_who_comes_after() {
    for next in ["claim", "rollup"] {
        let project = with_free(&gated());
        project.claim("bob", "api");
        project.does("claim", json!({ "worker_id": "ann", "task": "api", "force": true }));
        let late = json!({
            "worker_id": "bob", "task": "api", "status": "completed", "attempt": 1, "attachments": evidence(),
        });

        let refused = project.call("update", late).unwrap_err();

        assert_eq!((refused.code.as_str(), refused.kept.len()), ("fenced", 2));
        if next == "claim" {
            let done = json!({ "worker_id": "ann", "task": "api", "status": "completed" });
            assert_eq!(project.refusal("update", done).code, "gate");
        } else {
            let _ = project.moves("ann", "api", "pending");
            project.has_one("part", json!({ "parent": "api", "workflow": "free" }));
            let _ = project.finish("part");
            assert_eq!(project.status("api"), "pending");
        }
    }
}

/// A project in which whoever lays `git` over its work needs a commit.
fn overlaid() -> Project {
    let project = Project::with(|config| {
        config.workflows.overlays["git"].gates[0].enforcement = Enforcement::Reject;
    });
    project.has(["api"]);
    project
}

#[test]
fn an_attempt_keeps_the_overlay_that_it_began_with() {
    for added_later in [false, true] {
        for way in ["late result", "connect", "connect without"] {
            let mut project = overlaid();
            if added_later {
                project.claim("ann", "api");
            }
            project.does("add_overlay", json!({ "worker_id": "ann", "overlay": "git" }));
            if !added_later {
                project.claim("ann", "api");
            }
            project.at("12:10").does("cleanup_stale", json!({}));
            match way {
                "connect without" => project.does("connect", json!({ "worker_id": "ann", "overlays": [] })),
                _ => project.does("remove_overlay", json!({ "worker_id": "ann", "overlay": "git" })),
            };
            if way == "connect" {
                project.does("connect", json!({ "worker_id": "ann" }));
            }

            let done = json!({ "worker_id": "ann", "task": "api", "status": "completed" });
            let refused = project.call("update", done.clone()).unwrap_err();
            let mut proven = done;
            proven["attachments"] = json!([{ "type": "gate/commit", "content": "abc" }]);
            project.does("update", proven);

            assert_eq!(refused.code, "gate", "{added_later} {way}");
            assert_eq!(project.rows("select max(attempt) as n from attempts")[0]["n"], 1);
        }
    }
}

#[test]
fn the_next_attempt_has_the_overlays_of_its_own_worker() {
    let project = overlaid();
    project.does("add_overlay", json!({ "worker_id": "ann", "overlay": "git" })).claim("ann", "api");
    let _ = project.moves("ann", "api", "pending");
    project.claim("bob", "api");

    let _ = project.moves("bob", "api", "completed");

    assert_eq!(project.status("api"), "completed");
}

#[test]
fn a_task_that_was_worked_on_does_not_complete_itself_past_the_gate_of_an_overlay() {
    let project = overlaid();
    project.does("add_overlay", json!({ "worker_id": "ann", "overlay": "git" })).claim("ann", "api");
    let _ = project.moves("ann", "api", "pending");
    project.has_one("part", json!({ "parent": "api" })).claim("bob", "part");

    let _ = project.moves("bob", "part", "completed");

    assert_eq!(project.status("api"), "pending");
}
