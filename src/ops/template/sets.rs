//! The values for one task, or for many.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

use crate::config::Config;
use crate::error::{Error, Result};
use crate::ops::rows;
use crate::ops::task::words;

/// A set of values for each new task.
#[derive(Debug)]
pub struct Sets {
    pub sets: Vec<Map<String, Value>>,
    /// True if they were given as a list.
    pub is_list: bool,
}

impl Default for Sets {
    fn default() -> Self {
        Self { sets: vec![Map::new()], is_list: false }
    }
}

impl Sets {
    /// Takes a table as a list of sets, each with the values that all share.
    pub fn take_table(&mut self, config: &Config, columns: &[String], rows: Vec<Vec<Value>>) -> Result<()> {
        if columns.is_empty() && rows.is_empty() {
            return Ok(());
        }
        let [common] = &self.sets[..] else {
            return Err(Error::input("`vars` beside `rows` is one object, for all of them", ""));
        };
        let shared: usize = common.values().map(|value| value.as_str().map_or(0, str::len)).sum();
        words::check_copies(config, shared.saturating_mul(rows.len()))?;
        let known: Vec<&str> = columns.iter().map(String::as_str).collect();
        rows::check_columns(columns, &known)?;
        let mut misfits = Vec::new();
        let mut sets = Vec::new();
        for row in rows::read(columns, rows, |set: &mut Map<String, Value>, column, cell| {
            set.insert(column.to_owned(), cell.0);
            Ok(())
        }) {
            match row {
                Ok(set) => sets.push(common.clone().into_iter().chain(set).collect()),
                Err(misfit) => misfits.push(misfit),
            }
        }
        Error::items(misfits)?;
        *self = Self { sets, is_list: true };
        Ok(())
    }
}

impl<'de> Deserialize<'de> for Sets {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
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
