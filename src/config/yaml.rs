//! Parses YAML into settings, and finds the line of a key.

use std::cell::Cell;
use std::fmt;
use std::sync::Arc;

use indexmap::IndexMap;
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

use super::source::Source;
use super::tree::{Content, Node};

/// Parses a text. An empty one sets nothing.
pub fn tree(source: &Arc<Source>, text: &str) -> Result<Node, serde_yaml::Error> {
    Reader(source).deserialize(serde_yaml::Deserializer::from_str(text))
}

/// Parses a text that was converted to JSON when the program was built.
pub fn compiled(source: &Arc<Source>, json: &str) -> Result<Node, serde_json::Error> {
    Reader(source).deserialize(&mut serde_json::Deserializer::from_str(json))
}

/// Returns the line that sets `key`, or else the line of the innermost section around it.
pub fn line_of(key: &[&str], text: &str) -> Option<usize> {
    (1..=key.len()).rev().find_map(|length| line_of_exactly(&key[..length], text))
}

fn line_of_exactly(key: &[&str], text: &str) -> Option<usize> {
    let is_found = Cell::new(false);
    let walk = Walk { key, is_found: &is_found };
    let stopped = walk.deserialize(serde_yaml::Deserializer::from_str(text)).err()?;
    let place = stopped.location().filter(|_| is_found.get());
    place.map(|at| at.line())
}

/// Builds a node from any value. A parser's own map would accept a key that is set twice.
struct Reader<'a>(&'a Arc<Source>);

impl Reader<'_> {
    fn node(self, content: Content) -> Node {
        let source = Arc::clone(self.0);
        Node { source, content }
    }

    fn value<E>(self, value: impl Into<Value>) -> Result<Node, E> {
        Ok(self.node(Content::Value(value.into())))
    }
}

impl<'de> DeserializeSeed<'de> for Reader<'_> {
    type Value = Node;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Node, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Reader<'_> {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a setting")
    }

    fn visit_unit<E>(self) -> Result<Node, E> {
        self.value(Value::Null)
    }

    fn visit_none<E>(self) -> Result<Node, E> {
        self.value(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Node, E> {
        self.value(value)
    }

    fn visit_i64<E>(self, value: i64) -> Result<Node, E> {
        self.value(value)
    }

    fn visit_u64<E>(self, value: u64) -> Result<Node, E> {
        self.value(value)
    }

    fn visit_f64<E>(self, value: f64) -> Result<Node, E> {
        self.value(value)
    }

    fn visit_str<E>(self, value: &str) -> Result<Node, E> {
        self.value(value)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Node, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element::<Value>()? {
            list.push(item);
        }
        self.value(list)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Node, A::Error> {
        let mut section = IndexMap::new();
        while let Some(name) = entries.next_key_seed(NewKey(&section))? {
            section.insert(name, entries.next_value_seed(Reader(self.0))?);
        }
        Ok(self.node(Content::Section(section)))
    }
}

/// Reads a key and refuses one that is set already.
struct NewKey<'a>(&'a IndexMap<String, Node>);

impl<'de> DeserializeSeed<'de> for NewKey<'_> {
    type Value = String;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<String, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for NewKey<'_> {
    type Value = String;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name of a setting")
    }

    fn visit_str<E: Error>(self, key: &str) -> Result<String, E> {
        match self.0.contains_key(key) {
            true => Err(E::custom(format_args!("`{key}` is set twice"))),
            false => Ok(key.to_owned()),
        }
    }
}

/// Walks down to a key and fails there, since a parser tells a position only in its errors.
#[derive(Clone, Copy)]
struct Walk<'a> {
    key: &'a [&'a str],
    /// Whether it failed because it found the key.
    is_found: &'a Cell<bool>,
}

impl<'de> DeserializeSeed<'de> for Walk<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Walk<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a section")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<(), A::Error> {
        while let Some(below) = entries.next_key_seed(Step(self))? {
            match below {
                Some(walk) => return entries.next_value_seed(walk),
                None => entries.next_value::<IgnoredAny>()?,
            };
        }
        Ok(())
    }
}

/// Reads a key; returns the rest of the walk if it leads through this one.
struct Step<'a>(Walk<'a>);

impl<'de, 'a> DeserializeSeed<'de> for Step<'a> {
    type Value = Option<Walk<'a>>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'a> Visitor<'_> for Step<'a> {
    type Value = Option<Walk<'a>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<Self::Value, E> {
        let Self(walk) = self;
        match walk.key {
            [last] if *last == name => {
                walk.is_found.set(true);
                Err(E::custom("found"))
            }
            [first, key @ ..] if *first == name => Ok(Some(Walk { key, ..walk })),
            _ => Ok(None),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Origin;

    fn read(text: &str) -> Result<Node, serde_yaml::Error> {
        tree(&Source::new(Origin::Default, text), text)
    }

    #[test]
    fn a_key_is_found_however_it_is_written() {
        let text = "# server: x\nserver:\n  toolset: core\n\n  'db_path': x\ntags: {definitions: {a.b: {},\n 'c': {}}}\n";

        let lines = |key: &[&str]| line_of(key, text);

        assert_eq!(lines(&["server"]), Some(2));
        assert_eq!(lines(&["server", "db_path"]), Some(5));
        assert_eq!(lines(&["tags", "definitions", "a.b"]), Some(6));
        assert_eq!(lines(&["tags", "definitions", "c"]), Some(7));
    }

    #[test]
    fn a_key_that_is_not_there_has_the_line_of_its_section() {
        for (text, line) in [
            ("", None),
            ("- a", None),
            ("\nc: 1", None),
            ("c: 1\na:", Some(2)),
            ("c: 1\na: [b]", Some(2)),
            ("c: 1\na: {c: 1}\nd: 1", Some(2)),
        ] {
            assert_eq!(line_of(&["a", "b"], text), line, "{text}");
        }
    }

    #[test]
    fn a_key_cannot_be_set_twice() {
        let error = read("a: 1\nb: 1\na: 2\n").unwrap_err();

        assert_eq!(error.location().map(|at| at.line()), Some(3));
        assert!(error.to_string().contains("`a` is set twice"), "{error}");
    }

    #[test]
    fn an_empty_text_says_nothing() {
        for text in ["", "# only a comment\n", "---\n"] {
            let node = read(text).unwrap();
            assert!(matches!(node.content, Content::Value(Value::Null)), "{text:?}");
        }
    }

    #[test]
    fn numbers_and_words_may_be_keys() {
        let node = read("1: a\non: b\n").unwrap();

        let Content::Section(section) = node.content else { panic!("{node:?}") };
        assert_eq!(section.keys().collect::<Vec<_>>(), ["1", "on"]);
    }
}
