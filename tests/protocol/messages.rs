//! Messages between agents whose clients start a server each.

use serde_json::{Value, json};

use crate::support::team::Team;

fn lines(answer: &Value) -> Vec<String> {
    let lines = answer["messages"].as_array().cloned().unwrap_or_default();
    lines.iter().map(|line| line.as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_refusal_carries_messages_too() {
    let team = Team::new();
    let (mut ann, mut bob) = (team.agent("ann"), team.agent("bob"));
    ann.answer("connect", json!({}));
    bob.answer("send", json!({ "to": "ann", "kind": "stop", "text": "wait" }));

    let refused = ann.refusal("claim", json!({ "task": "nowhere" }));

    assert_eq!(refused.messages, ["#1 stop from bob: wait"]);
    assert_eq!(lines(&ann.answer("list_tasks", json!({}))), [""; 0]);
}

#[test]
fn calls_that_are_under_way_at_once_carry_a_message_once() {
    let team = Team::new();
    let (mut ann, mut bob) = (team.agent("ann"), team.agent("bob"));
    ann.answer("connect", json!({}));
    for number in 0..5 {
        bob.answer("send", json!({ "to": "ann", "text": format!("message {number} {}", "x".repeat(100)) }));
    }

    for _ in 0..20 {
        ann.start("list_tasks", json!({}));
        ann.start("thinking", json!({ "thought": "hm" }));
    }
    let told: Vec<String> = (0..40).flat_map(|_| lines(&ann.finish().unwrap())).collect();

    let mut told: Vec<&String> = told.iter().filter(|line| line.starts_with('#')).collect();
    told.sort();
    assert_eq!(told.len(), 5, "{told:?}");
    told.dedup();
    assert_eq!(told.len(), 5);
}

#[test]
fn a_resource_takes_no_message_away() {
    let team = Team::new();
    let (mut ann, mut bob) = (team.agent("ann"), team.agent("bob"));
    ann.answer("connect", json!({}));
    bob.answer("send", json!({ "to": "ann", "text": "hi" }));

    let read = ann.request("resources/read", json!({ "uri": "query://tasks/ready" }));

    assert!(!read.to_string().contains("from bob"), "{read}");
    assert_eq!(lines(&ann.answer("list_tasks", json!({}))), ["#1 from bob: hi"]);
}

#[test]
fn a_message_in_an_answer_that_was_lost_is_told_to_the_next_process() {
    let team = Team::new();
    let (mut ann, mut bob) = (team.agent("ann"), team.agent("bob"));
    ann.answer("connect", json!({}));
    bob.answer("send", json!({ "to": "ann", "text": "hi" }));
    ann.pause();
    ann.start("list_tasks", json!({}));
    ann.kill();

    let mut again = team.agent("ann");
    let answer = again.answer("connect", json!({}));

    assert!(answer.to_string().contains("#1 from bob: hi"), "{answer}");
}

#[test]
fn an_agent_says_who_it_is_and_a_person_need_not() {
    let team = Team::new();
    let mut ann = team.agent("ann");
    ann.answer("connect", json!({}));

    let refused = team.server().refusal("send", json!({ "to": "ann", "text": "hi" }));
    let ran = team.run(&["send", "--to", "ann", "--kind", "stop", "hold on"]);

    assert_eq!(refused.code, "input");
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert_eq!(lines(&ann.answer("list_tasks", json!({}))), ["#1 stop from a person: hold on"]);
}

#[test]
fn a_person_who_looks_into_the_inbox_of_an_agent_swallows_nothing() {
    let team = Team::new();
    let (mut ann, mut bob) = (team.agent("ann"), team.agent("bob"));
    ann.answer("connect", json!({}));
    bob.answer("send", json!({ "to": "ann", "kind": "stop", "text": "wait" }));

    let looked = team.run(&["inbox", "--worker-id", "ann"]);
    let read_by_bob = bob.answer("list_tasks", json!({ "worker_id": "ann" }));

    assert!(looked.out.contains("wait"), "{}", looked.out);
    assert_eq!(lines(&read_by_bob), [""; 0]);
    assert_eq!(lines(&ann.answer("list_tasks", json!({}))), ["#1 stop from bob: wait"]);
}

#[test]
fn a_repeated_request_does_not_repeat_messages() {
    let team = Team::new();
    let (mut ann, mut bob) = (team.agent("ann"), team.agent("bob"));
    ann.answer("connect", json!({}));
    bob.answer("send", json!({ "to": "ann", "text": "hi" }));
    let asked = json!({ "title": "new", "request_id": "r1" });

    let first = ann.answer("create", asked.clone());
    let again = ann.answer("create", asked);

    assert_eq!(lines(&first), ["#1 from bob: hi"]);
    assert_eq!(lines(&again), [""; 0]);
    assert_eq!(first["id"], again["id"]);
}

#[test]
fn an_answer_that_was_called_off_tells_nothing() {
    const LONG: &str =
        "with recursive n (x) as (select 1 union all select x + 1 from n) select max(x) from n";
    let team = Team::new();
    team.configure("limits: { query_ms: 700 }");
    let (mut ann, mut bob) = (team.agent("ann"), team.agent("bob"));
    ann.answer("connect", json!({}));
    bob.answer("send", json!({ "to": "ann", "text": "hi" }));
    ann.send_line(&call(77, LONG));
    let called_off = json!({
        "jsonrpc": "2.0", "method": "notifications/cancelled", "params": { "requestId": 77 },
    });
    ann.send_line(&called_off.to_string());

    // It ends after the one that was called off.
    let refused = ann.refusal("query", json!({ "sql": LONG }));
    let answer = ann.answer("list_tasks", json!({}));

    let told = [refused.messages, lines(&answer)].concat();
    assert_eq!(told, ["#1 from bob: hi"]);
}

/// A request of the protocol to run a query.
fn call(id: u64, sql: &str) -> String {
    let params = json!({ "name": "query", "arguments": { "worker_id": "ann", "sql": sql } });
    json!({ "jsonrpc": "2.0", "id": id, "method": "tools/call", "params": params }).to_string()
}
