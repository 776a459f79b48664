//! The tool `more`: the operations and arguments that the lists leave out.
//!
//! Every listed word costs each agent tokens from the start. `more` finds, describes and runs
//! the rest. The full list has it too: it contains all operations, but not all their arguments.

use std::sync::Arc;

use rmcp::model::{JsonObject, MetaObject, Tool};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::call::Wish;
use super::tools::{self, SEARCH_HINT, annotations};
use crate::config::{Config, Toolset};
use crate::ops::{self, CATALOGUE, Entry, Shelf};
use crate::{Effect, Error, Result};

pub const NAME: &str = "more";

const DESCRIPTION: &str = "Reach operations and arguments that are not listed. \
    Without arguments: which operations there are. With `name`: all that one takes. \
    With `name` and `arguments`: run it.";

/// The subjects of the other operations. All their names would cost more tokens than they are worth.
const TOPICS: &str =
    "tree history files messages attach metrics search sql gates workflow skills agents feedback";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct More {
    name: Option<String>,
    arguments: Option<Map<String, Value>>,
}

pub fn tool(toolset: Toolset) -> Tool {
    // It can run any operation, so it is announced as destructive.
    let tool =
        Tool::new(NAME, DESCRIPTION, Arc::new(schema())).with_annotations(annotations(Effect::Destroy));
    match toolset {
        Toolset::Full => tool,
        Toolset::Core | Toolset::Queue => {
            let mut meta = MetaObject::new();
            meta.0.insert(SEARCH_HINT.into(), TOPICS.into());
            tool.with_meta(meta)
        }
    }
}

fn schema() -> JsonObject {
    let mut schema = JsonObject::new();
    schema.insert("type".into(), "object".into());
    schema.insert(
        "properties".into(),
        json!({ "name": { "type": "string" }, "arguments": { "type": "object" } }),
    );
    schema
}

pub fn read(mut arguments: Map<String, Value>) -> Result<Wish> {
    // Lists in the arguments are limited when the operation is called.
    ops::check_arguments(NAME, &schema(), usize::MAX, &mut arguments)?;
    let More { name, arguments } = serde_json::from_value(Value::Object(arguments))
        .map_err(|error| Error::input(format!("`{NAME}`: {error}"), ""))?;
    Ok(match (name, arguments) {
        (Some(name), Some(arguments)) => Wish::Run(ops::find(&name)?, arguments),
        (Some(name), None) => Wish::Describe(ops::find(&name)?),
        (None, None) => Wish::Index,
        (None, Some(_)) => {
            let hint = format!("`{NAME}` without arguments lists the names");
            return Err(Error::input(format!("`{NAME}` needs `name`"), hint));
        }
    })
}

/// Returns the operations that the list leaves out, with a line each.
pub fn index(toolset: Toolset) -> Value {
    let is_told = |entry: &&Entry| match toolset {
        Toolset::Core => entry.shelf == Shelf::Full,
        Toolset::Full => false,
        Toolset::Queue => entry.shelf <= Shelf::Full && !entry.is_of_queue(),
    };
    let told = CATALOGUE.iter().filter(is_told);
    let lines = told.map(|entry| (entry.name.to_owned(), first_clause(&entry.summary()).into()));
    let mut index = json!({ "operations": lines.collect::<Map<String, Value>>() });
    if toolset != Toolset::Queue {
        let others = CATALOGUE.iter().filter(|entry| entry.shelf == Shelf::Queue);
        index["names_for_queues"] = others.map(|entry| entry.name).collect::<Vec<_>>().join(" ").into();
    }
    index["next"] = "`name` shows all that one of these, or of the listed ones, takes".into();
    index
}

/// Returns the first clause of a sentence.
fn first_clause(summary: &str) -> &str {
    summary.split([';', ':', ',']).next().unwrap_or(summary)
}

pub fn describe(entry: &Entry, config: &Config) -> Value {
    json!({
        "name": entry.name,
        "description": tools::description(entry, config),
        "arguments": entry.shown_arguments(config),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(arguments: Value) -> Result<Wish> {
        let Value::Object(arguments) = arguments else {
            panic!("{arguments} is no object");
        };
        super::read(arguments)
    }

    #[test]
    fn each_argument_asks_for_more() {
        assert!(matches!(read(json!({})), Ok(Wish::Index)));
        assert!(matches!(
            read(json!({ "name": "connect" })),
            Ok(Wish::Describe(entry)) if entry.name == "connect"
        ));
        assert!(matches!(
            read(json!({ "name": "connect", "arguments": {} })),
            Ok(Wish::Run(entry, _)) if entry.name == "connect"
        ));
    }

    #[test]
    fn what_the_list_leaves_out_fits_an_answer() {
        for toolset in [Toolset::Core, Toolset::Full, Toolset::Queue] {
            let bytes = index(toolset).to_string().len();
            assert!(bytes <= 4_000, "{toolset:?}: {bytes} bytes");
        }
    }

    #[test]
    fn a_name_that_is_not_quite_right_is_refused_with_the_right_one() {
        let refused = read(json!({ "name": "conect" })).err().unwrap();

        assert_eq!(refused.code(), "not_found");
        assert_eq!(refused.hint().unwrap(), "did you mean `connect`?");
    }

    #[test]
    fn arguments_of_nothing_and_unknown_ones_are_refused() {
        assert!(read(json!({ "arguments": {} })).is_err_and(|error| error.code() == "input"));
        assert!(read(json!({ "operation": "x" })).is_err_and(|error| error.code() == "input"));
    }
}
