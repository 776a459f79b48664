//! Processes that stand still for a while, as on a laptop that sleeps.

use std::time::Duration;

use rusqlite::Connection;
use serde_json::json;

use crate::support::agent::{Agent, Answer};
use crate::support::team::Team;

/// How long others may be kept waiting before a test goes on without their answer.
const A_WHILE: Duration = Duration::from_millis(150);

#[test]
fn one_who_stood_still_in_the_middle_of_a_call_goes_on_where_it_was() {
    const CALLS: usize = 10;
    let team = Team::new();
    let names: Vec<String> = (0..CALLS).map(|n| format!("a{n}")).collect();
    team.has(&names.iter().map(String::as_str).collect::<Vec<_>>());
    let [mut ann, mut bob] = [team.agent("ann"), team.agent("bob")];
    bob.answer("connect", json!({}));

    for name in &names {
        ann.start("claim", json!({ "task": name }));
        ann.start("update", json!({ "task": name, "status": "completed" }));
        ann.pause();
        bob.start("create", json!({ "title": "By bob" }));
        // If ann stands at the head of the queue, bob waits until she goes on.
        let early = bob.finish_within(A_WHILE);
        ann.resume();
        let created: Answer = early.unwrap_or_else(|| bob.finish());

        created.unwrap();
        ann.finish().unwrap();
        // The two calls may have overtaken each other.
        if ann.finish().is_err() {
            ann.answer("update", json!({ "task": name, "status": "completed" }));
        }
    }

    assert_eq!(team.rows("select count(*) from tasks"), [[2 * CALLS]]);
    team.check();
}

#[test]
fn one_who_stands_still_keeps_its_task() {
    let team = Team::new();
    team.has(&["t"]);
    let [mut ann, mut bob] = [team.agent("ann"), team.agent("bob")];
    ann.answer("claim", json!({}));
    ann.pause();

    let refused = bob.refusal("claim", json!({ "task": "t" }));
    let nothing = bob.answer("claim", json!({}));
    ann.resume();

    assert_eq!((refused.code.as_str(), refused.message.as_str()), ("held", "task `t` is held by `ann`"));
    assert!(nothing["task"].is_null());
    ann.answer("update", json!({ "task": "t", "status": "completed", "attempt": 1 }));
    team.check();
}

#[test]
fn one_whose_task_was_taken_while_it_stood_still_is_told_and_its_result_is_kept() {
    let team = Team::new();
    team.has(&["t"]);
    let [mut ann, mut bob] = [team.agent("ann"), team.agent("bob")];
    ann.answer("claim", json!({}));
    ann.pause();
    bob.answer("claim", json!({ "task": "t", "force": true }));
    ann.resume();

    let result = json!([{ "type": "result", "content": "all of it" }]);
    let finish = json!({ "task": "t", "status": "completed", "attempt": 1, "attachments": result });
    let fenced = ann.refusal("update", finish);

    assert_eq!(fenced.code, "fenced");
    assert!(fenced.message.contains("`bob` holds attempt 2"), "{}", fenced.message);
    let kept = "select attempt, content from attachments where attachment_type = 'result'";
    assert_eq!(team.rows(kept), [[json!(1), json!("all of it")]]);
    bob.answer("update", json!({ "task": "t", "status": "completed", "attempt": 2 }));
    team.check();
}

#[test]
fn one_whose_lease_ran_out_while_it_stood_still_is_told_who_followed_it_and_its_result_is_kept() {
    let team = Team::new();
    team.has(&["t"]);
    let mut ann = team.agent("ann");
    ann.answer("claim", json!({}));
    ann.pause();
    // Nobody is made to wait for the end of a lease: by bob's clock it is over.
    let taken = much_later(&team).answer("claim", json!({ "task": "t" }));
    ann.resume();

    let result = json!([{ "type": "result", "content": "all of it" }]);
    let finish = json!({ "task": "t", "status": "completed", "attempt": 1, "attachments": result });
    let fenced = ann.refusal("update", finish);

    assert_eq!(taken["task"]["attempt"], 2);
    assert_eq!(fenced.code, "fenced");
    assert!(fenced.message.contains("`bob` holds attempt 2"), "{}", fenced.message);
    let kept = "select attempt, content from attachments where attachment_type = 'result'";
    assert_eq!(team.rows(kept), [[json!(1), json!("all of it")]]);
    let lost = "select outcome, reason from attempts where attempt = 1";
    assert_eq!(team.rows(lost)[0][0], "expired");
    team.check();
}

#[test]
fn one_whose_client_is_connected_and_silent_keeps_its_task_and_is_shown_as_idle() {
    let team = Team::new();
    team.has(&["t"]);
    let mut ann = team.agent("ann");
    ann.answer("claim", json!({}));

    let mut bob = much_later(&team);
    let refused = bob.refusal("claim", json!({ "task": "t" }));
    let agents = bob.answer("list_agents", json!({ "task": "t" }));

    assert_eq!(refused.code, "held");
    assert_eq!((&agents["workers"][0]["id"], &agents["workers"][0]["idle"]), (&json!("ann"), &json!(true)));
    ann.answer("update", json!({ "task": "t", "status": "completed", "attempt": 1 }));
    team.check();
}

#[test]
fn neither_a_night_with_the_lid_closed_nor_a_clock_that_was_set_ends_a_lease() {
    let team = Team::new();
    team.has(&["t"]);
    assert_eq!(team.run_as("ann", &["connect"]).code, 0);
    let change = |sql: &str| Connection::open(team.file()).unwrap().execute(sql, []).unwrap();
    let here = || team.run(&["list_agents", "--json"]).json()["total"].clone();

    // As if a day had passed by the clock on the wall, and none while the machine was awake.
    change(
        "update workers set renewed_at = renewed_at - 86400000, last_heartbeat = last_heartbeat - 86400000",
    );
    let after_a_day = here();
    change("update workers set awake_ms = awake_ms - 301000");
    let after_the_lease = here();

    assert_eq!((after_a_day, after_the_lease), (json!(1), json!(0)));
}

/// Starts the server of `bob`, by whose clock everything else was long ago.
fn much_later(team: &Team) -> Agent {
    let mut program = team.program();
    program.env("TASK_GRAPH_WORKER_ID", "bob").env("TASK_GRAPH_NOW", "2100-01-01");
    Agent::start_server(program.arg("serve"))
}
