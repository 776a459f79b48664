//! Tables as input: the field names once, and a row of values for each item.
//!
//! The shell fills `columns` and `rows` from files, so a text is accepted for a number or a list wherever
//! the column takes one.

use std::str::FromStr;

use schemars::{Schema, SchemaGenerator, json_schema};
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::coerce::integer;
use crate::domain::{listed, nearest};
use crate::error::{Error, Misfit, Result};

/// A value in a row.
pub struct Cell(pub Value);

impl Cell {
    /// Reads a value as it is, such as a text.
    pub fn one<T: DeserializeOwned>(self) -> Result<T> {
        serde_json::from_value(self.0).map_err(|error| Error::input(error.to_string(), ""))
    }

    pub fn number<T: DeserializeOwned>(self) -> Result<T> {
        match &self.0 {
            Value::Number(number) if number.is_f64() => match integer(number) {
                Some(whole) => Cell(whole.into()).one(),
                None => self.one(),
            },
            Value::String(text) => match i64::from_str(text.trim()) {
                Ok(number) => Cell(number.into()).one(),
                Err(_) => Err(Error::input(format!("takes a whole number, not `{}`", beginning(text)), "")),
            },
            _ => self.one(),
        }
    }

    /// Reads an object, or its JSON text.
    pub fn object<T: DeserializeOwned>(self) -> Result<T> {
        let written = self.0.as_str().and_then(|text| serde_json::from_str(text).ok());
        written.map_or(self, Cell).one()
    }

    /// Reads a list, its JSON text, or a text of items separated by commas.
    pub fn list<T: DeserializeOwned>(self) -> Result<T> {
        let Value::String(text) = &self.0 else {
            return self.one();
        };
        if text.trim_start().starts_with('[')
            && let Ok(items) = serde_json::from_str(text)
        {
            return Cell(items).one();
        }
        let items = text.split(',').map(str::trim).filter(|item| !item.is_empty());
        Cell(items.collect()).one()
    }
}

/// Returns the schema of rows: a value is a text, a number, an object, a list of names or of objects, or null.
pub fn schema(_: &mut SchemaGenerator) -> Schema {
    let items = json_schema!({ "type": ["string", "object"] });
    let types = ["string", "number", "array", "object", "null"];
    let value = json_schema!({ "type": types, "items": items, "x-nullable": true });
    json_schema!({ "type": "array", "items": { "type": "array", "items": value } })
}

/// Refuses columns that are not `known`, and columns that occur twice.
pub fn check_columns(columns: &[String], known: &[&str]) -> Result<()> {
    for (at, column) in columns.iter().enumerate() {
        if columns[..at].contains(column) {
            return Err(Error::input(format!("the column `{}` is there twice", beginning(column)), ""));
        }
        if known.contains(&column.as_str()) {
            continue;
        }
        let hint = match nearest(column, known) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("columns are {}", listed(known)),
        };
        return Err(Error::input(format!("there is no column `{}`", beginning(column)), hint));
    }
    Ok(())
}

/// Builds an item from each row: `set` assigns one field after the other. A null assigns nothing.
pub fn read<T: Default>(
    columns: &[String],
    rows: Vec<Vec<Value>>,
    set: impl Fn(&mut T, &str, Cell) -> Result<()>,
) -> Vec<Result<T, Misfit>> {
    let misfit = |at: usize, column: &str, error: Error| Misfit {
        at,
        place: format!("rows[{at}]{column}"),
        error: Box::new(error),
    };
    let one = |(at, row): (usize, Vec<Value>)| {
        if row.len() != columns.len() {
            let message = format!("has {} values for {} columns", row.len(), columns.len());
            return Err(misfit(at, "", Error::input(message, "give `null` where there is nothing to say")));
        }
        let mut thing = T::default();
        for (column, value) in columns.iter().zip(row).filter(|(_, value)| !value.is_null()) {
            set(&mut thing, column, Cell(value)).map_err(|error| misfit(at, &format!(".{column}"), error))?;
        }
        Ok(thing)
    };
    rows.into_iter().enumerate().map(one).collect()
}

fn beginning(text: &str) -> String {
    text.chars().take(60).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_text_stands_for_what_its_column_takes() {
        assert_eq!(Cell(json!("7")).number::<i64>().unwrap(), 7);
        assert_eq!(Cell(json!(7)).number::<i64>().unwrap(), 7);
        assert_eq!(Cell(json!(7.0)).number::<i64>().unwrap(), 7);
        assert!(Cell(json!("many")).number::<i64>().is_err());
        for list in [json!("a, b"), json!(["a", "b"]), json!(r#"["a","b"]"#)] {
            assert_eq!(Cell(list).list::<Vec<String>>().unwrap(), ["a", "b"]);
        }
        assert_eq!(Cell(json!("")).list::<Vec<String>>().unwrap(), [""; 0]);
    }

    #[test]
    fn every_row_is_read_or_says_where_it_is_wrong() {
        let columns = ["name".to_owned(), "size".to_owned()];
        let rows = vec![
            vec![json!("a"), json!("1")],
            vec![json!("b"), json!("big")],
            vec![json!("c")],
            vec![json!("d"), Value::Null],
        ];

        let read = read(&columns, rows, |thing: &mut (String, i64), column, cell| {
            match column {
                "name" => thing.0 = cell.one()?,
                _ => thing.1 = cell.number()?,
            }
            Ok(())
        });

        let told: Vec<_> = read.into_iter().map(|row| row.map_err(|misfit| misfit.to_string())).collect();
        assert_eq!(
            told,
            [
                Ok(("a".to_owned(), 1)),
                Err("rows[1].size: takes a whole number, not `big`".to_owned()),
                Err("rows[2]: has 1 values for 2 columns".to_owned()),
                Ok(("d".to_owned(), 0)),
            ]
        );
    }

    #[test]
    fn a_column_that_is_none_is_refused() {
        let check = |columns: &[&str]| {
            let columns: Vec<String> = columns.iter().map(|name| (*name).to_owned()).collect();
            check_columns(&columns, &["title", "priority"]).map_err(|error| error.hint())
        };

        assert_eq!(check(&["priority", "title"]), Ok(()));
        assert_eq!(check(&["titel"]), Err(Some("did you mean `title`?".into())));
        assert_eq!(check(&["xyz"]), Err(Some("columns are `title`, `priority`".into())));
        assert_eq!(check(&["title", "title"]), Err(None));
    }
}
