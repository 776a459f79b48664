//! Answers that were given, for callers that repeat a request.

use rusqlite::{OptionalExtension, named_params};
use serde_json::Value;

use super::Tx;
use super::row::Json;
use crate::domain::{RequestId, Timestamp, WorkerId};
use crate::error::{Error, Result};

/// A request that has a name. Workers choose theirs without asking each other.
#[derive(Clone, Copy)]
pub struct Named<'a> {
    pub id: &'a RequestId,
    pub worker: Option<&'a WorkerId>,
}

impl Named<'_> {
    fn by(&self) -> &str {
        self.worker.map_or("", WorkerId::as_str)
    }
}

impl Tx<'_> {
    /// Returns the answer that was given to the request when it first came.
    pub fn answer_given(&self, request: Named<'_>, operation: &str) -> Result<Option<Value>> {
        const SQL: &str = "
            select operation, answer
            from answers
            where request_id = :id and worker_id = :worker";
        let mut statement = self.0.prepare_cached(SQL)?;
        let keys = named_params! { ":id": request.id, ":worker": request.by() };
        let found = statement.query_row(keys, |row| {
            Ok((row.get::<_, String>("operation")?, row.get::<_, Json<Value>>("answer")?))
        });
        match found.optional()? {
            None => Ok(None),
            Some((first, answer)) if first == operation => Ok(Some(answer.0)),
            Some((first, _)) => Err(Error::input(
                format!("request id `{}` was used for `{first}` before", request.id),
                "give each new request an id of its own",
            )),
        }
    }

    /// Keeps the answer to a request.
    pub fn remember_answer(
        &self,
        request: Named<'_>,
        operation: &str,
        answer: &Value,
        now: Timestamp,
    ) -> Result<()> {
        const SQL: &str = "
            insert into answers (request_id, worker_id, operation, answer, answered_at)
            values (:id, :worker, :operation, :answer, :now)";
        self.0.prepare_cached(SQL)?.execute(named_params! {
            ":id": request.id,
            ":worker": request.by(),
            ":operation": operation,
            ":answer": Json(answer),
            ":now": now,
        })?;
        Ok(())
    }

    /// Forgets the answers that were given before `then`.
    pub fn forget_answers(&self, then: Timestamp) -> Result<usize> {
        const SQL: &str = "delete from answers where answered_at < :then";
        Ok(self.0.prepare_cached(SQL)?.execute(named_params! { ":then": then })?)
    }
}
