//! Both eras of the protocol: the one that opens with `initialize`, and the one in which each request stands alone.

use serde_json::{Value, json};

use crate::support::agent::Agent;
use crate::support::team::Team;

/// A server that was told nothing yet.
fn silent(team: &Team) -> Agent {
    Agent::start_silently(team.program().arg("serve"))
}

/// What each request of the newer era carries.
pub fn standing_alone(version: &str) -> Value {
    json!({
        "io.modelcontextprotocol/protocolVersion": version,
        "io.modelcontextprotocol/clientInfo": { "name": "test", "version": "1" },
        "io.modelcontextprotocol/clientCapabilities": {},
    })
}

fn initialize(agent: &mut Agent, version: &str) -> Value {
    let params = json!({
        "protocolVersion": version,
        "capabilities": { "roots": { "listChanged": true }, "elicitation": {} },
        "clientInfo": { "name": "test", "version": "1" },
    });
    agent.request("initialize", params)["result"].take()
}

#[test]
fn a_client_of_the_older_era_is_greeted_in_its_own_version() {
    for version in ["2025-06-18", "2025-11-25"] {
        let team = Team::new();
        let mut agent = silent(&team);

        let hello = initialize(&mut agent, version);
        agent.send_line(r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#);
        let list = agent.request("tools/list", json!({}));
        let answer = agent.answer("create", json!({ "id": "t", "title": "T" }));

        assert_eq!(hello["protocolVersion"], version);
        assert_eq!(hello["serverInfo"]["name"], "task-graph");
        let offered =
            json!({ "completions": {}, "prompts": {}, "resources": { "subscribe": true }, "tools": {} });
        assert_eq!(hello["capabilities"], offered);
        assert!(hello["instructions"].as_str().unwrap().contains("connect("));
        assert!(list["result"]["tools"].as_array().unwrap().len() >= 10);
        assert_eq!(answer["id"], "t");
        assert_eq!(agent.request("ping", json!({}))["result"], json!({}));
    }
}

#[test]
fn a_client_that_knows_no_version_of_ours_is_offered_one() {
    let team = Team::new();

    let hello = initialize(&mut silent(&team), "2030-01-01");

    let offered = hello["protocolVersion"].as_str().unwrap();
    assert!(["2025-06-18", "2025-11-25"].contains(&offered), "{hello}");
}

#[test]
fn a_client_of_the_newer_era_discovers_the_server_and_calls_it_at_once() {
    let team = Team::new();
    let mut agent = silent(&team);
    let meta = standing_alone("2026-07-28");

    let about = agent.request("server/discover", json!({ "_meta": meta }))["result"].take();
    let list = agent.request("tools/list", json!({ "_meta": meta }))["result"].take();
    let arguments = json!({ "id": "t", "title": "T" });
    let call = json!({ "name": "create", "arguments": arguments, "_meta": meta });
    let answer = agent.request("tools/call", call)["result"].take();

    let versions = about["supportedVersions"].as_array().unwrap();
    for version in ["2025-06-18", "2025-11-25", "2026-07-28"] {
        assert!(versions.contains(&json!(version)), "{about}");
    }
    assert!(about["instructions"].as_str().unwrap().contains("connect("));
    assert!(about["capabilities"]["tools"].is_object());
    for result in [&about, &list, &answer] {
        assert_eq!(result["resultType"], "complete", "{result}");
    }
    for result in [&about, &list] {
        assert!(result["ttlMs"].is_u64() && result["cacheScope"] == "private", "{result}");
    }
    assert_eq!(answer["structuredContent"]["id"], "t");
}

#[test]
fn a_version_of_the_newer_era_that_is_unknown_is_refused_with_those_that_are_known() {
    let team = Team::new();
    let mut agent = silent(&team);

    let meta = standing_alone("2031-01-01");
    let refused = agent.request("server/discover", json!({ "_meta": meta }));

    assert_eq!(refused["error"]["code"], -32022, "{refused}");
    let known = refused["error"]["data"]["supported"].as_array().unwrap();
    assert!(known.contains(&json!("2026-07-28")), "{refused}");
}

#[test]
fn a_client_may_change_its_era_in_mid_conversation() {
    let team = Team::new();
    let mut agent = silent(&team);
    let meta = standing_alone("2026-07-28");
    let modern = agent.request("server/discover", json!({ "_meta": meta }));
    let older = initialize(&mut agent, "2025-06-18");
    let again = agent.request("tools/list", json!({ "_meta": meta }));

    assert_eq!(modern["result"]["resultType"], "complete");
    assert_eq!(older["protocolVersion"], "2025-06-18");
    assert_eq!(again["result"]["resultType"], "complete");
}

#[test]
fn a_client_that_listens_for_changes_is_told_that_it_is_heard() {
    let team = Team::new();
    let mut agent = silent(&team);

    let filter = json!({ "toolsListChanged": true });
    let params = json!({ "notifications": filter, "_meta": standing_alone("2026-07-28") });
    let listen = json!({ "jsonrpc": "2.0", "id": "s1", "method": "subscriptions/listen", "params": params });
    agent.send_line(&listen.to_string());

    let heard = agent.hear();
    assert_eq!(heard["method"], "notifications/subscriptions/acknowledged", "{heard}");
}

#[test]
fn the_client_s_own_name_for_a_call_makes_a_repetition_harmless() {
    let team = Team::new();
    let mut agent = team.server();
    let call = json!({
        "name": "create", "arguments": { "title": "Once" },
        "_meta": { "claudecode/toolUseId": "toolu_01" },
    });

    let first = agent.request("tools/call", call.clone())["result"].take();
    let second = agent.request("tools/call", call)["result"].take();

    assert_eq!(first["structuredContent"], second["structuredContent"]);
    assert_eq!(team.rows("select count(*) from tasks"), [[1]]);
}
