//! Whatever is called, in whatever order: nothing is done without the evidence that a gate insists on.

use proptest::prelude::*;
use proptest::test_runner::Config as Runs;
use serde_json::{Value, json};
use task_graph::domain::{Barrier, Enforcement, Exit, Gate};

use crate::support::project::Project;

/// An operation and its arguments; `pass` lets minutes pass.
type Call = (&'static str, Value);

/// Tasks that are there, those that are made under them, and what they may be renamed to.
fn task() -> impl Strategy<Value = &'static str> {
    prop::sample::select(&["t0", "t1", "t2", "t3", "t0", "t1", "c0", "c1", "r0"])
}

fn worker() -> impl Strategy<Value = &'static str> {
    prop::sample::select(&["ann", "bob", "carl"])
}

fn evidence() -> impl Strategy<Value = Value> {
    let content = prop::sample::select(&["", "\u{3164}", "12 passed", "12 passed"]);
    let kind = prop::sample::select(&["tests", "tests", "gate/commit", "note"]);
    let one = (kind, content, prop::bool::weighted(0.2));
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
        2 => (task(), prop::sample::select(&["c0", "c1"])).prop_map(|(parent, id)| {
            ("create", json!({ "id": id, "title": id, "parent": parent, "workflow": "free" }))
        }),
        1 => (task(), task()).prop_map(|(task, id)| ("rename", json!({ "task": task, "new_id": id }))),
        1 => (task(), evidence()).prop_map(|(task, all)| {
            let mut asked = all.get(0).cloned().unwrap_or_else(|| json!({ "type": "tests", "content": "x" }));
            asked["task"] = task.into();
            ("attach", asked)
        }),
        1 => (worker(), task(), prop::sample::select(&["*", "tests"])).prop_map(|(worker, task, kind)| {
            ("detach", json!({ "worker_id": worker, "task": task, "type": kind }))
        }),
        1 => task().prop_map(|task| ("redrive", json!({ "under": task }))),
        1 => Just(("cleanup_stale", json!({}))),
        1 => (1..8u8).prop_map(|minutes| ("pass", json!(minutes))),
    ]
}

/// A project in which nothing is done without tests or, if the gate stands `at_work`, nothing that was worked on,
/// and nothing without a commit while `git` is laid over it.
fn project(moving: bool, at_work: bool) -> Project {
    let project = Project::with(|config| {
        config.workflows.overlays["git"].gates[0].enforcement = Enforcement::Reject;
        let mut free = config.workflows.by_name["default"].clone();
        free.name = "free".into();
        config.workflows.by_name.insert("free".into(), free);
        let from = if at_work { "working".parse().ok() } else { None };
        let on = Barrier::State(Exit { from, to: None });
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

/// Returns the types of the evidence that counted for a task when it was done, as the feed tells it.
fn proofs(project: &Project, end: &Value) -> Vec<String> {
    let (task, until) = (end["task_id"].as_str().unwrap(), end["id"].as_i64().unwrap());
    let feed = project.rows(&format!(
        "select event, cause, before, after from events where task_id = '{task}' and id < {until} order by id"
    ));
    let mut found: Vec<(String, Value)> = Vec::new();
    for event in feed {
        let event = json!(event);
        let part = |name: &str| serde_json::from_str(event[name].as_str().unwrap_or("null")).unwrap();
        let (before, after): (Value, Value) = (part("before"), part("after"));
        let gone: Vec<&str> =
            before["attachments"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        found.retain(|(label, _)| !gone.contains(&label.as_str()));
        let is_over =
            |state: &Value| ["completed", "failed", "cancelled"].iter().any(|end| state["status"] == *end);
        if event["event"] == "status" && is_over(&before) && !is_over(&after) && event["cause"] != "resume" {
            found.clear();
        }
        if event["event"] == "attached" && after["sha256"].is_string() {
            found.push((after["attachment"].as_str().unwrap().to_owned(), after["counts_for"].clone()));
        }
    }
    found.retain(|(_, counts_for)| *counts_for == end["attempt"]);
    found.into_iter().map(|(label, _)| label.split('#').next().unwrap().to_owned()).collect()
}

/// Returns the type of evidence that a task was done without, if one was asked for.
fn lacking(project: &Project, end: &Value, at_work: bool) -> Option<&'static str> {
    let task = end["task_id"].as_str().unwrap();
    let proofs = proofs(project, end);
    let lacks = |kind: &'static str| (!proofs.iter().any(|proof| proof == kind)).then_some(kind);
    let attempts = project.rows(&format!(
        "select workflow, overlays from tasks left join attempts on task_id = id and attempts.attempt = {}
            where id = '{task}'",
        end["attempt"]
    ));
    let attempt = attempts.first()?;
    let was_worked_on = end["attempt"].as_i64() > Some(0);
    if attempt["workflow"] == "default" && (was_worked_on || !at_work) && lacks("tests").is_some() {
        return Some("tests");
    }
    let is_overlaid = attempt["overlays"].as_str().is_some_and(|overlays| overlays.contains("git"));
    if is_overlaid { lacks("gate/commit") } else { None }
}

proptest! {
    #![proptest_config(Runs { failure_persistence: None, ..Runs::default() })]

    #[test]
    fn nothing_is_done_without_the_evidence_that_is_insisted_on(
        calls in prop::collection::vec(call(), 1..40),
        moving in prop::bool::weighted(0.3),
        at_work in any::<bool>(),
    ) {
        let mut project = project(moving, at_work);
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
                let lacking = lacking(&project, &end, at_work);
                prop_assert_eq!(lacking, None, "{} {}: {}", operation, arguments, end);
            }
        }
    }
}
