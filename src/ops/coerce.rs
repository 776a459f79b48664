//! Values that clients send in another form: `5.0` and `"5"` for 5, `"true"`, a list or an object as text.
//!
//! Some clients pass arguments through a format that has only floating-point numbers, and some models write
//! a nested value as JSON text. Only an exact conversion is accepted; everything else is refused as the
//! wrong type.

use serde_json::{Map, Number, Value};

/// Converts a value that fits no type of the schema, if the conversion is exact.
pub fn coerce(schema: &Map<String, Value>, value: &mut Value) {
    let read = match schema.get("type") {
        Some(Value::String(name)) => read_as(name, value),
        Some(Value::Array(names)) => {
            names.iter().filter_map(Value::as_str).find_map(|name| read_as(name, value))
        }
        _ => None,
    };
    if let Some(read) = read {
        *value = read;
    }
}

fn read_as(name: &str, value: &Value) -> Option<Value> {
    match (name, value) {
        ("integer", Value::Number(number)) => integer(number).map(Value::from),
        ("integer", Value::String(text)) => number(text).as_ref().and_then(integer).map(Value::from),
        ("number", Value::String(text)) => number(text).map(Value::Number),
        ("boolean", Value::String(text)) => truth(text).map(Value::Bool),
        ("array", Value::String(text)) => nested(text, '[').filter(Value::is_array),
        ("object", Value::String(text)) => nested(text, '{').filter(Value::is_object),
        _ => None,
    }
}

/// Returns the number as an integer, if it is whole.
pub fn integer(number: &Number) -> Option<Number> {
    /// Up to this limit, every integer is also a floating-point number.
    const EXACT: f64 = 9_007_199_254_740_992.0;
    if number.is_i64() || number.is_u64() {
        return Some(number.clone());
    }
    let number = number.as_f64().filter(|number| number.fract() == 0.0 && number.abs() <= EXACT)?;
    Some(Number::from(number as i64))
}

/// Returns the number in a text, written as in JSON.
fn number(text: &str) -> Option<Number> {
    let text = text.trim();
    let begins = text.starts_with(|first: char| first.is_ascii_digit() || first == '-');
    begins.then(|| serde_json::from_str(text).ok())?
}

fn truth(text: &str) -> Option<bool> {
    let text = text.trim();
    [true, false].into_iter().find(|truth| text.eq_ignore_ascii_case(&truth.to_string()))
}

fn nested(text: &str, opening: char) -> Option<Value> {
    text.trim_start().starts_with(opening).then(|| serde_json::from_str(text).ok())?
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn coerced(kind: Value, mut value: Value) -> Value {
        let schema = json!({ "type": kind });
        coerce(schema.as_object().unwrap(), &mut value);
        value
    }

    #[test]
    fn a_value_in_another_form_is_understood() {
        for (kind, given, meant) in [
            ("integer", json!(5.0), json!(5)),
            ("integer", json!(-0.0), json!(0)),
            ("integer", json!("5"), json!(5)),
            ("integer", json!(" -5.0 "), json!(-5)),
            ("number", json!("1.5"), json!(1.5)),
            ("boolean", json!("true"), json!(true)),
            ("boolean", json!("False"), json!(false)),
            ("array", json!("[1, \"a\"]"), json!([1, "a"])),
            ("object", json!(" {\"a\": [1]}"), json!({ "a": [1] })),
        ] {
            assert_eq!(coerced(json!(kind), given.clone()), meant, "{kind} {given}");
        }
        assert_eq!(coerced(json!(["object", "array"]), json!("[1]")), json!([1]));
    }

    #[test]
    fn a_value_that_is_none_stays_as_it_is() {
        for (kind, given) in [
            ("integer", json!(5.5)),
            ("integer", json!(1e300)),
            ("integer", json!("five")),
            ("integer", json!("")),
            ("number", json!("NaN")),
            ("number", json!("inf")),
            ("boolean", json!("yes")),
            ("boolean", json!(1)),
            ("array", json!("[1")),
            ("object", json!("[]")),
            ("string", json!(5)),
        ] {
            assert_eq!(coerced(json!(kind), given.clone()), given, "{kind}");
        }
    }
}
