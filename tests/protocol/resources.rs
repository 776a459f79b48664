//! Resources: listed, read, and refused where there are none.

use std::fs;

use serde_json::{Value, json};

use crate::protocol::eras::standing_alone;
use crate::support::agent::Agent;
use crate::support::team::Team;

fn read(agent: &mut Agent, address: &str) -> Value {
    let response = agent.request("resources/read", json!({ "uri": address }));
    let contents = &response["result"]["contents"];
    assert_eq!(contents.as_array().map(Vec::len), Some(1), "{response}");
    assert_eq!(contents[0]["uri"], address);
    contents[0].clone()
}

/// Reads a resource of JSON.
fn facts(agent: &mut Agent, address: &str) -> Value {
    let content = read(agent, address);
    assert_eq!(content["mimeType"], "application/json");
    serde_json::from_str(content["text"].as_str().unwrap()).unwrap()
}

fn ids(rows: &Value) -> Vec<&str> {
    rows.as_array().unwrap().iter().map(|row| row["id"].as_str().unwrap()).collect()
}

/// A team in which `ann` holds `held`, `late` waits for it, and `part` is in `whole`.
fn team() -> (Team, Agent) {
    let team = Team::new();
    let mut agent = team.server();
    agent.answer("connect", json!({ "worker_id": "ann" }));
    let tasks = json!([
        { "id": "held", "title": "Held", "priority": 9 },
        { "id": "late", "title": "Late", "blocked_by": ["held"] },
        { "id": "whole", "title": "Whole", "tasks": [{ "id": "part/1", "title": "Part" }] },
    ]);
    agent.answer("create", json!({ "tasks": tasks }));
    agent.answer("claim", json!({ "worker_id": "ann" }));
    (team, agent)
}

#[test]
fn every_listed_resource_can_be_read_as_what_it_says_it_is() {
    let (_team, mut agent) = team();

    let list = agent.request("resources/list", json!({}))["result"]["resources"].take();

    let list = list.as_array().unwrap();
    assert!(list.len() >= 17, "{list:?}");
    for resource in list {
        let address = resource["uri"].as_str().unwrap();
        let content = read(&mut agent, address);
        assert_eq!(content["mimeType"], resource["mimeType"], "{address}");
        let text = content["text"].as_str().unwrap();
        match resource["mimeType"].as_str().unwrap() {
            "application/json" => assert!(serde_json::from_str::<Value>(text).unwrap().is_object()),
            "text/markdown" => assert!(text.starts_with("# "), "{text}"),
            other => panic!("{other}"),
        }
        assert!(resource["name"].is_string() && resource["description"].is_string(), "{resource}");
    }
}

#[test]
fn a_resource_shows_what_its_tool_shows() {
    let (_team, mut agent) = team();

    for (address, tool, arguments) in [
        ("query://tasks/ready", "list_tasks", json!({ "ready": true })),
        ("query://tasks/blocked", "list_tasks", json!({ "blocked": true })),
        ("query://tasks/claimed", "list_tasks", json!({ "claimed": true })),
        ("query://tasks/agent/ann", "list_tasks", json!({ "owner": "ann" })),
        ("query://tasks/tree/whole", "scan", json!({ "task": "whole", "below": -1 })),
        ("query://agents/all", "list_agents", json!({})),
        ("query://files/marks", "list_marks", json!({ "limit": 100 })),
        ("query://stats/summary", "status_summary", json!({})),
        ("config://states", "config", json!({ "key": "states." })),
        ("docs://skills/list", "list_skills", json!({})),
    ] {
        assert_eq!(facts(&mut agent, address), agent.answer(tool, arguments), "{address}");
    }
    assert_eq!(ids(&facts(&mut agent, "query://tasks/claimed")["tasks"]), ["held"]);
    assert_eq!(ids(&facts(&mut agent, "query://tasks/ready")["tasks"]), ["part/1"]);
    let overlays = agent.answer("list_workflows", json!({}))["overlays"].take();
    assert_eq!(facts(&mut agent, "docs://overlays/list"), json!({ "overlays": overlays }));
    let skill = read(&mut agent, "docs://skills/task-graph-worker");
    assert_eq!(skill["text"], agent.answer("get_skill", json!({ "name": "worker" }))["content"]);
}

#[test]
fn the_parts_of_the_settings_are_there_with_their_values() {
    let team = Team::new();
    team.configure("tags: { definitions: { rust: { category: language } } }");
    let mut agent = team.server();

    for (address, key, value) in [
        ("config://current", "server.claim_limit", json!(5)),
        ("config://states", "states.working.timed", json!(true)),
        ("config://dependencies", "dependencies.definitions.blocks.blocks", json!("start")),
        ("config://tags", "tags.definitions.rust.category", json!("language")),
    ] {
        let shown = facts(&mut agent, address);
        let settings = shown["settings"].as_array().unwrap();
        let setting = settings.iter().find(|setting| setting["key"] == key);
        assert_eq!(setting.unwrap()["value"], value, "{address}");
    }
    let phases = facts(&mut agent, "config://phases");
    assert!(phases["settings"][0]["value"].as_array().unwrap().contains(&json!("implement")), "{phases}");
}

#[test]
fn templates_are_filled_in_with_names_as_they_are_or_escaped() {
    let (_team, mut agent) = team();

    let templates =
        agent.request("resources/templates/list", json!({}))["result"]["resourceTemplates"].take();

    let addresses: Vec<_> = templates.as_array().unwrap().iter().map(|row| &row["uriTemplate"]).collect();
    assert_eq!(
        addresses,
        [
            "query://tasks/agent/{agent_id}",
            "query://tasks/tree/{task_id}",
            "docs://skills/{name}",
            "docs://workflows/{name}",
            "docs://overlays/{name}",
        ]
    );
    assert_eq!(facts(&mut agent, "docs://workflows/kanban")["name"], "kanban");
    assert_eq!(facts(&mut agent, "docs://overlays/git")["gates"][0]["type"], "gate/commit");
    assert_eq!(facts(&mut agent, "query://tasks/tree/part/1")["root"]["id"], "part/1");
    assert_eq!(facts(&mut agent, "query://tasks/tree/part%2F1")["root"]["id"], "part/1");
}

#[test]
fn in_the_newer_era_lists_and_contents_say_how_long_they_hold() {
    let (_team, mut agent) = team();
    let meta = standing_alone("2026-07-28");
    for (method, params) in [
        ("resources/list", json!({ "_meta": meta })),
        ("resources/templates/list", json!({ "_meta": meta })),
        ("resources/read", json!({ "uri": "query://tasks/all", "_meta": meta })),
    ] {
        let result = agent.request(method, params)["result"].take();

        assert_eq!((&result["resultType"], &result["cacheScope"]), (&json!("complete"), &json!("private")));
        assert_eq!(result["ttlMs"] == 0, method != "resources/templates/list", "{result}");
    }
}

#[test]
fn an_address_of_nothing_is_refused_with_what_was_meant() {
    let (_team, mut agent) = team();
    let meta = standing_alone("2026-07-28");
    for (address, meant) in [
        ("query://tasks/redy", "`query://tasks/ready`"),
        ("query://tasks/tree/helt", "`held`"),
        ("docs://skills/wroker", "`worker`"),
        ("docs://overlays/gti", "`git`"),
        ("docs://overlays/kanban", "`git`"),
        ("docs://skills", "`docs://skills/list`, `docs://skills/{name}`"),
        ("file:///etc/passwd", "query://tasks/all"),
    ] {
        let older = agent.request("resources/read", json!({ "uri": address }));
        let newer = agent.request("resources/read", json!({ "uri": address, "_meta": meta }));

        assert_eq!(older["error"]["code"], -32002, "{older}");
        assert_eq!(newer["error"]["code"], -32602, "{newer}");
        assert!(older["error"]["message"].as_str().unwrap().contains(meant), "{older}");
        assert_eq!(older["error"]["data"]["code"], "not_found");
    }
    let without = agent.request("resources/read", json!({}));
    assert_eq!(without["error"]["code"], -32602, "{without}");
}

#[test]
fn a_resource_is_bounded() {
    let team = Team::new();
    let mut agent = team.server();
    let tasks: Vec<Value> = (0..500)
        .map(|number| json!({ "title": format!("{number} {}", "x".repeat(490)), "parent": "top" }))
        .collect();
    agent.answer("create", json!({ "id": "top", "title": "Top" }));
    agent.answer("create", json!({ "tasks": tasks }));

    for address in ["query://tasks/all", "query://tasks/ready", "query://tasks/tree/top"] {
        let text = read(&mut agent, address)["text"].as_str().unwrap().len();
        assert!((5_000..40_000).contains(&text), "{address}: {text}");
    }
    let shown = facts(&mut agent, "query://tasks/all");
    assert_eq!((shown["tasks"].as_array().unwrap().len(), &shown["total"]), (100, &json!(501)));
    let next = agent.answer("list_tasks", json!({ "cursor": shown["cursor"], "limit": 1 }));
    assert_eq!(next["tasks"].as_array().unwrap().len(), 1);
}

#[test]
fn the_project_s_own_skills_are_listed_and_read() {
    let team = Team::new();
    let folder = team.folder().join(".task-graph/skills/house");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("SKILL.md"), "---\nname: house\ndescription: Our rules.\n---\n# House\n").unwrap();
    let mut agent = team.server();

    let list = agent.request("resources/list", json!({}))["result"]["resources"].take();

    let listed = list.as_array().unwrap().iter().find(|row| row["uri"] == "docs://skills/house").unwrap();
    assert_eq!(listed["description"], "Our rules.");
    let content = read(&mut agent, "docs://skills/house");
    assert_eq!((&content["text"], &content["mimeType"]), (&json!("# House\n"), &json!("text/markdown")));
}

#[test]
fn a_server_whose_store_cannot_be_used_says_so_when_it_is_read() {
    let team = Team::new();
    fs::create_dir_all(team.file().parent().unwrap()).unwrap();
    fs::write(team.file(), "this is not a database, however long it may be").unwrap();
    let mut agent = team.server();

    let list = agent.request("resources/list", json!({}));
    let read = agent.request("resources/read", json!({ "uri": "query://tasks/all" }));
    let subscribed = agent.request("resources/subscribe", json!({ "uri": "query://tasks/all" }));

    assert!(list["result"]["resources"].as_array().unwrap().len() >= 12);
    for refused in [read, subscribed] {
        assert_eq!(refused["error"]["data"]["code"], "foreign_database", "{refused}");
    }
}
