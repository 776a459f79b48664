//! Files that a request names.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;

use crate::config::Places;
use crate::domain::{FileName, MarkPath};
use crate::error::{Error, Result};

/// Files as a caller names them and, after `locate`, the paths they mean.
#[derive(Debug, Default, Deserialize)]
#[serde(from = "Vec<FileName>")]
pub struct Files {
    names: Vec<FileName>,
    found: Vec<MarkPath>,
}

impl Files {
    /// How many files a request may name.
    const MOST: usize = 100;

    /// Resolves the names on the disk. This is too slow for a transaction.
    pub fn locate(&mut self, places: &Places) -> Result<()> {
        self.found.clear();
        for name in &self.names {
            for path in places.locate(name)? {
                if !self.found.contains(&path) {
                    self.found.push(path);
                }
            }
            if self.found.len() > Self::MOST {
                let message = format!("more than {} files are too many", Self::MOST);
                return Err(Error::input(message, "name a folder or a pattern, or make several calls"));
            }
        }
        Ok(())
    }

    /// Returns the resolved paths, each once.
    pub fn paths(&self) -> &[MarkPath] {
        &self.found
    }

    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    /// Returns true if the only name is `*`, which means everything of the caller's.
    pub fn is_star(&self) -> bool {
        self.names.len() == 1 && self.names[0].as_str() == "*"
    }
}

impl From<Vec<FileName>> for Files {
    fn from(names: Vec<FileName>) -> Self {
        Self { names, found: Vec::new() }
    }
}

impl JsonSchema for Files {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Files".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "array", "items": { "type": "string" } })
    }
}
