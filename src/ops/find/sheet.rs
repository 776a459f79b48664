//! The rows of a query, laid out within limits.

use std::ops::ControlFlow;

use base64::Engine;
use base64::prelude::BASE64_STANDARD as BASE64;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Number, Value};

use crate::error::{Error, Result};
use crate::ops::csv_cell;
use crate::ops::task::shortened;
use crate::store::{Asker, Cell};

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub enum Format {
    #[default]
    Json,
    Objects,
    Csv,
    Markdown,
}

/// The answer so far, and the room left in it.
pub struct Sheet {
    format: Format,
    most_rows: usize,
    /// How many bytes are left.
    room: usize,
    pub columns: Vec<String>,
    pub rows: Vec<Value>,
    pub text: String,
    pub row_count: usize,
    /// The limit that ended it before the last row.
    pub truncated: Option<&'static str>,
    /// Whether a value was cut.
    pub was_cut: bool,
}

/// A row in the requested format.
enum Row {
    Value(Value),
    Line(String),
}

impl Sheet {
    pub fn new(format: Format, most_rows: usize, most_bytes: usize) -> Self {
        Self {
            format,
            most_rows,
            room: most_bytes,
            columns: Vec::new(),
            rows: Vec::new(),
            text: String::new(),
            row_count: 0,
            truncated: None,
            was_cut: false,
        }
    }

    fn laid_out(&self, cells: Vec<Cell>) -> Row {
        match self.format {
            Format::Json => Row::Value(cells.into_iter().map(json).collect()),
            Format::Objects => {
                let fields = self.columns.iter().cloned().zip(cells.into_iter().map(json));
                Row::Value(Value::Object(fields.collect::<Map<_, _>>()))
            }
            Format::Csv => Row::Line(line(cells.into_iter().map(|cell| csv(&plain(cell))), ",")),
            Format::Markdown => Row::Line(bordered(cells.into_iter().map(|cell| markdown(&plain(cell))))),
        }
    }

    fn add(&mut self, row: Row) {
        self.row_count += 1;
        self.room = self.room.saturating_sub(row.bytes());
        match row {
            Row::Value(value) => self.rows.push(value),
            Row::Line(line) => self.text += &line,
        }
    }

    /// Returns the values, cut so that all of them fit.
    fn cut(&mut self, cells: Vec<Cell>) -> Vec<Cell> {
        const LEAST: usize = 16;
        let longest = (self.room / 2 / cells.len().max(1)).max(LEAST);
        self.was_cut = true;
        let cut = |cell| match cell {
            Cell::Text(text) => Cell::Text(shortened(&text, longest)),
            Cell::Blob(mut bytes) => {
                bytes.truncate(longest);
                Cell::Blob(bytes)
            }
            other => other,
        };
        cells.into_iter().map(cut).collect()
    }
}

impl Asker for Sheet {
    fn columns(&mut self, names: Vec<String>) -> Result<()> {
        const LONGEST: usize = 100;
        for name in names {
            let name = shortened(&name, LONGEST);
            let taken = |name: &String| self.columns.contains(name);
            let numbered = (2..).map(|number| format!("{name}_{number}"));
            let free = [name.clone()].into_iter().chain(numbered).find(|name| !taken(name));
            self.columns.extend(free);
        }
        let head = match self.format {
            Format::Json | Format::Objects => String::new(),
            Format::Csv => line(self.columns.iter().map(|name| csv(name)), ","),
            Format::Markdown => {
                let names = bordered(self.columns.iter().map(|name| markdown(name)));
                names + &bordered(self.columns.iter().map(|_| "---".to_owned()))
            }
        };
        let bytes = head.len().max(self.columns.iter().map(|name| name.len() + 3).sum());
        self.room = self.room.checked_sub(bytes).ok_or_else(|| {
            Error::input("the names of the columns alone exceed `max_bytes`", "ask for fewer columns")
        })?;
        self.text = head;
        Ok(())
    }

    fn row(&mut self, cells: Vec<Cell>) -> ControlFlow<()> {
        if self.row_count == self.most_rows {
            self.truncated = Some("limit");
            return ControlFlow::Break(());
        }
        let raw: usize = cells.iter().map(Cell::bytes).sum();
        let row = (raw <= self.room).then(|| self.laid_out(cells.clone()));
        if let Some(row) = row.filter(|row| row.bytes() <= self.room) {
            self.add(row);
            return ControlFlow::Continue(());
        }
        if self.row_count > 0 {
            self.truncated = Some("max_bytes");
            return ControlFlow::Break(());
        }
        let cells = self.cut(cells);
        let row = self.laid_out(cells);
        self.add(row);
        ControlFlow::Continue(())
    }
}

impl Row {
    fn bytes(&self) -> usize {
        match self {
            Self::Value(value) => value.to_string().len() + 1,
            Self::Line(line) => line.len(),
        }
    }
}

fn json(cell: Cell) -> Value {
    match cell {
        Cell::Null => Value::Null,
        Cell::Integer(number) => number.into(),
        // JSON has no infinite numbers.
        Cell::Real(number) => {
            Number::from_f64(number).map_or_else(|| number.to_string().into(), Value::Number)
        }
        Cell::Text(text) => text.into(),
        Cell::Blob(bytes) => BASE64.encode(&bytes).into(),
    }
}

fn plain(cell: Cell) -> String {
    match json(cell) {
        Value::Null => String::new(),
        Value::String(text) => text,
        other => other.to_string(),
    }
}

fn line(fields: impl Iterator<Item = String>, between: &str) -> String {
    fields.collect::<Vec<_>>().join(between) + "\n"
}

fn bordered(fields: impl Iterator<Item = String>) -> String {
    format!("| {} |\n", fields.collect::<Vec<_>>().join(" | "))
}

fn csv(text: &str) -> String {
    let text = csv_cell::written(text);
    match text.contains([',', '"', '\n', '\r']) {
        true => format!("\"{}\"", text.replace('"', "\"\"")),
        false => text.into_owned(),
    }
}

fn markdown(text: &str) -> String {
    text.replace('\\', "\\\\").replace('|', "\\|").replace(['\n', '\r'], " ")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn sheet(format: Format, rows: usize, bytes: usize, content: &[[Cell; 2]]) -> Sheet {
        let mut sheet = Sheet::new(format, rows, bytes);
        sheet.columns(vec!["id".into(), "id".into()]).unwrap();
        for cells in content {
            if sheet.row(cells.to_vec()).is_break() {
                break;
            }
        }
        sheet
    }

    fn text(text: &str) -> Cell {
        Cell::Text(text.into())
    }

    #[test]
    fn each_format_keeps_columns_of_one_name_apart() {
        let content = [[text("a|b"), Cell::Null], [text("x,\"y\""), Cell::Blob(vec![1, 2, 3, 4])]];
        let of = |format| sheet(format, 10, 1_000, &content);

        assert_eq!(of(Format::Json).columns, ["id", "id_2"]);
        assert_eq!(of(Format::Json).rows, [json!(["a|b", null]), json!(["x,\"y\"", "AQIDBA=="])]);
        assert_eq!(of(Format::Objects).rows[0], json!({ "id": "a|b", "id_2": null }));
        assert_eq!(of(Format::Csv).text, "id,id_2\na|b,\n\"x,\"\"y\"\"\",AQIDBA==\n");
        assert_eq!(
            of(Format::Markdown).text,
            "| id | id_2 |\n| --- | --- |\n| a\\|b |  |\n| x,\"y\" | AQIDBA== |\n"
        );
    }

    #[test]
    fn what_is_cut_off_is_told_exactly() {
        let three =
            [[Cell::Integer(1), Cell::Null], [Cell::Integer(2), Cell::Null], [Cell::Integer(3), Cell::Null]];

        assert_eq!(sheet(Format::Json, 3, 1_000, &three).truncated, None);
        assert_eq!(sheet(Format::Json, 2, 1_000, &three).truncated, Some("limit"));
        let narrow = sheet(Format::Json, 3, 32, &three);
        assert_eq!((narrow.truncated, narrow.row_count), (Some("max_bytes"), 2));
    }

    #[test]
    fn a_row_that_is_too_long_is_shown_in_part() {
        let long = [[text(&"x".repeat(10_000)), text(&"y".repeat(10_000))]];

        let sheet = sheet(Format::Json, 10, 500, &long);

        assert!(sheet.was_cut);
        assert!((200..=510).contains(&sheet.rows[0].to_string().len()), "{}", sheet.rows[0]);
    }

    #[test]
    fn numbers_without_an_end_are_words() {
        assert_eq!(json(Cell::Real(f64::INFINITY)), "inf");
        assert_eq!(json(Cell::Real(1.5)), 1.5);
    }
}
