//! The same made from a template by many.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::support::agent::Agent;
use crate::support::team::Team;

#[test]
fn the_same_keys_from_eight_processes_make_one_task_each() {
    const KEYS: usize = 1_000;
    const AT_A_CALL: usize = 20;
    let team = Team::new();
    let duplicates = json!({ "on": "existing", "window": "ever" });
    let define = json!({ "name": "look", "title": "Look at {{file}}", "duplicates": duplicates });
    team.server().answer("define_template", define);
    let mut agents = team.agents(8);

    let mut made = 0;
    for at in (0..KEYS).step_by(AT_A_CALL) {
        for (number, agent) in agents.iter_mut().enumerate() {
            // Each comes upon the keys in an order of its own.
            let key = |n: usize| json!({ "file": format!("f{}", (at + n + number * 125) % KEYS) });
            let vars: Vec<Value> = (0..AT_A_CALL).map(key).collect();
            agent.start("instantiate", json!({ "template": "look", "vars": vars }));
        }
        for agent in &mut agents {
            made += agent.finish().unwrap()["created"].as_u64().unwrap();
        }
    }

    assert_eq!(made as usize, KEYS);
    assert_eq!(team.rows("select count(*), count(distinct title) from tasks"), [[KEYS, KEYS]]);
    team.check();
}

#[test]
fn a_key_is_made_once_by_calls_of_one_task() {
    let team = Team::new();
    team.server().answer("define_template", json!({ "name": "look", "vars": { "file": "string" } }));
    let mut agents = team.agents(8);

    for key in 0..25 {
        let ask = json!({ "template": "look", "vars": { "file": key }, "on_duplicate": "existing" });
        agents.iter_mut().for_each(|agent| agent.start("instantiate", ask.clone()));
        let answers: Vec<Value> =
            agents.iter_mut().map(|agent: &mut Agent| agent.finish().unwrap()).collect();

        let ids: BTreeSet<&str> = answers.iter().map(|answer| answer["id"].as_str().unwrap()).collect();
        assert_eq!(ids.len(), 1, "{answers:?}");
        assert_eq!(answers.iter().filter(|answer| answer["existing"] == true).count(), 7);
    }
    team.check();
}

#[test]
fn a_project_is_made_once_and_a_pause_holds_for_all() {
    let team = Team::new();
    let mut agents = team.agents(8);

    agents.iter_mut().for_each(|agent| agent.start("project", json!({ "name": "web" })));
    let made: Vec<Value> = agents.iter_mut().map(|agent| agent.finish().unwrap()).collect();
    assert_eq!(made.iter().filter(|made| made["created"] == true).count(), 1, "{made:?}");
    let tasks: Vec<Value> = (0..40).map(|n| json!({ "title": format!("t{n}"), "parent": "web" })).collect();
    agents[0].answer("create", json!({ "tasks": tasks }));

    agents[0].start("project", json!({ "name": "web", "state": "paused" }));
    for agent in &mut agents[1..] {
        agent.start("claim", json!({ "count": 1 }));
    }
    agents.iter_mut().for_each(|agent| drop(agent.finish().unwrap()));

    let late = agents[0].answer("claim", json!({ "count": 1 }));
    assert_eq!(late["task"], json!(null), "{late}");
    let (pause, claims) = (
        "select id from events where event = 'project' and after ->> 'state' = 'paused'",
        "select max(id) from events where event = 'status' and cause = 'claim'",
    );
    let (pause, last) = (team.rows(pause)[0][0].as_i64(), team.rows(claims)[0][0].as_i64());
    assert!(last.is_none() || last < pause, "{last:?} {pause:?}");
    team.check();
}
