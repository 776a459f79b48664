//! A task that is made again and again, by whichever process comes by first.

use std::process::Stdio;

use serde_json::{Value, json};
use task_graph::domain::Timestamp;

use crate::support::agent::Agent;
use crate::support::team::Team;

const PROCESSES: usize = 6;
const FIRINGS: usize = 1_000;
const MINUTE: i64 = 60_000;

#[test]
fn a_schedule_fires_exactly_once_for_each_of_its_times_whoever_is_killed() {
    let team = Team::new();
    let start: Timestamp = "2026-01-31T12:00:00Z".parse().unwrap();
    let at = |minutes: usize| start.after(minutes as i64 * MINUTE).to_string();
    let task = json!({ "title": "Sweep" }).to_string();
    let schedule = ["schedule", "sweep", "--cron", "* * * * *", "--missed", "all", "--task", &task];
    let made = team.program().env("TASK_GRAPH_NOW", at(0)).args(schedule).output().unwrap();
    assert!(made.status.success(), "{made:?}");

    // The clock goes on by one time, or by some that are made up for.
    let steps = (1..=40).chain((1..=24).map(|step| 40 + step * 40));
    for minutes in steps {
        let command = |words: &[&str]| {
            let mut command = team.program();
            command.env("TASK_GRAPH_NOW", at(minutes)).args(words);
            command
        };
        let mut killed = Agent::start_server(&mut command(&["serve"]));
        killed.start("list_tasks", json!({ "ready": true }));
        let others: Vec<_> = (1..PROCESSES)
            .map(|_| command(&["list-tasks", "--ready"]).stdout(Stdio::null()).spawn().unwrap())
            .collect();
        killed.kill();
        for mut other in others {
            assert!(other.wait().unwrap().success());
        }
    }

    let firings =
        team.rows("select count(*), count(distinct at), count(distinct task), min(at), max(at) from firings");
    let last = start.after(FIRINGS as i64 * MINUTE).0;
    let expected: [Value; 5] =
        [json!(FIRINGS), json!(FIRINGS), json!(FIRINGS), json!(start.0 + MINUTE), json!(last)];
    assert_eq!(firings, [expected]);
    assert_eq!(team.rows("select count(*) from tasks"), [[FIRINGS]]);
    assert_eq!(team.rows("select count(*) from events where event = 'fired'"), [[FIRINGS]]);
    team.check();
}
