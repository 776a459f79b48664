//! Conversion between domain values and columns.

use std::collections::BTreeSet;

use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSql, ToSqlOutput, ValueRef};
use rusqlite::{Row, RowIndex};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::domain::{
    AttachmentType, CounterName, Digest, EdgeKindName, ErrorClass, GroupKey, MarkPath, MessageKind, Phase,
    Priority, ProjectKey, ProjectName, ProjectState, RequestId, ScheduleName, Standing, Status, Tag, TaskId,
    TemplateName, Timestamp, WorkerId,
};

/// A value stored as JSON.
pub struct Json<T>(pub T);

impl<T: DeserializeOwned> FromSql for Json<T> {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let read = serde_json::from_str(value.as_str()?);
        read.map(Self).map_err(|error| FromSqlError::Other(error.into()))
    }
}

impl<T: Serialize> ToSql for Json<T> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        let text = serde_json::to_string(&self.0);
        text.map(Into::into).map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))
    }
}

fn parsed<T>(value: ValueRef<'_>) -> FromSqlResult<T>
where
    T: std::str::FromStr<Err: std::error::Error + Send + Sync + 'static>,
{
    value.as_str()?.parse().map_err(|error| FromSqlError::Other(Box::new(error)))
}

/// The author of something: a worker, or a person.
impl FromSql for WorkerId {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        match value.as_str()? {
            Self::PERSON => Ok(Self::person()),
            _ => parsed(value),
        }
    }
}

impl ToSql for WorkerId {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(self.as_str().into())
    }
}

macro_rules! name_columns {
    ($($type:ident),*) => {
        $(
            impl FromSql for $type {
                fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
                    parsed(value)
                }
            }

            impl ToSql for $type {
                fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
                    Ok(self.as_str().into())
                }
            }
        )*
    };
}
name_columns!(
    TaskId,
    Tag,
    Status,
    Phase,
    EdgeKindName,
    MarkPath,
    RequestId,
    AttachmentType,
    Digest,
    CounterName,
    GroupKey,
    ErrorClass,
    ProjectName,
    TemplateName,
    ScheduleName
);

impl FromSql for Standing {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let word = value.as_str()?;
        let found = Self::ALL.into_iter().find(|standing| standing.as_str() == word);
        found.ok_or(FromSqlError::InvalidType)
    }
}

impl ToSql for Standing {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(self.as_str().into())
    }
}

impl FromSql for MessageKind {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        Self::parse(value.as_str()?).ok_or(FromSqlError::InvalidType)
    }
}

impl ToSql for MessageKind {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(self.as_str().into())
    }
}

impl FromSql for ProjectState {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let word = value.as_str()?;
        let found = Self::ALL.into_iter().find(|state| state.as_str() == word);
        found.ok_or(FromSqlError::InvalidType)
    }
}

impl ToSql for ProjectState {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(self.as_str().into())
    }
}

impl FromSql for ProjectKey {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        value.as_i64().map(Self)
    }
}

impl ToSql for ProjectKey {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(self.0.into())
    }
}

impl FromSql for Timestamp {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        value.as_i64().map(Self)
    }
}

impl ToSql for Timestamp {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(self.0.into())
    }
}

impl FromSql for Priority {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let value = value.as_i64()?;
        Self::try_from(value).map_err(|error| FromSqlError::Other(error.into()))
    }
}

impl ToSql for Priority {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(i64::from(*self).into())
    }
}

/// The columns of a row, read from left to right.
///
/// Looking columns up by name took half the time of reading a task, so the rows that are read most are read in the
/// order of their `select`.
pub struct Columns<'r, 's> {
    row: &'r Row<'s>,
    at: usize,
}

impl<'r, 's> Columns<'r, 's> {
    pub fn of(row: &'r Row<'s>) -> Self {
        Self { row, at: 0 }
    }

    pub fn next<T: FromSql>(&mut self) -> rusqlite::Result<T> {
        self.at += 1;
        self.row.get(self.at - 1)
    }

    pub fn tags(&mut self) -> rusqlite::Result<BTreeSet<Tag>> {
        self.at += 1;
        tags(self.row, self.at - 1)
    }
}

/// Reads a column of tags.
pub fn tags(row: &Row<'_>, column: impl RowIndex) -> rusqlite::Result<BTreeSet<Tag>> {
    match row.get_ref(column)?.as_str()? {
        "[]" => Ok(BTreeSet::new()),
        _ => row.get::<_, Json<BTreeSet<Tag>>>(column).map(|tags| tags.0),
    }
}
