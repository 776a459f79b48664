//! Calls as texts for agents write them: `claim(worker_id="ann", task="t1")`.

use serde_json::{Map, Value};

/// Returns the texts in backticks within lines, and the blocks of code with their info strings.
pub fn spans_and_blocks(text: &str) -> (Vec<&str>, Vec<(&str, &str)>) {
    let (mut spans, mut blocks) = (Vec::new(), Vec::new());
    for (at, part) in text.split("```").enumerate() {
        if at % 2 == 0 {
            spans.extend(part.lines().flat_map(quoted));
        } else {
            blocks.push(part.split_once('\n').unwrap());
        }
    }
    (spans, blocks)
}

/// Returns the texts in backticks.
pub fn quoted(text: &str) -> Vec<&str> {
    text.split('`').skip(1).step_by(2).collect()
}

/// Reads `name(argument=value, …)`.
pub fn call(text: &str) -> Option<(&str, Map<String, Value>)> {
    let (name, arguments) = text.trim().strip_suffix(')')?.split_once('(')?;
    Some((name, arguments_of(arguments)))
}

/// Reads `argument=value, …`.
pub fn arguments_of(text: &str) -> Map<String, Value> {
    let mut rest = text;
    let mut read = Map::new();
    while let Some((key, after)) = rest.split_once('=') {
        let mut values = serde_json::Deserializer::from_str(after).into_iter::<Value>();
        let value = values.next().unwrap().unwrap_or_else(|error| panic!("{text}: {error}"));
        read.insert(key.trim_start_matches([',', ' ']).to_owned(), value);
        rest = &after[values.byte_offset()..];
    }
    assert_eq!(rest, "", "{text}");
    read
}
