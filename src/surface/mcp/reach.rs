//! Adapts advice to the tools that a client is shown.
//!
//! Advice is written once, for all toolsets. Clients refuse to call a tool that is not listed, so advice
//! that names an unlisted operation says that `more` runs it.

use std::collections::BTreeSet;
use std::sync::OnceLock;

use serde_json::Value;

use super::{more, tools};
use crate::config::{Config, Toolset};
use crate::ops::{self, CATALOGUE, names_for_queues};

/// The field of an answer with advice.
const NOTICES: &str = "notices";

/// Returns advice in names that a client of this toolset can call.
pub fn reachable(advice: &str, toolset: Toolset) -> String {
    let mut advice = match toolset {
        Toolset::Core | Toolset::Full => advice.to_owned(),
        Toolset::Queue => names_for_queues(advice),
    };
    let unlisted: Vec<_> = unlisted(&advice, toolset).iter().map(|name| format!("`{name}`")).collect();
    if !unlisted.is_empty() && !advice.contains(&format!("`{}`", more::NAME)) {
        advice += &format!(" (`{}` runs {})", more::NAME, unlisted.join(", "));
    }
    advice
}

/// Does the same for the notices of an answer.
pub fn make_notices_reachable(answer: &mut Value, toolset: Toolset) {
    for notice in answer.get_mut(NOTICES).and_then(Value::as_array_mut).into_iter().flatten() {
        if let Value::String(text) = notice {
            *text = reachable(text, toolset);
        }
    }
}

/// Returns the operations that a text names and this toolset does not list.
fn unlisted(text: &str, toolset: Toolset) -> Vec<&'static str> {
    let mut found = Vec::new();
    for (name, is_called) in words(text) {
        let Ok(entry) = ops::find(name) else { continue };
        let is_meant = entry.name == name && (is_called || !is_argument(name));
        if is_meant && !tools::is_listed(entry, toolset) && !found.contains(&entry.name) {
            found.push(entry.name);
        }
    }
    found
}

/// Returns the names in a text that may be operations: in backticks, or called as `name(argument=…)`.
fn words(text: &str) -> Vec<(&str, bool)> {
    let is_of_name = |letter: char| letter.is_ascii_lowercase() || letter == '_';
    let quoted = text.split('`').skip(1).step_by(2);
    let quoted = quoted.filter(|name| name.chars().all(is_of_name)).map(|name| (name, false));
    let called = text.match_indices('(').filter_map(|(at, _)| {
        let before = &text[..at];
        let name = &before[before.trim_end_matches(is_of_name).len()..];
        let has_argument = text[at + 1..].trim_start_matches(is_of_name).starts_with(['=', ')']);
        (has_argument && !name.is_empty()).then_some((name, true))
    });
    quoted.chain(called).collect()
}

/// True if a name is also an argument of some operation, which advice names more often.
fn is_argument(name: &str) -> bool {
    static ARGUMENTS: OnceLock<BTreeSet<String>> = OnceLock::new();
    let arguments = ARGUMENTS.get_or_init(|| {
        let schemas = CATALOGUE.iter().map(|entry| entry.arguments(&Config::builtin()));
        let names = schemas.filter_map(|schema| {
            Some(schema.get("properties")?.as_object()?.keys().cloned().collect::<Vec<_>>())
        });
        names.flatten().collect()
    });
    arguments.contains(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn advice_that_names_an_unlisted_operation_says_how_to_reach_it() {
        for (toolset, advice, reachable_advice) in [
            (
                Toolset::Core,
                "`undelete` brings it back",
                "`undelete` brings it back (`more` runs `undelete`)",
            ),
            (Toolset::Full, "`undelete` brings it back", "`undelete` brings it back"),
            (
                Toolset::Core,
                "wait: project(name=x) opens it",
                "wait: project(name=x) opens it (`more` runs `project`)",
            ),
            (Toolset::Core, "`list_tasks` shows them", "`list_tasks` shows them"),
            (Toolset::Core, "`project` stands beside `tasks`", "`project` stands beside `tasks`"),
            (Toolset::Queue, "`claim` another", "`request_task` another"),
            (Toolset::Queue, "`relink` moves it", "`relink` moves it (`more` runs `relink`)"),
        ] {
            assert_eq!(reachable(advice, toolset), reachable_advice, "{toolset:?}");
        }
    }
}
