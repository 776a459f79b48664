//! The indexes say what the tables say, whatever happened; and nothing that anybody types breaks a search.

use proptest::prelude::*;
use proptest::test_runner::Config as Runs;
use rusqlite::Connection;
use serde_json::{Value, json};

use crate::support::dice::Dice;
use crate::support::project::Project;

const WORDS: &[&str] = &["login", "tables", "reports", "src/db.rs", "can't", "schön", "queries", "a-b"];

/// Fails if an index differs from what it is the index of.
fn check_indexes(project: &Project) {
    let connection = Connection::open(project.file()).unwrap();
    let checks = [
        "insert into tasks_fts (tasks_fts, rank) values ('integrity-check', 1)",
        "insert into thoughts_fts (thoughts_fts, rank) values ('integrity-check', 1)",
        "insert into attachments_fts (attachments_fts, rank) values ('integrity-check', 1)",
    ];
    for check in checks {
        connection.execute(check, []).unwrap_or_else(|error| panic!("{check}: {error}"));
    }
    let sizes = "select (select count(*) from tasks_fts_docsize) - (select count(*) from tasks),
        (select count(*) from attachments_fts_docsize) - (select count(*) from attachments),
        (select count(*) from thoughts_fts_docsize) - (select count(*) from thought_texts)";
    let differences: [i64; 3] =
        connection.query_row(sizes, [], |row| Ok([row.get(0)?, row.get(1)?, row.get(2)?])).unwrap();
    assert_eq!(differences, [0, 0, 0]);
}

/// Does something that may or may not be possible.
fn anything(project: &Project, dice: &mut Dice) {
    let task = format!("t{}", dice.below(6));
    let other = format!("t{}", dice.below(6));
    let words = format!("{} {}", dice.pick(WORDS), dice.pick(WORDS));
    let note = json!([{ "type": "note", "content": words }]);
    let instead = json!([{ "type": "note", "content": words, "mode": "replace" }]);
    let (operation, mut asked): (&str, Value) = match dice.below(12) {
        0..=2 => ("create", json!({ "id": task, "title": words })),
        3 => ("create", json!({ "id": task, "title": words, "parent": other, "description": words })),
        4 => ("update", json!({ "task": task, "title": words })),
        5 => ("update", json!({ "task": task, "description": words, "attachments": note })),
        6 => ("update", json!({ "task": task, "attachments": instead })),
        7 => ("rename", json!({ "task": task, "new_id": other })),
        8 => ("delete", json!({ "task": task, "cascade": true })),
        9 => ("delete", json!({ "task": task, "obliterate": true })),
        10 => ("undelete", json!({ "task": task })),
        _ => ("search", json!({ "query": words })),
    };
    if !matches!(operation, "rename" | "search" | "create" | "undelete") {
        asked["worker_id"] = "ann".into();
    }
    match project.call(operation, asked.clone()) {
        Err(refused) => assert_ne!(refused.code, "internal", "{operation} {asked}: {refused:?}"),
        Ok(_) if operation == "create" => {
            let _ = project.call("claim", json!({ "worker_id": "bob", "task": task }));
            project.does("thinking", json!({ "worker_id": "bob", "thought": words }));
        }
        Ok(_) => {}
    }
}

#[test]
fn the_indexes_say_what_the_tables_say() {
    for seed in 0..12 {
        let project = Project::new();
        let mut dice = Dice::new(seed);
        for _ in 0..80 {
            anything(&project, &mut dice);
        }

        project.does("search", json!({ "query": "login" }));

        check_indexes(&project);
    }
}

#[test]
fn the_age_of_a_task_that_is_gone_may_come_back() {
    let project = Project::new();
    project.has_one("old", json!({ "title": "login" }));
    project.does("search", json!({ "query": "login" }));
    project.does("delete", json!({ "worker_id": "ann", "task": "old", "obliterate": true }));
    project.has_one("new", json!({ "title": "tables" }));

    let found = project.answer("search", json!({ "query": "tables" }));

    assert_eq!(found["results"][0]["id"], "new");
    check_indexes(&project);
}

#[test]
fn writing_leaves_the_indexes_alone() {
    let project = Project::new();
    project.has(["one", "two"]);
    project.does("search", json!({ "query": "one" }));
    let indexes = || {
        let all = project.contents().into_iter();
        all.filter(|(table, _)| table.contains("_fts_") || table == "search_due").collect::<Vec<_>>()
    };
    let before = indexes();

    project.has(["three"]).claim("ann", "one");
    project.does("thinking", json!({ "worker_id": "ann", "thought": "hm" }));
    project.does("update", json!({ "worker_id": "ann", "task": "one", "priority": 9 }));
    let _ = project.moves("ann", "one", "completed");

    assert_eq!(before, indexes());
}

fn query() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        prop::sample::select(vec![
            "AND",
            "OR",
            "NOT",
            "NEAR(",
            "NEAR(a b, 2)",
            "NEAR(,)",
            "(",
            ")",
            "\"",
            "\"\"",
            "*",
            "a*",
            ":",
            "title:",
            "id:x",
            "attachment:(",
            "thought:\"",
            "^",
            "-",
            "+",
            "{",
            "}",
            "{title}",
            "\0",
            "\u{1}",
            "'",
            ";",
            "%",
            "_",
            "\\",
            "can't",
            "src/db.rs",
            "login",
            ",",
            "9",
            "²",
            "ß",
            "日本語",
            "e\u{301}",
            "\u{301}",
            "\u{200d}",
            "🙂",
            "ٱلسَّلَامُ",
            "\u{10ffff}",
            "01997c5e-8a2b-7c3d-9e4f-a1b2c3d4e5f6",
        ])
        .prop_map(str::to_owned),
        any::<String>(),
        any::<char>().prop_map(String::from),
    ];
    let between = prop::sample::select(vec!["", " "]);
    prop::collection::vec((piece, between), 0..14)
        .prop_map(|pieces| pieces.into_iter().map(|(piece, between)| piece + between).collect())
}

#[test]
fn nothing_that_anybody_types_breaks_a_search() {
    let project = Project::new();
    for (number, word) in WORDS.iter().enumerate() {
        project.has_one(&format!("t{number}"), json!({ "title": word, "description": "login of all" }));
    }
    let runs = Runs { cases: 1_000, failure_persistence: None, ..Runs::default() };
    proptest!(runs, |(query in query())| {
        if let Err(refused) = project.call("search", json!({ "query": query })) {
            prop_assert_eq!(refused.code, "input", "{:?}: {}", query, refused.message);
        }
    });
}
