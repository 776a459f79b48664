//! `list_feedback`: read what was said of the tools.

use serde_json::{Value, json};

use crate::support::project::Project;

#[test]
fn the_newest_is_shown_first_a_page_at_a_time() {
    let project = Project::new();
    for number in 0..12 {
        project.does("give_feedback", json!({ "message": format!("number {number}") }));
    }

    let first = project.answer("list_feedback", json!({}));
    let last = project.answer("list_feedback", json!({ "offset": first["next_offset"] }));

    assert_eq!((&first["total"], &first["next_offset"]), (&json!(12), &json!(10)));
    assert_eq!(first["feedback"][0]["text"], "number 11");
    assert_eq!(last["feedback"].as_array().map(Vec::len), Some(2));
    assert_eq!(last.get("next_offset"), None);
}

#[test]
fn long_messages_are_shown_whole_when_asked_for() {
    let project = Project::new();
    let long = "x".repeat(500);
    project.does("give_feedback", json!({ "message": long, "category": "ux" }));
    project.does("give_feedback", json!({ "message": "short" }));
    let text = |asked: Value| project.answer("list_feedback", asked)["feedback"][0]["text"].clone();

    assert_eq!(text(json!({ "category": "ux", "whole": true })), long);
    assert_eq!(text(json!({ "category": "ux" })).as_str().unwrap().chars().count(), 161);
}

#[test]
fn nothing_was_said_at_first() {
    let project = Project::new();

    assert_eq!(project.answer("list_feedback", json!({})), json!({ "feedback": [], "total": 0 }));
}
