//! The values for one task, or for many.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

/// A set of values for each task that is to be made.
#[derive(Debug)]
pub struct Sets {
    pub sets: Vec<Map<String, Value>>,
    /// Whether they were given as a list.
    pub is_list: bool,
}

impl Default for Sets {
    fn default() -> Self {
        Self { sets: vec![Map::new()], is_list: false }
    }
}

impl<'de> Deserialize<'de> for Sets {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let read = match Value::deserialize(deserializer)? {
            Value::Object(set) => Ok(Self { sets: vec![set], is_list: false }),
            list => serde_json::from_value(list).map(|sets| Self { sets, is_list: true }),
        };
        read.map_err(serde::de::Error::custom)
    }
}

impl JsonSchema for Sets {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Sets".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": ["object", "array"], "items": { "type": "object" } })
    }
}
