//! `query`: SQL of the caller's own, which may be anything.

use std::time::{Duration, Instant};

use rusqlite::Connection;
use serde_json::{Value, json};

use crate::support::project::Project;

fn asked(project: &Project, sql: &str) -> Value {
    project.answer("query", json!({ "sql": sql }))
}

fn two_tasks() -> Project {
    let project = Project::new();
    project.has_one("schema", json!({ "description": "x" })).has(["queries"]);
    project
}

#[test]
fn rows_are_lists_under_their_columns() {
    let project = two_tasks();

    let answer = asked(&project, "select id, description from tasks order by n");

    assert_eq!(
        answer,
        json!({
            "columns": ["id", "description"], "rows": [["schema", "x"], ["queries", null]], "row_count": 2,
        })
    );
}

#[test]
fn other_forms_can_be_asked_for() {
    let project = two_tasks();
    let sql = "select id, id from tasks order by n";
    let of = |format: &str| project.answer("query", json!({ "sql": sql, "format": format }));

    assert_eq!(of("objects")["rows"][0], json!({ "id": "schema", "id_2": "schema" }));
    assert_eq!(of("csv")["text"], "id,id_2\nschema,schema\nqueries,queries\n");
    assert!(of("markdown")["text"].as_str().unwrap().starts_with("| id | id_2 |\n| --- |"));
}

#[test]
fn any_question_that_only_reads_is_answered() {
    let project = two_tasks();
    let _ = project.answer("search", json!({ "query": "schema" }));
    let questions = [
        "-- a comment first\nselect 1",
        "/* and */ select 1; -- one after",
        "values (1), (2)",
        "select 'insert into tasks; drop table tasks'",
        "with recursive n (x) as (select 1 union select x + 1 from n where x < 9) select sum(x) from n",
        "select name from pragma_table_info('tasks')",
        "pragma table_info(tasks)",
        "explain query plan select * from tasks where id = 'x'",
        "select id from tasks_fts where tasks_fts match 'schema'",
        "select value from tasks, json_each(tags)",
        "select count(*) over (), row_number() over (order by id) from tasks",
        "select x'00ff', 9e999, -0.5, null",
        "select strftime('%Y', 0, 'unixepoch'), printf('%05d', 7), replace('ab', 'a', 'c')",
    ];
    for sql in questions {
        let answer = project.call("query", json!({ "sql": sql }));
        assert!(answer.is_ok(), "{sql}: {answer:?}");
    }
}

#[test]
fn values_are_given_apart_from_the_question() {
    let project = two_tasks();
    let with = |sql: &str, params: Value| project.answer("query", json!({ "sql": sql, "params": params }));

    assert_eq!(with("select ?, ?", json!([1, "x'; --"]))["rows"], json!([[1, "x'; --"]]));
    assert_eq!(with("select :a, @b, $a", json!({ "a": 1, "@b": null }))["rows"], json!([[1, null, 1]]));
    assert_eq!(with("select ?2, ?1", json!([true, 1.5]))["rows"], json!([[1.5, 1]]));
    assert_eq!(with("select ?", json!("alone"))["rows"], json!([["alone"]]));
    assert_eq!(with("select value from json_each(?)", json!([["a"]]))["rows"], json!([["a"]]));
}

#[test]
fn values_that_do_not_fit_are_refused() {
    let project = two_tasks();
    let refused = |sql: &str, params: Value| {
        let refused = project.refusal("query", json!({ "sql": sql, "params": params }));
        assert_eq!(refused.code, "input", "{sql}");
        refused.message
    };

    assert!(refused("select ?", json!([])).contains("1 parameters"));
    assert!(refused("select 1", json!([1])).contains("0 parameters"));
    assert!(refused("select :task", json!({ "tusk": 1 })).contains("`tusk`"));
    assert!(refused("select :task, :state", json!({ "task": 1 })).contains("`state`"));
    assert!(refused("select ?", json!({})).contains("`?`"));
}

#[test]
fn it_does_nothing_but_read() {
    let project = two_tasks();
    let _ = project.answer("search", json!({ "query": "schema" }));
    let refused = [
        "insert into tasks (id) values ('x')",
        "update tasks set title = 'x'",
        "delete from tasks",
        "with x as (select 1) delete from tasks",
        "with x as (select 1) insert into facts select 'a', 'b'",
        "replace into facts values ('a', 'b')",
        "delete from tasks returning id",
        "create table x (a)",
        "create temp table x (a)",
        "create view x as select 1",
        "drop table tasks",
        "alter table tasks add column x",
        "insert into tasks_fts (tasks_fts) values ('rebuild')",
        "insert into tasks_fts (tasks_fts, rank) values ('rank', 'bm25(1)')",
        "attach ':memory:' as other",
        "detach main",
        "pragma journal_mode = delete",
        "pragma user_version = 9",
        "pragma query_only = off",
        "pragma writable_schema = on",
        "pragma hard_heap_limit = 0",
        "select * from pragma_user_version",
        "vacuum",
        "vacuum into 'copy.db'",
        "reindex",
        "analyze",
        "begin",
        "begin immediate",
        "commit",
        "rollback",
        "savepoint x",
        "select load_extension('x')",
        "select fts3_tokenizer('simple')",
        "select writefile('x', 'y')",
        "select readfile('/etc/passwd')",
        "select edit('x')",
        "select 1; select 2",
        "select 1; drop table tasks",
        "",
        " -- nothing\n",
        ";",
        "selekt 1",
        "select nothing from tasks",
        "select * from nowhere",
        "select '",
        "select \0 1",
        "select json('{')",
        "select id from tasks_fts where tasks_fts match '\"'",
    ];
    for sql in refused {
        let refused = project.refusal("query", json!({ "sql": sql }));
        assert_eq!(refused.code, "input", "{sql}: {refused:?}");
        assert!(refused.hint.is_some(), "{sql}");
    }
}

#[test]
fn what_would_fill_the_memory_is_refused() {
    let project = two_tasks();
    let endless = "with recursive n (x) as (select 1 union all select x + 1 from n)";
    let refused = [
        "select zeroblob(2000000000)".to_owned(),
        "select randomblob(100000000)".to_owned(),
        "select printf('%.*c', 100000000, 'x')".to_owned(),
        "select hex(zeroblob(1000000))".to_owned(),
        format!("{endless} select group_concat(x) from n"),
        format!("{endless} select json_group_array(x) from n"),
        format!("{endless} select x, randomblob(1000000) as b from n order by b"),
        format!("select {}", vec!["1"; 30_000].join(",")),
        format!("select {}1{}", "(".repeat(5_000), ")".repeat(5_000)),
        format!("select 1{}", " union select 1".repeat(500)),
        format!("select '{}'", "x".repeat(60_000)),
    ];
    for sql in refused {
        let start: String = sql.chars().take(80).collect();
        let refused = project.refusal("query", json!({ "sql": sql }));
        assert_eq!(refused.code, "input", "{start}: {refused:?}");
        assert!(refused.message.len() < 400, "{start}");
    }
}

#[test]
fn what_never_ends_is_stopped() {
    let project = Project::with(|config| config.limits.query_ms = 100);
    let endless = "with recursive n (x) as (select 1 union all select x + 1 from n)";
    let questions = [
        format!("{endless} select count(*) from n"),
        format!("{endless} select x from n where x < 0"),
        format!("{endless} select max(a.x) from n as a, n as b"),
        format!(
            "{endless} select instr(printf('%.*c', 100000, 'a'), printf('%.*c', 50000, 'a') || x) from n where x < 0"
        ),
    ];
    for sql in questions {
        let start = Instant::now();
        let refused = project.refusal("query", json!({ "sql": sql }));
        assert_eq!(refused.code, "input", "{sql}");
        assert!(refused.message.contains("too long"), "{sql}: {refused:?}");
        assert!(start.elapsed() < Duration::from_secs(20), "{sql}");
    }
}

#[test]
fn rows_that_are_left_out_are_told_exactly() {
    let project = Project::new();
    project.has(["a", "b", "c"]);
    let with =
        |limit: usize| project.answer("query", json!({ "sql": "select id from tasks", "limit": limit }));

    assert_eq!((&with(3)["row_count"], with(3).get("truncated")), (&json!(3), None));
    assert_eq!((&with(2)["row_count"], &with(2)["truncated"]), (&json!(2), &json!("limit")));
}

#[test]
fn the_answer_has_a_size() {
    let project = Project::new();
    let digits = "with recursive n (x) as (select 1 union all select x + 1 from n)";
    let endless = json!({ "sql": format!("{digits} select x, x from n"), "limit": 1_000 });
    let long = json!({ "sql": "select printf('%.*c', 100000, 'x') as a, 2 as b" });

    let endless = project.answer("query", endless);
    let long = project.answer("query", long);

    assert_eq!(endless["truncated"], "max_bytes");
    assert!(endless.to_string().len() < 4_000);
    assert!(long.to_string().len() < 4_000);
    assert_eq!(long["rows"][0][1], 2);
    assert!(long["notices"][0].as_str().unwrap().contains("cut"), "{long}");
}

#[test]
fn the_indexes_of_texts_are_up_to_date_for_it() {
    let project = two_tasks();

    let found = asked(&project, "select id from tasks_fts('queries')");

    assert_eq!(found["rows"], json!([["queries"]]));
}

#[test]
fn a_question_takes_no_memory_from_others() {
    let project = two_tasks();

    project.does("query", json!({ "sql": "select 1" }));

    let other = Connection::open_in_memory().unwrap();
    let limit: i64 = other.pragma_query_value(None, "hard_heap_limit", |row| row.get(0)).unwrap();
    assert_eq!(limit, 0, "it holds for the whole process");
}

/// Returns the functions that SQLite has, each with how many arguments it may take.
fn functions() -> Vec<(String, usize)> {
    let sqlite = Connection::open_in_memory().unwrap();
    let mut listed = sqlite
        .prepare(
            "select distinct name, narg from pragma_function_list where name glob '[a-z]*' order by 1, 2",
        )
        .unwrap();
    let rows = listed.query_map([], |row| Ok((row.get(0)?, row.get::<_, i64>(1)?))).unwrap();
    let numbers = |(name, number): (String, i64)| {
        let numbers = if number < 0 { 1..=3 } else { number as usize..=number as usize };
        numbers.map(move |number| (name.clone(), number))
    };
    rows.map(Result::unwrap).flat_map(numbers).filter(|(_, number)| *number > 0).collect()
}

#[test]
fn every_function_takes_its_time_and_no_more() {
    const TIME: Duration = Duration::from_secs(5);
    let project = Project::with(|config| config.limits.query_ms = TIME.as_millis() as i64);
    // Pairs for which a search that begins anew at each place takes the square of their length.
    let same = "a".repeat(1_000_000);
    let nearly = "a".repeat(500_000) + "b";
    let pattern = format!("%{}b%", "a_".repeat(200));
    let object = |first: usize| {
        let members = (first..first + 60_000).map(|at| (format!("k{at}"), at.into()));
        Value::Object(members.collect()).to_string()
    };
    let pairs =
        [[same.clone(), nearly.clone()], [nearly, same.clone()], [pattern, same], [object(0), object(1)]];
    let mut allowed = Vec::new();
    for (name, number) in functions() {
        let places = vec!["?"; number].join(", ");
        let sql = format!("select length(quote({name}({places})))");
        for pair in &pairs {
            let params: Vec<&String> = pair.iter().cycle().take(number).collect();
            let start = Instant::now();

            let answer = project.call("query", json!({ "sql": sql, "params": params }));

            assert!(start.elapsed() < 4 * TIME, "{name} of {number}: {answer:?}");
            if answer.is_ok() {
                allowed.push(name.clone());
            }
        }
    }
    for name in ["instr", "like", "glob", "replace", "group_concat", "json_set"] {
        assert!(allowed.iter().any(|allowed| allowed == name), "{name}: {allowed:?}");
    }
}

#[test]
fn what_is_asked_with_like_and_glob_is_answered_as_by_sqlite() {
    let project = Project::new();
    project.has(["Fix-API", "api/docs", "other"]);

    let found = |clause: &str| {
        asked(&project, &format!("select id from tasks where {clause} order by n"))["rows"].clone()
    };

    assert_eq!(found("id like '%api%'"), json!([["Fix-API"], ["api/docs"]]));
    assert_eq!(found("id glob '*[a-z]pi*'"), json!([["api/docs"]]));
    assert_eq!(found("instr(id, '/') = 4"), json!([["api/docs"]]));
    assert_eq!(found("replace(id, 'o', '') = 'ther'"), json!([["other"]]));
}
