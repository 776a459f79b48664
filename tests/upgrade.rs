//! Every released schema becomes exactly the fresh one, and what is not ours is left alone.
//!
//! A store of release N is made here by the first N migrations, which are never
//! edited, and the rows in `tests/fixtures/rows-000N.sql`. A migration that makes
//! room for other rows adds such a file, and nothing here.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::Connection;
use serde_json::{Value, json};
use task_graph::config::Config;
use task_graph::store::{Options, Store};
use task_graph::{App, Caller, Error};
use tempfile::TempDir;

use crate::support::history::History;
use crate::support::project::{Project, ids};
use crate::support::rows::{Row, rows};

/// What marks a file as ours: "TGrf".
const OURS: i64 = 0x5447_7266;

/// A file in a folder of its own that was made by these statements.
fn made_by(sql: &str) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("tasks.db");
    let connection = Connection::open(&file).unwrap();
    connection.execute_batch(sql).unwrap();
    (folder, file)
}

fn open(file: &Path) -> Result<Store, Error> {
    let options = Options { lock_wait: Duration::from_secs(10), synced: false };
    Store::open(file, options)
}

/// Everything that makes a schema, without the order in which it was made.
fn schema(file: &Path) -> Vec<Row> {
    let mut schema = rows(file, "select type, name, tbl_name, sql from sqlite_schema");
    schema.extend(rows(file, "select user_version from pragma_user_version"));
    schema.extend(rows(file, "select application_id from pragma_application_id"));
    schema.sort_by_key(|row| format!("{row:?}"));
    schema
}

/// A release of the schema: how to make a store as it made them.
struct Release {
    number: usize,
    made_by: String,
}

fn releases() -> Vec<Release> {
    let (mut steps, mut rows) = (String::new(), String::new());
    let release = |(at, migration): (usize, &PathBuf)| {
        let number = at + 1;
        steps += &read(migration);
        let rows_of_its_own = folder("tests/fixtures").join(format!("rows-{number:04}.sql"));
        if rows_of_its_own.exists() {
            rows = read(&rows_of_its_own);
        }
        let ours = format!("pragma user_version = {number}; pragma application_id = {OURS};");
        Release { number, made_by: format!("{steps}\n{rows}\n{ours}") }
    };
    migrations().iter().enumerate().map(release).collect()
}

fn migrations() -> Vec<PathBuf> {
    let files = fs::read_dir(folder("src/store/migrations")).unwrap();
    let mut files: Vec<PathBuf> = files.map(|file| file.unwrap().path()).collect();
    files.sort();
    files
}

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

fn read(file: &Path) -> String {
    fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

#[test]
fn every_released_schema_becomes_the_fresh_one() {
    let fresh = schema(&Project::new().file());

    for Release { number, made_by: statements } in releases() {
        let (_folder, file) = made_by(&statements);

        drop(open(&file).unwrap());

        assert_eq!(schema(&file), fresh, "release {number}");
    }
}

#[test]
fn what_a_released_store_holds_can_be_used() {
    for Release { number, made_by: statements } in releases() {
        let (_folder, file) = made_by(&statements);

        let app = App::new(open(&file).unwrap(), Config::builtin(), Caller::default()).unwrap();

        let call = |operation: &str, arguments: Value| {
            let arguments = arguments.as_object().unwrap().clone();
            task_graph::ops::find(operation)
                .unwrap()
                .call(&app, task_graph::ops::Input::of(arguments))
                .unwrap()
        };
        assert_eq!(call("list_tasks", json!({}))["total"], 3, "release {number}");
        let taken = call("claim", json!({ "worker_id": "ann", "count": 2 }));
        assert_eq!(ids(&taken["tasks"]), ["page", "queries"], "release {number}");
        History::check(&file, &app.config());
    }
}

#[test]
fn a_newer_schema_is_refused_and_left_alone() {
    let project = Project::new();
    let connection = Connection::open(project.file()).unwrap();
    connection.pragma_update(None, "user_version", 99).unwrap();
    let before = schema(&project.file());

    let refused = open(&project.file()).err().unwrap();

    assert_eq!(refused.code(), "newer");
    assert_eq!(schema(&project.file()), before);
}

#[test]
fn a_foreign_database_is_refused_and_left_alone() {
    let (_folder, file) = made_by("create table t (x);");
    let before = schema(&file);

    let refused = open(&file).err().unwrap();

    assert_eq!(refused.code(), "foreign_database");
    assert_eq!(schema(&file), before);
}

#[test]
fn a_file_that_is_no_database_is_refused_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("tasks.db");
    let text = "not a database, but long enough that SQLite looks at its first page\n".repeat(20);
    fs::write(&file, &text).unwrap();

    let refused = open(&file).err().unwrap();

    assert_eq!(refused.code(), "foreign_database");
    assert_eq!(fs::read_to_string(&file).unwrap(), text);
}

#[test]
fn opening_again_changes_nothing() {
    let project = Project::new();
    project.has(["api"]);
    let before = project.contents();

    drop(project.reconfigured(|_| {}));

    assert_eq!(project.contents(), before);
}
