//! Every way to fail: its code, what it says, and the next step it names.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::PathBuf;
use std::time::Duration;

use rusqlite::Connection;
use serde_json::{Value, json};
use task_graph::config::{self, Start};
use task_graph::domain::{EdgeRule, Holds, Process, Refusal, Shape};
use task_graph::store::{Options, Store};
use task_graph::{Caller, Error, ops, process};

use crate::support::project::{Project, Refused};

/// What nobody can bring about from here, and why.
const OUT_OF_REACH: &[(&str, &str)] = &[
    ("network_disk", "asks for such a disk; the mount table's own test does it"),
    ("internal", "must not happen"),
];

/// Every code there is. The compiler asks for a new one in `every_variant`.
pub const CODES: &[&str] = &[
    "held",
    "blocked",
    "container",
    "lacks_tags",
    "at_limit",
    "no_exit",
    "open_children",
    "ends_too_soon",
    "fenced",
    "cycle",
    "has_parent",
    "exists",
    "name_taken",
    "deleted",
    "ended",
    "has_children",
    "no_state",
    "lock_conflict",
    "gate",
    "may_not_assign",
    "overlay_in_use",
    "scheduled",
    "limited",
    "no_lease",
    "paused",
    "closed",
    "duplicate",
    "not_found",
    "ambiguous",
    "input",
    "config",
    "busy",
    "newer",
    "foreign_database",
    "unusable_store",
    "network_disk",
    "internal",
    "reserved",
    "request_id",
    "rule",
];

/// Returns the place of an error's code in `CODES`; a new variant does not compile until it is there.
fn every_variant(error: &Error) -> usize {
    match error {
        Error::Refused(refusal) => every_refusal(refusal),
        // Says the same, and that a result was kept.
        Error::Kept { refusal, .. } => every_refusal(refusal),
        // Says what is wrong with the first of them.
        Error::Items { misfits, .. } => every_variant(&misfits[0].error),
        Error::NotFound { .. } => 27,
        Error::Ambiguous { .. } => 28,
        Error::Input { .. } => 29,
        Error::Config { .. } => 30,
        Error::Busy { .. } | Error::ManyQueries { .. } => 31,
        Error::Newer { .. } => 32,
        Error::Foreign { .. } => 33,
        Error::Unusable { .. } => 34,
        Error::NetworkDisk { .. } => 35,
        Error::Internal(_) => 36,
        Error::UsedRequestId { .. } => 38,
    }
}

fn every_refusal(refusal: &Refusal) -> usize {
    use Refusal as No;
    match refusal {
        No::Held { .. } => 0,
        No::Blocked { .. } => 1,
        No::Container { .. } => 2,
        No::LacksTags { .. } => 3,
        No::AtLimit { .. } => 4,
        No::NoExit { .. } => 5,
        No::OpenChildren { .. } => 6,
        No::EndsTooSoon { .. } => 7,
        No::Fenced { .. } => 8,
        No::Cycle { .. } => 9,
        No::HasParent { .. } => 10,
        No::Exists { .. } => 11,
        No::NameTaken { .. } => 12,
        No::Deleted { .. } => 13,
        No::Ended { .. } => 14,
        No::HasChildren { .. } => 15,
        No::NoState { .. } => 16,
        No::LockConflict { .. } => 17,
        No::Gate { .. } => 18,
        No::MayNotAssign { .. } => 19,
        No::OverlayInUse { .. } => 20,
        No::Reserved { .. } => 37,
        No::Scheduled { .. } => 21,
        No::Limited { .. } => 22,
        No::NoLease { .. } => 23,
        No::Paused { .. } => 24,
        No::Closed { .. } => 25,
        No::Duplicate { .. } => 26,
        No::EvidenceStays { .. } => 39,
    }
}

/// A project in which every rule has something to say no to.
fn project() -> Project {
    let awaits = EdgeRule { shape: Shape::Horizontal, holds: Some(Holds::Completion) };
    let project = Project::with(|config| {
        config.edges.0.insert("awaits".parse().unwrap(), awaits);
        config.workflows.by_name["default"].assign = None;
    });
    project.worker("carl", json!({ "max_claims": 1 }));
    project.has(["held", "first", "second", "whole", "part", "done", "gone", "busy"]);
    project.has_one("page", json!({ "needed_tags": ["css"] })).has(["review", "release", "lost"]);
    project.linked("first", "second").inside("whole", ["part"]);
    project.does("link", json!({ "from": "review", "to": "release", "type": "awaits" }));
    project.claim("bob", "held");
    project.claim("bob", "release");
    project.claim("carl", "busy");
    project.claim("bob", "lost");
    project.claim("ann", "done");
    project.does(
        "attach",
        json!({ "worker_id": "ann", "task": "done", "type": "gate/commit", "content": "abc" }),
    );
    let _ = project.finish("done");
    project.does("delete", json!({ "worker_id": "ann", "task": "gone" }));
    let force = json!({ "worker_id": "ann", "task": "lost", "force": true });
    project.does("claim", force);
    project.does("mark_file", json!({ "worker_id": "bob", "file": "lock:build", "reason": "a release" }));
    project.has_one("spec", json!({ "workflow": "relay", "phase": "design" }));
    project.has_one("given", json!({ "workflow": "push" })).has(["hunt"]);
    project.worker("fred", json!({ "overlays": ["troubleshooting"] })).claim("fred", "spec");
    project.claim("fred", "hunt");
    let _ = project.moves("fred", "hunt", "diagnosing");
    project.has_one("tomorrow", json!({ "not_before": "1d" }));
    for id in ["first-of-few", "second-of-few"] {
        project.has_one(id, json!({ "job": { "group": "few" } }));
    }
    project.claim("bob", "first-of-few");
    project.does("project", json!({ "name": "idle" })).has_one("slow", json!({ "parent": "idle" }));
    project.does("project", json!({ "name": "idle", "state": "paused" }));
    project.does("project", json!({ "name": "over", "state": "closed" }));
    project.does("define_template", json!({ "name": "once" }));
    let made = project.answer("instantiate", json!({ "template": "once" }));
    project.does("rename", json!({ "task": made["id"], "new_id": "made" }));
    project.does("create", json!({ "id": "asked", "title": "asked", "request_id": "r1" }));
    project.has(["01890000-0000-7000-8000-0000deadbeef", "01890000-0000-7000-8001-0000deadbeef"]);
    project
}

/// A call for every code that a call can bring about.
fn calls() -> Vec<(&'static str, Value)> {
    let update = |worker: &str, task: &str, change: Value| {
        let mut asked = change;
        asked["worker_id"] = worker.into();
        asked["task"] = task.into();
        ("update", asked)
    };
    let completed = || json!({ "status": "completed" });
    vec![
        ("claim", json!({ "worker_id": "ann", "task": "held" })),
        ("claim", json!({ "worker_id": "ann", "task": "left" })),
        ("claim", json!({ "worker_id": "ann", "task": "second" })),
        ("claim", json!({ "worker_id": "ann", "task": "whole" })),
        ("claim", json!({ "worker_id": "ann", "task": "page" })),
        ("claim", json!({ "worker_id": "carl", "task": "first" })),
        update("ann", "first", completed()),
        ("disconnect", json!({ "worker_id": "dora", "final_status": "completed" })),
        update("bob", "release", completed()),
        update("bob", "lost", completed()),
        ("link", json!({ "from": "second", "to": "first" })),
        ("link", json!({ "from": "first", "to": "part", "type": "contains" })),
        ("create", json!({ "id": "first", "title": "x" })),
        ("connect", json!({ "worker_id": "ella" })),
        ("claim", json!({ "worker_id": "ann", "task": "gone" })),
        ("create", json!({ "title": "x", "parent": "done" })),
        ("delete", json!({ "worker_id": "ann", "task": "whole" })),
        update("ann", "first", json!({ "assignee": "bob" })),
        ("mark_file", json!({ "worker_id": "ann", "file": "lock:build" })),
        update("fred", "spec", completed()),
        update("ann", "given", json!({ "assignee": "bob" })),
        ("remove_overlay", json!({ "worker_id": "fred", "overlay": "troubleshooting" })),
        ("claim", json!({ "worker_id": "ann", "task": "tomorrow" })),
        ("claim", json!({ "worker_id": "ann", "task": "second-of-few" })),
        ("thinking", json!({ "worker_id": "carl", "thought": "hm", "extend": "10m" })),
        ("claim", json!({ "worker_id": "ann", "task": "slow" })),
        ("create", json!({ "title": "x", "parent": "over" })),
        ("instantiate", json!({ "template": "once", "on_duplicate": "error" })),
        ("detach", json!({ "worker_id": "ann", "task": "done", "type": "gate/commit" })),
        ("get", json!({ "task": "firm" })),
        ("get", json!({ "task": "deadbeef" })),
        ("create", json!({ "titel": "x" })),
        ("create", json!({ "title": "x", "request_id": "r1" })),
    ]
}

/// Brings about every failure that can be, by code.
fn failures() -> BTreeMap<String, Refused> {
    let project = project();
    let here = process::this();
    let alive = project.beside(Caller { process: Some(here.clone()), ..Caller::default() });
    alive.worker("gina", json!({})).has(["left"]).claim("gina", "left");
    ops::clients::hang_up(&alive.app).unwrap();
    alive.worker("ella", json!({}));
    let elsewhere =
        project.beside(Caller { process: Some(Process { pid: 1, ..here.clone() }), ..Caller::default() });
    project.worker("dora", json!({})).has(["big"]).claim("dora", "big");
    project.has_one("small", json!({ "parent": "big" }));
    let mut failures = BTreeMap::new();
    for (operation, arguments) in calls() {
        let app = if operation == "connect" { &elsewhere } else { &project };
        let refused = app.call(operation, arguments.clone());
        let refused = refused.expect_err(&format!("{operation} {arguments}"));
        failures.insert(refused.code.clone(), refused);
    }
    for error in [busy(), newer(), foreign(), config(), unusable()] {
        let refused = Refused::from(error);
        failures.insert(refused.code.clone(), refused);
    }
    failures
}

fn busy() -> Error {
    let project = Project::new();
    let mut queue = project.file().into_os_string();
    queue.push("-queue");
    let queue = File::open(queue).unwrap();
    queue.lock().unwrap();
    let store = Store::open(&project.file(), impatient()).unwrap();
    store.transact(task_graph::Patience::Waits, task_graph::Effect::Write, |_| Ok(())).unwrap_err()
}

fn newer() -> Error {
    let project = Project::new();
    let connection = Connection::open(project.file()).unwrap();
    connection.pragma_update(None, "user_version", 99).unwrap();
    Store::open(&project.file(), impatient()).err().unwrap()
}

fn foreign() -> Error {
    let folder = tempfile::tempdir().unwrap();
    let file: PathBuf = folder.path().join("other.db");
    Connection::open(&file).unwrap().execute_batch("create table t (x)").unwrap();
    match Store::open(&file, impatient()).err() {
        Some(Error::Foreign { what, .. }) => Error::Foreign { path: "other.db".into(), what },
        other => panic!("{other:?}"),
    }
}

fn unusable() -> Error {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "").unwrap();
    match Store::open(&file.join("tasks.db"), impatient()).err() {
        Some(Error::Unusable { trouble, .. }) => {
            Error::Unusable { path: Some("file/tasks.db".into()), trouble }
        }
        other => panic!("{other:?}"),
    }
}

fn config() -> Error {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("settings.yaml");
    fs::write(&file, "server:\n  claim_limt: 1\n").unwrap();
    let start = Start { directory: Some(folder.path().to_owned()), config: Some(file), ..Start::default() };
    match config::Project::find(&start).err() {
        Some(Error::Config { message, hint }) => {
            let folder = format!("{}/", folder.path().display());
            Error::Config { message: message.replace(&folder, ""), hint }
        }
        other => panic!("{other:?}"),
    }
}

fn impatient() -> Options {
    Options { lock_wait: Duration::from_millis(20), synced: false }
}

#[test]
fn every_code_is_brought_about_by_some_call() {
    let mut reached: Vec<String> = failures().into_keys().collect();
    reached.extend(OUT_OF_REACH.iter().map(|(code, _)| (*code).to_owned()));
    reached.sort();

    let mut all = CODES.to_vec();
    all.sort_unstable();
    assert_eq!(reached, all);
}

#[test]
fn the_list_of_codes_is_complete_and_in_order() {
    for error in [busy(), newer(), foreign(), Error::input("x", ""), Error::not_found("task", "x")] {
        assert_eq!(CODES[every_variant(&error)], error.code());
    }
}

#[test]
fn messages_are_sentences_without_ornament() {
    for (code, Refused { message, hint, .. }) in failures() {
        for text in [Some(message), hint].into_iter().flatten() {
            let first = text.chars().next().unwrap();
            assert!(!first.is_uppercase(), "{code} begins with a capital: {text}");
            assert!(!text.ends_with('.'), "{code} ends with a full stop: {text}");
            assert!(!text.contains('"'), "{code} names things in quotes: {text}");
        }
    }
}

#[test]
fn what_a_refusal_is_about_is_in_backticks() {
    let plain = ["busy", "newer"];
    for (code, refused) in failures() {
        let quoted = refused.message.matches('`').count();
        assert!(plain.contains(&code.as_str()) || quoted >= 2, "{code}: {}", refused.message);
    }
}

#[test]
fn every_refusal_names_the_next_step() {
    for (code, refused) in failures() {
        assert!(refused.hint.is_some_and(|hint| !hint.is_empty()), "{code}");
    }
}

#[test]
fn what_they_say_is_as_agreed() {
    let mut said: Vec<Value> = Vec::new();
    for (code, mut refused) in failures() {
        if code == "busy" {
            // Who holds the lock differs from run to run.
            refused.message = refused.message.split(", held by").next().unwrap().to_owned();
        }
        said.push(json!({ "code": code, "message": refused.message, "hint": refused.hint }));
    }
    insta::assert_json_snapshot!(said);
}
