//! `search`: find tasks by what was written about them.

use serde_json::{Value, json};

use crate::support::project::{Project, ids};

fn library() -> Project {
    let project = Project::new();
    project.has_one(
        "schema",
        json!({ "title": "Design the tables", "description": "They can't change in src/db.rs later." }),
    );
    project.has_one("fix-login", json!({ "title": "Fix the login", "tags": ["web"], "parent": "schema" }));
    project.has_one(
        "queries",
        json!({ "title": "Write queries", "description": "For the login reports, by day." }),
    );
    project
}

fn found(project: &Project, asked: Value) -> Vec<String> {
    ids(&project.answer("search", asked)["results"])
}

fn found_by(project: &Project, query: &str) -> Vec<String> {
    found(project, json!({ "query": query }))
}

#[test]
fn a_title_counts_more_than_a_description() {
    let project = library();

    let answer = project.answer("search", json!({ "query": "login" }));

    assert_eq!(
        answer,
        json!({
            "results": [
                { "id": "fix-login", "title": "Fix the login", "status": "pending", "in": "title" },
                {
                    "id": "queries", "title": "Write queries", "status": "pending", "in": "description",
                    "text": "For the **login** reports, by day.",
                },
            ],
            "total": 2,
        })
    );
}

#[test]
fn words_are_found_as_people_write_them() {
    let project = library();
    let cases = [
        ("can't", "schema"),
        ("src/db.rs", "schema"),
        ("db.rs", "schema"),
        ("table", "schema"),
        ("query", "queries"),
        ("LOGIN reports", "queries"),
        ("fix-login", "fix-login"),
        ("(login) reports?", "queries"),
    ];
    for (query, task) in cases {
        assert_eq!(found_by(&project, query), [task], "{query}");
    }
}

#[test]
fn expressions_of_the_index_work() {
    let project = library();
    let cases: [(&str, &[&str]); 8] = [
        ("title:login", &["fix-login"]),
        ("login NOT fix", &["queries"]),
        ("tables OR reports", &["schema", "queries"]),
        ("desig*", &["schema"]),
        (r#""by day""#, &["queries"]),
        (r#""day by""#, &[]),
        ("NEAR(login day, 5)", &["queries"]),
        ("login AND (write OR design)", &["queries"]),
    ];
    for (query, tasks) in cases {
        assert_eq!(found_by(&project, query), tasks, "{query}");
    }
}

#[test]
fn a_broken_expression_is_read_as_words_and_says_so() {
    let project = library();

    let answer = project.answer("search", json!({ "query": "(login AND" }));

    assert_eq!(ids(&answer["results"]), ["fix-login", "queries"]);
    assert!(answer["notices"][0].as_str().unwrap().contains("no expression"), "{answer}");
}

#[test]
fn words_that_never_come_together_are_found_one_by_one() {
    let project = library();

    let answer = project.answer("search", json!({ "query": "tables reports" }));

    assert_eq!(answer["total"], 2);
    assert!(answer["notices"][0].as_str().unwrap().contains("some of them"), "{answer}");
}

#[test]
fn attachments_and_thoughts_are_searched_too() {
    let project = library();
    project.claim("ann", "queries");
    project.does("thinking", json!({ "worker_id": "ann", "thought": "comparing btrees" }));
    let note = json!([{ "type": "note", "content": "a hash index is slower" }]);
    project.does("update", json!({ "worker_id": "ann", "task": "queries", "attachments": note }));

    let thought = project.answer("search", json!({ "query": "btrees" }));
    let note = project.answer("search", json!({ "query": "hash" }));

    assert_eq!(thought["results"][0]["in"], "thought");
    assert_eq!(thought["results"][0]["text"], "comparing **btrees**");
    assert_eq!(note["results"][0]["attachment"], "note#0");
    assert_eq!(note["results"][0]["text"], "a **hash** index is slower");
    assert_eq!(found(&project, json!({ "query": "hash", "include_attachments": false })), [""; 0]);
    assert_eq!(found(&project, json!({ "query": "hash", "in": ["task", "thought"] })), [""; 0]);
    assert_eq!(found_by(&project, "attachment:hash"), ["queries"]);
    assert_eq!(found_by(&project, "title:hash"), [""; 0]);
}

#[test]
fn what_is_no_text_is_not_searched() {
    let project = library();
    let image = json!([{ "type": "shot", "content": "iVBORw0KGgo=", "mime": "image/png" }]);
    let data = json!([{ "type": "data", "content": "{\"rows\": 7}", "mime": "application/json" }]);
    project.does("update", json!({ "worker_id": "ann", "task": "schema", "attachments": image }));
    project.does("update", json!({ "worker_id": "ann", "task": "schema", "attachments": data }));

    assert_eq!(found_by(&project, "iVBORw0KGgo"), [""; 0]);
    assert_eq!(found_by(&project, "rows"), ["schema"]);
}

#[test]
fn filters_combine() {
    let project = library();
    let _ = project.finish("queries");
    let asked = |filter: Value| {
        let mut asked = filter;
        asked["query"] = "login".into();
        found(&project, asked)
    };

    assert_eq!(asked(json!({ "status": "completed" })), ["queries"]);
    assert_eq!(asked(json!({ "status_filter": "pending" })), ["fix-login"]);
    assert_eq!(asked(json!({ "tags_all": ["web"] })), ["fix-login"]);
    assert_eq!(asked(json!({ "parent": "schema" })), ["fix-login"]);
    assert_eq!(asked(json!({ "parent": "schema", "status": "completed" })), [""; 0]);
    assert_eq!(asked(json!({ "phase": "review" })), [""; 0]);
}

#[test]
fn a_page_says_how_to_go_on() {
    let project = library();

    let first = project.answer("search", json!({ "query": "login", "limit": 1 }));
    let second = project.answer("search", json!({ "query": "login", "limit": 1, "offset": 1 }));

    assert_eq!((&first["total"], &first["next_offset"]), (&json!(2), &json!(1)));
    assert_eq!(ids(&second["results"]), ["queries"]);
    assert_eq!(second.get("next_offset"), None);
}

#[test]
fn it_finds_what_is_so_now() {
    let project = library();
    assert_eq!(found_by(&project, "login").len(), 2);

    project.does("update", json!({ "worker_id": "ann", "task": "queries", "description": "For nobody." }));
    project.does("rename", json!({ "task": "fix-login", "new_id": "sign-in" }));
    assert_eq!(found_by(&project, "login"), ["sign-in"]);
    assert_eq!(found_by(&project, "sign-in"), ["sign-in"]);

    project.does("delete", json!({ "worker_id": "ann", "task": "sign-in" }));
    assert_eq!(found_by(&project, "login"), [""; 0]);

    project.does("undelete", json!({ "task": "sign-in" }));
    assert_eq!(found_by(&project, "login"), ["sign-in"]);

    project.does("delete", json!({ "worker_id": "ann", "task": "sign-in", "obliterate": true }));
    assert_eq!(found_by(&project, "login"), [""; 0]);
}

#[test]
fn a_generated_id_is_found_by_its_end_and_whole() {
    let project = Project::new();
    let created = project.answer("create", json!({ "title": "x" }));
    let id = created["id"].as_str().unwrap();

    assert_eq!(found_by(&project, id), [id]);
    assert_eq!(found_by(&project, &id[28..]), [id]);
}

#[test]
fn the_best_of_too_many_are_found_among_the_youngest() {
    let project = Project::new();
    let tasks: Vec<Value> = (0..3_100).map(|n| json!({ "title": format!("common {n}") })).collect();
    project.does("create", json!({ "tasks": tasks }));

    let many = project.answer("search", json!({ "query": "common" }));
    let one = project.answer("search", json!({ "query": "common 7" }));

    assert_eq!(many["total_at_least"], 3_000);
    assert!(many["notices"][0].as_str().unwrap().contains("very many"), "{many}");
    assert_eq!((&one["total"], &one["results"][0]["title"]), (&json!(1), &json!("common 7")));
}

#[test]
fn what_has_no_words_is_refused() {
    let project = library();
    let _ = found_by(&project, "login");

    for query in ["", "\"", "-- ()", &"x".repeat(501), &"x ".repeat(100)] {
        assert_eq!(project.refusal("search", json!({ "query": query })).code, "input", "{query}");
    }
    let lost = project.refusal("search", json!({ "query": "x", "parent": "nowhere" }));
    assert_eq!(lost.code, "not_found");
}
