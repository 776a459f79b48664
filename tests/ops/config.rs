//! `config`: the settings that hold, and where they come from.

use serde_json::json;

use crate::support::project::Project;

#[test]
fn what_nobody_has_made_is_only_named() {
    let project = Project::new();

    let shown = project.answer("config", json!({}));

    assert_eq!(shown["settings"], json!([]));
    let defaults = shown["defaults"].as_array().unwrap();
    assert!(defaults.contains(&json!("server.claim_limit")), "{defaults:?}");
}

#[test]
fn a_key_shows_everything_that_begins_so() {
    let project = Project::new();

    let shown = project.answer("config", json!({ "key": "server.claim" }));

    let setting = &shown["settings"][0];
    assert_eq!(setting["key"], "server.claim_limit");
    assert_eq!(setting["value"], 5);
    assert_eq!(shown["settings"].as_array().map(Vec::len), Some(1));
}

#[test]
fn a_key_that_is_not_there_shows_nothing() {
    let project = Project::new();

    assert_eq!(project.answer("config", json!({ "key": "nothing" })), json!({ "settings": [] }));
}
