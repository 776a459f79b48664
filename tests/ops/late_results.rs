//! Finished work counts or is kept, however its worker lost the task.

use serde_json::{Value, json};
use task_graph::Caller;
use task_graph::domain::Process;

use crate::support::project::{Project, Refused};

/// What becomes of a result that comes late.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    /// The attempt goes on, and completes the task.
    Counts,
    /// The call is refused, and what it brought stays with the task.
    Kept,
}

/// How bob loses the task `job`, what it is called then, and what becomes of the result.
type Way = (&'static str, fn(&mut Project), &'static str, Fate);

fn by_ann(project: &Project, operation: &str, mut more: Value) {
    more["worker_id"] = "ann".into();
    project.does(operation, more);
}

fn force(project: &Project, task: &str, status: &str) {
    by_ann(project, "update", json!({ "task": task, "status": status, "force": true, "reason": "no need" }));
}

fn takes(project: &Project, task: &str) {
    by_ann(project, "claim", json!({ "task": task, "force": true }));
}

fn silent(project: &mut Project) {
    project.at("12:10").does("cleanup_stale", json!({}));
}

const WAYS: &[Way] = &[
    ("taken over", |project| takes(project, "job"), "job", Fate::Kept),
    (
        "taken over and released",
        |project| {
            takes(project, "job");
            let _ = project.moves("ann", "job", "pending");
        },
        "job",
        Fate::Kept,
    ),
    ("released", |project| force(project, "job", "pending"), "job", Fate::Counts),
    (
        "released and taken",
        |project| {
            force(project, "job", "pending");
            takes(project, "job");
        },
        "job",
        Fate::Kept,
    ),
    ("cancelled", |project| force(project, "job", "cancelled"), "job", Fate::Kept),
    ("failed by another", |project| force(project, "job", "failed"), "job", Fate::Kept),
    ("completed by another", |project| force(project, "job", "completed"), "job", Fate::Counts),
    (
        "cascaded",
        |project| {
            let asked = json!({ "task": "whole", "status": "cancelled", "cascade": true, "force": true });
            by_ann(project, "update", asked);
        },
        "job",
        Fate::Kept,
    ),
    (
        "deleted",
        |project| by_ann(project, "delete", json!({ "task": "job", "force": true })),
        "job",
        Fate::Kept,
    ),
    (
        "deleted and brought back",
        |project| {
            by_ann(project, "delete", json!({ "task": "job", "force": true }));
            by_ann(project, "undelete", json!({ "task": "job" }));
        },
        "job",
        Fate::Counts,
    ),
    (
        "assigned to another",
        |project| {
            force(project, "job", "pending");
            by_ann(project, "update", json!({ "task": "job", "assignee": "ann" }));
        },
        "job",
        Fate::Kept,
    ),
    (
        "renamed",
        |project| by_ann(project, "rename", json!({ "task": "job", "new_id": "other" })),
        "other",
        Fate::Counts,
    ),
    (
        "renamed and cancelled",
        |project| {
            by_ann(project, "rename", json!({ "task": "job", "new_id": "other" }));
            force(project, "other", "cancelled");
        },
        "other",
        Fate::Kept,
    ),
    (
        "released and renamed",
        |project| {
            force(project, "job", "pending");
            by_ann(project, "rename", json!({ "task": "job", "new_id": "other" }));
        },
        "other",
        Fate::Counts,
    ),
    (
        "taken over and renamed",
        |project| {
            takes(project, "job");
            by_ann(project, "rename", json!({ "task": "job", "new_id": "other" }));
        },
        "other",
        Fate::Kept,
    ),
    ("silent for too long", silent, "job", Fate::Counts),
    (
        "silent for too long, and taken",
        |project| {
            silent(project);
            project.worker("ann", json!({}));
            takes(project, "job");
        },
        "job",
        Fate::Kept,
    ),
    (
        "silent for too long once too often",
        |project| {
            by_ann(project, "update", json!({ "task": "job", "job": { "max_retries": 3 }, "force": true }));
            let store = rusqlite::Connection::open(project.file()).unwrap();
            store.execute("update jobs set losses = 10", []).unwrap();
            silent(project);
            assert_eq!(project.status("job"), "failed");
        },
        "job",
        Fate::Counts,
    ),
    (
        "out of its lease",
        |project| {
            let job = json!({ "lease": "1m", "max_retries": 3 });
            by_ann(project, "update", json!({ "task": "job", "job": job, "force": true }));
            out_of_lease(project);
            assert_eq!(project.status("job"), "pending");
        },
        "job",
        Fate::Counts,
    ),
    (
        "out of its lease, with no retries left",
        |project| {
            let job = json!({ "lease": "1m", "max_retries": 0 });
            by_ann(project, "update", json!({ "task": "job", "job": job, "force": true }));
            out_of_lease(project);
            assert_eq!(project.status("job"), "failed");
        },
        "job",
        Fate::Counts,
    ),
    (
        "in a project that was closed",
        |project| by_ann(project, "project", json!({ "name": "store", "state": "closed" })),
        "job",
        Fate::Counts,
    ),
    (
        "silent in a project that was closed",
        |project| {
            silent(project);
            project.does("project", json!({ "name": "store", "state": "closed" }));
        },
        "job",
        Fate::Counts,
    ),
];

/// Lets the lease of bob's attempt run out, which is set anew when it extends it.
fn out_of_lease(project: &mut Project) {
    let store = rusqlite::Connection::open(project.file()).unwrap();
    store.execute("update jobs set lease_until = 1769860860000", []).unwrap();
    project.at("12:02").does("list_agents", json!({}));
}

/// A project in which bob works on `job`, its attempt 1.
fn at_work() -> Project {
    let project = Project::new();
    project.does("project", json!({ "worker_id": "ann", "name": "store" }));
    let root = project.rows("select id from tasks")[0]["id"].as_str().unwrap().to_owned();
    project.has_one("whole", json!({ "parent": root })).has_one("job", json!({ "parent": "whole" }));
    project.claim("bob", "job");
    project
}

fn result() -> Value {
    json!([{ "type": "result", "content": "42" }])
}

/// Returns the attachments of a type that bob's first attempt left.
fn left(project: &Project, kind: &str) -> usize {
    let found = project.rows(&format!(
        "select 1 from attachments join tasks on tasks.id = task_id
        where attachment_type = '{kind}' and attachments.attempt = 1 and attachments.worker_id = 'bob'"
    ));
    found.len()
}

/// A call that may bring a late result, and whether it brings an attachment.
type Bringing = (&'static str, fn() -> Value, bool);

const CALLS: &[Bringing] = &[
    (
        "update",
        || json!({ "task": "job", "status": "completed", "attempt": 1, "attachments": result() }),
        true,
    ),
    ("update", || json!({ "task": "job", "status": "completed", "attachments": result() }), true),
    ("complete_task", || json!({ "task": "job", "output": "42" }), true),
    ("bulk_update", || json!({ "tasks": ["job"], "status": "completed" }), false),
];

#[test]
fn a_late_result_counts_or_is_kept_however_the_task_was_lost() {
    for (way, lose, name, fate) in WAYS {
        for (operation, asked, attaches) in CALLS {
            let what = format!("{way}: {operation} {}", asked());
            let mut project = at_work();
            lose(&mut project);

            let mut asked = asked();
            asked["worker_id"] = "bob".into();
            let answer = came_of(&project, operation, asked);

            match (fate, answer) {
                (Fate::Counts, Ok(_)) => assert_eq!(project.status(name), "completed", "{what}"),
                (Fate::Kept, Err(refused)) => {
                    assert!(refused.kept.contains(&"late-result#0".to_owned()), "{what}: {refused:?}");
                    assert!(refused.hint.as_ref().unwrap().contains("kept"), "{what}: {refused:?}");
                    assert_eq!(left(&project, "late-result"), 1, "{what}");
                }
                (_, answer) => panic!("{what}: {answer:?}"),
            }
            if *attaches {
                assert_eq!(left(&project, "result"), 1, "{what}");
            }
        }
    }
}

/// Calls an operation; of a bulk, what came of its one task.
fn came_of(project: &Project, operation: &str, asked: Value) -> Result<Value, Refused> {
    let answer = project.call(operation, asked)?;
    match answer["failed"].get(0) {
        Some(failed) => Err(serde_json::from_value(failed["error"].clone()).unwrap()),
        None => Ok(answer),
    }
}

#[test]
fn a_late_failure_is_kept_too() {
    let project = at_work();
    takes(&project, "job");

    let asked = json!({ "worker_id": "bob", "task": "job", "explanation": "the disk is full" });
    let refused = project.call("fail_task", asked).unwrap_err();

    assert_eq!((refused.code.as_str(), &refused.kept), ("fenced", &vec!["late-result#0".to_owned()]));
    assert_eq!(left(&project, "late-result"), 1);
}

#[test]
fn a_late_result_that_is_sent_again_is_kept_once() {
    let project = at_work();
    force(&project, "job", "cancelled");
    let asked = json!({ "worker_id": "bob", "task": "job", "status": "completed", "attachments": result() });

    for _ in 0..3 {
        let refused = project.call("update", asked.clone()).unwrap_err();
        assert_eq!(refused.kept, ["late-result#0", "result#0"]);
    }

    assert_eq!((left(&project, "late-result"), left(&project, "result")), (1, 1));
}

#[test]
fn who_gave_a_task_up_itself_leaves_no_late_result() {
    for status in ["pending", "completed", "failed", "cancelled"] {
        let project = at_work();
        let _ = project.moves("bob", "job", status);
        let late = if status == "completed" { "failed" } else { "completed" };

        let asked = json!({ "worker_id": "bob", "task": "job", "status": late, "attachments": result() });
        let refused = project.refusal("update", asked);

        assert_eq!((refused.code.as_str(), refused.kept.len()), ("no_exit", 0), "{status}");
    }
}

#[test]
fn a_task_that_another_released_goes_on_where_it_was() {
    let mut project = at_work();
    force(&project, "job", "pending");
    assert_eq!(project.ready(), ["job"]);

    let asked = json!({ "worker_id": "bob", "task": "job", "status": "completed", "attempt": 1 });
    project.at("12:01").does("update", asked);

    let attempts = project.rows("select attempt, worker_id, outcome from attempts");
    assert_eq!(json!(attempts), json!([{ "attempt": 1, "worker_id": "bob", "outcome": "ended" }]));
}

#[test]
fn what_another_released_is_not_taken_up_again_by_connecting() {
    let project = at_work();
    force(&project, "job", "pending");

    project.worker("bob", json!({}));

    assert_eq!(project.status("job"), "pending");
    let attempts = project.rows("select outcome from attempts");
    assert_eq!(json!(attempts), json!([{ "outcome": "taken_back" }]));
}

#[test]
fn the_result_of_a_process_whose_name_was_taken_over_is_kept() {
    let project = Project::new();
    let process = |pid| {
        let process = Process { pid, start: 1, boot: "boot".into(), host: "elsewhere".into() };
        project.beside(Caller { process: Some(process), ..Caller::default() })
    };
    let (old, new) = (process(1), process(2));
    old.worker("bob", json!({})).has(["job"]).claim("bob", "job");
    new.worker("bob", json!({ "force": true }));

    let asked = json!({
        "worker_id": "bob", "task": "job", "status": "completed", "attempt": 1, "attachments": result(),
    });
    let refused = old.call("update", asked).unwrap_err();

    assert_eq!((refused.code.as_str(), refused.kept.len()), ("name_taken", 2));
    assert_eq!((left(&project, "result"), project.status("job")), (1, "working".into()));
}
