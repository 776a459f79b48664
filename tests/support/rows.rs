//! The contents of the file, read without the program.

use std::path::Path;

use rusqlite::types::ValueRef;
use rusqlite::{Connection, OpenFlags};
use serde_json::{Map, Value, json};

/// A row by the names of its columns.
pub type Row = Map<String, Value>;

/// Returns the rows of a query on the file.
pub fn rows(file: &Path, sql: &str) -> Vec<Row> {
    let connection = Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
    rows_of(&connection, sql)
}

/// Returns the rows of a query.
pub fn rows_of(connection: &Connection, sql: &str) -> Vec<Row> {
    let mut statement = connection.prepare(sql).unwrap();
    let names: Vec<String> = statement.column_names().map(str::to_owned).collect();
    let read = statement.query_map([], |row| {
        let value = |(at, name): (usize, &String)| Ok((name.clone(), plain(row.get_ref(at)?)));
        names.iter().enumerate().map(value).collect()
    });
    read.unwrap().map(Result::unwrap).collect()
}

/// Returns every row of every table, to compare before and after.
pub fn contents(file: &Path) -> Vec<(String, Vec<Row>)> {
    let connection = Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
    let tables = rows_of(&connection, "select name from sqlite_schema where type = 'table' order by name");
    let names = tables.iter().map(|table| table["name"].as_str().unwrap());
    let read = |name: &str| rows_of(&connection, &format!("select * from {name}"));
    names.map(|name| (name.to_owned(), read(name))).collect()
}

fn plain(value: ValueRef<'_>) -> Value {
    match value {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(number) => json!(number),
        ValueRef::Real(number) => json!(number),
        ValueRef::Text(text) => json!(String::from_utf8_lossy(text)),
        ValueRef::Blob(bytes) => json!(bytes),
    }
}
