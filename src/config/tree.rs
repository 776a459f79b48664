//! Settings as they were written, each with its source.

use std::sync::Arc;

use indexmap::IndexMap;
use serde::Serialize;
use serde_json::Value;

use super::source::{Origin, Source};
use crate::error::Result;

/// A section or a value.
#[derive(Clone, Debug)]
pub struct Node {
    pub source: Arc<Source>,
    pub content: Content,
}

#[derive(Clone, Debug)]
pub enum Content {
    Section(IndexMap<String, Node>),
    Value(Value),
}

/// A setting in effect.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Setting {
    /// Its name, preceded by those of its sections: `server.claim_limit`.
    pub key: String,
    pub value: Value,
    pub origin: Origin,
}

impl Node {
    /// Returns a value inside the sections of its key.
    pub fn single(source: &Arc<Source>, key: &[&str], value: Value) -> Self {
        let content = match key {
            [] => Content::Value(value),
            [name, below @ ..] => {
                let node = Self::single(source, below, value);
                Content::Section(IndexMap::from([((*name).to_owned(), node)]))
            }
        };
        let source = Arc::clone(source);
        Self { source, content }
    }

    /// Merges the settings of a later tier into these.
    ///
    /// Sections merge; values and lists replace. An empty section, such as one with
    /// comments only, changes nothing.
    pub fn lay(&mut self, over: Self) -> Result<()> {
        self.lay_at(&mut Vec::new(), over)
    }

    fn lay_at(&mut self, key: &mut Vec<String>, over: Self) -> Result<()> {
        match (&mut self.content, over.content) {
            (Content::Section(under), Content::Section(over)) => {
                for (name, node) in over {
                    match under.get_mut(&name) {
                        None => {
                            under.insert(name, node);
                        }
                        Some(place) => {
                            key.push(name);
                            place.lay_at(key, node)?;
                            key.pop();
                        }
                    }
                }
            }
            (Content::Section(_), Content::Value(Value::Null)) => {}
            (Content::Section(_), Content::Value(value)) => {
                let key: Vec<&str> = key.iter().map(String::as_str).collect();
                return Err(not_a_section(&over.source, &key, &value));
            }
            (place, content) => {
                *place = content;
                self.source = over.source;
            }
        }
        Ok(())
    }

    /// Returns every value, with its key and origin.
    pub fn settings(&self) -> Vec<Setting> {
        let mut found = Vec::new();
        self.collect(&mut Vec::new(), &mut found);
        found
    }

    fn collect<'a>(&'a self, key: &mut Vec<&'a str>, found: &mut Vec<Setting>) {
        match &self.content {
            Content::Section(entries) => {
                for (name, node) in entries {
                    key.push(name);
                    node.collect(key, found);
                    key.pop();
                }
            }
            Content::Value(value) => found.push(Setting {
                key: key.join("."),
                value: value.clone(),
                origin: self.source.origin.clone(),
            }),
        }
    }

    /// Returns the source of the latest tier that sets something here.
    pub fn newest_source(&self) -> &Arc<Source> {
        match &self.content {
            Content::Value(_) => &self.source,
            Content::Section(entries) => entries
                .values()
                .map(Self::newest_source)
                .max_by_key(|source| &source.origin)
                .unwrap_or(&self.source),
        }
    }
}

/// Returns the error for a value in the place of a section.
pub fn not_a_section(source: &Source, key: &[&str], value: &Value) -> crate::error::Error {
    match key {
        [] => source.fault_of_all("settings are written as `key: value`", ""),
        key => source.fault(key, format!("is a section of settings, not {value}"), ""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layered(under: &str, over: &str) -> Result<Node> {
        let mut node = Source::new(Origin::Default, under).tree()?;
        node.lay(Source::new(Origin::ProjectFile("p.yaml".into()), over).tree()?)?;
        Ok(node)
    }

    fn shown(node: &Node) -> Vec<String> {
        let settings = node.settings();
        let line = |s: &Setting| format!("{} {} {}", s.key, s.value, s.origin);
        settings.iter().map(line).collect()
    }

    #[test]
    fn sections_merge_and_values_and_lists_replace() {
        let node = layered("a: {b: 1, c: [1, 2], e: 0}", "a: {b: 2, c: [3]}\nd: {x: y}").unwrap();

        assert_eq!(
            shown(&node),
            [
                "a.b 2 project file p.yaml",
                "a.c [3] project file p.yaml",
                "a.e 0 default",
                "d.x \"y\" project file p.yaml"
            ]
        );
    }

    #[test]
    fn an_empty_section_says_nothing_and_an_empty_value_replaces() {
        let node = layered("a: {b: 1}\nc: 1", "a:\nc:").unwrap();

        assert_eq!(shown(&node), ["a.b 1 default", "c null project file p.yaml"]);
    }

    #[test]
    fn a_value_cannot_take_the_place_of_a_section() {
        let refused = layered("a: {b: {c: 1}}", "# p\na:\n  b: 5").unwrap_err();

        assert_eq!(refused.to_string(), "p.yaml:3: `a.b` is a section of settings, not 5");
    }
}
