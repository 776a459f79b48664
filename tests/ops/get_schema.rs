//! `get_schema`: what there is to ask.

use serde_json::json;

use crate::support::project::Project;

#[test]
fn all_tables_are_shown_with_their_columns() {
    let project = Project::new();

    let schema = project.answer("get_schema", json!({}));

    assert_eq!(schema["tables"]["task_tags"], "tag task_id");
    assert!(schema["tables"]["tasks"].as_str().unwrap().starts_with("n id title description"));
    assert_eq!(schema["views"]["task_needed_tags"], "task_id tag");
    assert_eq!(schema["search"]["tasks_fts"], "id title description");
    assert!(schema["sqlite_version"].is_string());
}

#[test]
fn what_only_serves_the_program_is_left_out() {
    let project = Project::new();

    let schema = project.answer("get_schema", json!({})).to_string();

    for hidden in ["sqlite_sequence", "tasks_fts_data", "tasks_fts_idx", "search_progress", "task_texts"] {
        assert!(!schema.contains(hidden), "{hidden}");
    }
}

#[test]
fn one_table_is_shown_whole() {
    let project = Project::new();

    let table = project.answer("get_schema", json!({ "table": "TASKS", "include_sql": true }));

    assert_eq!((&table["name"], &table["type"]), (&json!("tasks"), &json!("table")));
    assert_eq!(table["columns"]["n"], "integer key");
    assert_eq!(table["columns"]["priority"], "integer default 5");
    assert_eq!(table["columns"]["description"], "text null");
    assert_eq!(table["columns"]["ready"], "integer computed");
    assert_eq!(
        table["references"],
        json!({ "template": "templates.id", "project": "projects.task", "worker_id": "workers.id" })
    );
    assert_eq!(table["indexes"]["tasks_status"], "status n");
    assert!(table["sql"][0].as_str().unwrap().to_lowercase().starts_with("create table tasks"));
}

#[test]
fn an_unknown_table_is_refused_with_the_nearest() {
    let project = Project::new();

    let near = project.refusal("get_schema", json!({ "table": "taks" }));
    let far = project.refusal("get_schema", json!({ "table": "zzz" }));
    let all = project.refusal("get_schema", json!({ "include_sql": true }));

    assert_eq!((near.code.as_str(), near.hint.as_deref()), ("not_found", Some("did you mean `tasks`?")));
    assert!(far.hint.unwrap().contains("`workers`"));
    assert_eq!(all.code, "input");
}
