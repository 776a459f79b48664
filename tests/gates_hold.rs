//! Whatever is called, in whatever order: nothing is done without the evidence that a gate insists on.

use proptest::prelude::*;
use proptest::test_runner::Config as Runs;
use serde_json::{Value, json};
use task_graph::domain::{Barrier, Enforcement, Exit, Gate};

use crate::support::project::Project;

/// An operation and its arguments; `pass` lets minutes pass.
type Call = (&'static str, Value);

fn task() -> impl Strategy<Value = String> {
    (0..4u8).prop_map(|number| format!("t{number}"))
}

fn worker() -> impl Strategy<Value = &'static str> {
    prop::sample::select(&["ann", "bob", "carl"])
}

fn evidence() -> impl Strategy<Value = Value> {
    let content = prop::sample::select(&["", " ", "12 passed"]);
    let one = (prop::sample::select(&["tests", "note"]), content, prop::bool::weighted(0.2));
    prop::collection::vec(one, 0..2).prop_map(|all| {
        let one = |(kind, content, replaces): (&str, &str, bool)| {
            let mode = if replaces { "replace" } else { "append" };
            json!({ "type": kind, "content": content, "mode": mode })
        };
        all.into_iter().map(one).collect()
    })
}

fn update() -> impl Strategy<Value = Value> {
    let state = prop::sample::select(&[
        "pending",
        "assigned",
        "working",
        "completed",
        "completed",
        "failed",
        "cancelled",
    ]);
    let flags = (any::<bool>(), any::<bool>(), any::<bool>(), any::<bool>());
    (worker(), task(), prop::option::weighted(0.8, state), evidence(), flags).prop_map(
        |(worker, task, status, attachments, (force, cascade, next, tagged))| {
            let mut asked = json!({
                "worker_id": worker, "task": task, "attachments": attachments, "force": force,
                "cascade": cascade, "next": next, "reason": "because",
            });
            if let Some(status) = status {
                asked["status"] = status.into();
            }
            if tagged {
                asked["tags"] = json!([]);
            }
            asked
        },
    )
}

fn call() -> impl Strategy<Value = Call> {
    prop_oneof![
        12 => update().prop_map(|asked| ("update", asked)),
        5 => (worker(), task(), any::<bool>()).prop_map(|(worker, task, force)| {
            ("claim", json!({ "worker_id": worker, "task": task, "force": force }))
        }),
        2 => (worker(), task(), task()).prop_map(|(worker, one, other)| {
            ("bulk_update", json!({
                "worker_id": worker, "tasks": [one, other], "status": "completed", "force": true, "reason": "x",
            }))
        }),
        2 => (task(), task()).prop_map(|(parent, child)| {
            ("link", json!({ "from": parent, "to": child, "type": "contains" }))
        }),
        1 => (worker(), task()).prop_map(|(worker, task)| ("delete", json!({ "worker_id": worker, "task": task }))),
        1 => task().prop_map(|task| ("undelete", json!({ "task": task }))),
        1 => (worker(), any::<bool>()).prop_map(|(worker, done)| {
            let state = if done { "completed" } else { "pending" };
            ("disconnect", json!({ "worker_id": worker, "final_status": state }))
        }),
        1 => worker().prop_map(|worker| ("connect", json!({ "worker_id": worker, "overlays": [] }))),
        1 => (worker(), any::<bool>()).prop_map(|(worker, more)| {
            (if more { "add_overlay" } else { "remove_overlay" }, json!({ "worker_id": worker, "overlay": "git" }))
        }),
        1 => Just(("cleanup_stale", json!({}))),
        1 => (1..8u8).prop_map(|minutes| ("pass", json!(minutes))),
    ]
}

/// A project in which nothing is done without tests.
fn project(moving: bool) -> Project {
    let project = Project::with(|config| {
        let on = Barrier::State(Exit { from: None, to: None });
        let gate =
            Gate { on, kind: "tests".into(), enforcement: Enforcement::Reject, description: String::new() };
        let workflow = &mut config.workflows.by_name["default"];
        workflow.gates = vec![gate];
        if moving {
            // Tasks that nothing holds back any more try to complete themselves.
            workflow.states[&workflow.initial.clone()].exits.push(workflow.complete.clone());
            config.auto_advance.target_state = Some(workflow.complete.clone());
        }
    });
    project.worker("carl", json!({ "max_claims": 0 })).has(["t0", "t1", "t2", "t3"]);
    project.linked("t0", "t3");
    project
}

/// Says whether there is evidence for the end of a task that came last in the feed.
fn is_proven(project: &Project, end: &Value) -> bool {
    let (task, attempt) = (end["task_id"].as_str().unwrap(), end["attempt"].as_i64().unwrap());
    let found = project.rows(&format!(
        "select 1 from attachments where task_id = '{task}' and attachment_type = 'tests' and trim(content) <> ''
            and (attempt = {attempt} or attempt = 0 or {})",
        end["before"].as_str().unwrap().contains("\"worker\":null")
    ));
    !found.is_empty()
}

proptest! {
    #![proptest_config(Runs { failure_persistence: None, ..Runs::default() })]

    #[test]
    fn nothing_is_done_without_the_evidence_that_is_insisted_on(
        calls in prop::collection::vec(call(), 1..40),
        moving in prop::bool::weighted(0.3),
    ) {
        let mut project = project(moving);
        let (mut seen, mut minutes) = (0, 0);
        for (operation, arguments) in &calls {
            if *operation == "pass" {
                minutes += arguments.as_u64().unwrap();
                project.at(&format!("{}:{:02}", 12 + minutes / 60, minutes % 60));
            } else if let Err(refused) = project.call(operation, arguments.clone()) {
                prop_assert_ne!(&refused.code, "internal", "{:?}", refused);
            }
            let ends = project.rows(&format!(
                "select id, task_id, attempt, before from events
                    where id > {seen} and event = 'status' and after ->> 'status' = 'completed'"
            ));
            for end in ends {
                let end = json!(end);
                seen = end["id"].as_i64().unwrap();
                prop_assert!(is_proven(&project, &end), "{operation} {arguments}: {end}");
            }
        }
    }
}
