//! The rules of vendors for the schemas of tools: a list that breaks one of them loses all its tools there.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use task_graph::ops::CATALOGUE;

use crate::support::agent::Agent;
use crate::support::team::Team;

/// A schema within a tool's, and its place.
struct Part<'a> {
    schema: &'a Value,
    place: String,
    is_root: bool,
}

/// A published rule: the stacks that have it, the rule, and whether a schema keeps it.
type Rule = (&'static str, &'static str, fn(&Part) -> bool);

/// The rules for each schema, at every depth.
const RULES: &[Rule] = &[
    (
        "mcp-use, smolagents (jsonref), autogen, google-genai, llama.cpp, Copilot Studio, Claude managed agents",
        "no `$ref`, `$defs`",
        |part| !has_any(part.schema, &["$ref", "$dynamicRef", "$defs", "definitions"]),
    ),
    (
        "langchain-google-genai, Copilot Studio, Gemini through OpenCode, AJV `strictTypes`",
        "`type` is one word, no list",
        |part| !part.schema["type"].is_array(),
    ),
    ("outlines_core, Gemini", "every schema has a `type` that JSON Schema knows", |part| {
        let known = ["object", "array", "string", "integer", "number", "boolean"];
        known.iter().any(|known| part.schema["type"] == *known)
    }),
    (
        "OpenAI, VS Code, Gemini (\"any_of[i].items: missing field\")",
        "an array has `items`, which is a schema",
        |part| part.schema["type"] != "array" || part.schema["items"]["type"].is_string(),
    ),
    ("Gemini (\"field predicate failed: $type == Type.ARRAY\"), AJV", "only an array has `items`", |part| {
        part.schema["type"] == "array" || !has_any(part.schema, &["items", "prefixItems"])
    }),
    ("AJV `strictTypes`, Gemini", "only an object has `properties` and `required`", |part| {
        part.schema["type"] == "object" || !has_any(part.schema, &["properties", "required"])
    }),
    ("AJV `strictTypes`", "only a number has `minimum` and `maximum`", |part| {
        let is_number = matches!(part.schema["type"].as_str(), Some("integer" | "number"));
        is_number || !has_any(part.schema, &["minimum", "maximum"])
    }),
    ("OpenAI, Anthropic (root), Copilot Studio, Gemini (beside other fields)", "no combinator", |part| {
        !has_any(part.schema, &["anyOf", "oneOf", "allOf", "not", "if", "then", "else"])
    }),
    ("Gemini, langchain-google-genai", "`enum` is a list of texts that are not empty, on a string", |part| {
        part.schema.get("enum").is_none_or(|words| {
            let words = words.as_array().unwrap();
            let is_word = |word: &Value| word.as_str().is_some_and(|word| !word.is_empty());
            part.schema["type"] == "string" && !words.is_empty() && words.iter().all(is_word)
        })
    }),
    ("llama.cpp, Gemini", "no `const`, `pattern`, `patternProperties`, `propertyNames`, `format`", |part| {
        !has_any(part.schema, &["const", "pattern", "patternProperties", "propertyNames", "format"])
    }),
    ("Gemini, AJV `strictRequired`", "what is required is described", |part| {
        let required = part.schema["required"].as_array().into_iter().flatten();
        required.filter_map(Value::as_str).all(|name| part.schema["properties"][name].is_object())
    }),
    ("Anthropic", "names of properties: letters, digits, `_`, `.`, `-`, at most 64", |part| {
        let names = part.schema["properties"].as_object().into_iter().flatten().map(|(name, _)| name);
        names.into_iter().all(|name| is_name(name, 64, "_.-"))
    }),
    ("OpenAI (\"object schema missing properties\")", "a root is an object with `properties`", |part| {
        !part.is_root || part.schema["type"] == "object" && part.schema["properties"].is_object()
    }),
];

fn has_any(schema: &Value, keys: &[&str]) -> bool {
    keys.iter().any(|key| schema.get(key).is_some())
}

fn is_name(name: &str, longest: usize, others: &str) -> bool {
    let fits = |letter: char| letter.is_ascii_alphanumeric() || others.contains(letter);
    !name.is_empty() && name.len() <= longest && name.chars().all(fits)
}

/// Returns a schema and all schemas in it.
fn parts(schema: &Value, place: String, is_root: bool) -> Vec<Part<'_>> {
    let mut inner = Vec::new();
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        inner.extend(parts(property, format!("{place}.{name}"), false));
    }
    for key in ["items", "additionalProperties", "not"] {
        if let Some(part) = schema.get(key).filter(|part| part.is_object()) {
            inner.extend(parts(part, format!("{place}[{key}]"), false));
        }
    }
    for key in ["anyOf", "oneOf", "allOf", "prefixItems"] {
        for part in schema[key].as_array().into_iter().flatten() {
            inner.extend(parts(part, format!("{place}[{key}]"), false));
        }
    }
    inner.insert(0, Part { schema, place, is_root });
    inner
}

fn broken(name: &str, schema: &Value) -> Vec<String> {
    let parts = parts(schema, name.to_owned(), true);
    let broken = |(vendor, rule, keeps): &Rule| {
        let places: Vec<_> =
            parts.iter().filter(|part| !keeps(part)).map(|part| part.place.clone()).collect();
        (!places.is_empty()).then(|| format!("{vendor}: {rule}: {}", places.join(", ")))
    };
    RULES.iter().filter_map(broken).collect()
}

const TOOLSETS: [&str; 3] = ["core", "full", "queue"];

fn server(team: &Team, toolset: &str) -> Agent {
    Agent::start_server(team.program().args(["--toolset", toolset, "serve"]))
}

fn listed(team: &Team, toolset: &str) -> Vec<Value> {
    let list = server(team, toolset).request("tools/list", json!({}));
    list["result"]["tools"].as_array().unwrap().clone()
}

#[test]
fn every_listed_schema_keeps_the_rules_of_every_vendor() {
    let team = Team::new();

    for toolset in TOOLSETS {
        for tool in listed(&team, toolset) {
            let broken = broken(tool["name"].as_str().unwrap(), &tool["inputSchema"]);

            assert_eq!(broken, [""; 0], "{toolset}");
        }
    }
}

#[test]
fn every_schema_that_more_shows_keeps_them_too() {
    let team = Team::new();
    for toolset in TOOLSETS {
        let mut agent = server(&team, toolset);
        for entry in CATALOGUE {
            let about = agent.answer("more", json!({ "name": entry.name }));

            assert_eq!(broken(entry.name, &about["arguments"]), [""; 0], "{toolset}");
        }
    }
}

#[test]
fn the_lists_keep_the_limits_of_every_vendor() {
    /// The longest that a client puts before the name of a tool.
    const PREFIX: &str = "mcp__plugin_task-graph_task-graph__";
    let team = Team::new();

    for toolset in TOOLSETS {
        let tools = listed(&team, toolset);

        assert!(tools.len() <= 128, "OpenAI: {toolset}");
        let mut names = BTreeSet::new();
        for tool in &tools {
            let name = tool["name"].as_str().unwrap();
            assert!(names.insert(name), "{name} is listed twice");
            assert!(is_name(&format!("{PREFIX}{name}"), 64, "_-"), "OpenAI, Anthropic, Gemini: {name}");
            assert!(tool["description"].as_str().unwrap().len() <= 1_024, "OpenAI: {name}");
        }
    }
}

#[test]
fn a_list_in_a_cell_and_tasks_in_tasks_are_accepted_all_the_same() {
    let team = Team::new();
    let mut agent = team.server();

    let table =
        json!({ "columns": ["id", "title", "tags"], "rows": [["a", "A", ["x", "y"]], ["b", "B", "x,y"]] });
    agent.answer("create", table);
    let nested =
        json!({ "id": "root", "title": "R", "tasks": [{ "title": "In", "tasks": [{ "title": "Below" }] }] });
    agent.answer("create", nested);
    let misspelt = json!({ "title": "R", "tasks": [{ "title": "In", "tasks": [{ "titel": "Below" }] }] });
    let refused = agent.refusal("create", misspelt);

    assert_eq!(team.rows("select count(*) from task_tags where tag in ('x', 'y')"), [[4]]);
    assert!(refused.message.ends_with("no argument `titel` in `tasks[0].tasks[0]`"), "{}", refused.message);
}
