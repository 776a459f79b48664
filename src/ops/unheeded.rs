//! Ignored arguments: those of similar tools that have no meaning here. An agent that was prompted for such
//! a tool sends them; they are removed, and a notice says that they are ignored.

use serde_json::{Map, Value};

/// An operation (`*` is any), its ignored arguments, and the reason.
const UNHEEDED: &[(&str, &[&str], &str)] = &[
    (
        "connect",
        &["db_path", "media_dir", "log_dir", "config_path"],
        "a process is told its paths when it starts",
    ),
    ("list_agents", &["stale_timeout"], "the settings say when a worker is gone"),
    ("cleanup_stale", &["timeout"], "the settings say when a worker is gone"),
    ("cleanup_stale", &["final_status"], "the workflow says where the tasks go"),
    ("update", &["prompts"], "each text is told once, to whom it concerns"),
    ("*", &["format"], "answers are JSON"),
];

/// Arguments that clients add to every tool by themselves. Agents did not choose them, so they get no notice.
const ADDED_BY_CLIENTS: &[&str] = &["wait_for_previous"];

/// Removes the arguments that clients add by themselves, from an object at any depth of the input.
pub fn drop_silently(known: &Map<String, Value>, input: &mut Map<String, Value>) {
    for name in ADDED_BY_CLIENTS.iter().filter(|name| !known.contains_key(**name)) {
        input.shift_remove(*name);
    }
}

/// Removes ignored arguments from the input; returns the notices about them.
pub fn take(operation: &str, schema: &Map<String, Value>, input: &mut Map<String, Value>) -> Vec<String> {
    let knows = |name: &str| schema.get("properties").is_some_and(|known| known.get(name).is_some());
    let mut told = Vec::new();
    for (_, names, why) in UNHEEDED.iter().filter(|(of, ..)| matches!(*of, "*") || *of == operation) {
        for name in names.iter().filter(|name| !knows(name)) {
            match input.shift_remove(*name) {
                None | Some(Value::Null) => {}
                Some(Value::String(word)) if word == "json" => {}
                Some(_) => told.push(format!("`{name}` is not heeded: {why}")),
            }
        }
    }
    told
}
