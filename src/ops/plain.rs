//! Schemas in the subset of JSON Schema that every vendor accepts: no references, one type each, typed items.
//!
//! One schema with a `$ref` or a list of types makes several clients refuse all tools of a server. Requests
//! are still checked against the full schema, so the accepted values do not depend on the schema that is
//! shown.

use serde_json::{Map, Value};

/// The type that is shown if a schema names none.
const ANYTHING: &str = "object";

/// Reduces a schema, and all schemas in it, to the subset that every vendor accepts.
pub fn plain(schema: &mut Map<String, Value>) {
    if schema.contains_key("$ref") {
        // It refers to a schema around it, which is that of an object.
        schema.retain(|key, _| key == "description");
    }
    narrow_type(schema);
    for key in ["items", "additionalProperties"] {
        if let Some(Value::Object(part)) = schema.get_mut(key) {
            plain(part);
        }
    }
    if let Some(Value::Object(properties)) = schema.get_mut("properties") {
        properties.values_mut().filter_map(Value::as_object_mut).for_each(plain);
    }
}

/// Reduces a schema to the first of its types, and to the keywords of that type.
fn narrow_type(schema: &mut Map<String, Value>) {
    let own = match schema.get("type") {
        Some(Value::String(own)) => own.clone(),
        Some(Value::Array(types)) => types.first().and_then(Value::as_str).unwrap_or(ANYTHING).to_owned(),
        _ if schema.contains_key("enum") => "string".to_owned(),
        _ => ANYTHING.to_owned(),
    };
    if own != "array" {
        schema.shift_remove("items");
    }
    match schema.get_mut("type") {
        Some(kind) => *kind = own.into(),
        None => drop(schema.shift_insert(0, "type".into(), own.into())),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_schema_is_narrowed_at_every_depth() {
        let cells = json!({ "type": ["string", "array"], "items": { "type": ["string", "object"] } });
        let Value::Object(mut schema) = json!({
            "type": "object",
            "properties": {
                "tasks": { "type": "array", "items": { "$ref": "#" }, "description": "In it." },
                "rows": { "type": "array", "items": { "type": "array", "items": cells } },
                "values": { "type": ["object", "array"], "items": { "type": "integer" } },
                "output": { "description": "Anything." },
                "one": { "type": "string", "enum": ["a"] },
            },
        }) else {
            unreachable!();
        };

        plain(&mut schema);

        assert_eq!(
            json!(schema["properties"]),
            json!({
                "tasks": { "type": "array", "items": { "type": "object" }, "description": "In it." },
                "rows": { "type": "array", "items": { "type": "array", "items": { "type": "string" } } },
                "values": { "type": "object" },
                "output": { "type": "object", "description": "Anything." },
                "one": { "type": "string", "enum": ["a"] },
            })
        );
    }
}
