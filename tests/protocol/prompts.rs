//! Prompts: listed with their arguments, filled in, and refused where something is missing.

use serde_json::{Value, json};

use crate::protocol::eras::standing_alone;
use crate::support::team::Team;

fn text(response: &Value) -> &str {
    let message = &response["result"]["messages"][0];
    assert_eq!(message["role"], "user", "{response}");
    assert_eq!(message["content"]["type"], "text");
    message["content"]["text"].as_str().unwrap()
}

#[test]
fn prompts_are_listed_with_what_they_need() {
    let team = Team::new();
    let mut agent = team.server();

    let list = agent.request("prompts/list", json!({}))["result"]["prompts"].take();
    let newer =
        agent.request("prompts/list", json!({ "_meta": standing_alone("2026-07-28") }))["result"].take();

    let names: Vec<_> = list.as_array().unwrap().iter().map(|prompt| &prompt["name"]).collect();
    assert_eq!(names, ["work", "plan", "review", "standup"]);
    let goal = &list[1]["arguments"][0];
    assert_eq!((&goal["name"], &goal["required"]), (&json!("goal"), &json!(true)));
    assert_eq!(list[0]["arguments"][0]["required"], false);
    assert_eq!(newer["prompts"], list);
    assert!(newer["ttlMs"].is_u64() && newer["cacheScope"] == "private", "{newer}");
}

#[test]
fn arguments_are_put_in_as_they_are_and_may_be_left_out() {
    let team = Team::new();
    let mut agent = team.server();

    let goal = "Say \"{{task}}\" in {{goal}}";
    let plan = agent.request("prompts/get", json!({ "name": "plan", "arguments": { "goal": goal } }));
    let work = agent.request("prompts/get", json!({ "name": "work", "arguments": { "worker_id": "ann" } }));
    let nameless = agent.request("prompts/get", json!({ "name": "work" }));

    assert!(text(&plan).contains(&format!("Goal: {goal}\n")), "{plan}");
    assert!(text(&work).contains("`claim(worker_id=\"ann\")`"), "{work}");
    assert!(text(&nameless).contains("`claim(worker_id=\"YOUR_NAME\")`"), "{nameless}");
}

#[test]
fn what_is_missing_or_unknown_is_refused_by_name() {
    let team = Team::new();
    let mut agent = team.server();
    for (asked, said) in [
        (json!({ "name": "plan" }), "`plan` needs `goal`"),
        (json!({ "name": "plan", "arguments": { "goal": " " } }), "`plan` needs `goal`"),
        (json!({ "name": "plan", "arguments": { "goal": "x", "gaol": "y" } }), "did you mean `goal`?"),
        (json!({ "name": "stand-up" }), "did you mean `standup`?"),
        (json!({}), "missing field `name`"),
    ] {
        let refused = agent.request("prompts/get", asked);

        assert_eq!(refused["error"]["code"], -32602, "{refused}");
        assert!(refused["error"]["message"].as_str().unwrap().contains(said), "{refused}");
    }
}
