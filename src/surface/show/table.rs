//! A list of objects as a table.

use std::collections::BTreeMap;

use comfy_table::{Attribute, Cell, CellAlignment, ContentArrangement, Row, Table, presets::NOTHING};
use serde_json::{Map, Value};

use super::plain;

/// The smallest average width at which a table is still readable.
const LEAST_COLUMN: usize = 8;
const GAP: u16 = 2;

/// Returns the lines of a table, or `None` if its columns do not fit into `width`.
pub fn lines(rows: &[&Map<String, Value>], width: Option<usize>) -> Option<Vec<String>> {
    let columns = columns(rows);
    if columns.is_empty() || width.is_some_and(|width| columns.len() * LEAST_COLUMN > width) {
        return None;
    }
    let mut table = Table::new();
    table.load_style(NOTHING).set_truncation_indicator("…").enforce_styling().style_text_only();
    if let Some(width) = width.and_then(|width| u16::try_from(width).ok()) {
        table.set_content_arrangement(ContentArrangement::Dynamic).set_width(width + GAP);
    }
    let header = |name: &&str| Cell::new(name).add_attribute(Attribute::Bold);
    table.set_header(columns.iter().map(header));
    for row in rows {
        table.add_row(low(columns.iter().map(|name| cell(row.get(*name)))));
    }
    align(&mut table, &columns, rows);
    let lines = table.lines().map(|line| line.trim_end().to_owned());
    Some(lines.collect())
}

/// Returns the names of the columns that are not empty, in order of appearance.
fn columns<'a>(rows: &[&'a Map<String, Value>]) -> Vec<&'a str> {
    let mut places: BTreeMap<&str, usize> = BTreeMap::new();
    let mut names = Vec::new();
    let filled = rows.iter().flat_map(|row| row.iter());
    for (name, _) in filled.filter(|(_, value)| !is_empty(value)) {
        places.entry(name).or_insert_with(|| {
            names.push(name.as_str());
            names.len()
        });
    }
    names
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(object) => object.is_empty(),
        Value::Bool(_) | Value::Number(_) => false,
    }
}

fn cell(value: Option<&Value>) -> Cell {
    let text = value.map(plain).unwrap_or_default();
    let words: Vec<&str> = text.split('\n').map(str::trim).collect();
    Cell::new(words.join(" ").trim())
}

/// Returns a row that is one line high.
fn low(cells: impl Iterator<Item = Cell>) -> Row {
    let mut row = Row::from(cells);
    row.max_height(1);
    row
}

fn align(table: &mut Table, columns: &[&str], rows: &[&Map<String, Value>]) {
    for (column, name) in table.column_iter_mut().zip(columns) {
        column.set_padding((0, GAP));
        let mut values = rows.iter().filter_map(|row| row.get(*name));
        if values.all(|value| value.is_number() || is_empty(value)) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
}
