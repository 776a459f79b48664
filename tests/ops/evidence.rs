//! Evidence: what counts as such, what the feed keeps of it, and who may take it away.

use serde_json::{Value, json};
use task_graph::Caller;
use task_graph::domain::{Barrier, Enforcement, Exit, Gate, Process};

use crate::support::project::Project;

/// The digest of `12 passed`.
const DIGEST: &str = "60fd6cd9b23b62b8f7d7d201ac8059174a38850d97e3104563bd6ad2415a5d29";

/// A project in which nothing is done without tests; ann works on `api`.
fn at_work() -> Project {
    let project = Project::with(|config| {
        let on = Barrier::State(Exit { from: None, to: None });
        let gate =
            Gate { on, kind: "tests".into(), enforcement: Enforcement::Reject, description: String::new() };
        config.workflows.by_name["default"].gates = vec![gate];
    });
    project.has(["api"]).claim("ann", "api");
    project
}

fn done_with(attachment: Value) -> Value {
    json!({ "worker_id": "ann", "task": "api", "status": "completed", "attachments": [attachment] })
}

/// A project in which `api` was completed with tests.
fn done() -> Project {
    let project = at_work();
    project.does("update", done_with(json!({ "type": "tests", "content": "12 passed" })));
    project
}

fn events(project: &Project, kind: &str) -> Vec<Value> {
    let feed = project.answer("events", json!({ "task": "api", "kinds": [kind] }));
    feed["events"].as_array().unwrap().clone()
}

#[test]
fn what_shows_nothing_is_no_evidence() {
    for blank in [
        "",
        " \n",
        "\u{200b}",
        "\u{feff}",
        "\u{2800}",
        "\u{3164}",
        "\u{ffa0}",
        "\u{115f}\u{1160}",
        "\0",
        "\u{ad}\u{2060}\u{e000}",
    ] {
        let project = at_work();

        let refused = project.refusal("update", done_with(json!({ "type": "tests", "content": blank })));
        let asked = json!({ "worker_id": "ann", "task": "api", "type": "tests", "content": blank });
        let attached = project.refusal("attach", asked);

        assert_eq!([refused.code, attached.code], ["input", "input"], "{blank:?}");
        assert!(refused.message.contains("visible"), "{}", refused.message);
    }
}

#[test]
fn an_empty_file_is_no_evidence() {
    let project = at_work();
    project.writes("empty.log", "").writes("tests.log", "12 passed");

    let empty = project.refusal("update", done_with(json!({ "type": "tests", "file": "empty.log" })));
    let missing = project.refusal("update", done_with(json!({ "type": "tests", "file": "gone.log" })));
    let note = json!({ "worker_id": "ann", "task": "api", "type": "note", "file": "empty.log" });
    project.does("attach", note);
    project.does("update", done_with(json!({ "type": "tests", "file": "tests.log" })));

    assert_eq!([empty.code, missing.code], ["input", "input"]);
    assert_eq!(empty.message, "`empty.log` is empty, which is no evidence");
}

#[test]
fn a_text_that_became_a_type_of_evidence_later_counts_only_if_it_shows_something() {
    let project = Project::new();
    project.writes("empty.log", "").has(["api"]).claim("ann", "api");
    let asked = json!({ "worker_id": "ann", "task": "api", "type": "tests", "file": "empty.log" });
    project.does("attach", asked);
    let gated = project.reconfigured(|config| {
        let on = Barrier::State(Exit { from: None, to: None });
        let gate =
            Gate { on, kind: "tests".into(), enforcement: Enforcement::Reject, description: String::new() };
        config.workflows.by_name["default"].gates = vec![gate];
    });

    let refused =
        gated.refusal("update", json!({ "worker_id": "ann", "task": "api", "status": "completed" }));

    assert_eq!(refused.code, "gate");
}

#[test]
fn the_feed_keeps_the_digest_of_evidence_that_comes_and_goes() {
    for (what, stored) in [
        (json!({ "type": "tests", "content": "12 passed" }), "text"),
        (json!({ "type": "tests", "content": "12 passed", "store_as_file": true }), "media"),
        (json!({ "type": "tests", "file": "tests.log" }), "file"),
    ] {
        let project = at_work();
        project.writes("tests.log", "12 passed");
        let mut asked = what;
        asked["task"] = "api".into();
        asked["worker_id"] = "ann".into();

        project.does("attach", asked);
        project.does("detach", json!({ "worker_id": "ann", "task": "api", "type": "tests" }));

        let attached = &events(&project, "attached")[0]["after"];
        let detached = &events(&project, "detached")[0]["before"];
        assert_eq!(
            *attached,
            json!({ "attachment": "tests#0", "sha256": DIGEST, "counts_for": 1 }),
            "{stored}"
        );
        let gone = json!({ "attachments": ["tests#0"], "sha256": { "tests#0": DIGEST } });
        assert_eq!(*detached, gone, "{stored}");
    }
}

#[test]
fn the_feed_keeps_the_digest_of_evidence_that_is_replaced() {
    let project = at_work();
    let attach = |content: &str| json!({ "worker_id": "ann", "task": "api", "type": "tests", "content": content, "mode": "replace" });
    project.does("attach", attach("12 passed"));

    project.does("attach", attach("13 passed"));

    let event = events(&project, "attached").pop().unwrap();
    assert_eq!(event["before"], json!({ "attachments": ["tests#0"], "sha256": { "tests#0": DIGEST } }));
}

#[test]
fn no_worker_takes_the_evidence_of_a_completed_task_away() {
    let project = done();
    let process = Process { pid: 1, start: 1, boot: "boot".into(), host: "elsewhere".into() };
    let server = project.beside(Caller { process: Some(process), ..Caller::default() });

    for worker in ["ann", "bob"] {
        let detach = json!({ "worker_id": worker, "task": "api", "type": "*" });
        let detached = project.refusal("detach", detach);
        let replace = json!({
            "worker_id": worker, "task": "api", "type": "tests", "content": "13 passed", "mode": "replace",
        });
        let replaced = project.refusal("attach", replace);

        assert_eq!([&detached.code, &replaced.code], ["rule", "rule"]);
        assert_eq!(
            detached.message,
            "`tests#0` is the evidence of task `api`, which is done: only a person takes it away"
        );
    }
    assert_eq!(server.refusal("detach", json!({ "task": "api", "type": "tests" })).code, "input");
}

#[test]
fn a_person_takes_the_evidence_of_a_completed_task_away_and_that_is_recorded() {
    let project = done();

    project.does("detach", json!({ "task": "api", "type": "tests" }));

    let event = project.last_event("api");
    assert_eq!((&event["event"], &event["worker_id"]), (&json!("detached"), &json!("@person")));
    assert_eq!(event["before"]["sha256"], json!({ "tests#0": DIGEST }));
}

#[test]
fn what_is_no_evidence_of_a_completed_task_may_go() {
    let project = done();
    project.does("attach", json!({ "worker_id": "ann", "task": "api", "type": "note", "content": "x" }));
    project.does("attach", json!({ "worker_id": "ann", "task": "api", "type": "tests", "content": "late" }));

    project.does("detach", json!({ "worker_id": "ann", "task": "api", "type": "note" }));
    project.does("detach", json!({ "worker_id": "ann", "task": "api", "type": "tests", "sequence": 1 }));

    let left = project.rows("select attachment_type from attachments");
    assert_eq!(json!(left), json!([{ "attachment_type": "tests" }]));
}
