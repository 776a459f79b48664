//! The tools that a client is shown: built once, the same for every connection.

use std::sync::Arc;

use rmcp::model::{MetaObject, Tool, ToolAnnotations};

use super::more;
use crate::Effect;
use crate::config::{Config, Toolset};
use crate::ops::{CATALOGUE, Described, Entry, Shelf};

/// Asks a client that defers tools to show this one at once.
const ALWAYS_LOAD: &str = "anthropic/alwaysLoad";
/// Further words by which such a client finds a deferred tool.
pub const SEARCH_HINT: &str = "anthropic/searchHint";

/// Returns the tools of a toolset, in the order of the catalogue; then `more`, for the others.
pub fn listed(toolset: Toolset, config: &Config) -> Vec<Tool> {
    let listed = CATALOGUE.iter().filter(|entry| is_listed(entry, toolset));
    listed.map(|entry| tool(entry, config)).chain([more::tool(toolset)]).collect()
}

/// True if the toolset lists the operation.
pub fn is_listed(entry: &Entry, toolset: Toolset) -> bool {
    match toolset {
        Toolset::Core => entry.shelf <= Shelf::Core,
        Toolset::Full => entry.shelf <= Shelf::Full,
        Toolset::Queue => entry.is_of_queue(),
    }
}

fn tool(entry: &Entry, config: &Config) -> Tool {
    let Described { text, arguments } = entry.in_short(config);
    let text = own_words(entry, config).unwrap_or(text);
    let tool = Tool::new(entry.name, text, Arc::new(arguments));
    let tool = tool.with_annotations(annotations(entry.effect));
    match meta(entry) {
        Some(meta) => tool.with_meta(meta),
        None => tool,
    }
}

/// Returns the description of an operation, the project's own if there is one.
pub fn description(entry: &Entry, config: &Config) -> String {
    own_words(entry, config).unwrap_or_else(|| entry.description())
}

fn own_words(entry: &Entry, config: &Config) -> Option<String> {
    config.descriptions.get(entry.name).cloned()
}

/// Returns only the hints that differ from the defaults of the protocol: a tool without a
/// read-only hint counts as one that changes something.
pub fn annotations(effect: Effect) -> ToolAnnotations {
    let hints = ToolAnnotations::new();
    match effect {
        Effect::Read => hints.read_only(true),
        Effect::Note | Effect::Write | Effect::Destroy => {
            hints.destructive(effect == Effect::Destroy).open_world(false)
        }
    }
}

fn meta(entry: &Entry) -> Option<MetaObject> {
    let (key, value) = match (entry.shelf, entry.hint) {
        (Shelf::Always, _) => (ALWAYS_LOAD, true.into()),
        (_, "") => return None,
        (_, hint) => (SEARCH_HINT, hint.into()),
    };
    let mut meta = MetaObject::new();
    meta.0.insert(key.into(), value);
    Some(meta)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn shown(toolset: Toolset) -> Vec<Value> {
        let tools = listed(toolset, &Config::builtin());
        tools.into_iter().map(|tool| json!(tool)).collect()
    }

    fn bytes(tools: &[Value]) -> usize {
        json!(tools).to_string().len()
    }

    #[test]
    fn the_short_list_fits_its_budget() {
        let tools = shown(Toolset::Core);

        assert!(bytes(&tools) <= 7_700, "{} bytes", bytes(&tools));
    }

    #[test]
    fn the_full_list_fits_its_budget() {
        let tools = shown(Toolset::Full);

        assert!(bytes(&tools) <= 24_000, "{} bytes", bytes(&tools));
    }

    #[test]
    fn the_list_for_queues_fits_its_budget() {
        let tools = shown(Toolset::Queue);

        assert!(bytes(&tools) <= 12_000, "{} bytes", bytes(&tools));
    }

    #[test]
    fn each_list_ends_with_what_reaches_the_rest() {
        let names = |toolset| -> Vec<Value> {
            let tools = shown(toolset);
            tools.iter().map(|tool| tool["name"].clone()).collect()
        };

        assert_eq!(names(Toolset::Core).last(), Some(&json!("more")));
        assert_eq!(names(Toolset::Full).last(), Some(&json!("more")));
        assert_eq!(names(Toolset::Queue).last(), Some(&json!("more")));
        let others = CATALOGUE.iter().filter(|entry| entry.shelf == Shelf::Queue).count();
        assert_eq!(names(Toolset::Full).len(), CATALOGUE.len() - others + 1);
    }

    #[test]
    fn a_project_may_describe_a_tool_in_its_own_words() {
        let mut config = Config::builtin();
        config.descriptions.insert("claim".into(), "Take a ticket.".into());

        let tools = listed(Toolset::Core, &config);

        let claim = tools.iter().find(|tool| tool.name == "claim").unwrap();
        assert_eq!(claim.description.as_deref(), Some("Take a ticket."));
    }

    #[test]
    fn every_tool_says_what_it_does_to_the_store() {
        let harmless = json!({ "readOnlyHint": true });
        let change = |destructive| json!({ "destructiveHint": destructive, "openWorldHint": false });
        for (effect, hints) in [
            (Effect::Read, harmless),
            (Effect::Note, change(false)),
            (Effect::Write, change(false)),
            (Effect::Destroy, change(true)),
        ] {
            assert_eq!(json!(annotations(effect)), hints);
        }
    }

    #[test]
    fn every_tool_describes_itself() {
        for tool in shown(Toolset::Core).iter().chain(&shown(Toolset::Full)) {
            assert_ne!(tool["description"], "", "{tool}");
            assert_eq!(tool["inputSchema"]["type"], "object", "{tool}");
            assert!(tool.get("title").is_none() && tool.get("outputSchema").is_none());
        }
    }
}
