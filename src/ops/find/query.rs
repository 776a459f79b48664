use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::search;
use super::sheet::{Format, Sheet};
use crate::error::Result;
use crate::ops::{Operation, Pace, Request};
use crate::store::{Given, Tx};
use crate::{App, Context, Effect};

/// Run one SQL `select`; `get_schema` describes the tables.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Query {
    sql: String,
    /// For `:name`; a list for `?`.
    params: Option<Value>,
    /// Default 100, at most 1000.
    limit: Option<usize>,
    /// Default 3500.
    #[schemars(extend("x-rare" = true))]
    max_bytes: Option<usize>,
    #[schemars(extend("x-rare" = true))]
    format: Option<Format>,
}

#[derive(Serialize)]
pub struct Answered {
    #[serde(skip_serializing_if = "Option::is_none")]
    columns: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rows: Option<Vec<Value>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<String>,
    row_count: usize,
    /// The limit that cut off further rows.
    #[serde(skip_serializing_if = "Option::is_none")]
    truncated: Option<&'static str>,
}

impl Operation for Query {
    const NAME: &'static str = "query";
    const EFFECT: Effect = Effect::Read;
    const POSITIONAL: &'static [&'static str] = &["sql"];
    const PACE: Pace = Pace::Long;

    type Output = Answered;

    /// Brings the full-text indexes up to date, if the SQL names one.
    fn catch_up(&self, app: &App, request: &Request) -> Result<()> {
        match self.sql.contains("_fts") {
            true => search::index_news(app, request.patience),
            false => Ok(()),
        }
    }

    fn run(&self, tx: &Tx, cx: &Context) -> Result<Answered> {
        const ROWS: usize = 100;
        const MOST_ROWS: usize = 1_000;
        const BYTES: usize = 3_500;
        const MOST_BYTES: usize = 100_000;
        let given = match &self.params {
            None => Given::Nothing,
            Some(Value::Array(values)) => Given::InOrder(values),
            Some(Value::Object(values)) => Given::ByName(values),
            Some(value) => Given::InOrder(std::slice::from_ref(value)),
        };
        let format = self.format.unwrap_or_default();
        let rows = self.limit.unwrap_or(ROWS).clamp(1, MOST_ROWS);
        let bytes = self.max_bytes.unwrap_or(BYTES).clamp(100, MOST_BYTES);
        let mut sheet = Sheet::new(format, rows, bytes);
        tx.ask(&self.sql, given, &mut sheet)?;
        if sheet.was_cut {
            cx.notify("long values were cut; ask for parts with `substr`, or raise `max_bytes`");
        }
        let (row_count, truncated) = (sheet.row_count, sheet.truncated);
        let is_text = matches!(format, Format::Csv | Format::Markdown);
        Ok(Answered {
            columns: (format == Format::Json).then_some(sheet.columns),
            rows: (!is_text).then_some(sheet.rows),
            text: is_text.then_some(sheet.text),
            row_count,
            truncated,
        })
    }
}
