//! News of resources: told to those who asked for them, and not too often.

use std::time::Instant;

use serde_json::{Value, json};

use crate::protocol::eras::standing_alone;
use crate::support::agent::Agent;
use crate::support::team::Team;

const ALL: &str = "query://tasks/all";
const READY: &str = "query://tasks/ready";
const AGENTS: &str = "query://agents/all";
const MARKS: &str = "query://files/marks";

fn subscribe(agent: &mut Agent, address: &str) {
    let response = agent.request("resources/subscribe", json!({ "uri": address }));
    assert_eq!(response["result"], json!({}), "{response}");
}

/// Opens a stream as clients of the newer era do, and returns what was accepted.
fn listen(agent: &mut Agent, id: &str, addresses: &[&str]) -> Value {
    let filter = json!({ "resourceSubscriptions": addresses, "toolsListChanged": true });
    let params = json!({ "notifications": filter, "_meta": standing_alone("2026-07-28") });
    let listen = json!({ "jsonrpc": "2.0", "id": id, "method": "subscriptions/listen", "params": params });
    agent.send_line(&listen.to_string());
    let heard = agent.news();
    assert_eq!(heard["method"], "notifications/subscriptions/acknowledged", "{heard}");
    heard["params"]["notifications"].clone()
}

/// Waits for news, and returns of which address.
fn address(agent: &mut Agent) -> String {
    let news = agent.news();
    assert_eq!(news["method"], "notifications/resources/updated", "{news}");
    news["params"]["uri"].as_str().unwrap().to_owned()
}

fn server(team: &Team) -> Agent {
    let mut agent = team.server();
    agent.answer("connect", json!({ "worker_id": "ann" }));
    agent.answer("create", json!({ "id": "t", "title": "T" }));
    agent.answer("claim", json!({ "worker_id": "ann", "task": "t" }));
    agent
}

fn thinks(agent: &mut Agent) {
    agent.answer("thinking", json!({ "worker_id": "ann", "thought": "hm" }));
}

#[test]
fn a_change_is_told_to_who_subscribed_to_what_it_changes() {
    let team = Team::new();
    let mut agent = server(&team);
    subscribe(&mut agent, READY);
    subscribe(&mut agent, AGENTS);
    subscribe(&mut agent, "query://tasks/tree/t");

    thinks(&mut agent);
    let of_thought = address(&mut agent);
    agent.answer("create", json!({ "title": "New" }));
    let of_task = [address(&mut agent), address(&mut agent), address(&mut agent)];

    assert_eq!(of_thought, AGENTS);
    assert_eq!(of_task, [AGENTS, READY, "query://tasks/tree/t"]);
}

#[test]
fn who_unsubscribed_is_told_nothing_more() {
    let team = Team::new();
    let mut agent = server(&team);
    subscribe(&mut agent, ALL);
    subscribe(&mut agent, READY);

    let gone = agent.request("resources/unsubscribe", json!({ "uri": ALL }));
    agent.answer("create", json!({ "title": "New" }));

    assert_eq!(gone["result"], json!({}));
    assert_eq!(address(&mut agent), READY);
    // The next news are of what was subscribed to last: nothing of the other came before.
    subscribe(&mut agent, AGENTS);
    thinks(&mut agent);
    assert_eq!(address(&mut agent), AGENTS);
}

#[test]
fn a_refused_call_and_one_that_only_reads_are_no_news() {
    let team = Team::new();
    let mut agent = server(&team);
    subscribe(&mut agent, ALL);
    subscribe(&mut agent, AGENTS);

    agent.refusal("claim", json!({ "worker_id": "ann", "task": "nobody" }));
    agent.answer("list_tasks", json!({}));
    thinks(&mut agent);

    assert_eq!(address(&mut agent), AGENTS);
}

#[test]
fn a_burst_of_changes_is_little_news() {
    const BURST: usize = 200;
    let team = Team::new();
    let mut agent = server(&team);
    subscribe(&mut agent, ALL);

    let began = Instant::now();
    for _ in 0..BURST {
        agent.answer("create", json!({ "title": "New" }));
    }
    // News of a thought come after all those of the burst, but for the last.
    subscribe(&mut agent, AGENTS);
    thinks(&mut agent);
    let told = std::iter::from_fn(|| Some(address(&mut agent))).take_while(|address| address == ALL).count();

    let most = began.elapsed().as_millis() as usize / 200 + 1;
    assert!((1..=most).contains(&told), "{told} in {:?}", began.elapsed());
}

#[test]
fn a_stream_tells_of_what_it_was_opened_for_under_its_own_name() {
    let team = Team::new();
    let mut agent = server(&team);

    let accepted = listen(&mut agent, "s1", &[READY, "query://nothing", AGENTS]);
    let other = listen(&mut agent, "s2", &[AGENTS]);
    thinks(&mut agent);
    let news = [agent.news(), agent.news()];
    agent.answer("create", json!({ "title": "New" }));
    let more = [address(&mut agent), address(&mut agent), address(&mut agent)];

    assert_eq!(accepted, json!({ "resourceSubscriptions": [READY, AGENTS] }));
    assert_eq!(other, json!({ "resourceSubscriptions": [AGENTS] }));
    for (news, id) in news.iter().zip(["s1", "s2"]) {
        assert_eq!(news["params"]["uri"], AGENTS);
        assert_eq!(news["params"]["_meta"]["io.modelcontextprotocol/subscriptionId"], id, "{news}");
    }
    assert_eq!(more, [AGENTS, READY, AGENTS]);
}

#[test]
fn a_stream_that_was_cancelled_is_told_nothing_more() {
    let team = Team::new();
    let mut agent = server(&team);
    listen(&mut agent, "s1", &[ALL]);
    listen(&mut agent, "s2", &[READY]);

    let cancelled = json!({ "requestId": "s1" });
    let line = json!({ "jsonrpc": "2.0", "method": "notifications/cancelled", "params": cancelled });
    agent.send_line(&line.to_string());
    agent.answer("create", json!({ "title": "New" }));

    assert_eq!(address(&mut agent), READY);
}

#[test]
fn nobody_can_subscribe_to_nothing() {
    let team = Team::new();
    let mut agent = team.server();

    let refused = agent.request("resources/subscribe", json!({ "uri": "query://tasks/redy" }));
    let unread = agent.request("resources/subscribe", json!({}));

    assert_eq!(refused["error"]["code"], -32002, "{refused}");
    assert!(refused["error"]["message"].as_str().unwrap().contains(READY), "{refused}");
    assert_eq!(unread["error"]["code"], -32602, "{unread}");
}

#[test]
fn what_another_process_changes_is_told_to_clients_of_both_eras() {
    let team = Team::new();
    team.has(&["t", "part"]);
    let [mut old, mut new] = [team.server(), team.server()];
    let mut other = team.server();
    subscribe(&mut old, "query://tasks/tree/t");
    subscribe(&mut old, "query://tasks/agent/ann");
    // Its answer to the greeting comes first.
    new.request("ping", json!({}));
    listen(&mut new, "s1", &["query://tasks/tree/t", AGENTS, MARKS]);

    other.answer("connect", json!({ "worker_id": "ann" }));
    let came = address(&mut new);
    other.answer("link", json!({ "from": "t", "to": "part", "type": "contains" }));
    let linked = [address(&mut old), address(&mut old), address(&mut new), address(&mut new)];
    other.answer("mark_file", json!({ "worker_id": "ann", "file": "f" }));
    let marked = address(&mut new);

    assert_eq!(came, AGENTS);
    assert_eq!(linked, ["query://tasks/agent/ann", "query://tasks/tree/t", AGENTS, "query://tasks/tree/t"]);
    assert_eq!(marked, MARKS);
}

#[test]
fn a_burst_in_other_processes_is_little_news() {
    const BURST: usize = 200;
    let team = Team::new();
    let mut agent = team.server();
    let mut others: Vec<Agent> = (0..3).map(|_| team.server()).collect();
    subscribe(&mut agent, ALL);

    let began = Instant::now();
    for _ in 0..BURST {
        others.iter_mut().for_each(|other| other.start("create", json!({ "title": "New" })));
    }
    for other in &mut others {
        (0..BURST).for_each(|_| drop(other.finish().unwrap()));
    }
    // News of a worker come after all those of the burst, but for the last.
    subscribe(&mut agent, AGENTS);
    others[0].answer("connect", json!({ "worker_id": "ann" }));
    let told = std::iter::from_fn(|| Some(address(&mut agent)));
    let told = told.take_while(|address| address == ALL).count();

    let most = began.elapsed().as_millis() as usize / 200 + 1;
    assert!((1..=most).contains(&told), "{told} in {:?}", began.elapsed());
}

#[test]
fn who_left_and_came_again_is_told_of_others_again() {
    let team = Team::new();
    let mut agent = team.server();
    let mut other = team.server();
    for _ in 0..3 {
        subscribe(&mut agent, ALL);
        other.answer("create", json!({ "title": "New" }));
        assert_eq!(address(&mut agent), ALL);
        agent.request("resources/unsubscribe", json!({ "uri": ALL }));
    }
}
