//! Runs SQL queries that callers write.
//!
//! A query gets a read-only connection of its own. On it SQLite refuses everything except reading, and stops when
//! the time is over. Values, memory and patterns are bounded too. SQLite cannot interrupt a function, so functions
//! that take quadratic time are refused or replaced (`functions.rs`).

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use rusqlite::config::DbConfig;
use rusqlite::hooks::{AuthAction, AuthContext, Authorization};
use rusqlite::limits::Limit;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, ErrorCode, MAIN_DB, OpenFlags, Statement};
use serde_json::{Map, Value};

use super::{Tx, functions};
use crate::domain::{listed, nearest};
use crate::error::{Error, Result};

/// The values of a query's parameters.
#[derive(Clone, Copy, Debug)]
pub enum Given<'a> {
    Nothing,
    InOrder(&'a [Value]),
    ByName(&'a Map<String, Value>),
}

/// A value in the answer.
#[derive(Clone, Debug, PartialEq)]
pub enum Cell {
    Null,
    Integer(i64),
    Real(f64),
    Text(String),
    Blob(Vec<u8>),
}

/// The receiver of an answer.
pub trait Asker {
    /// Receives the names of the columns.
    fn columns(&mut self, names: Vec<String>) -> Result<()>;

    /// Receives a row, and decides whether to go on.
    fn row(&mut self, cells: Vec<Cell>) -> ControlFlow<()>;
}

impl Cell {
    /// Returns the approximate size in bytes.
    pub fn bytes(&self) -> usize {
        match self {
            Self::Null => 0,
            Self::Integer(_) | Self::Real(_) => 1,
            Self::Text(text) => text.len(),
            Self::Blob(bytes) => bytes.len(),
        }
    }
}

/// The limits of a query.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    pub time: Duration,
    /// The longest text that the store may hold.
    pub text_bytes: usize,
    /// Returns the memory that this process uses, in bytes, where the system shows it.
    pub resident: fn() -> Option<u64>,
}

/// Functions that do more than compute, and functions that take quadratic time in one step.
const REFUSED_FUNCTIONS: &[&str] = &[
    "fts3_tokenizer",
    "fts5",
    "json_patch",
    "json_pretty",
    "jsonb_patch",
    "load_extension",
    "ltrim",
    "optimize",
    "rtreecheck",
    "rtrim",
    "sqlite_log",
    "trim",
    "unhex",
];

/// Pragmas that describe the schema and change nothing.
const HARMLESS_PRAGMAS: &[&str] = &[
    "data_version",
    "foreign_key_list",
    "index_info",
    "index_list",
    "index_xinfo",
    "table_info",
    "table_list",
    "table_xinfo",
];

/// Opens a connection that can only answer queries, and only for a time.
pub fn connect(path: &Path, bounds: Bounds, is_over: &Arc<AtomicBool>) -> Result<Connection> {
    const INSTRUCTIONS: i32 = 100;
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut conn = Connection::open_with_flags(path, flags)?;
    conn.busy_timeout(bounds.time)?;
    // Sorting then takes memory instead of disk space, and no more than `MEMORY`.
    conn.pragma_update(None, "temp_store", "memory")?;
    conn.pragma_update(None, "query_only", true)?;
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, true)?;
    limit(&conn, bounds)?;
    functions::make_linear(&conn, longest_value(bounds))?;
    let mut budget = Budget::of(bounds, is_over);
    conn.progress_handler(INSTRUCTIONS, Some(move || budget.is_spent()))?;
    conn.authorizer(Some(may))?;
    Ok(conn)
}

/// The time and memory that a query may take. SQLite's own limit of memory would hold for the whole process, and
/// would refuse memory to other calls.
struct Budget {
    end: Instant,
    looked_at: Instant,
    resident: fn() -> Option<u64>,
    /// The size that the process may reach.
    most: Option<u64>,
    /// True once the process has to end.
    is_over: Arc<AtomicBool>,
}

impl Budget {
    /// More than a query needs, and less than harms the machine.
    const MEMORY: u64 = 256 << 20;
    const LOOK: Duration = Duration::from_millis(1);

    fn of(Bounds { time, resident, .. }: Bounds, is_over: &Arc<AtomicBool>) -> Self {
        let now = Instant::now();
        let most = resident().map(|bytes| bytes + Self::MEMORY);
        Self { end: now + time, looked_at: now, resident, most, is_over: Arc::clone(is_over) }
    }

    fn is_spent(&mut self) -> bool {
        let now = Instant::now();
        if now < self.looked_at + Self::LOOK {
            return false;
        }
        self.looked_at = now;
        let grown = self.most.zip((self.resident)()).is_some_and(|(most, bytes)| bytes > most);
        grown || now >= self.end || self.is_over.load(Ordering::Relaxed)
    }
}

/// Returns the maximum size of a value: a row has the longest text and some more. It is not larger, since a running
/// function cannot be interrupted.
fn longest_value(bounds: Bounds) -> usize {
    bounds.text_bytes.saturating_add(1 << 16)
}

fn limit(conn: &Connection, bounds: Bounds) -> Result<()> {
    let longest = longest_value(bounds);
    let limits = [
        (Limit::SQLITE_LIMIT_LENGTH, i32::try_from(longest).unwrap_or(i32::MAX)),
        (Limit::SQLITE_LIMIT_SQL_LENGTH, 50_000),
        (Limit::SQLITE_LIMIT_EXPR_DEPTH, 200),
        (Limit::SQLITE_LIMIT_COMPOUND_SELECT, 100),
        (Limit::SQLITE_LIMIT_VDBE_OP, 100_000),
        (Limit::SQLITE_LIMIT_COLUMN, 500),
        (Limit::SQLITE_LIMIT_ATTACHED, 0),
        (Limit::SQLITE_LIMIT_VARIABLE_NUMBER, 1_000),
        (Limit::SQLITE_LIMIT_WORKER_THREADS, 0),
    ];
    for (limit, most) in limits {
        conn.set_limit(limit, most)?;
    }
    Ok(())
}

fn may(context: AuthContext<'_>) -> Authorization {
    let harmless = match context.action {
        AuthAction::Select | AuthAction::Read { .. } | AuthAction::Recursive => true,
        // The transaction around the query. A query that begins or ends one has no columns, and is refused.
        AuthAction::Transaction { .. } => true,
        AuthAction::Function { function_name } => {
            !REFUSED_FUNCTIONS.contains(&function_name.to_ascii_lowercase().as_str())
        }
        AuthAction::Pragma { pragma_name, .. } => {
            HARMLESS_PRAGMAS.contains(&pragma_name.to_ascii_lowercase().as_str())
        }
        _ => false,
    };
    if harmless { Authorization::Allow } else { Authorization::Deny }
}

impl Tx<'_> {
    /// Runs a caller's query: passes the names of the columns to `asker`, then row after row.
    pub fn ask(&self, sql: &str, given: Given<'_>, asker: &mut impl Asker) -> Result<()> {
        if !self.0.is_readonly(MAIN_DB)? {
            return Err(Error::internal("a caller's question came to a connection that can write"));
        }
        let mut statement = self.0.prepare(sql).map_err(refusal)?;
        if statement.column_count() == 0 {
            return Err(Error::input("`query` answers questions, and this is none", "ask with `select`"));
        }
        bind(&mut statement, given)?;
        asker.columns(statement.column_names().map(str::to_owned).collect())?;
        let width = statement.column_count();
        let mut rows = statement.raw_query();
        while let Some(row) = rows.next().map_err(refusal)? {
            let cells = (0..width).map(|at| Ok(cell(row.get_ref(at)?)));
            if asker.row(cells.collect::<rusqlite::Result<_>>()?).is_break() {
                break;
            }
        }
        Ok(())
    }
}

fn cell(value: ValueRef<'_>) -> Cell {
    match value {
        ValueRef::Null => Cell::Null,
        ValueRef::Integer(number) => Cell::Integer(number),
        ValueRef::Real(number) => Cell::Real(number),
        ValueRef::Text(text) => Cell::Text(String::from_utf8_lossy(text).into_owned()),
        ValueRef::Blob(bytes) => Cell::Blob(bytes.to_owned()),
    }
}

fn bind(statement: &mut Statement<'_>, given: Given<'_>) -> Result<()> {
    let wanted: Vec<Option<String>> = (1..=statement.parameter_count())
        .map(|at| statement.parameter_name(at).map(|name| name[1..].to_owned()))
        .collect();
    let values = match given {
        Given::ByName(values) => by_name(&wanted, values)?,
        Given::InOrder(values) => in_order(&wanted, values)?,
        Given::Nothing => in_order(&wanted, &[])?,
    };
    for (at, value) in values.into_iter().enumerate() {
        let bound = match value {
            Value::Null => statement.raw_bind_parameter(at + 1, rusqlite::types::Null),
            Value::Bool(flag) => statement.raw_bind_parameter(at + 1, *flag),
            Value::Number(number) => match number.as_i64() {
                Some(number) => statement.raw_bind_parameter(at + 1, number),
                None => statement.raw_bind_parameter(at + 1, number.as_f64()),
            },
            Value::String(text) => statement.raw_bind_parameter(at + 1, text),
            nested => statement.raw_bind_parameter(at + 1, nested.to_string()),
        };
        bound.map_err(refusal)?;
    }
    Ok(())
}

fn in_order<'v>(wanted: &[Option<String>], values: &'v [Value]) -> Result<Vec<&'v Value>> {
    if wanted.len() != values.len() {
        return Err(Error::input(
            format!("the query has {} parameters, `params` has {} values", wanted.len(), values.len()),
            "give one for each: a list for `?`, an object for `:name`",
        ));
    }
    Ok(values.iter().collect())
}

fn by_name<'v>(wanted: &[Option<String>], values: &'v Map<String, Value>) -> Result<Vec<&'v Value>> {
    let bare = |name: &str| name.trim_start_matches([':', '@', '$', '?']).to_owned();
    let values: BTreeMap<String, &'v Value> =
        values.iter().map(|(name, value)| (bare(name), value)).collect();
    let names: Vec<&str> = wanted.iter().flatten().map(String::as_str).collect();
    if let Some(unknown) = values.keys().find(|name| !names.contains(&name.as_str())) {
        let hint = nearest(unknown, &names).map_or(String::new(), |name| format!("did you mean `{name}`?"));
        return Err(Error::input(format!("the query has no parameter `{unknown}`"), hint));
    }
    let missing: Vec<&str> = names.iter().copied().filter(|name| !values.contains_key(*name)).collect();
    if !missing.is_empty() {
        return Err(Error::input(format!("`params` lacks {}", listed(missing)), "null is a value too"));
    }
    let named = wanted.iter().map(|name| name.as_deref().and_then(|name| values.get(name).copied()));
    named
        .collect::<Option<_>>()
        .ok_or_else(|| Error::input("`params` has names, and the query has a `?`", "name it, as `:name`"))
}

/// Returns the error for a query that SQLite does not answer.
fn refusal(error: rusqlite::Error) -> Error {
    use rusqlite::Error::{MultipleStatement, NulError, SqlInputError, SqliteFailure};
    const NARROW: &str = "ask for less: a narrower `where`, an index as `get_schema` shows them, a `limit`";
    let code = error.sqlite_error_code();
    let (message, hint) = match (&error, code) {
        (MultipleStatement, _) => ("`query` takes one statement".into(), "make several calls"),
        (NulError(_), _) => ("`query` has a NUL in it".into(), "leave it out, or use char(0)"),
        (_, Some(ErrorCode::OperationInterrupted)) => {
            ("`query` was stopped: it took too long, or too much memory".into(), NARROW)
        }
        (_, Some(ErrorCode::TooBig)) => ("`sql` or a value in it is too large".into(), "use `substr`"),
        (_, Some(ErrorCode::AuthorizationForStatementDenied | ErrorCode::ReadOnly)) => {
            ("`query` only reads, and this does more".into(), "the other operations change things")
        }
        (SqlInputError { .. }, _) => {
            (format!("SQLite says `{}`", said(&error)), "`get_schema` shows the tables and their columns")
        }
        (SqliteFailure(..), Some(ErrorCode::Unknown | ErrorCode::ConstraintViolation)) => {
            (format!("SQLite says `{}`", said(&error)), "`get_schema` shows the tables and their columns")
        }
        _ => return error.into(),
    };
    Error::input(message, hint)
}

/// Returns SQLite's message, short and without quotes.
fn said(error: &rusqlite::Error) -> String {
    use rusqlite::Error::{SqlInputError, SqliteFailure};
    let text = match error {
        SqlInputError { msg, .. } => msg.clone(),
        SqliteFailure(_, Some(text)) => text.clone(),
        other => other.to_string(),
    };
    text.chars().take(200).map(|c| if c == '"' { '\'' } else { c }).collect()
}
