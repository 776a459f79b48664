//! Reads text arguments as JSON according to a schema, for faces whose callers type words instead of JSON.

use serde_json::{Map, Number, Value};

use crate::error::{Error, Result};

/// The form in which a value is written as text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Form {
    Text,
    Integer,
    Number,
    Switch,
    /// A JSON object, or another value that only JSON can express.
    Json,
    /// Items separated by commas or line breaks, or a JSON array.
    List {
        item: Box<Form>,
        /// Whether a single item may be given without a list.
        alone: bool,
    },
    /// The first of these that accepts the text.
    Either(Vec<Form>),
}

impl Form {
    /// Returns the form of the values that `schema` describes.
    pub fn of(schema: &Map<String, Value>) -> Self {
        let mut forms: Vec<Self> = branches(schema).flat_map(Self::of_branch).collect();
        // `Text` accepts everything, so it is tried last.
        forms.sort_by_key(|form| *form == Self::Text);
        forms.dedup();
        let list = forms.iter().position(|form| matches!(form, Self::List { .. }));
        match (list, forms.len()) {
            (_, 0) => Self::Either(vec![Self::Json, Self::Text]),
            (_, 1) => forms.swap_remove(0),
            // An object has commas of its own.
            (Some(_), _) if forms.contains(&Self::Json) => Self::Json,
            (Some(at), _) => forms.swap_remove(at).or_alone(),
            (None, _) => Self::Either(forms),
        }
    }

    fn of_branch(schema: &Map<String, Value>) -> Vec<Self> {
        let names: Vec<&str> = match schema.get("type") {
            Some(Value::String(name)) => vec![name],
            Some(Value::Array(names)) => names.iter().filter_map(Value::as_str).collect(),
            _ if schema.contains_key("enum") || schema.contains_key("const") => vec!["string"],
            // A reference to an enclosing schema is recursive, as in a tree.
            _ if schema.contains_key("$ref") => vec!["object"],
            _ => Vec::new(),
        };
        let form = |name: &str| match name {
            "string" => Self::Text,
            "integer" => Self::Integer,
            "number" => Self::Number,
            "boolean" => Self::Switch,
            "array" => {
                Self::List { item: Box::new(items(schema).map_or(Self::Text, Self::of)), alone: false }
            }
            _ => Self::Json,
        };
        names.into_iter().map(form).collect()
    }

    fn or_alone(self) -> Self {
        match self {
            Self::List { item, .. } => Self::List { item, alone: true },
            form => form,
        }
    }

    /// Returns the value of `texts`; only a list takes several.
    pub fn read(&self, name: &str, texts: &[String]) -> Result<Value> {
        match self {
            Self::List { item, alone } => {
                let mut values = Vec::new();
                for text in texts {
                    values.extend(item.read_items(name, text)?);
                }
                match values.pop() {
                    Some(value) if *alone && values.is_empty() => Ok(value),
                    last => Ok(values.into_iter().chain(last).collect()),
                }
            }
            form => match texts {
                [text] => form.read_one(name, text),
                _ => Err(Error::input(format!("`{name}` takes one value"), "")),
            },
        }
    }

    /// Returns the items in one text of a list.
    fn read_items(&self, name: &str, text: &str) -> Result<Vec<Value>> {
        if text.trim_start().starts_with('[')
            && let Ok(Value::Array(items)) = serde_json::from_str(text)
        {
            return Ok(items);
        }
        if *self == Self::Json {
            return Ok(vec![self.read_one(name, text)?]);
        }
        let pieces = text.split([',', '\n']).map(str::trim);
        pieces.filter(|piece| !piece.is_empty()).map(|piece| self.read_one(name, piece)).collect()
    }

    fn read_one(&self, name: &str, text: &str) -> Result<Value> {
        let value = match self {
            Self::Text => Some(text.into()),
            Self::Integer => integer(text),
            Self::Number => integer(text).or_else(|| fraction(text)),
            Self::Switch => switch(text).map(Value::from),
            Self::Json => return json(name, text),
            Self::List { .. } => return self.read(name, &[text.to_owned()]),
            Self::Either(forms) => forms.iter().find_map(|form| form.read_one(name, text).ok()),
        };
        value.ok_or_else(|| {
            let shown: String = text.chars().take(60).collect();
            Error::input(format!("`{name}` takes {}, not `{shown}`", self.noun()), "")
        })
    }

    /// Returns the noun for a value of this form, for a refusal.
    fn noun(&self) -> String {
        match self {
            Self::Text => "a text".into(),
            Self::Integer => "an integer".into(),
            Self::Number => "a number".into(),
            Self::Switch => "`true` or `false`".into(),
            Self::Json => "JSON".into(),
            Self::List { .. } => "a list".into(),
            Self::Either(forms) => {
                let nouns: Vec<_> = forms.iter().map(Self::noun).collect();
                nouns.join(" or ")
            }
        }
    }
}

/// A word that a value may be, and its meaning if the schema describes it.
pub struct Word<'a> {
    pub text: &'a str,
    pub meaning: Option<&'a str>,
}

/// Returns the words that a value, or each item of a list, is limited to.
pub fn words(schema: &Map<String, Value>) -> Vec<Word<'_>> {
    branches(schema)
        .flat_map(|branch| match items(branch) {
            Some(items) => words(items),
            None => own_words(branch),
        })
        .collect()
}

fn own_words(schema: &Map<String, Value>) -> Vec<Word<'_>> {
    let listed = schema.get("enum").and_then(Value::as_array);
    let meaning = schema.get("const").and_then(|_| schema.get("description")).and_then(Value::as_str);
    let texts = listed.into_iter().flatten().chain(schema.get("const"));
    texts.filter_map(Value::as_str).map(|text| Word { text, meaning }).collect()
}

/// Returns the alternatives of a schema, or the schema itself if it has none.
fn branches(schema: &Map<String, Value>) -> impl Iterator<Item = &Map<String, Value>> {
    let alternatives =
        ["anyOf", "oneOf"].into_iter().find_map(|key| schema.get(key).and_then(Value::as_array));
    let itself = alternatives.is_none().then_some(schema);
    let alternatives = alternatives.into_iter().flatten();
    itself.into_iter().chain(alternatives.filter_map(Value::as_object))
}

fn items(schema: &Map<String, Value>) -> Option<&Map<String, Value>> {
    schema.get("items").and_then(Value::as_object)
}

fn integer(text: &str) -> Option<Value> {
    let signed = text.parse::<i64>().ok().map(Value::from);
    signed.or_else(|| text.parse::<u64>().ok().map(Value::from))
}

fn fraction(text: &str) -> Option<Value> {
    let number = text.parse().ok().and_then(Number::from_f64);
    number.map(Value::Number)
}

fn switch(text: &str) -> Option<bool> {
    match text {
        "true" | "yes" | "on" | "1" => Some(true),
        "false" | "no" | "off" | "0" => Some(false),
        _ => None,
    }
}

fn json(name: &str, text: &str) -> Result<Value> {
    serde_json::from_str(text)
        .map_err(|error| Error::input(format!("`{name}` takes JSON, and this is none: {error}"), ""))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(schema: Value, texts: &[&str]) -> Result<Value> {
        let texts: Vec<String> = texts.iter().map(ToString::to_string).collect();
        Form::of(schema.as_object().unwrap()).read("it", &texts)
    }

    #[test]
    fn a_text_becomes_what_the_schema_asks_for() {
        let cases = [
            (json!({ "type": "string" }), "12", json!("12")),
            (json!({ "type": "integer" }), "-12", json!(-12)),
            (json!({ "type": "number" }), "1.5", json!(1.5)),
            (json!({ "type": "boolean" }), "yes", json!(true)),
            (json!({ "type": "object" }), r#"{"a":1}"#, json!({"a": 1})),
            (json!({ "enum": ["a", "b"] }), "a", json!("a")),
            (json!({ "type": ["integer", "string"] }), "7", json!(7)),
            (json!({ "type": ["string", "integer"] }), "x", json!("x")),
            (json!({}), "[1]", json!([1])),
            (json!({}), "a b", json!("a b")),
        ];
        for (schema, text, value) in cases {
            assert_eq!(read(schema.clone(), &[text]).unwrap(), value, "{schema}");
        }
    }

    #[test]
    fn a_list_is_given_with_commas_or_lines_or_again_or_as_json() {
        let tags = || json!({ "type": "array", "items": { "type": "string" } });
        let numbers = json!({ "type": "array", "items": { "type": "integer" } });
        let nodes = json!({ "type": "array", "items": { "type": "object" } });
        let tree = json!({ "type": "array", "items": { "$ref": "#" } });

        assert_eq!(read(tags(), &["a, b", "c"]).unwrap(), json!(["a", "b", "c"]));
        assert_eq!(read(tags(), &["a\nb\n"]).unwrap(), json!(["a", "b"]));
        assert_eq!(read(tags(), &[r#"["a,b"]"#]).unwrap(), json!(["a,b"]));
        assert_eq!(read(tags(), &[""]).unwrap(), json!([]));
        assert_eq!(read(numbers, &["1,2"]).unwrap(), json!([1, 2]));
        assert_eq!(read(nodes, &[r#"{"a":1}"#, r#"[{"b":2},{}]"#]).unwrap(), json!([{"a": 1}, {"b": 2}, {}]));
        assert_eq!(read(tree, &[r#"{"a":1,"b":2}"#, "{}"]).unwrap(), json!([{"a": 1, "b": 2}, {}]));
    }

    #[test]
    fn one_of_a_kind_that_may_be_many_stays_one() {
        let list = json!({ "type": "array", "items": { "type": "string" } });
        let schema = json!({ "anyOf": [{ "type": "string" }, list] });

        assert_eq!(read(schema.clone(), &["a"]).unwrap(), json!("a"));
        assert_eq!(read(schema, &["a,b"]).unwrap(), json!(["a", "b"]));
    }

    #[test]
    fn what_cannot_be_read_is_refused_by_its_name() {
        let cases = [
            (json!({ "type": "integer" }), "x", "`it` takes an integer, not `x`"),
            (json!({ "type": "boolean" }), "maybe", "`it` takes `true` or `false`, not `maybe`"),
            (
                json!({ "type": ["boolean", "integer"] }),
                "x",
                "`it` takes `true` or `false` or an integer, not `x`",
            ),
        ];
        for (schema, text, message) in cases {
            assert_eq!(read(schema, &[text]).unwrap_err().to_string(), message);
        }
        let bad = read(json!({ "type": "object" }), &["{"]).unwrap_err();
        assert!(bad.to_string().starts_with("`it` takes JSON, and this is none: EOF"));
    }

    #[test]
    fn words_are_found_in_every_shape_of_an_enumeration() {
        let shapes = [
            json!({ "type": "string", "enum": ["a", "b"] }),
            json!({ "type": "array", "items": { "enum": ["a", "b"] } }),
            json!({ "oneOf": [{ "const": "a", "description": "first" }, { "const": "b" }] }),
            json!({ "anyOf": [
                { "enum": ["a", "b"] },
                { "type": "array", "items": { "type": "string" } },
            ] }),
        ];
        for shape in shapes {
            let found = words(shape.as_object().unwrap());
            let texts: Vec<&str> = found.iter().map(|word| word.text).collect();
            assert_eq!(texts, ["a", "b"], "{shape}");
        }
    }
}
