//! Shortens generated task ids in answers: an agent pays some twenty tokens for each UUID that it reads.

use serde_json::Value;

use crate::domain::{TaskId, is_generated};

/// Fields whose ids stay whole: texts that callers write freely, `candidates`, whose shortened
/// ids would all be the same, and the `rows` of a query, which are used in the next one.
const WHOLE: &[&str] =
    &["title", "description", "content", "thought", "reason", "checkpoint", "text", "candidates", "rows"];

/// Shortens each generated task id in `answer` that is a whole value.
pub fn shorten_ids(answer: &mut Value) {
    match answer {
        Value::String(text) if is_generated(text) => {
            if let Ok(id) = text.parse::<TaskId>() {
                *text = id.short().to_owned();
            }
        }
        Value::Array(items) => items.iter_mut().for_each(shorten_ids),
        Value::Object(fields) => fields
            .iter_mut()
            .filter(|(name, _)| !WHOLE.contains(&name.as_str()))
            .for_each(|(_, value)| shorten_ids(value)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const ID: &str = "01997c5e-8a2b-7c3d-9e4f-a1b2c3d4e5f6";
    const SHORT: &str = "c3d4e5f6";

    fn shortened(mut answer: Value) -> Value {
        shorten_ids(&mut answer);
        answer
    }

    #[test]
    fn generated_ids_are_shortened_at_any_depth() {
        let answer = json!({ "id": ID, "tasks": [{ "id": ID, "blocked_by": [ID, "schema"] }] });

        assert_eq!(
            shortened(answer),
            json!({ "id": SHORT, "tasks": [{ "id": SHORT, "blocked_by": [SHORT, "schema"] }] })
        );
    }

    #[test]
    fn what_callers_wrote_stays_as_they_wrote_it() {
        let written = json!({
            "title": ID, "description": ID, "content": { "id": ID }, "thought": [ID],
            "reason": ID, "text": ID, "rows": [[ID]], "message": format!("see {ID}"),
        });

        assert_eq!(shortened(written.clone()), written);
    }

    #[test]
    fn candidates_can_be_told_apart() {
        let refusal = json!({ "details": { "candidates": [ID] } });

        assert_eq!(shortened(refusal.clone()), refusal);
    }

    #[test]
    fn names_that_were_not_generated_stay() {
        let others = json!(["fix-login", "c3d4e5f6", ID.to_uppercase(), ID.replace("-7c", "-4c"), 7, null]);

        assert_eq!(shortened(others.clone()), others);
    }
}
