//! The variables of a template and their types.

use serde::{Deserialize, Serialize};
use serde_json::{Number, Value};

use super::time::is_date;
use super::{VariableName, listed};

/// A variable. Its short form is the name of a type alone, or a list of words.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Value")]
pub struct Variable {
    #[serde(rename = "type")]
    pub kind: Kind,
    /// The allowed words of an `enum`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default: Option<Value>,
    /// Whether it must be given, if it has no default.
    #[serde(skip_serializing_if = "is_true")]
    pub required: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    #[default]
    String,
    Integer,
    Number,
    Boolean,
    Date,
    Enum,
}

/// A variable in its long form.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Form {
    #[serde(rename = "type")]
    kind: Option<Kind>,
    #[serde(default)]
    values: Vec<String>,
    default: Option<Value>,
    required: Option<bool>,
}

impl Default for Variable {
    fn default() -> Self {
        Self { kind: Kind::String, values: Vec::new(), default: None, required: true }
    }
}

impl TryFrom<Value> for Variable {
    type Error = String;

    fn try_from(value: Value) -> Result<Self, String> {
        const FORMS: &str = "a variable is a type (string, integer, number, boolean, date), a list of words, \
            or {type, values, default, required}";
        let wrong = |error: serde_json::Error| format!("{error}; {FORMS}");
        match value {
            Value::String(_) => {
                Ok(Self { kind: serde_json::from_value(value).map_err(wrong)?, ..Self::default() })
            }
            Value::Array(_) => {
                let values = serde_json::from_value(value).map_err(wrong)?;
                Ok(Self { kind: Kind::Enum, values, ..Self::default() })
            }
            value => {
                let Form { kind, values, default, required } =
                    serde_json::from_value(value).map_err(wrong)?;
                let implied = if values.is_empty() { Kind::String } else { Kind::Enum };
                let required = required.unwrap_or(true) || default.is_some();
                Ok(Self { kind: kind.unwrap_or(implied), values, default, required })
            }
        }
    }
}

impl Variable {
    /// Returns true if this is a required text, as undescribed variables are.
    pub fn is_plain(&self) -> bool {
        *self == Self::default()
    }

    pub fn must_be_given(&self) -> bool {
        self.required && self.default.is_none()
    }

    /// Returns the fault in its description, if there is one.
    pub fn fault(&self, name: &VariableName) -> Option<String> {
        if (self.kind == Kind::Enum) == self.values.is_empty() {
            return Some(format!("`{name}`: `values` are the words of the type `enum`"));
        }
        let wanted = self.default.as_ref().and_then(|default| self.read(default).err())?;
        Some(format!("`{name}`: its default is not {wanted}"))
    }

    /// Returns the value in the variable's type, or a description of valid values. Each
    /// type can be given as text, as tables do.
    pub fn read(&self, value: &Value) -> Result<Value, String> {
        let read = match (self.kind, value) {
            (Kind::String, Value::String(_)) => Some(value.clone()),
            (Kind::String, Value::Number(_) | Value::Bool(_)) => Some(value.to_string().into()),
            (Kind::Integer, Value::String(text)) => text.trim().parse::<i64>().ok().map(Value::from),
            (Kind::Integer, Value::Number(number)) => whole(number).map(Value::from),
            (Kind::Number, Value::String(text)) => text.trim().parse().ok().as_ref().map(simple),
            (Kind::Number, Value::Number(number)) => Some(simple(number)),
            (Kind::Boolean, Value::Bool(_)) => Some(value.clone()),
            (Kind::Boolean, Value::String(text)) => text.trim().parse::<bool>().ok().map(Value::from),
            (Kind::Date, Value::String(text)) => is_date(text).then(|| value.clone()),
            (Kind::Enum, Value::String(text)) => self.values.contains(text).then(|| value.clone()),
            _ => None,
        };
        read.ok_or_else(|| self.wanted())
    }

    /// Returns a short description of its values.
    pub fn shape(&self) -> String {
        match self.kind {
            Kind::String => "string".into(),
            Kind::Integer => "integer".into(),
            Kind::Number => "number".into(),
            Kind::Boolean => "boolean".into(),
            Kind::Date => "date".into(),
            Kind::Enum => self.values.join("|"),
        }
    }

    fn wanted(&self) -> String {
        match self.kind {
            Kind::String => "a string".into(),
            Kind::Integer => "an integer".into(),
            Kind::Number => "a number".into(),
            Kind::Boolean => "true or false".into(),
            Kind::Date => "a date as `2026-01-31` or `2026-01-31T12:00:00Z`".into(),
            Kind::Enum => format!("one of {}", listed(&self.values)),
        }
    }
}

fn is_true(value: &bool) -> bool {
    *value
}

/// Returns a number without a fraction as an integer, also if it is spelt `3.0`.
fn whole(number: &Number) -> Option<i64> {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    let fraction = number.as_f64().filter(|value| value.fract() == 0.0 && value.abs() < EXACT);
    number.as_i64().or_else(|| fraction.map(|value| value as i64))
}

/// Returns the canonical form of a number.
fn simple(number: &Number) -> Value {
    whole(number).map_or_else(|| number.clone().into(), Value::from)
}
