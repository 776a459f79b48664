//! The tools that clients are shown.

use serde_json::{Value, json};
use task_graph::Effect;
use task_graph::ops::{CATALOGUE, Shelf};

use crate::support::agent::Agent;
use crate::support::team::Team;

fn listed(team: &Team, toolset: &str) -> Vec<Value> {
    let mut agent = Agent::start_server(team.program().args(["--toolset", toolset, "serve"]));
    let list = agent.request("tools/list", json!({}));
    list["result"]["tools"].as_array().unwrap().clone()
}

#[test]
fn the_list_is_the_same_each_time_and_in_the_order_of_the_catalogue() {
    let team = Team::new();
    let (core, again) = (listed(&team, "core"), listed(&team, "core"));
    let full = listed(&team, "full");

    let shown = CATALOGUE.iter().filter(|entry| entry.shelf <= Shelf::Core);
    let names: Vec<&str> = shown.map(|entry| entry.name).chain(["more"]).collect();
    assert_eq!(json!(core).to_string(), json!(again).to_string());
    assert_eq!(core.iter().map(|tool| &tool["name"]).collect::<Vec<_>>(), names);
    let all = CATALOGUE.iter().filter(|entry| entry.shelf <= Shelf::Full);
    let all: Vec<&str> = all.map(|entry| entry.name).chain(["more"]).collect();
    assert_eq!(full.iter().map(|tool| &tool["name"]).collect::<Vec<_>>(), all);
}

#[test]
fn every_tool_says_whether_it_reads_changes_or_destroys() {
    const READ: &[&str] = &[
        "list_tasks",
        "get",
        "explain",
        "status_summary",
        "events",
        "scan",
        "task_history",
        "project_history",
        "results",
        "stats",
        "list_marks",
        "inbox",
        "resume",
        "list_agents",
        "attachments",
        "get_metrics",
        "search",
        "query",
        "get_schema",
        "list_feedback",
        "config",
        "list_skills",
        "get_skill",
        "check_gates",
        "list_workflows",
        "get_prompts",
        "get_advisory",
        "projects",
        "templates",
        "schedules",
    ];
    const DESTROY: &[&str] = &["delete", "detach", "unlink", "more"];
    let team = Team::new();

    for tool in listed(&team, "full").iter().chain(&listed(&team, "core")) {
        let name = tool["name"].as_str().unwrap();
        let hints = match READ.contains(&name) {
            true => json!({ "readOnlyHint": true }),
            false => json!({ "destructiveHint": DESTROY.contains(&name), "openWorldHint": false }),
        };
        assert_eq!(tool["annotations"], hints, "{name}");
    }
}

#[test]
fn five_tools_ask_to_be_loaded_at_once() {
    let team = Team::new();
    let core = listed(&team, "core");
    let eager = core.iter().filter(|tool| tool["_meta"]["anthropic/alwaysLoad"] == true);

    let names: Vec<&str> = eager.filter_map(|tool| tool["name"].as_str()).collect();

    assert_eq!(names, ["connect", "claim", "update", "create", "list_tasks"]);
}

#[test]
fn every_schema_of_a_tool_is_a_valid_schema() {
    let team = Team::new();
    for tool in listed(&team, "full").iter().chain(&listed(&team, "core")) {
        let schema = &tool["inputSchema"];
        jsonschema::meta::validate(schema).unwrap_or_else(|error| panic!("{tool}: {error}"));
        assert_eq!(schema["type"], "object", "{tool}");
    }
}

#[test]
fn more_lists_describes_and_runs_what_the_list_leaves_out() {
    let team = Team::new();
    let core = listed(&team, "core");
    let mut agent = team.server();

    let index = agent.answer("more", json!({}));
    let mut reached: Vec<&str> = core.iter().filter_map(|tool| tool["name"].as_str()).collect();
    reached.extend(index["operations"].as_object().unwrap().keys().map(String::as_str));
    reached.extend(index["names_for_queues"].as_str().unwrap().split(' '));
    for entry in CATALOGUE {
        assert!(reached.contains(&entry.name), "{} cannot be found", entry.name);
        let about = agent.answer("more", json!({ "name": entry.name }));
        assert_eq!(about["name"], entry.name);
        assert_eq!(about["description"], entry.description());
        jsonschema::meta::validate(&about["arguments"]).unwrap();
        assert_eq!(
            entry.effect == Effect::Read,
            about["arguments"]["properties"].get("request_id").is_none()
        );
    }

    agent.answer("create", json!({ "id": "old", "title": "T" }));
    let rename = json!({ "name": "rename", "arguments": { "task": "old", "new_id": "new" } });
    assert_eq!(agent.answer("more", rename)["new_id"], "new");
}

#[test]
fn a_server_whose_store_cannot_be_used_says_so_in_every_answer() {
    let team = Team::new();
    std::fs::create_dir_all(team.file().parent().unwrap()).unwrap();
    std::fs::write(team.file(), "this is not a database, however long it may be").unwrap();
    let mut agent = team.server();

    let refused = agent.refusal("claim", json!({ "worker_id": "ann" }));
    let again = agent.refusal("list_tasks", json!({}));

    assert_eq!((refused.code.as_str(), again.code.as_str()), ("foreign_database", "foreign_database"));
    assert!(agent.request("tools/list", json!({}))["result"]["tools"].is_array());
}
