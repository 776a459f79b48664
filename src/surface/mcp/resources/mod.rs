//! Addresses that can be read. Each stands for a call of an operation.
//!
//! Every resource has a tool as well, since most agents never read resources; people attach
//! them to their requests.

mod table;

use std::borrow::Cow;

use rmcp::model::{ReadResourceResult, Resource, ResourceContents, ResourceTemplate};
use serde_json::{Map, Value, json};

use crate::ops::{self, Input, Subject, nearest};
use crate::surface::compact::shorten_ids;
use crate::{App, Error, Patience, Result};
pub use table::RESOURCES;

/// A topic of a resource: subscribers are notified of changes to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Topic {
    Tasks,
    Workers,
    Marks,
}

/// An address, and the call it stands for.
pub struct Row {
    /// The address; a part in braces, always the last, is filled in by the reader.
    pub address: &'static str,
    name: &'static str,
    about: &'static str,
    operation: &'static str,
    arguments: &'static [(&'static str, Asks)],
    shows: Shows,
    pub topics: &'static [Topic],
    /// The subject of the part in braces.
    pub subject: Option<Subject>,
}

/// The value of an argument.
#[derive(Clone, Copy)]
enum Asks {
    Yes,
    Number(i64),
    Text(&'static str),
    /// The part that the reader filled in.
    Given,
    /// The same, after this prefix.
    GivenAfter(&'static str),
}

/// The part of an answer that is shown, and its format.
#[derive(Clone, Copy)]
enum Shows {
    Json,
    /// This field alone.
    Part(&'static str),
    /// The text in this field.
    Markdown(&'static str),
}

/// A requested resource.
pub struct Asked<'a> {
    pub row: &'static Row,
    address: &'a str,
    given: Cow<'a, str>,
}

impl Row {
    /// Returns the address before the braces, and the name in them.
    fn template(&self) -> Option<(&'static str, &'static str)> {
        let (start, name) = self.address.split_once('{')?;
        Some((start, name.trim_end_matches('}')))
    }

    /// Returns the name in the braces.
    pub fn variable(&self) -> Option<&'static str> {
        self.template().map(|(_, name)| name)
    }

    fn mime_type(&self) -> &'static str {
        match self.shows {
            Shows::Json | Shows::Part(_) => "application/json",
            Shows::Markdown(_) => "text/markdown",
        }
    }

    fn question(&self, given: &str) -> Map<String, Value> {
        let value = |asks: &Asks| match *asks {
            Asks::Yes => true.into(),
            Asks::Number(number) => number.into(),
            Asks::Text(text) => text.into(),
            Asks::Given => given.into(),
            Asks::GivenAfter(start) => format!("{start}{given}").into(),
        };
        self.arguments.iter().map(|(name, asks)| ((*name).to_owned(), value(asks))).collect()
    }

    fn ask(&self, app: &App, patience: Patience, given: &str) -> Result<Value> {
        let arguments = self.question(given);
        ops::find(self.operation)?.call(app, Input::at_once(arguments, patience))
    }

    fn resource(&self, address: &str, name: &str, about: &str) -> Resource {
        Resource::new(address, name).with_description(about).with_mime_type(self.mime_type())
    }
}

impl<'a> Asked<'a> {
    /// Returns the resource at an address, or a refusal with the nearest address.
    pub fn find(address: &'a str) -> Result<Self> {
        if let Some(row) = RESOURCES.iter().find(|row| row.address == address && row.template().is_none()) {
            return Ok(Self { row, address, given: Cow::default() });
        }
        for row in RESOURCES {
            if let Some((start, _)) = row.template()
                && let Some(given) = address.strip_prefix(start).filter(|given| !given.is_empty())
            {
                return Ok(Self { row, address, given: decoded(given) });
            }
        }
        Err(unknown(address))
    }

    pub fn read(&self, app: &App, patience: Patience) -> Result<ReadResourceResult> {
        let mut answer = self.row.ask(app, patience, &self.given)?;
        let text = match self.row.shows {
            Shows::Markdown(field) => answer[field].as_str().unwrap_or_default().to_owned(),
            Shows::Part(field) => {
                let part = answer[field].take();
                json!({ field: part }).to_string()
            }
            Shows::Json => {
                shorten_ids(&mut answer);
                answer.to_string()
            }
        };
        let contents = ResourceContents::text(text, self.address).with_mime_type(self.row.mime_type());
        Ok(ReadResourceResult::new(vec![contents]))
    }
}

/// Returns the resources without a part to fill in, and each skill.
pub fn listed(app: Option<&App>, patience: Patience) -> Result<Vec<Resource>> {
    let mut resources = Vec::new();
    for row in RESOURCES {
        match (row.template(), row.subject, app) {
            (None, ..) => resources.push(row.resource(row.address, row.name, row.about)),
            (Some((start, _)), Some(Subject::Skill), Some(app)) => {
                resources.extend(skills(app, patience)?.iter().map(|(name, about)| {
                    row.resource(&format!("{start}{name}"), &format!("skill {name}"), about)
                }));
            }
            _ => {}
        }
    }
    Ok(resources)
}

/// Returns the skills with their descriptions.
fn skills(app: &App, patience: Patience) -> Result<Vec<(String, String)>> {
    const LIST: &str = "docs://skills/list";
    let list = Asked::find(LIST)?.row.ask(app, patience, "")?;
    let rows = list["skills"].as_array().into_iter().flatten();
    let text = |row: &Value, field: &str| row[field].as_str().unwrap_or_default().to_owned();
    Ok(rows.map(|row| (text(row, "name"), text(row, "description"))).collect())
}

pub fn templates() -> Vec<ResourceTemplate> {
    let rows = RESOURCES.iter().filter(|row| row.template().is_some());
    let template = |row: &Row| {
        ResourceTemplate::new(row.address, row.name)
            .with_description(row.about)
            .with_mime_type(row.mime_type())
    };
    rows.map(template).collect()
}

fn unknown(address: &str) -> Error {
    const SHOWN: usize = 200;
    let addresses: Vec<&str> = RESOURCES.iter().map(|row| row.address).collect();
    let begun: Vec<&str> = addresses.iter().copied().filter(|known| known.starts_with(address)).collect();
    let near = match nearest(address, &addresses) {
        _ if !begun.is_empty() => begun,
        Some(near) => vec![near],
        None => addresses,
    };
    let near = near.into_iter().map(str::to_owned).collect();
    Error::NotFound { what: "resource", name: address.chars().take(SHOWN).collect(), near }
}

/// Decodes a part of an address: `%2F` is a slash.
fn decoded(text: &str) -> Cow<'_, str> {
    if !text.contains('%') {
        return text.into();
    }
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        let digits = after.get(..2).filter(|_| *first == b'%').and_then(|two| std::str::from_utf8(two).ok());
        let escaped = digits.and_then(|two| u8::from_str_radix(two, 16).ok());
        bytes.push(escaped.unwrap_or(*first));
        rest = if escaped.is_some() { &after[2..] } else { after };
    }
    String::from_utf8_lossy(&bytes).into_owned().into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    #[test]
    fn every_resource_asks_what_its_operation_takes() {
        for row in RESOURCES {
            let entry = ops::find(row.operation).unwrap();
            let schema = entry.arguments(&Config::builtin());
            let takes = schema["properties"].as_object().unwrap();

            assert_eq!(entry.effect, crate::Effect::Read, "{}", row.address);
            for name in row.question("x").keys() {
                assert!(takes.contains_key(name), "{}: {name}", row.address);
            }
            let asks_for_it =
                row.arguments.iter().any(|(_, asks)| matches!(asks, Asks::Given | Asks::GivenAfter(_)));
            assert_eq!(row.template().is_some(), asks_for_it, "{}", row.address);
            assert_eq!(row.subject.is_some(), asks_for_it, "{}", row.address);
        }
    }

    #[test]
    fn an_address_is_found_with_what_was_filled_in() {
        for (address, row, given) in [
            ("query://tasks/ready", "query://tasks/ready", ""),
            ("query://tasks/tree/a/b:c", "query://tasks/tree/{task_id}", "a/b:c"),
            ("query://tasks/tree/a%2Fb%3ac%zz%", "query://tasks/tree/{task_id}", "a/b:c%zz%"),
            ("docs://skills/list", "docs://skills/list", ""),
            ("docs://skills/worker", "docs://skills/{name}", "worker"),
        ] {
            let asked = Asked::find(address).unwrap();
            assert_eq!((asked.row.address, asked.given.as_ref()), (row, given));
        }
    }

    #[test]
    fn an_unknown_address_is_refused_with_the_nearest_or_with_all() {
        let hint = |address: &str| Asked::find(address).err().unwrap().hint().unwrap();

        assert_eq!(hint("query://tasks/redy"), "did you mean `query://tasks/ready`?");
        assert_eq!(hint("query://tasks/tree/"), "did you mean `query://tasks/tree/{task_id}`?");
        assert_eq!(hint("docs://skills"), "did you mean `docs://skills/list`, `docs://skills/{name}`?");
        assert_eq!(hint("x").matches("://").count(), RESOURCES.len());
    }
}
