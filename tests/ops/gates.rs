//! Gates: no step without its evidence, whoever asks for it and however.

use serde_json::{Value, json};
use task_graph::domain::{Barrier, Enforcement, Exit, Gate};

use crate::support::project::Project;

fn gate(kind: &str, enforcement: Enforcement) -> Gate {
    let on = Barrier::State(Exit { from: None, to: None });
    Gate { on, kind: kind.into(), enforcement, description: "how it came out".into() }
}

/// A project in which nothing is done without these.
fn gated(gates: &[(&str, Enforcement)]) -> Project {
    let project = Project::with(|config| {
        let gates = gates.iter().map(|(kind, enforcement)| gate(kind, *enforcement));
        config.workflows.by_name["default"].gates = gates.collect();
    });
    project.has(["api"]);
    project
}

fn done(task: &str) -> Value {
    json!({ "worker_id": "ann", "task": task, "status": "completed" })
}

fn with(mut asked: Value, more: Value) -> Value {
    asked.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    asked
}

fn tests(content: &str) -> Value {
    json!({ "attachments": [{ "type": "tests", "content": content }] })
}

#[test]
fn a_step_without_its_evidence_is_refused_with_what_to_attach() {
    let project = gated(&[("tests", Enforcement::Reject)]);
    project.claim("ann", "api");

    let refused = project.refusal("update", done("api"));

    assert_eq!(refused.code, "gate");
    assert_eq!(refused.message, "task `api` cannot go to `completed` without `tests` (how it came out)");
    assert_eq!(
        refused.hint.unwrap(),
        "attach it in the same call: update(status=completed, attachments=[{type: tests, content: …}])"
    );
    assert_eq!(refused.details["missing"][0]["type"], "tests");
}

#[test]
fn evidence_may_come_with_the_step_or_before() {
    let project = gated(&[("tests", Enforcement::Reject)]);
    project.has(["page"]).claim("ann", "api");
    project.claim("ann", "page");

    project.does("update", with(done("api"), tests("12 passed")));
    project.does("update", with(json!({ "worker_id": "ann", "task": "page" }), tests("3 passed")));
    project.does("update", done("page"));

    assert_eq!([project.status("api"), project.status("page")], ["completed", "completed"]);
}

#[test]
fn an_empty_text_is_no_evidence() {
    let project = gated(&[("tests", Enforcement::Reject)]);
    project.claim("ann", "api");

    // It is refused as an attachment already; one that a store has from before does not count either.
    let refused = project.refusal("update", with(done("api"), tests(" \n\t")));
    project.does("update", with(json!({ "worker_id": "ann", "task": "api" }), tests("x")));
    let store = rusqlite::Connection::open(project.file()).unwrap();
    store.execute("update attachments set content = char(10)", []).unwrap();

    assert_eq!(refused.code, "input");
    assert_eq!(project.refusal("update", done("api")).code, "gate");
}

#[test]
fn force_opens_no_gate_that_rejects() {
    let project = gated(&[("tests", Enforcement::Reject)]);
    project.claim("bob", "api");

    let forced = with(done("api"), json!({ "force": true, "reason": "in haste" }));

    assert_eq!(project.refusal("update", forced).code, "gate");
}

#[test]
fn a_gate_that_warns_is_passed_with_force_and_a_reason_and_that_is_written_down() {
    let project = gated(&[("tests", Enforcement::Warn)]);
    project.claim("ann", "api");

    let plain = project.refusal("update", done("api"));
    let forced = project.refusal("update", with(done("api"), json!({ "force": true })));
    project.does("update", with(done("api"), json!({ "force": true, "reason": "no tests here" })));

    assert!(
        plain.hint.unwrap().ends_with("or go on without: update(status=completed, force=true, reason=<why>)")
    );
    assert_eq!(forced.code, "gate");
    let feed = project.answer("events", json!({ "task": "api", "kinds": ["gate_waived"] }));
    let waived = &feed["events"][0];
    assert_eq!(waived["after"]["gates"], json!(["tests"]));
    assert_eq!((&waived["worker_id"], &waived["reason"]), (&json!("ann"), &json!("no tests here")));
}

#[test]
fn what_only_shows_stops_nobody() {
    let project = gated(&[("summary", Enforcement::Allow)]);

    let _ = project.finish("api");

    assert_eq!(project.status("api"), "completed");
}

#[test]
fn releasing_failing_and_cancelling_ask_for_nothing() {
    let project = gated(&[("tests", Enforcement::Reject)]);
    project.has(["two", "three"]);
    for (task, status) in [("api", "pending"), ("two", "failed"), ("three", "cancelled")] {
        project.claim("ann", task);

        let _ = project.moves("ann", task, status);

        assert_eq!(project.status(task), status);
    }
}

#[test]
fn the_evidence_of_an_earlier_attempt_does_not_count() {
    let project = gated(&[("tests", Enforcement::Reject)]);
    project.claim("ann", "api");
    project.does("update", with(json!({ "worker_id": "ann", "task": "api" }), tests("12 passed")));
    let _ = project.moves("ann", "api", "failed");
    let _ = project.moves("ann", "api", "pending");
    project.claim("ann", "api");

    let refused = project.refusal("update", done("api"));

    assert_eq!(refused.code, "gate");
}

#[test]
fn who_takes_a_task_over_needs_evidence_too() {
    let project = gated(&[("tests", Enforcement::Reject)]);
    project.claim("bob", "api");
    project.does(
        "update",
        json!({ "worker_id": "bob", "task": "api", "attachments": [{ "type": "tests", "content": "x" }] }),
    );
    project.does("claim", json!({ "worker_id": "ann", "task": "api", "force": true }));

    let refused = project.refusal("update", done("api"));

    assert_eq!(refused.code, "gate");
}

#[test]
fn many_at_once_are_judged_one_by_one() {
    let project = gated(&[("tests", Enforcement::Reject)]);
    project.has(["two"]).claim("ann", "api");
    project.claim("ann", "two");
    project.does("update", with(json!({ "worker_id": "ann", "task": "two" }), tests("ok")));

    let asked = json!({ "worker_id": "ann", "tasks": ["api", "two"], "status": "completed", "force": true, "reason": "x" });
    let moved = project.answer("bulk_update", asked);

    assert_eq!(moved["moved"], 1);
    assert_eq!(moved["failed"][0]["error"]["code"], "gate");
}

#[test]
fn a_container_does_not_complete_itself_past_its_gate() {
    let project = Project::with(|config| {
        let on = Barrier::Tag { name: "big".parse().unwrap(), to: None };
        let gate =
            Gate { on, kind: "demo".into(), enforcement: Enforcement::Reject, description: String::new() };
        config.workflows.by_name["default"].gates = vec![gate];
    });
    project.has_one("whole", json!({ "tags": ["big"] })).has(["part"]).inside("whole", ["part"]);
    project.claim("ann", "part");

    let ended = project.answer("update", done("part"));

    assert_eq!(project.status("whole"), "pending");
    let notice = "task `whole` cannot go to `completed` without `demo`, so it stays `pending`";
    assert_eq!(ended["notices"], json!([notice]));
    assert_eq!(project.ready(), ["whole"], "somebody may bring the evidence");
}

#[test]
fn a_container_with_its_evidence_completes_itself() {
    let project = gated(&[("tests", Enforcement::Reject)]);
    project.has(["part"]).inside("api", ["part"]).claim("ann", "part");
    project.does("update", with(json!({ "worker_id": "ann", "task": "api" }), tests("all")));

    project.does("update", with(done("part"), tests("part")));

    assert_eq!(project.status("api"), "completed");
}

#[test]
fn leaving_with_finished_work_asks_for_evidence_and_leaving_without_does_not() {
    let project = gated(&[("tests", Enforcement::Reject)]);
    project.claim("ann", "api");

    let refused = project.refusal("disconnect", json!({ "worker_id": "ann", "final_status": "completed" }));
    project.does("disconnect", json!({ "worker_id": "ann" }));

    assert_eq!(refused.code, "gate");
    assert_eq!(project.status("api"), "pending");
}

#[test]
fn a_tag_with_a_gate_cannot_be_taken_off_to_get_past() {
    let project = Project::with(|config| {
        let on = Barrier::Tag { name: "risky".parse().unwrap(), to: None };
        let gate =
            Gate { on, kind: "audit".into(), enforcement: Enforcement::Reject, description: String::new() };
        config.workflows.by_name["default"].gates = vec![gate];
    });
    project.has_one("api", json!({ "tags": ["risky"] })).claim("ann", "api");

    let at_once = project.refusal("update", with(done("api"), json!({ "tags": [] })));
    let before = project.refusal("update", json!({ "worker_id": "ann", "task": "api", "tags": [] }));

    assert_eq!([at_once.code, before.code], ["gate", "gate"]);
    assert_eq!(before.message, "task `api` cannot change so without `audit`");
}

#[test]
fn a_phase_is_left_with_its_evidence_only() {
    let project = Project::new();
    project.has_one("api", json!({ "workflow": "relay", "phase": "design" })).claim("ann", "api");
    let next = json!({ "worker_id": "ann", "task": "api", "phase": "implement" });

    let left = project.refusal("update", next.clone());
    let ended = project.refusal("update", done("api"));
    project
        .does("update", with(next, json!({ "attachments": [{ "type": "gate/spec", "content": "a form" }] })));

    assert_eq!([left.code, ended.code], ["gate", "gate"]);
    assert_eq!(project.task("api")["phase"], "implement");
}

#[test]
fn a_start_may_be_gated_too() {
    let project = Project::with(|config| {
        let on = Barrier::State(Exit { from: "pending".parse().ok(), to: "working".parse().ok() });
        let gate =
            Gate { on, kind: "spec".into(), enforcement: Enforcement::Reject, description: String::new() };
        config.workflows.by_name["default"].gates = vec![gate];
    });
    project.has(["api"]);
    let attach =
        json!({ "worker_id": "bob", "task": "api", "attachments": [{ "type": "spec", "content": "x" }] });

    let refused = project.refusal("claim", json!({ "worker_id": "ann", "force": true }));
    let explained = project.answer("explain", json!({ "worker_id": "ann", "task": "api" }));
    project.does("update", attach).claim("ann", "api");

    assert_eq!(refused.code, "gate");
    assert_eq!(explained["claimable"], false);
    assert_eq!(project.status("api"), "working");
}

#[test]
fn a_claim_says_which_gates_are_ahead() {
    let project = gated(&[("tests", Enforcement::Reject), ("commit", Enforcement::Warn)]);

    let taken = project.answer("claim", json!({ "worker_id": "ann" }));

    assert_eq!(taken["task"]["gates"], json!(["tests", "commit (or a reason)"]));
}

#[test]
fn only_a_role_for_it_gives_out_tasks() {
    let project = Project::new();
    project.worker("lead", json!({ "tags": ["lead"], "workflow": "hierarchical" }));
    project.has_one("api", json!({ "workflow": "hierarchical" }));
    let give = |worker: &str| {
        json!({
            "worker_id": worker, "task": "api", "assignee": "bob",
            "attachments": [{ "type": "gate/spec", "content": "a form" }],
        })
    };

    let refused = project.refusal("update", give("ann"));
    project.does("update", give("lead"));

    assert_eq!(refused.code, "may_not_assign");
    assert_eq!(
        refused.hint.unwrap(),
        "ask a worker with one of the tags `coordinator`, `lead`; `force` overrides"
    );
    assert_eq!(project.status("api"), "assigned");
}

#[test]
fn a_role_says_how_many_tasks_a_worker_may_hold() {
    let project = Project::new();
    let connect = |name: &str, more: Value| {
        let asked = json!({ "worker_id": name, "tags": ["worker"], "workflow": "swarm" });
        project.answer("connect", with(asked, more))
    };

    let by_role = connect("carl", json!({}));
    let by_wish = connect("dora", json!({ "max_claims": 4 }));

    assert_eq!((&by_role["role"], &by_role["max_claims"]), (&json!("swarm_agent"), &json!(2)));
    assert_eq!(by_wish["max_claims"], 4);
}

#[test]
fn what_a_workflow_says_is_told_once() {
    let project = Project::new();
    for id in ["one", "two"] {
        project.has_one(id, json!({ "workflow": "solo" }));
    }

    let first = project.answer("claim", json!({ "worker_id": "ann", "task": "one" }));
    let second = project.answer("claim", json!({ "worker_id": "ann", "task": "two" }));
    let asked = json!({ "worker_id": "ann", "task": "one", "status": "consult" });
    let consult = project.answer("update", asked);
    project.worker("ann", json!({}));
    let back = project.answer("claim", json!({ "worker_id": "ann", "task": "two" }));
    let other = project.answer("claim", json!({ "worker_id": "bob", "count": 1 }));

    let text = first["task"]["guidance"].as_str().unwrap();
    assert!(text.starts_with("Read `one` to its end") && text.len() <= 300, "{text}");
    assert_eq!(second["task"].get("guidance"), None);
    let text = consult["guidance"].as_str().unwrap();
    assert!(text.contains("Attach the question") && text.len() <= 310, "{text}");
    assert_eq!(back["task"].get("guidance"), None, "a task that is resumed is not begun");
    assert_eq!(other["task"], Value::Null, "nothing is ready");
}

#[test]
fn what_is_to_be_done_in_a_phase_is_told_to_who_does_it() {
    let project = Project::new();
    project.has_one("api", json!({ "workflow": "relay", "phase": "implement" })).claim("ann", "api");
    let kinds = ["gate/commit", "gate/impl-notes"];
    let attach: Vec<Value> = kinds.iter().map(|kind| json!({ "type": kind, "content": "x" })).collect();
    let hand_on = json!({ "phase": "review", "status": "pending", "attachments": attach });

    let handed = project.answer("update", with(json!({ "worker_id": "ann", "task": "api" }), hand_on));
    let taken = project.answer("claim", json!({ "worker_id": "bob" }));

    assert!(!handed["guidance"].as_str().unwrap().contains("Judge it"));
    assert!(taken["task"]["guidance"].as_str().unwrap().contains("Judge it"));
}

#[test]
fn gates_and_texts_cost_nothing_where_there_are_none() {
    let project = Project::new();
    project.has(["api"]);

    let taken = project.answer("claim", json!({ "worker_id": "ann" }));

    let fields: Vec<_> = taken["task"].as_object().unwrap().keys().collect();
    assert_eq!(fields, ["id", "title", "status", "attempt"]);
}
