//! What agents are told to do can be done: every call, name and query in the
//! skills and prompts is held against the operations and run.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use serde_json::{Map, Value, json};
use task_graph::config::Config;
use task_graph::ops::CATALOGUE;

use crate::errors::CODES;
use crate::support::calls::{arguments_of, call, spans_and_blocks};
use crate::support::project::Project;
use crate::support::team::Team;

/// Operations that the texts name and that are still to come.
const TO_COME: &[&str] = &[];

/// What the texts name besides operations, arguments, codes and the project's words.
const OTHER_NAMES: &[&str] = &[
    // The tool beside the operations.
    "more",
    // Fields of answers.
    "holds",
    "cursor",
    "timed_out",
    "lease_until",
    "before",
    // Files, flags, commands.
    "tasks.db-wal",
    "tasks.db-shm",
    "--database",
    "task-graph create --from jobs.csv",
    "task-graph results mail --format csv",
    "sqlite3 tasks.db \".backup copy.db\"",
    "sqlite3 tasks.db \"pragma integrity_check\"",
];

/// A text that agents read, and what it is called.
struct Text {
    name: String,
    text: String,
}

fn skills() -> Vec<Text> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("skills");
    let read = |entry: fs::DirEntry| Text {
        name: format!("skill {}", entry.file_name().to_string_lossy()),
        text: fs::read_to_string(entry.path().join("SKILL.md")).unwrap(),
    };
    fs::read_dir(folder).unwrap().map(|entry| read(entry.unwrap())).collect()
}

fn prompts() -> Vec<Text> {
    let team = Team::new();
    let mut agent = team.server();
    let list = agent.request("prompts/list", json!({}))["result"]["prompts"].take();
    let values = json!({ "worker_id": "ann", "task": "t1", "goal": "People can log in" });
    let mut texts = Vec::new();
    for prompt in list.as_array().unwrap() {
        let names = prompt["arguments"].as_array().unwrap().iter().map(|a| a["name"].as_str().unwrap());
        let arguments: Map<String, Value> =
            names.map(|name| (name.to_owned(), values[name].clone())).collect();
        let asked = json!({ "name": prompt["name"], "arguments": arguments });
        let got = agent.request("prompts/get", asked)["result"]["messages"][0]["content"].take();
        let text = got["text"].as_str().unwrap().to_owned();
        texts.push(Text { name: format!("prompt {}", prompt["name"]), text });
    }
    texts
}

fn texts() -> Vec<Text> {
    skills().into_iter().chain(prompts()).collect()
}

impl Text {
    /// Returns the calls, in the order in which they stand in the text: those in lines, then those in blocks.
    fn calls(&self) -> Vec<(&str, Map<String, Value>)> {
        let (spans, blocks) = spans_and_blocks(&self.text);
        let blocks = blocks.into_iter().filter(|(mark, _)| *mark == "call").map(|(_, code)| code);
        blocks.chain(spans).filter_map(call).collect()
    }

    fn queries(&self) -> Vec<&str> {
        let (_, blocks) = spans_and_blocks(&self.text);
        blocks.into_iter().filter(|(mark, _)| *mark == "sql").map(|(_, code)| code).collect()
    }
}

/// A project with the tasks and workers that the texts speak of, some of it done.
fn project() -> Project {
    let project = Project::new();
    project.worker("lead", json!({}));
    project.has(["t1", "t2", "t3", "t4", "t5", "a", "b", "old", "new", "done"]);
    project.inside("old", ["t5"]).linked("t2", "t3");
    let _ = project.finish("done");
    project.has_one("gone", json!({})).does("delete", json!({ "worker_id": "ann", "task": "gone" }));
    project
}

#[test]
fn every_call_in_a_text_can_be_made() {
    for text in texts() {
        let project = project();
        let calls = text.calls();
        assert!(calls.len() >= 4, "{}: {calls:?}", text.name);
        for (name, arguments) in calls.into_iter().filter(|(name, _)| !TO_COME.contains(name)) {
            let asked = format!("{}: {name}({arguments:?})", text.name);
            if let Err(refused) = project.call(name, Value::Object(arguments)) {
                // The rules may say no to what comes out of its place; the words have to be right.
                let is_wrong = ["input", "not_found", "internal"].contains(&refused.code.as_str());
                assert!(!is_wrong, "{asked}: {refused:?}");
            }
        }
    }
}

#[test]
fn every_name_in_a_text_is_the_name_of_something() {
    let config = Config::builtin();
    let schemas: Vec<Value> = CATALOGUE.iter().map(|entry| entry.arguments(&config).into()).collect();
    let properties = || schemas.iter().flat_map(|schema| schema["properties"].as_object().unwrap());
    let mut known: BTreeSet<String> =
        CODES.iter().chain(OTHER_NAMES).map(|name| (*name).to_owned()).collect();
    known.extend(CATALOGUE.iter().map(|entry| entry.name.to_owned()));
    known.extend(properties().map(|(name, _)| name.clone()));
    known.extend(["label", "type", "content"].map(str::to_owned));
    known.extend(config.edges.names().map(ToString::to_string));
    known.extend(config.workflows.statuses().into_iter().map(ToString::to_string));
    known.extend(["t1", "t2", "t3", "a", "b", "ann"].map(str::to_owned));

    for text in texts() {
        let (spans, _) = spans_and_blocks(&text.text);
        for span in spans.into_iter().filter(|span| call(span).is_none()) {
            if known.contains(span) || TO_COME.contains(&span) {
                continue;
            }
            assert!(
                span.contains('=') && !span.contains(' ') || span.contains("=["),
                "{}: `{span}`",
                text.name
            );
            for (name, value) in arguments_of(span) {
                let fits = |schema: &Value| jsonschema::is_valid(schema, &value);
                let takes = properties().any(|(known, schema)| *known == name && fits(schema));
                assert!(takes, "{}: `{span}`", text.name);
            }
        }
    }
}

#[test]
fn every_query_in_a_text_runs_and_finds_what_it_should() {
    let project = project();
    project.does("create", json!({ "id": "late", "title": "Late", "time_estimate_ms": 60_000 }));
    for status in ["failed", "pending", "completed"] {
        if status != "pending" {
            project.claim("bob", "late");
        }
        let _ = project.moves("bob", "late", status);
    }
    project.claim("bob", "t4");

    for text in skills() {
        for sql in text.queries() {
            assert!(sql.trim_start().starts_with("select") && !sql.contains(';'), "{}: {sql}", text.name);
            assert!(sql.contains("limit") || sql.contains("group by status\n"), "{}: {sql}", text.name);

            assert!(!project.rows(sql).is_empty(), "{} finds nothing: {sql}", text.name);
        }
    }
}

#[test]
fn what_is_to_come_has_not_come() {
    for entry in CATALOGUE {
        assert!(!TO_COME.contains(&entry.name), "`{}` is there: take it out of TO_COME", entry.name);
    }
    let named: BTreeSet<String> =
        texts().iter().flat_map(Text::calls).map(|(name, _)| name.to_owned()).collect();
    for name in TO_COME {
        assert!(named.contains(*name), "no text names `{name}`");
    }
}

#[test]
fn a_skill_is_short_enough_to_be_read_at_once() {
    let project = project();
    for text in skills() {
        let name = text.name.trim_start_matches("skill ");
        let answer = project.answer("get_skill", json!({ "name": name }));

        assert_eq!(answer.get("next_offset"), None, "{name}");
        assert!(answer.to_string().len() <= 3_500, "{name} takes {}", answer.to_string().len());
    }
}
