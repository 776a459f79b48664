//! Who counts as alive, and what becomes of the tasks of one who does not.
//!
//! What needs processes that are killed or stopped is in `crash/`.

use serde_json::{Value, json};
use task_graph::domain::Process;
use task_graph::{Caller, ops, process};

use crate::support::project::{Project, Refused, ids};

/// A caller that speaks through a process of its own, which runs: this one, told apart by nothing else.
fn connected() -> Caller {
    Caller { process: Some(process::this().clone()), ..Caller::default() }
}

/// A caller whose process is where nobody here can look.
fn in_a_container() -> Caller {
    let here = process::this().clone();
    Caller { process: Some(Process { host: "another".into(), ..here }), ..Caller::default() }
}

/// A caller whose process is gone.
fn dead() -> Caller {
    let here = process::this().clone();
    Caller { process: Some(Process { start: here.start + 1, ..here }), ..Caller::default() }
}

/// `carl` is at work on `api` through a server of its own, whose client then goes.
fn carl_went(project: &Project) {
    let his = project.beside(connected());
    project.has(["api"]);
    his.worker("carl", json!({})).claim("carl", "api");
    ops::clients::hang_up(&his.app).unwrap();
}

fn claims(project: &Project, worker: &str, task: &str) -> Result<Value, Refused> {
    project.call("claim", json!({ "worker_id": worker, "task": task }))
}

#[test]
fn the_tasks_of_a_client_that_went_are_reserved_for_its_worker() {
    let project = Project::new();
    carl_went(&project);

    let refused = claims(&project, "ann", "api").unwrap_err();
    let nothing = project.answer("claim", json!({ "worker_id": "ann" }));
    let explained = project.answer("explain", json!({ "worker_id": "ann", "task": "api" }));
    let situation = project.answer("explain", json!({}));
    let agents = project.answer("list_agents", json!({ "task": "api" }));

    let until = "2026-01-31T12:00:30Z";
    assert_eq!((refused.code.as_str(), &refused.details["until"]), ("reserved", &json!(until)));
    let why = "nothing is ready for you: 1 held, some of them reserved for `carl` until 2026-01-31T12:00:30Z";
    assert_eq!(nothing["why"], why);
    assert_eq!(explained["because"][0]["code"], "reserved");
    assert_eq!(situation["held"][0]["reserved_until"], until);
    assert_eq!(agents["workers"][0]["reserved_until"], until);
    assert!(project.ready().is_empty());
}

#[test]
fn one_who_comes_back_in_time_goes_on_with_the_same_attempt() {
    let signs = [("connect", json!({})), ("thinking", json!({ "thought": "on" })), ("claim", json!({}))];
    for (call, mut arguments) in signs {
        arguments["worker_id"] = "carl".into();
        let mut project = Project::new();
        carl_went(&project);
        let again = project.at("12:00:30").beside(connected());

        again.does(call, arguments);

        again.does(
            "update",
            json!({ "worker_id": "carl", "task": "api", "status": "completed", "attempt": 1 }),
        );
        let agents = project.at("12:04").answer("list_agents", json!({}));
        let carl = agents["workers"].as_array().unwrap().iter().find(|agent| agent["id"] == "carl").unwrap();
        assert_eq!(carl.get("reserved_until"), None, "{call}");
    }
}

#[test]
fn one_who_goes_on_from_a_shell_is_back_too() {
    let mut project = Project::new();
    carl_went(&project);

    project.at("12:00:10").does("thinking", json!({ "worker_id": "carl", "thought": "on" }));

    project.at("12:01").worker("bob", json!({}));
    assert_eq!(project.task("api")["worker_id"], "carl");
}

#[test]
fn what_nobody_comes_back_for_is_handed_out_with_the_reason() {
    let mut project = Project::new();
    carl_went(&project);

    let taken = claims(project.at("12:00:31"), "ann", "api").unwrap();

    assert_eq!(taken["task"]["attempt"], 2);
    let feed = project.answer("events", json!({ "task": "api", "limit": 2 }));
    let lost = &feed["events"][0];
    let why = "its client went and it did not come back within 30 s";
    assert_eq!((&lost["cause"], &lost["reason"]), (&json!("died"), &json!(why)));
}

#[test]
fn its_time_ends_when_its_client_went() {
    let mut project = Project::new();
    carl_went(&project);

    project.at("12:10").does("list_tasks", json!({}));

    assert_eq!(project.task("api").get("time_actual_ms"), None);
}

#[test]
fn one_who_comes_back_may_begin_anew() {
    let project = Project::new();
    carl_went(&project);

    let again =
        project.beside(connected()).answer("connect", json!({ "worker_id": "carl", "resume": false }));

    assert_eq!((again.get("holds"), &again["ready"]), (None, &json!(1)));
}

#[test]
fn a_reservation_can_be_overridden() {
    let project = Project::new();
    carl_went(&project);

    let taken = project.answer("claim", json!({ "worker_id": "ann", "task": "api", "force": true }));

    assert_eq!(taken["task"]["attempt"], 2);
}

#[test]
fn a_project_may_keep_nothing_for_anybody() {
    let project = Project::with(|config| config.reserve_ms = 0);
    carl_went(&project);

    assert_eq!(project.ready(), ["api"]);
    assert_eq!(project.last_event("api")["reason"], "its client went");
}

#[test]
fn nothing_is_kept_for_one_who_said_goodbye() {
    let project = Project::new();
    project.has(["api"]);
    let his = project.beside(connected());
    his.worker("carl", json!({})).claim("carl", "api");

    his.does("disconnect", json!({ "worker_id": "carl" }));
    ops::clients::hang_up(&his.app).unwrap();

    claims(&project, "ann", "api").unwrap();
}

#[test]
fn the_end_of_one_client_is_not_that_of_others() {
    let project = Project::new();
    project.has(["api"]);
    project.beside(in_a_container()).worker("carl", json!({})).claim("carl", "api");

    ops::clients::hang_up(&project.beside(connected()).app).unwrap();

    assert_eq!(claims(&project, "ann", "api").unwrap_err().code, "held");
}

#[test]
fn one_whose_client_is_connected_loses_nothing_however_long_it_thinks_and_is_shown_as_idle() {
    let mut project = Project::new();
    project.has(["api"]).beside(connected()).worker("carl", json!({})).claim("carl", "api");

    let agents = project.at("12:31").answer("list_agents", json!({ "task": "api" }));

    assert_eq!((&agents["workers"][0]["id"], &agents["workers"][0]["idle"]), (&json!("carl"), &json!(true)));
    assert_eq!(claims(&project, "bob", "api").unwrap_err().code, "held");
    let finish = json!({ "worker_id": "carl", "task": "api", "status": "completed", "attempt": 1 });
    project.beside(connected()).does("update", finish);
}

#[test]
fn a_server_that_nobody_here_can_see_renews_the_leases_of_its_workers() {
    let mut project = Project::new();
    project.has(["api", "docs"]);
    let theirs = in_a_container();
    project.beside(theirs.clone()).worker("carl", json!({})).claim("carl", "api");
    project.claim("ann", "docs");
    for time in ["12:04", "12:08", "12:12"] {
        ops::clients::renew(&project.at(time).beside(theirs.clone()).app, task_graph::Patience::Waits)
            .unwrap();
    }

    let agents = project.at("12:16").answer("list_agents", json!({}));

    assert_eq!(ids(&agents["workers"]), ["carl"]);
    assert_eq!(agents["workers"][0]["last_heartbeat"], "2026-01-31T12:00:00Z");
    assert_eq!(project.last_event("docs")["reason"], "it gave no sign of life for 960 s");
}

#[test]
fn one_that_was_counted_as_gone_is_not_brought_back_by_its_server() {
    let mut project = Project::new();
    project.has(["api"]);
    project.beside(in_a_container()).worker("carl", json!({})).claim("carl", "api");
    project.at("12:06").claim("bob", "api");

    ops::clients::renew(&project.beside(in_a_container()).app, task_graph::Patience::Waits).unwrap();

    assert_eq!(ids(&project.answer("list_agents", json!({}))["workers"]), ["bob"]);
}

#[test]
fn a_name_whose_lease_ran_out_where_nobody_can_look_is_free() {
    let mut project = Project::new();
    project.has(["api"]);
    project.beside(in_a_container()).worker("carl", json!({})).claim("carl", "api");
    let early = project.beside(connected()).call("connect", json!({ "worker_id": "carl" }));

    let late = project.at("12:06").beside(connected()).answer("connect", json!({ "worker_id": "carl" }));

    assert_eq!(early.unwrap_err().code, "name_taken");
    assert_eq!(late["holds"][0]["id"], "api");
}

#[test]
fn whoever_would_come_away_with_nothing_looks_at_once() {
    let questions = [
        ("claim", json!({ "worker_id": "ann" })),
        ("claim", json!({ "worker_id": "ann", "task": "api" })),
        ("claim", json!({ "worker_id": "ann", "request_id": "again" })),
        ("update", json!({ "worker_id": "ann", "task": "api", "status": "working" })),
        ("list_tasks", json!({ "ready": true })),
        ("explain", json!({ "worker_id": "ann", "task": "api" })),
        ("explain", json!({ "worker_id": "ann" })),
    ];
    for (operation, arguments) in questions {
        let project = Project::new();
        project.has(["api"]);
        // Everybody has looked just now.
        project.does("list_tasks", json!({}));
        project.beside(dead()).worker("carl", json!({})).claim("carl", "api");

        project.does(operation, arguments.clone());

        let feed = project.answer("events", json!({ "worker": "carl" })).to_string();
        assert!(feed.contains("worker_left"), "{operation} {arguments}: {feed}");
    }
}

#[test]
fn a_call_that_came_to_nothing_is_not_held_against_its_repetition() {
    let project = Project::new();
    let asked = json!({ "worker_id": "ann", "request_id": "one" });
    let nothing = project.answer("claim", asked.clone());

    project.has(["api"]);
    let taken = project.answer("claim", asked.clone());
    let again = project.answer("claim", asked);

    assert!(nothing["task"].is_null());
    assert_eq!(taken["task"]["id"], "api");
    assert_eq!(again, taken);
}
