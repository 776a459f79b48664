//! Checks a request against its schema, so that a mistake is refused with the right name and the valid
//! words instead of a parser's complaint.

use serde_json::{Map, Value};

use super::coerce::coerce;
use super::unheeded;
use crate::domain::{listed, nearest};
use crate::error::{Error, Result};
use crate::ops::task::words;

/// Argument names of similar tools, and their names here.
const ALIASES: &[(&str, &str)] = &[
    ("agent", "worker_id"),
    ("agent_id", "worker_id"),
    ("status_filter", "status"),
    ("state", "status"),
    ("status", "state"),
    ("task_id", "task"),
    ("id", "task"),
    ("children", "tasks"),
    ("tasks", "task"),
    ("agent_name", "worker_id"),
    ("project_id", "project"),
    ("project_name", "project"),
    ("type", "task_type"),
    ("type_id", "task_type"),
    ("task_type_id", "task_type"),
    ("vars", "variables"),
    ("result", "explanation"),
    ("outputs", "output"),
    ("error", "explanation"),
    ("minutes", "additional_minutes"),
    ("extension_minutes", "additional_minutes"),
    ("lease_duration", "lease_duration_minutes"),
    ("duplicates", "duplicate_handling"),
    ("files", "file"),
    ("file", "files"),
];

/// Enum values of similar tools, and their values here.
const OTHER_WORDS: &[(&str, &str)] =
    &[("queued", "pending"), ("running", "working"), ("canceled", "cancelled")];

/// Returns the other names of an argument; they apply where no argument has that name itself.
pub fn other_names(argument: &str) -> impl Iterator<Item = &'static str> {
    ALIASES.iter().filter(move |(_, name)| *name == argument).map(|(other, _)| *other)
}

/// Refuses arguments that `schema` does not describe, and lists of more than `most` strings; renames
/// aliases to the names of the schema.
pub fn check(
    operation: &str,
    schema: &Map<String, Value>,
    most: usize,
    input: &mut Map<String, Value>,
) -> Result<()> {
    let check = Check { operation, root: schema, most };
    check.object("", schema, input)
}

struct Check<'a> {
    operation: &'a str,
    root: &'a Map<String, Value>,
    /// The maximum number of strings in one list.
    most: usize,
}

impl<'a> Check<'a> {
    fn object(
        &self,
        path: &str,
        schema: &'a Map<String, Value>,
        input: &mut Map<String, Value>,
    ) -> Result<()> {
        let known = schema.get("properties").and_then(Value::as_object);
        if let Some(known) = known {
            unheeded::drop_silently(known, input);
            rename_aliases(known, input);
            // Some clients send null for arguments that they leave out.
            input.retain(|name, value| !value.is_null() || !known.contains_key(name));
        }
        for (name, value) in input.iter_mut() {
            match known.and_then(|known| known.get(name)).and_then(Value::as_object) {
                Some(schema) => self.value(&join(path, name), schema, value)?,
                None => match schema.get("additionalProperties") {
                    Some(Value::Bool(false)) => return Err(self.unknown(path, name, known)),
                    Some(Value::Object(any)) => self.value(&join(path, name), any, value)?,
                    _ => {}
                },
            }
        }
        let required = schema.get("required").and_then(Value::as_array).into_iter().flatten();
        for name in required.filter_map(Value::as_str) {
            if input.get(name).is_none_or(Value::is_null) {
                return Err(missing(self.operation, &join(path, name)));
            }
        }
        Ok(())
    }

    fn value(&self, path: &str, schema: &'a Map<String, Value>, value: &mut Value) -> Result<()> {
        if value.is_null() {
            return Ok(());
        }
        if let Some(described) = self.pointed_at(schema) {
            return self.value(path, described, value);
        }
        if let Some(Value::Array(forms)) = schema.get("anyOf") {
            let forms: Vec<_> = forms.iter().filter_map(Value::as_object).collect();
            return match forms.iter().find(|form| is_of_type(form, value)) {
                Some(form) => self.value(path, form, value),
                None => Err(wrong_type(self.operation, path, &forms, value)),
            };
        }
        if !is_of_type(schema, value) {
            coerce(schema, value);
        }
        if let Some(item) = item_of_list(schema).filter(|_| !value.is_array() && !value.is_object()) {
            self.value(path, item, value)?;
            *value = Value::Array(vec![value.take()]);
            return Ok(());
        }
        if !is_of_type(schema, value) {
            return Err(wrong_type(self.operation, path, &[schema], value));
        }
        if let Some(Value::Array(words)) = schema.get("enum")
            && !words.contains(value)
        {
            *value = own_word(words, value).ok_or_else(|| unknown_word(path, words, value))?;
        }
        match value {
            Value::Number(number) => self.range(path, schema, number.as_i64()),
            Value::Object(input) => self.object(path, schema, input),
            Value::Array(items) => self.items(path, schema, items),
            _ => Ok(()),
        }
    }

    fn range(&self, path: &str, schema: &Map<String, Value>, number: Option<i64>) -> Result<()> {
        let bound = |name: &str| schema.get(name).and_then(Value::as_i64);
        let (least, most) = (bound("minimum"), bound("maximum"));
        let Some(number) = number else {
            return Ok(());
        };
        if least.is_none_or(|least| least <= number) && most.is_none_or(|most| number <= most) {
            return Ok(());
        }
        let range = match (least, most) {
            (Some(least), Some(most)) => format!("between {least} and {most}"),
            (Some(least), None) => format!("at least {least}"),
            (None, most) => format!("at most {}", most.unwrap_or_default()),
        };
        Err(Error::input(format!("`{path}` of `{}` is {range}, not {number}", self.operation), ""))
    }

    fn items(&self, path: &str, schema: &'a Map<String, Value>, items: &mut [Value]) -> Result<()> {
        let Some(schema) = schema.get("items").and_then(Value::as_object) else {
            return Ok(());
        };
        if schema.get("type").is_some_and(|name| name == "string") {
            words::check_number(path, items.len(), self.most)?;
        }
        for (at, item) in items.iter_mut().enumerate() {
            self.value(&format!("{path}[{at}]"), schema, item)?;
        }
        Ok(())
    }

    fn unknown(&self, path: &str, name: &str, known: Option<&Map<String, Value>>) -> Error {
        let names: Vec<&str> = known.into_iter().flat_map(Map::keys).map(String::as_str).collect();
        let outer = path.split(['.', '[']).next().unwrap_or_default();
        let outside = self.root.get("properties").filter(|_| !path.is_empty());
        let hint = match nearest(name, &names) {
            _ if outside.is_some_and(|outside| outside.get(name).is_some()) => {
                format!("`{name}` stands beside `{outer}`, not in it")
            }
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("it takes {}", listed(&names)),
        };
        let place = if path.is_empty() { String::new() } else { format!(" in `{path}`") };
        Error::input(format!("`{}` has no argument `{}`{place}", self.operation, cut(name)), hint)
    }

    /// Returns the definition that a schema refers to with `$ref`.
    fn pointed_at(&self, schema: &Map<String, Value>) -> Option<&'a Map<String, Value>> {
        let place = schema.get("$ref")?.as_str()?.trim_start_matches('#');
        let mut described = self.root;
        for key in place.split('/').filter(|key| !key.is_empty()) {
            described = described.get(key)?.as_object()?;
        }
        Some(described)
    }
}

fn rename_aliases(known: &Map<String, Value>, input: &mut Map<String, Value>) {
    if input.keys().all(|name| known.contains_key(name)) {
        return;
    }
    let is_foreign = |name: &&String| name.contains(char::is_uppercase) && !known.contains_key(*name);
    for name in input.keys().filter(is_foreign).cloned().collect::<Vec<_>>() {
        let own = snake(&name);
        let is_known = known.contains_key(&own) || ALIASES.iter().any(|(alias, _)| *alias == own);
        if is_known
            && !input.contains_key(&own)
            && let Some(value) = input.shift_remove(&name)
        {
            input.insert(own, value);
        }
    }
    for (alias, name) in ALIASES {
        let meant = !known.contains_key(*alias) && known.contains_key(*name) && !input.contains_key(*name);
        if meant && let Some(value) = input.shift_remove(*alias) {
            input.insert((*name).to_owned(), value);
        }
    }
}

/// Returns `projectId` as `project_id`.
fn snake(name: &str) -> String {
    let mut snake = String::new();
    for letter in name.chars() {
        if letter.is_uppercase() {
            snake.push('_');
        }
        snake.extend(letter.to_lowercase());
    }
    snake
}

/// Returns the schema of a list's items, if a list is expected; a single value is then taken as a list of one.
fn item_of_list(schema: &Map<String, Value>) -> Option<&Map<String, Value>> {
    let is_list = schema.get("type").is_some_and(|name| name == "array");
    schema.get("items").and_then(Value::as_object).filter(|_| is_list)
}

fn is_of_type(schema: &Map<String, Value>, value: &Value) -> bool {
    let fits = |name: &str| match name {
        "string" => value.is_string(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "boolean" => value.is_boolean(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        _ => true,
    };
    match schema.get("type") {
        Some(Value::String(name)) => fits(name),
        Some(Value::Array(names)) => names.iter().filter_map(Value::as_str).any(fits),
        _ => true,
    }
}

fn missing(operation: &str, path: &str) -> Error {
    let hint = match path {
        "worker_id" => "give the worker_id that `connect` answered, or set TASK_GRAPH_WORKER_ID",
        _ => "",
    };
    Error::input(format!("`{operation}` needs `{path}`"), hint)
}

fn wrong_type(operation: &str, path: &str, forms: &[&Map<String, Value>], value: &Value) -> Error {
    let wanted: Vec<&str> = forms
        .iter()
        .filter_map(|form| form.get("type"))
        .flat_map(|name| match name {
            Value::Array(names) => names.iter().filter_map(Value::as_str).collect(),
            name => name.as_str().into_iter().collect::<Vec<_>>(),
        })
        .collect();
    let given = match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    Error::input(
        format!("`{path}` of `{operation}` takes {}, not {given}", wanted.join(" or ")),
        String::new(),
    )
}

/// Returns the word here for a word of a similar tool.
fn own_word(words: &[Value], value: &Value) -> Option<Value> {
    let (_, own) = OTHER_WORDS.iter().find(|(other, _)| value == other)?;
    words.iter().find(|word| *word == own).cloned()
}

fn unknown_word(path: &str, words: &[Value], value: &Value) -> Error {
    let words: Vec<&str> = words.iter().filter_map(Value::as_str).collect();
    let given = value.as_str().unwrap_or_default();
    let near = nearest(given, &words).map_or(String::new(), |near| format!("did you mean `{near}`? "));
    Error::input(
        format!("`{}` is not a valid `{path}`", cut(given)),
        format!("{near}valid are {}", listed(&words)),
    )
}

fn join(path: &str, name: &str) -> String {
    match path {
        "" => name.to_owned(),
        path => format!("{path}.{name}"),
    }
}

fn cut(text: &str) -> String {
    text.chars().take(60).collect()
}
