//! Calls that wait for something to happen: others go on, and who waits can be called off.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::protocol::eras::standing_alone;
use crate::support::agent::Agent;
use crate::support::team::Team;

/// Calls `wait` under an id of the test's own.
fn wait(agent: &mut Agent, id: &str, arguments: Value, mut meta: Value) {
    if meta.is_null() {
        meta = json!({});
    }
    let params = json!({ "name": "wait", "arguments": arguments, "_meta": meta });
    let call = json!({ "jsonrpc": "2.0", "id": id, "method": "tools/call", "params": params });
    agent.send_line(&call.to_string());
}

fn cancel(agent: &mut Agent, id: &str) {
    let params = json!({ "requestId": id });
    agent.send_line(
        &json!({ "jsonrpc": "2.0", "method": "notifications/cancelled", "params": params }).to_string(),
    );
}

#[test]
fn others_are_answered_while_many_wait() {
    let team = Team::new();
    team.has(&["t"]);
    let mut agent = team.agent("ann");

    for n in 0..40 {
        wait(&mut agent, &format!("w{n}"), json!({ "task": "t" }), Value::Null);
    }
    agent.answer("claim", json!({ "task": "t" }));
    agent.start("update", json!({ "task": "t", "status": "completed" }));
    let heard: Vec<Value> = (0..41).map(|_| agent.hear()).collect();

    for answer in heard.iter().filter(|answer| answer["id"].is_string()) {
        assert_eq!(answer["result"]["structuredContent"]["ended"][0]["id"], "t", "{answer}");
    }
}

#[test]
fn a_wait_that_was_called_off_takes_nothing() {
    for meta in [Value::Null, standing_alone("2026-07-28")] {
        let team = Team::new();
        let [mut ann, mut bob] = ["ann", "bob"].map(|name| team.agent(name));
        for agent in [&mut ann, &mut bob] {
            agent.answer("connect", json!({}));
        }
        wait(&mut ann, "w", json!({ "claim": true }), meta);
        // Both are under way when this is answered.
        ann.request("ping", json!({}));

        cancel(&mut ann, "w");
        ann.request("ping", json!({}));
        team.has(&["t"]);
        bob.start("wait", json!({ "claim": true }));

        assert_eq!(bob.finish().unwrap()["task"]["id"], "t");
        // Nothing more is said of a call that was called off: else this would not be the next thing said.
        assert_eq!(ann.request("ping", json!({}))["result"], json!({}));
    }
}

#[test]
fn a_server_with_calls_that_wait_ends_with_its_client() {
    let team = Team::new();
    let mut agent = team.agent("ann");
    agent.answer("connect", json!({}));
    (0..20).for_each(|n| wait(&mut agent, &format!("w{n}"), json!({}), Value::Null));
    agent.request("ping", json!({}));

    let began = Instant::now();
    agent.hang_up();
    let (status, _) = agent.end(Duration::from_secs(4));

    assert!(status.success());
    assert!(began.elapsed() < Duration::from_millis(500), "{:?}", began.elapsed());
}

#[test]
fn who_asked_for_progress_hears_that_a_call_still_waits() {
    let team = Team::new();
    let mut agent = team.agent("ann");
    agent.answer("connect", json!({}));

    wait(&mut agent, "w", json!({ "timeout": 2 }), json!({ "progressToken": "p" }));
    let [progress, answer] = [agent.hear(), agent.hear()];

    assert_eq!(progress["method"], "notifications/progress");
    assert_eq!(progress["params"], json!({ "progressToken": "p", "progress": 1.0, "message": "waiting" }));
    assert_eq!(answer["result"]["structuredContent"]["timed_out"], true, "{answer}");
}

#[test]
fn waiting_is_reached_through_more_as_well() {
    let team = Team::new();
    let mut agent = team.agent("ann");
    agent.answer("connect", json!({}));

    agent.start("more", json!({ "name": "wait", "arguments": { "claim": true } }));
    team.has(&["t"]);

    assert_eq!(agent.finish().unwrap()["task"]["id"], "t");
}
