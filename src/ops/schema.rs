//! The schema of a request, reduced to the parts that an agent has to read.

use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

use super::{Actor, Operation};
use crate::Effect;
use crate::config::Config;
use crate::domain::{EdgeKindName, Phase, Policy, Status};

/// The project's words for schemas: they replace `x-vocabulary` marks.
pub trait Vocabulary {
    /// Returns the words for a mark, or `None` if any word is accepted.
    fn words(&self, mark: &str) -> Option<Vec<String>>;

    /// Returns true if no other words are accepted.
    fn is_complete(&self, _mark: &str) -> bool {
        true
    }
}

/// All words that the project knows, for checking requests. The schemas that are shown list fewer states:
/// those of the default workflow.
pub struct EveryWord<'a>(pub &'a Config);

impl Vocabulary for EveryWord<'_> {
    fn words(&self, mark: &str) -> Option<Vec<String>> {
        match mark {
            "status" => Some(self.0.workflows.statuses().into_iter().map(Status::to_string).collect()),
            mark => self.0.words(mark),
        }
    }
}

impl Vocabulary for Config {
    fn words(&self, mark: &str) -> Option<Vec<String>> {
        match mark {
            "status" => {
                let default = self.workflows.get(&self.workflows.default)?;
                Some(default.states.keys().map(Status::to_string).collect())
            }
            "phase"
                if self
                    .workflows
                    .by_name
                    .values()
                    .all(|workflow| workflow.unknown_phase == Policy::Reject) =>
            {
                Some(self.workflows.phases().into_iter().map(Phase::to_string).collect())
            }
            "edge_kind" => Some(self.edges.names().map(EdgeKindName::to_string).collect()),
            "workflow" => Some(self.workflows.by_name.keys().cloned().collect()),
            _ => None,
        }
    }

    fn is_complete(&self, mark: &str) -> bool {
        let default = self.workflows.get(&self.workflows.default);
        mark != "status" || default.is_some_and(|own| own.states.len() == self.workflows.statuses().len())
    }
}

/// The texts that describe an operation.
pub struct Described {
    /// Its doc comment.
    pub text: String,
    /// The schema of its arguments, with the common ones.
    pub arguments: Map<String, Value>,
}

/// Returns the description of an operation, which is its doc comment.
pub fn description<O: Operation>() -> String {
    description_in(&generate::<O>())
}

fn description_in(schema: &Map<String, Value>) -> String {
    unwrapped(schema.get("description").and_then(Value::as_str).unwrap_or_default())
}

pub fn described<O: Operation>(vocabulary: &dyn Vocabulary) -> Described {
    let schema = generate::<O>();
    let text = description_in(&schema);
    Described { text, arguments: arguments::<O>(schema, vocabulary) }
}

fn arguments<O: Operation>(
    mut schema: Map<String, Value>,
    vocabulary: &dyn Vocabulary,
) -> Map<String, Value> {
    let definitions = schema.remove("$defs");
    for key in ["$schema", "title", "description"] {
        schema.remove(key);
    }
    let mut schema = Value::Object(schema);
    let mut slimming = Slimming {
        definitions: definitions.unwrap_or_default(),
        vocabulary,
        inside: vec![("#".into(), "#".into())],
    };
    slimming.slim(&mut schema, &mut "#".into());
    let Value::Object(mut schema) = schema else {
        return Map::new();
    };
    add_common::<O>(&mut schema);
    schema
}

/// Removes common arguments, which are described once for agents that read all tools at once.
pub fn leave_out(schema: &mut Map<String, Value>, common: &[&str]) {
    if let Some(Value::Object(properties)) = schema.get_mut("properties") {
        properties.retain(|name, _| !common.contains(&name.as_str()));
    }
}

/// Mark of rarely used arguments, which are described on request only.
const RARE: &str = "x-rare";

/// Returns a schema with the rarely used arguments, and without their marks.
pub fn with_what_is_rare(mut schema: Map<String, Value>) -> Map<String, Value> {
    forget_rarity(&mut schema);
    schema
}

fn forget_rarity(schema: &mut Map<String, Value>) {
    schema.shift_remove(RARE);
    for value in schema.values_mut() {
        match value {
            Value::Object(part) => forget_rarity(part),
            Value::Array(parts) => parts.iter_mut().filter_map(Value::as_object_mut).for_each(forget_rarity),
            _ => {}
        }
    }
}

/// Shortens a schema for readers that pay for every byte. Left out are bounds that are checked anyway,
/// details that another operation describes, and rarely used arguments.
pub fn shorten(schema: &mut Map<String, Value>) {
    const DESCRIBED_ELSEWHERE: &str = "x-like";
    schema.shift_remove("additionalProperties");
    if let Some(Value::Object(properties)) = schema.get_mut("properties") {
        properties.retain(|_, property| property.get(RARE).is_none());
    }
    if let Some(Value::Object(items)) = schema.get_mut("items") {
        items.shift_remove("examples");
    }
    if !schema.contains_key("maximum") {
        schema.shift_remove("minimum");
    }
    if schema.shift_remove(DESCRIBED_ELSEWHERE).is_some() {
        schema.retain(|key, _| matches!(key.as_str(), "type" | "description" | "items"));
        if let Some(Value::Object(items)) = schema.get_mut("items") {
            // Some clients refuse an array without an item type.
            items.retain(|key, _| key == "type");
        }
    }
    if schema.contains_key("description")
        && let Some(Value::Object(items)) = schema.get_mut("items")
    {
        items.shift_remove("description");
    }
    for value in schema.values_mut() {
        match value {
            Value::Object(part) => shorten(part),
            Value::Array(parts) => parts.iter_mut().filter_map(Value::as_object_mut).for_each(shorten),
            _ => {}
        }
    }
}

fn generate<O: Operation>() -> Map<String, Value> {
    let generator = SchemaSettings::draft2020_12().into_generator();
    match generator.into_root_schema_for::<O>().to_value() {
        Value::Object(schema) => schema,
        _ => Map::new(),
    }
}

fn add_common<O: Operation>(schema: &mut Map<String, Value>) {
    let properties = schema.entry("properties").or_insert_with(|| json!({}));
    let Value::Object(properties) = properties else {
        return;
    };
    if O::ACTOR != Actor::Nobody {
        properties.shift_insert(0, "worker_id".into(), json!({ "type": "string" }));
    }
    if O::EFFECT != Effect::Read {
        properties.insert("request_id".into(), json!({ "type": "string" }));
    }
    if O::ACTOR == Actor::Required {
        let required = schema.entry("required").or_insert_with(|| json!([]));
        if let Value::Array(required) = required {
            required.insert(0, "worker_id".into());
        }
    }
}

/// Rewrites a schema in place: inlines definitions, drops nulls and integer formats, and replaces marks
/// with the project's words.
struct Slimming<'a> {
    definitions: Value,
    vocabulary: &'a dyn Vocabulary,
    /// The definitions around the current place, and their own places.
    inside: Vec<(String, String)>,
}

impl Slimming<'_> {
    fn slim(&mut self, schema: &mut Value, place: &mut String) {
        match schema {
            Value::Object(object) => {
                let depth = self.inside.len();
                self.inline(object, place);
                tidy(object);
                if let Some(Value::String(mark)) = object.remove("x-vocabulary")
                    && let Some(words) = self.vocabulary.words(&mark)
                {
                    let key = if self.vocabulary.is_complete(&mark) { "enum" } else { "examples" };
                    set_words(object, key, words);
                }
                for (key, value) in object.iter_mut() {
                    self.slim_in(place, key, value);
                }
                self.inside.truncate(depth);
            }
            Value::Array(items) => {
                for (at, item) in items.iter_mut().enumerate() {
                    self.slim_in(place, &at.to_string(), item);
                }
            }
            _ => {}
        }
    }

    fn slim_in(&mut self, place: &mut String, key: &str, schema: &mut Value) {
        if matches!(schema, Value::Object(_) | Value::Array(_)) {
            let length = place.len();
            place.push('/');
            place.push_str(key);
            self.slim(schema, place);
            place.truncate(length);
        }
    }

    /// Replaces a reference with its definition. A definition that contains itself, such as a node of a
    /// tree, is inlined once and referred to below that.
    fn inline(&mut self, object: &mut Map<String, Value>, place: &str) {
        let Some(Value::String(name)) = object.get("$ref").cloned() else {
            return;
        };
        if let Some((_, described)) = self.inside.iter().find(|(inside, _)| *inside == name) {
            object.insert("$ref".into(), described.as_str().into());
            return;
        }
        let definition = self.definitions.get(name.trim_start_matches("#/$defs/"));
        if let Some(Value::Object(definition)) = definition.cloned() {
            object.shift_remove("$ref");
            for (key, value) in definition {
                object.entry(key).or_insert(value);
            }
            self.inside.push((name, place.to_owned()));
        }
    }
}

fn tidy(object: &mut Map<String, Value>) {
    drop_null(object);
    if object.get("format").and_then(Value::as_str).is_some_and(is_number_format) {
        object.shift_remove("format");
    }
    if object.get("default").is_some_and(is_nothing) {
        object.shift_remove("default");
    }
    object.shift_remove("uniqueItems");
    if let Some(Value::Array(words)) = object.get_mut("enum") {
        words.retain(|word| !word.is_null());
    }
    if let Some(Value::String(text)) = object.get_mut("description") {
        *text = unwrapped(text);
    }
}

/// Adds the words to the schema of the strings: the value, its items, or one of its forms.
fn set_words(object: &mut Map<String, Value>, key: &str, words: Vec<String>) {
    if let Some(Value::Array(forms)) = object.get_mut("anyOf") {
        for form in forms.iter_mut().filter_map(Value::as_object_mut) {
            set_words(form, key, words.clone());
        }
        return;
    }
    match object.get_mut("items") {
        Some(Value::Object(items)) => items.insert(key.into(), words.into()),
        _ => object.insert(key.into(), words.into()),
    };
}

/// Drops null from the types: an optional argument may be left out. Values that have a fixed position keep it.
fn drop_null(object: &mut Map<String, Value>) {
    if object.remove("x-nullable").is_some() {
        return;
    }
    if let Some(Value::Array(types)) = object.get_mut("type") {
        types.retain(|name| name != "null");
        if types.len() == 1 {
            object["type"] = object["type"][0].take();
        }
    }
    let Some(Value::Array(forms)) = object.get_mut("anyOf") else {
        return;
    };
    forms.retain(|form| form.get("type").is_none_or(|name| name != "null"));
    if forms.len() > 1 {
        return;
    }
    if let (Some(Value::Object(form)), _) = (forms.pop(), object.shift_remove("anyOf")) {
        for (key, value) in form {
            object.entry(key).or_insert(value);
        }
    }
}

fn is_number_format(format: &str) -> bool {
    format.starts_with("int") || format.starts_with("uint") || matches!(format, "float" | "double")
}

fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::Number(number) => number.as_i64() == Some(0),
        Value::Array(items) => items.is_empty(),
        _ => false,
    }
}

/// Joins the lines of each paragraph, which break where the source did.
fn unwrapped(text: &str) -> String {
    let paragraphs = text.split("\n\n");
    let joined = paragraphs.map(|paragraph| paragraph.replace('\n', " "));
    joined.collect::<Vec<_>>().join("\n\n")
}
