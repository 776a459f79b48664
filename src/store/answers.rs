//! Answers to requests with an idempotency key, kept for callers that retry.

use rusqlite::{OptionalExtension, named_params};
use serde_json::{Map, Value};

use super::Tx;
use super::media::digest;
use super::row::Json;
use crate::domain::{Digest, RequestId, Timestamp};
use crate::error::{Error, Result};

/// A request with an idempotency key.
#[derive(Clone, Debug)]
pub struct Named {
    id: RequestId,
    /// The caller to which the key belongs: callers choose keys independently of each other.
    scope: String,
    operation: &'static str,
    /// Covers the operation and its arguments, in any order of names.
    digest: Digest,
}

impl Named {
    pub fn new(
        id: RequestId,
        scope: String,
        operation: &'static str,
        arguments: &Map<String, Value>,
    ) -> Result<Self> {
        let mut text = operation.to_owned();
        write_object(arguments, &mut text);
        Ok(Self { id, scope, operation, digest: digest(text.as_bytes())? })
    }
}

impl Tx<'_> {
    /// Returns the first answer to this request. Refuses the request if its key was used for another operation or
    /// with other arguments.
    pub fn answer_given(&self, request: &Named) -> Result<Option<Value>> {
        const SQL: &str = "
            select operation, digest, answer
            from answers
            where scope = :scope and request_id = :id";
        let Named { id, scope, operation, digest } = request;
        let mut statement = self.0.prepare_cached(SQL)?;
        let found = statement.query_row(named_params! { ":scope": scope, ":id": id }, |row| {
            let first = (row.get::<_, String>("operation")?, row.get::<_, Digest>("digest")?);
            Ok((first, row.get::<_, Json<Value>>("answer")?))
        });
        match found.optional()? {
            None => Ok(None),
            Some(((_, first), answer)) if first == *digest => Ok(Some(answer.0)),
            Some(((first, _), _)) => {
                let id = id.clone();
                let other_arguments = first == *operation;
                Err(Error::UsedRequestId { id, first, other_arguments })
            }
        }
    }

    /// Keeps the answer to a request.
    pub fn remember_answer(&self, request: &Named, answer: &Value, now: Timestamp) -> Result<()> {
        const SQL: &str = "
            insert into answers (scope, request_id, operation, digest, answer, answered_at)
            values (:scope, :id, :operation, :digest, :answer, :now)";
        let Named { id, scope, operation, digest } = request;
        self.0.prepare_cached(SQL)?.execute(named_params! {
            ":scope": scope,
            ":id": id,
            ":operation": operation,
            ":digest": digest,
            ":answer": Json(answer),
            ":now": now,
        })?;
        Ok(())
    }

    /// Deletes the answers that were given before `then`.
    pub fn forget_answers(&self, then: Timestamp) -> Result<usize> {
        const SQL: &str = "delete from answers where answered_at < :then";
        Ok(self.0.prepare_cached(SQL)?.execute(named_params! { ":then": then })?)
    }
}

/// Writes a value so that equal values give equal text, in any order of names.
fn write(value: &Value, text: &mut String) {
    match value {
        Value::Object(object) => write_object(object, text),
        Value::Array(items) => {
            text.push('[');
            for item in items {
                write(item, text);
                text.push(',');
            }
            text.push(']');
        }
        other => text.push_str(&other.to_string()),
    }
}

fn write_object(object: &Map<String, Value>, text: &mut String) {
    let mut fields: Vec<_> = object.iter().collect();
    fields.sort_unstable_by_key(|(name, _)| *name);
    text.push('{');
    for (name, value) in fields {
        text.push_str(&Value::from(name.as_str()).to_string());
        text.push(':');
        write(value, text);
        text.push(',');
    }
    text.push('}');
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn digest_of(operation: &'static str, arguments: Value) -> Digest {
        let Value::Object(arguments) = arguments else { panic!("{arguments}") };
        Named::new("r1".parse().unwrap(), "ann".into(), operation, &arguments).unwrap().digest
    }

    #[test]
    fn the_digest_tells_operations_and_arguments_apart_but_not_the_order_of_names() {
        let one = digest_of("create", json!({ "title": "T", "job": { "a": 1, "b": [1, 2] } }));

        assert_eq!(one, digest_of("create", json!({ "job": { "b": [1, 2], "a": 1 }, "title": "T" })));
        assert_ne!(one, digest_of("create", json!({ "job": { "b": [2, 1], "a": 1 }, "title": "T" })));
        assert_ne!(one, digest_of("update", json!({ "title": "T", "job": { "a": 1, "b": [1, 2] } })));
    }
}
