//! The examples are documentation that runs: each is played through both faces,
//! has to go as it says, and has to go the same way.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use serde::Deserialize;
use serde_json::{Map, Value, json};
use task_graph::config::Config;
use task_graph::ops::{self, CATALOGUE};

use crate::support::agent::{Agent, Answer};
use crate::support::command::Ran;
use crate::support::team::Team;

/// What the clock shows, all the time.
const NOON: &str = "2026-01-31T12:00:00Z";

struct Session {
    name: String,
    borrowed: bool,
    steps: Vec<Step>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    title: String,
    about: String,
    /// Whether it uses names of other tools, which are understood and not described.
    #[serde(default)]
    borrowed: bool,
}

/// A call, and what comes of it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Step {
    #[serde(rename = "note")]
    _note: Option<String>,
    call: String,
    #[serde(default)]
    with: Value,
    /// What the answer has in it. A text `$name` stands for what it meets first under that name.
    answer: Option<Value>,
    /// The code of the refusal.
    refused: Option<String>,
}

/// The examples, in the order of their names.
fn sessions() -> Vec<Session> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let files: BTreeSet<_> =
        files.filter(|file| file.extension().is_some_and(|kind| kind == "jsonl")).collect();
    files.iter().map(|file| session(file)).collect()
}

fn session(file: &Path) -> Session {
    let text = fs::read_to_string(file).unwrap();
    let mut lines = text.lines();
    let header: Header = serde_json::from_str(lines.next().unwrap()).unwrap();
    assert!(!header.title.is_empty() && !header.about.is_empty(), "{}", file.display());
    let step = |line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
    Session {
        name: file.file_stem().unwrap().to_string_lossy().into_owned(),
        borrowed: header.borrowed,
        steps: lines.map(step).collect(),
    }
}

/// One way to call an operation.
trait Face {
    fn call(&mut self, operation: &str, with: &Value) -> Answer;
}

impl Face for Agent {
    fn call(&mut self, operation: &str, with: &Value) -> Answer {
        Agent::call(self, operation, with.clone())
    }
}

/// The shell in a folder.
struct Shell(Team);

impl Face for Shell {
    fn call(&mut self, operation: &str, with: &Value) -> Answer {
        let mut command = self.0.program();
        command.env("TASK_GRAPH_NOW", NOON).args(["--json", &operation.replace('_', "-")]);
        let ran = Ran::of(command.args(flags(with)).output().unwrap());
        match ran.code {
            // Time that was up, and what ended badly, are answers too.
            0 | 7 | 8 => Ok(serde_json::from_str(&ran.out).unwrap()),
            _ => Err(serde_json::from_value(ran.error()).unwrap()),
        }
    }
}

/// Returns arguments as a shell takes them.
fn flags(with: &Value) -> Vec<String> {
    let mut flags = Vec::new();
    for (name, value) in with.as_object().into_iter().flatten() {
        let flag = format!("--{}", name.replace('_', "-"));
        let words = value.as_array().filter(|values| values.iter().all(Value::is_string));
        let values = words.map_or(vec![value], |values| values.iter().collect());
        flags.extend(values.into_iter().map(|value| match value {
            Value::String(text) => format!("{flag}={text}"),
            value => format!("{flag}={value}"),
        }));
    }
    flags
}

/// Plays a session, and returns what came of each step, generated names replaced by those that the session gives them.
fn play(session: &Session, face: &mut dyn Face) -> Vec<Value> {
    let mut names = BTreeMap::new();
    let mut came = Vec::new();
    for (at, step) in session.steps.iter().enumerate() {
        let place = format!("{}:{}: {}", session.name, at + 2, step.call);
        let with = if step.with.is_null() { json!({}) } else { step.with.clone() };
        let answer = face.call(&step.call, &filled_in(&with, &names));
        came.push(match (answer, &step.answer, &step.refused) {
            (Ok(mut answer), Some(expected), None) => {
                shorten(&mut answer);
                let fits = fits(expected, &answer, &mut names);
                assert!(fits, "{place}\nexpected {expected}\nanswered {answer}");
                answer
            }
            (Err(refused), None, Some(code)) => {
                assert_eq!(refused.code, *code, "{place}: {refused:?}");
                let mut facts = json!([refused.code, refused.message, refused.hint]);
                shorten(&mut facts);
                facts
            }
            (answer, ..) => panic!("{place}: {answer:?}"),
        });
    }
    let named = |value: &Value| {
        let text = names.iter().fold(value.to_string(), |text, (name, id)| text.replace(id, name));
        serde_json::from_str(&text).unwrap()
    };
    came.iter().map(named).collect()
}

/// Agents are shown the ends of generated ids, programs the whole.
fn shorten(answer: &mut Value) {
    match answer {
        Value::String(text) if text.len() == 36 && text.matches('-').count() == 4 => {
            text.drain(..28);
        }
        Value::Array(items) => items.iter_mut().for_each(shorten),
        Value::Object(fields) => fields.values_mut().for_each(shorten),
        _ => {}
    }
}

/// Returns the arguments with what the names in them stand for.
fn filled_in(with: &Value, names: &BTreeMap<String, String>) -> Value {
    match with {
        Value::String(text) => names.get(text).unwrap_or(text).as_str().into(),
        Value::Array(items) => items.iter().map(|item| filled_in(item, names)).collect(),
        Value::Object(fields) => {
            let fields = fields.iter().map(|(key, value)| (key.clone(), filled_in(value, names)));
            Value::Object(fields.collect::<Map<_, _>>())
        }
        other => other.clone(),
    }
}

/// Says whether an answer has in it what is expected; `null` is expected of what is left out.
fn fits(expected: &Value, answer: &Value, names: &mut BTreeMap<String, String>) -> bool {
    match (expected, answer) {
        (Value::Object(expected), Value::Object(answer)) => expected
            .iter()
            .all(|(key, expected)| fits(expected, answer.get(key).unwrap_or(&Value::Null), names)),
        (Value::Array(expected), Value::Array(answer)) => {
            let mut pairs = expected.iter().zip(answer);
            expected.len() == answer.len() && pairs.all(|(expected, answer)| fits(expected, answer, names))
        }
        (Value::String(name), Value::String(text)) if name.starts_with('$') => {
            names.entry(name.clone()).or_insert_with(|| text.clone()) == text
        }
        (expected, answer) => expected == answer,
    }
}

#[test]
fn every_example_goes_as_it_says_and_the_same_through_both_faces() {
    for session in sessions() {
        let (one, other) = (Team::new(), Team::new());
        let mut agent = Agent::start_server(one.program().env("TASK_GRAPH_NOW", NOON).args([
            "--toolset",
            "full",
            "serve",
        ]));
        let spoken = play(&session, &mut agent);
        let mut shell = Shell(other);
        let typed = play(&session, &mut shell);

        for (at, (spoken, typed)) in spoken.iter().zip(&typed).enumerate() {
            assert_eq!(spoken, typed, "{}:{}", session.name, at + 2);
        }
        one.check();
        shell.0.check();
    }
}

#[test]
fn the_examples_show_every_operation() {
    let sessions = sessions();
    let shown: BTreeSet<&str> = sessions
        .iter()
        .flat_map(|session| &session.steps)
        .filter(|step| step.answer.is_some())
        .map(|step| step.call.as_str())
        .collect();

    let missing: Vec<_> =
        CATALOGUE.iter().map(|entry| entry.name).filter(|name| !shown.contains(name)).collect();

    assert!(missing.is_empty(), "no example of {missing:?}");
}

#[test]
fn the_arguments_of_the_examples_are_what_the_schemas_say() {
    let config = Config::builtin();
    for session in sessions().into_iter().filter(|session| !session.borrowed) {
        for step in session.steps.iter().filter(|step| step.with.is_object()) {
            let schema = Value::Object(ops::find(&step.call).unwrap().arguments(&config));
            let valid = jsonschema::validate(&schema, &step.with);
            valid.unwrap_or_else(|error| panic!("{}: {} {}: {error}", session.name, step.call, step.with));
        }
    }
}
