//! What the server tells an agent to do: done word for word, it works.

use std::collections::HashMap;

use serde_json::{Value, json};
use task_graph::ops::CATALOGUE;

use crate::support::agent::Agent;
use crate::support::calls::{call, quoted};
use crate::support::team::Team;

fn instructions(agent: &mut Agent) -> String {
    let hello = json!({
        "protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": { "name": "test", "version": "1" },
    });
    let about = agent.request("initialize", hello);
    about["result"]["instructions"].as_str().unwrap().to_owned()
}

#[test]
fn the_instructions_have_at_most_120_words() {
    let text = instructions(&mut Team::new().server());

    assert!(text.split_whitespace().count() <= 120);
}

#[test]
fn every_call_in_the_instructions_works_in_their_order() {
    let team = Team::new();
    let mut agent = team.server();
    let text = instructions(&mut agent);
    // The instructions speak of tasks that are there: `t1` is the best, `t2` comes after it.
    let tasks = json!([{ "id": "t1", "title": "Best", "priority": 9 }, { "id": "t2", "title": "Next" }]);
    agent.answer("create", json!({ "tasks": tasks }));
    let calls: Vec<_> = quoted(&text).into_iter().filter_map(call).collect();
    assert!(calls.len() >= 6, "{calls:?}");

    let mut counted: HashMap<&str, usize> = HashMap::new();
    for (name, mut arguments) in calls {
        // `t1` has ended where the instructions come to planning: new tasks go under another.
        if arguments.get("parent") == Some(&json!("t1")) {
            agent.answer("create", json!({ "id": "p1", "title": "Parent" }));
            arguments.insert("parent".into(), "p1".into());
        }
        agent.answer(name, Value::Object(arguments));
        *counted.entry(name).or_default() += 1;
    }

    assert_eq!(team.rows("select status from tasks where id = 't1'"), [["completed"]]);
    assert!(counted["create"] >= 2 && counted["claim"] >= 2, "{counted:?}");
    team.check();
}

#[test]
fn every_call_in_the_instructions_for_queues_works_in_their_order() {
    let team = Team::new();
    let mut agent = Agent::start_server(team.program().args(["--toolset", "queue", "serve"]));
    let text = instructions(&mut agent);
    agent.answer("create_project", json!({ "name": "mail", "description": "Threads", "lease_duration": 5 }));
    for id in ["j1", "j2"] {
        let task = json!({ "id": id, "title": "Sum it up", "parent": "mail" });
        agent.answer("more", json!({ "name": "create", "arguments": task }));
    }
    let calls: Vec<_> = quoted(&text).into_iter().filter_map(call).collect();
    assert!(calls.len() >= 4, "{calls:?}");

    for (name, arguments) in calls {
        if name == "fail_task" {
            agent.answer("request_task", json!({ "project": "mail", "agent_name": "ann" }));
        }
        agent.answer(name, Value::Object(arguments));
    }

    let ended = team.rows("select status from tasks where id in ('j1', 'j2') order by id");
    assert_eq!(ended, [["completed"], ["pending"]]);
    team.check();
}

#[test]
fn every_name_in_the_instructions_is_a_tool_that_can_be_called() {
    let team = Team::new();
    let mut agent = team.server();
    let text = instructions(&mut agent);

    let bare = quoted(&text).into_iter().filter(|quoted| call(quoted).is_none());
    for name in bare.filter(|name| *name != "more") {
        agent.answer("more", json!({ "name": name }));
    }
}

#[test]
fn the_instructions_name_only_tools_that_are_listed() {
    for toolset in ["core", "full", "queue"] {
        let team = Team::new();
        let mut agent = Agent::start_server(team.program().args(["--toolset", toolset, "serve"]));
        let text = instructions(&mut agent);
        let list = agent.request("tools/list", json!({}));
        let tools = list["result"]["tools"].as_array().unwrap();
        let listed: Vec<&str> = tools.iter().filter_map(|tool| tool["name"].as_str()).collect();

        // A sentence about `more` may name operations that it reaches.
        let of_more = text.split("`more`").skip(1).filter_map(|after| after.split('.').next());
        let of_more: Vec<&str> = of_more.flat_map(|after| after.split('`').skip(1).step_by(2)).collect();
        for name in quoted(&text).into_iter().map(|quoted| call(quoted).map_or(quoted, |(name, _)| name)) {
            let is_operation = CATALOGUE.iter().any(|entry| entry.name == name);
            let is_reached = of_more.contains(&name);
            assert!(!is_operation || is_reached || listed.contains(&name), "{toolset}: `{name}`");
        }
    }
}

#[test]
fn advice_names_only_tools_that_are_listed_or_how_to_reach_them() {
    let team = Team::new();
    let mut agent = team.server();
    agent.answer("connect", json!({ "worker_id": "ann" }));
    agent.answer("create", json!({ "id": "t", "title": "T" }));
    agent.answer("more", json!({ "name": "delete", "arguments": { "worker_id": "ann", "task": "t" } }));

    let refused = agent.refusal("claim", json!({ "worker_id": "ann", "task": "t" }));

    assert_eq!(refused.hint, "`undelete` brings it back (`more` runs `undelete`)");
}

#[test]
fn a_project_may_say_in_its_own_words_what_agents_are_told() {
    let team = Team::new();
    team.configure("instructions: Ask for a ticket.\ntools: { claim: { description: Take a ticket. } }");

    let mut agent = team.server();

    assert_eq!(instructions(&mut agent), "Ask for a ticket.");
}

#[test]
fn a_description_of_an_operation_that_is_not_there_is_refused() {
    let team = Team::new();
    team.configure("tools: { clam: { description: Take a ticket. } }");

    let refused = team.server().call("claim", json!({ "worker_id": "ann" })).unwrap_err();

    assert_eq!(refused.code, "config");
    assert!(refused.message.contains("clam"), "{}", refused.message);
}
