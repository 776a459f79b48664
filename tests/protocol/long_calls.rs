//! A call that takes long holds nobody up.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::team::Team;

const ENDLESS: &str = "with recursive n (x) as (select 1 union all select x + 1 from n) select max(x) from n";

#[test]
fn others_are_answered_while_a_query_runs_away() {
    let team = Team::new();
    team.configure("limits: { query_ms: 1500 }");
    team.has(&["one"]);
    let mut agent = team.agent("ann");
    agent.answer("connect", json!({}));

    agent.start("more", json!({ "name": "query", "arguments": { "sql": ENDLESS } }));
    agent.start("claim", json!({ "task": "one" }));
    agent.start("thinking", json!({ "thought": "still here" }));
    agent.start("get", json!({ "task": "one" }));

    let heard: Vec<Value> = (0..4).map(|_| agent.hear()).collect();
    let [others @ .., last] = &heard[..] else { panic!("{heard:?}") };
    let said = last["result"]["content"][0]["text"].as_str().unwrap();
    assert!(said.starts_with("error[input]: `query` was stopped: it took too long"), "{said}");
    for answer in others {
        assert_eq!(answer["result"]["isError"], false, "{answer}");
    }
}

#[test]
fn a_server_with_a_runaway_query_ends_with_its_client() {
    let team = Team::new();
    let mut agent = team.agent("ann");
    agent.answer("connect", json!({}));
    agent.start("more", json!({ "name": "query", "arguments": { "sql": ENDLESS } }));

    agent.hang_up();

    let (status, _) = agent.end(Duration::from_secs(4));
    assert!(status.success());
}

#[test]
fn a_server_with_many_runaway_queries_ends_with_its_client() {
    let team = Team::new();
    team.configure("limits: { query_ms: 60000 }");
    let mut agent = team.agent("ann");
    agent.answer("connect", json!({}));
    for _ in 0..100 {
        agent.start("more", json!({ "name": "query", "arguments": { "sql": ENDLESS } }));
    }
    agent.start("claim", json!({}));
    let _ = agent.hear();

    agent.hang_up();

    let (status, _) = agent.end(Duration::from_secs(10));
    assert!(status.success());
}

#[test]
fn only_so_many_queries_run_at_once() {
    let team = Team::new();
    team.configure("limits: { query_ms: 300 }");
    let mut agent = team.agent("ann");
    agent.answer("connect", json!({}));
    for _ in 0..20 {
        agent.start("more", json!({ "name": "query", "arguments": { "sql": ENDLESS } }));
    }

    let said: Vec<String> =
        (0..20).map(|_| agent.hear()["result"]["content"][0]["text"].as_str().unwrap().to_owned()).collect();

    let busy = said.iter().filter(|text| text.starts_with("error[busy]: 4 queries ran already")).count();
    let stopped = said.iter().filter(|text| text.starts_with("error[input]: `query` was stopped")).count();
    assert!(busy > 0 && stopped >= 4 && busy + stopped == 20, "{said:#?}");
    let hint = "hint: wait for the answers to the others, or ask for less in each";
    assert!(said.iter().any(|text| text.contains(hint)), "{said:#?}");
}
