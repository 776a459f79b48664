//! Reads a section of settings into values.
//!
//! A section learns its settings from the calls that ask for them, so that each name is
//! written once. [`Section::done`] refuses all others.

use std::fmt::Display;
use std::str::FromStr;
use std::sync::Arc;

use indexmap::IndexMap;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::source::Source;
use super::tree::{Content, Node, not_a_section};
use crate::domain::{listed, nearest};
use crate::error::{Error, Result};

pub struct Section<'a> {
    key: Vec<&'a str>,
    node: &'a Node,
    /// Its entries; none if it is empty.
    entries: Option<&'a IndexMap<String, Node>>,
    known: Vec<&'static str>,
}

impl<'a> Section<'a> {
    pub fn of(node: &'a Node) -> Result<Self> {
        Self::at(Vec::new(), node)
    }

    fn at(key: Vec<&'a str>, node: &'a Node) -> Result<Self> {
        let entries = match &node.content {
            Content::Section(entries) => Some(entries),
            Content::Value(Value::Null) => None,
            Content::Value(value) => return Err(not_a_section(&node.source, &key, value)),
        };
        Ok(Self { key, node, entries, known: Vec::new() })
    }

    pub fn section(&mut self, name: &'static str) -> Result<Section<'a>> {
        let node = self.demand(name)?;
        Self::at(self.key_of(name), node)
    }

    /// Returns a section, or an empty one if it is omitted.
    pub fn optional_section(&mut self, name: &'static str) -> Result<Section<'a>> {
        match self.look_up(name) {
            Some(node) => Self::at(self.key_of(name), node),
            None => Ok(Self { key: self.key_of(name), node: self.node, entries: None, known: Vec::new() }),
        }
    }

    /// Returns true if a setting is written as a section.
    pub fn has_section(&self, name: &str) -> bool {
        let node = self.entries.and_then(|entries| entries.get(name));
        node.is_some_and(|node| matches!(node.content, Content::Section(_)))
    }

    /// Returns the values in this section, in which the user chooses the names.
    pub fn values<T: DeserializeOwned>(&self) -> Result<Vec<(&'a str, T)>> {
        let entries = self.entries.into_iter().flatten();
        entries.map(|(name, node)| Ok((name.as_str(), self.read(name, node)?))).collect()
    }

    /// Returns the sections in this one, in which the user chooses the names.
    pub fn named<T: FromStr<Err: Display>>(&self) -> Result<Vec<(T, Section<'a>)>> {
        let entries = self.entries.into_iter().flatten();
        entries
            .map(|(name, node)| {
                let key = self.key_of(name);
                let parsed = name
                    .parse()
                    .map_err(|bad| node.source.fault(&key, format!("cannot be used: {bad}"), ""))?;
                Ok((parsed, Self::at(key, node)?))
            })
            .collect()
    }

    pub fn required<T: DeserializeOwned>(&mut self, name: &'static str) -> Result<T> {
        let node = self.demand(name)?;
        self.read(name, node)
    }

    /// Returns a value, or `None` if it is omitted or null.
    pub fn optional<T: DeserializeOwned>(&mut self, name: &'static str) -> Result<Option<T>> {
        match self.look_up(name) {
            None => Ok(None),
            Some(node) if matches!(node.content, Content::Value(Value::Null)) => Ok(None),
            Some(node) => self.read(name, node).map(Some),
        }
    }

    /// Returns a value, or the default of its type if it is omitted or null.
    pub fn or_default<T: DeserializeOwned + Default>(&mut self, name: &'static str) -> Result<T> {
        Ok(self.optional(name)?.unwrap_or_default())
    }

    /// Returns a whole number of at least `least`.
    pub fn whole(&mut self, name: &'static str, least: u32) -> Result<u32> {
        let value: Value = self.required(name)?;
        let number = value.as_u64().and_then(|number| u32::try_from(number).ok());
        number.filter(|number| *number >= least).ok_or_else(|| {
            let what = format!("takes a whole number from {least} to {}, not {value}", u32::MAX);
            self.fault(name, what, "")
        })
    }

    /// Refuses a setting that no call asked for.
    pub fn done(&self) -> Result<()> {
        let names = self.entries.into_iter().flat_map(IndexMap::keys);
        match names.into_iter().find(|name| !self.knows(name)) {
            Some(name) => Err(self.unknown(name)),
            None => Ok(()),
        }
    }

    /// Returns an error about the setting `name`.
    pub fn fault(&self, name: &str, what: impl Display, hint: impl Into<String>) -> Error {
        let node = self.entries.and_then(|entries| entries.get(name));
        let source = &node.unwrap_or(self.node).source;
        source.fault(&self.key_of(name), what, hint)
    }

    /// Returns an error about this section.
    pub fn fault_of_all(&self, what: impl Display, hint: impl Into<String>) -> Error {
        self.node.source.fault(&self.key, what, hint)
    }

    /// Returns the source of the latest tier that sets something in this section.
    pub fn newest_source(&self) -> &'a Arc<Source> {
        self.node.newest_source()
    }

    fn read<T: DeserializeOwned>(&self, name: &str, node: &Node) -> Result<T> {
        let Content::Value(value) = &node.content else {
            return Err(self.fault(name, "is one value, not a section", ""));
        };
        T::deserialize(value).map_err(|error| self.fault(name, format!("cannot be used: {error}"), ""))
    }

    fn look_up(&mut self, name: &'static str) -> Option<&'a Node> {
        if !self.knows(name) {
            self.known.push(name);
        }
        self.entries?.get(name)
    }

    fn demand(&mut self, name: &'static str) -> Result<&'a Node> {
        self.look_up(name).ok_or_else(|| self.missing(name))
    }

    /// Returns the error for a missing setting, or for a misspelling of it, if there is one.
    fn missing(&self, name: &'static str) -> Error {
        let mut others = self.entries.into_iter().flat_map(IndexMap::keys);
        match others.find(|other| !self.knows(other) && nearest(other, &[name]).is_some()) {
            Some(misspelt) => self.unknown(misspelt),
            None => self.fault(name, "is missing", "nothing is taken from other files here"),
        }
    }

    fn unknown(&self, name: &str) -> Error {
        let hint = suggestion(name, &self.known);
        self.fault(name, "is not a setting", hint)
    }

    fn knows(&self, name: &str) -> bool {
        self.known.contains(&name)
    }

    fn key_of<'b>(&self, name: &'b str) -> Vec<&'b str>
    where
        'a: 'b,
    {
        self.key.iter().copied().chain([name]).collect()
    }
}

/// Returns the hint for an unknown name.
pub fn suggestion(given: &str, names: &[&str]) -> String {
    match nearest(given, names) {
        Some(name) => format!("did you mean `{name}`?"),
        None => format!("there are {}", listed(names)),
    }
}
