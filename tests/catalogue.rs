//! What agents pay for: the words of the catalogue, and how many there are.

use serde_json::{Value, json};
use task_graph::config::Config;
use task_graph::ops::{CATALOGUE, Entry, Shelf};

/// A definition with everything there is to know of it.
fn definition(entry: &Entry) -> Value {
    json!({
        "name": entry.name,
        "description": entry.description(),
        "inputSchema": entry.arguments(&Config::builtin()),
    })
}

/// How long a definition is as `tools/list` sends it.
fn size(entry: &Entry) -> usize {
    let sent = json!({
        "name": entry.name,
        "description": entry.description(),
        "inputSchema": entry.in_short(&Config::builtin()).arguments,
    });
    sent.to_string().len()
}

/// Returns the sizes, the largest first, for whoever has to trim.
fn table() -> String {
    let mut sizes: Vec<_> = CATALOGUE.iter().map(|entry| (size(entry), entry.name)).collect();
    sizes.sort_unstable();
    let lines = sizes.iter().rev().map(|(size, name)| format!("{size:6} {name}"));
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn the_catalogue_is_as_agreed() {
    let effect = |entry: &Entry| format!("{:?}", entry.effect);
    let shelf = |entry: &Entry| format!("{:?}", entry.shelf);
    let listed: Vec<Value> = CATALOGUE
        .iter()
        .map(|entry| {
            let mut whole = definition(entry);
            whole["effect"] = effect(entry).into();
            whole["shelf"] = shelf(entry).into();
            whole["positional"] = entry.positional.into();
            whole
        })
        .collect();

    insta::assert_json_snapshot!(listed);
}

#[test]
fn names_are_unique() {
    let mut names: Vec<_> = CATALOGUE.iter().map(|entry| entry.name).collect();
    names.sort_unstable();
    let count = names.len();
    names.dedup();

    assert_eq!(names.len(), count);
}

#[test]
fn the_core_tools_fit_2000_tokens() {
    let core = CATALOGUE.iter().filter(|entry| entry.shelf <= Shelf::Core);

    let sum: usize = core.map(size).sum();

    assert!(sum <= 8_000, "{sum} bytes\n{}", table());
}

#[test]
fn a_tool_takes_600_bytes_on_average() {
    let sum: usize = CATALOGUE.iter().map(size).sum();

    assert!(sum <= 600 * CATALOGUE.len(), "{} bytes each\n{}", sum / CATALOGUE.len(), table());
}

#[test]
fn every_description_is_a_sentence_on_its_own() {
    for entry in CATALOGUE {
        let text = entry.description();
        let first = text.split("\n\n").next().unwrap();

        assert!(first.ends_with('.'), "{}: {first}", entry.name);
        assert!(first.chars().next().is_some_and(char::is_uppercase), "{}: {first}", entry.name);
        assert!(first.len() <= 140, "{}: {first}", entry.name);
    }
}

#[test]
fn arguments_in_a_shell_are_arguments() {
    for entry in CATALOGUE {
        let schema = entry.arguments(&Config::builtin());
        for name in entry.positional {
            let name = name.trim_end_matches('…');
            assert!(schema["properties"].get(name).is_some(), "{} {name}", entry.name);
        }
    }
}

/// Returns where a schema has an array that does not say what is in it.
fn bare_arrays(schema: &Value, place: &str) -> Vec<String> {
    let is_array =
        |kind: &Value| kind == "array" || kind.as_array().is_some_and(|all| all.contains(&json!("array")));
    let says_nothing = schema["items"].as_object().is_none_or(serde_json::Map::is_empty);
    let bare = schema.get("type").is_some_and(is_array) && says_nothing;
    let own = bare.then(|| place.to_owned());
    let below: Vec<_> = match schema {
        Value::Object(parts) => parts.iter().map(|(key, part)| (format!("{place}/{key}"), part)).collect(),
        Value::Array(parts) => parts.iter().map(|part| (place.to_owned(), part)).collect(),
        _ => Vec::new(),
    };
    own.into_iter().chain(below.iter().flat_map(|(place, part)| bare_arrays(part, place))).collect()
}

#[test]
fn every_array_says_what_is_in_it() {
    for entry in CATALOGUE {
        for schema in [entry.arguments(&Config::builtin()), entry.in_short(&Config::builtin()).arguments] {
            let bare = bare_arrays(&Value::Object(schema), entry.name);

            assert!(bare.is_empty(), "{bare:?}");
        }
    }
}

#[test]
fn every_schema_is_a_schema() {
    for entry in CATALOGUE {
        let schema = Value::Object(entry.arguments(&Config::builtin()));

        assert!(jsonschema::meta::is_valid(&schema), "{}", entry.name);
        assert_eq!(schema["additionalProperties"], false, "{}", entry.name);
    }
}
