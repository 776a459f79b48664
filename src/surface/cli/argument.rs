//! One property of a request as flags of a command, and back.

use clap::builder::{PossibleValue, PossibleValuesParser};
use clap::{Arg, ArgAction, ArgMatches};
use serde_json::{Map, Value};

use super::source::Source;
use crate::error::Result;
use crate::surface::text::{Form, Word, words};

/// The last character of the name of a positional that takes all remaining words.
const REST: char = '…';

/// A property of a request.
pub struct Argument<'a> {
    name: &'a str,
    schema: &'a Map<String, Value>,
    form: Form,
    required: bool,
}

impl<'a> Argument<'a> {
    /// Returns the properties that the schema of a request describes.
    pub fn all(schema: &'a Map<String, Value>) -> Vec<Self> {
        let properties = schema.get("properties").and_then(Value::as_object);
        let required = schema.get("required").and_then(Value::as_array);
        let is_required = |name: &str| required.is_some_and(|all| all.iter().any(|r| r == name));
        let properties = properties.into_iter().flatten();
        properties
            .filter_map(|(name, schema)| Some((name, schema.as_object()?)))
            .map(|(name, schema)| Self {
                name,
                schema,
                form: Form::of(schema),
                required: is_required(name) && !is_worker(name),
            })
            .collect()
    }

    pub fn is_required(&self) -> bool {
        self.required
    }

    pub fn is_called(&self, name: &str) -> bool {
        self.name == name.trim_end_matches(REST)
    }

    /// Returns the flag of this property.
    pub fn flag(&self) -> Arg {
        let flag = self.arg(self.flag_id()).required(self.required);
        let long = dashed(self.name);
        let flag = flag.allow_hyphen_values(self.form != Form::Switch);
        let flag = match long == self.name {
            true => flag.long(long),
            false => flag.long(long).alias(self.name.to_owned()),
        };
        match self.form {
            Form::Switch => flag
                .num_args(0..=1)
                .require_equals(true)
                .default_missing_value("true")
                .value_name("true|false"),
            _ => flag,
        }
    }

    /// Returns this property as a positional, and the hidden flag that may be given instead.
    pub fn positional(&self, rest: bool, required: bool) -> [Arg; 2] {
        let word = self.arg(self.word_id()).required(required);
        let word = match rest {
            true => word.num_args(1..).action(ArgAction::Append),
            false => word.num_args(1).action(ArgAction::Set),
        };
        let flag = self.flag().required(false).hide(true);
        [word.conflicts_with(self.flag_id()), flag]
    }

    fn arg(&self, id: String) -> Arg {
        let arg = Arg::new(id).value_name(self.value_name()).help(self.help());
        let arg = match self.form {
            Form::List { .. } => arg.action(ArgAction::Append),
            _ => arg,
        };
        let words: Vec<_> = words(self.schema).iter().map(possible_value).collect();
        match (&self.form, words.is_empty()) {
            (_, true) => arg,
            (Form::List { .. }, _) => arg.value_delimiter(',').value_parser(PossibleValuesParser::new(words)),
            _ => arg.value_parser(PossibleValuesParser::new(words)),
        }
    }

    fn value_name(&self) -> String {
        match &self.form {
            Form::Integer | Form::Number => "N".into(),
            Form::Json => "JSON".into(),
            Form::List { item, .. } if **item == Form::Json => "JSON".into(),
            _ => self.name.to_uppercase(),
        }
    }

    fn help(&self) -> String {
        let text = self.schema.get("description").and_then(Value::as_str);
        let text = text.unwrap_or(match self.name {
            name if is_worker(name) => "Who asks",
            "request_id" => "A name for this call: repeated under it, it answers the same",
            _ => "",
        });
        let mut help = text.trim_end_matches('.').to_owned();
        if is_worker(self.name) {
            help.push_str(" [env: TASK_GRAPH_WORKER_ID]");
        }
        if let Some(default) = self.schema.get("default") {
            help.push_str(&format!(" [default: {}]", default.to_string().trim_matches('"')));
        }
        if let Some(examples) = self.examples() {
            let words: Vec<_> = examples.iter().filter_map(Value::as_str).collect();
            help.push_str(&format!(" [such as {}]", words.join(", ")));
        }
        help.trim_start().to_owned()
    }

    /// Returns the suggested words of a property that takes others too.
    fn examples(&self) -> Option<&Vec<Value>> {
        let items = || self.schema.get("items")?.get("examples");
        self.schema.get("examples").or_else(items)?.as_array()
    }

    // Ids must differ from each other and from those of the global flags.
    fn flag_id(&self) -> String {
        format!("--{}", self.name)
    }

    fn word_id(&self) -> String {
        format!("<{}>", self.name)
    }

    /// Returns the value of this property on the command line, if it is given.
    pub fn value(&self, matches: &ArgMatches, source: &mut Source) -> Result<Option<(String, Value)>> {
        let given = |id: &str| matches.try_get_raw(id).ok().flatten();
        let Some(words) = given(&self.word_id()).or_else(|| given(&self.flag_id())) else {
            return Ok(None);
        };
        let texts: Vec<String> = words
            .map(|word| word.to_string_lossy().into_owned())
            .map(|word| match self.takes_files() {
                true => source.text(&word),
                false => Ok(word),
            })
            .collect::<Result<_>>()?;
        let value = self.form.read(&format!("--{}", dashed(self.name)), &texts)?;
        Ok(Some((self.name.to_owned(), value)))
    }

    fn takes_files(&self) -> bool {
        let is_free = !matches!(self.form, Form::Integer | Form::Number | Form::Switch);
        is_free && words(self.schema).is_empty() && self.examples().is_none()
    }
}

fn possible_value(word: &Word) -> PossibleValue {
    let value = PossibleValue::new(word.text.to_owned());
    match word.meaning {
        Some(meaning) => value.help(meaning.to_owned()),
        None => value,
    }
}

/// Returns true for the worker's id: it may come from the environment, so clap must not require it.
fn is_worker(name: &str) -> bool {
    name == "worker_id"
}

pub fn dashed(name: &str) -> String {
    name.replace('_', "-")
}
