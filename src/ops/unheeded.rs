//! Arguments of other tools of this kind that mean nothing here. An agent that was prompted for
//! those gives them; they are taken out, and it is told that they change nothing.

use serde_json::{Map, Value};

/// An operation (`*` is any), what it is given, and why that is not heeded.
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

/// Arguments that clients add to every tool by themselves. Agents do not mean them, so nothing is said.
const ADDED_BY_CLIENTS: &[&str] = &["wait_for_previous"];

/// Drops from an object, at any depth, what clients add to it by themselves.
pub fn drop_silently(known: &Map<String, Value>, input: &mut Map<String, Value>) {
    for name in ADDED_BY_CLIENTS.iter().filter(|name| !known.contains_key(**name)) {
        input.shift_remove(*name);
    }
}

/// Takes out of the input what the operation does not know and need not heed; returns what to tell of it.
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
