//! Claiming work of a certain kind.

use rusqlite::Connection;
use serde_json::json;

use crate::support::project::{Project, ids};

/// Two trees and a task beside them: `site` has `site-db` (in `site-back`), `site-css`; `app` has `app-db`.
fn project() -> Project {
    let project = Project::new();
    project.has(["beside", "site", "site-back", "app"]);
    for (id, parent, tags) in [
        ("app-db", "app", vec!["db", "rust"]),
        ("site-css", "site", vec!["css"]),
        ("site-db", "site-back", vec!["db", "sql"]),
    ] {
        project.has_one(id, json!({ "parent": parent, "tags": tags }));
    }
    project.inside("site", ["site-back"]);
    project
}

#[test]
fn a_claim_takes_the_best_of_what_it_asks_for() {
    for (asked, first) in [
        (json!({}), "beside"),
        (json!({ "under": "site" }), "site-css"),
        (json!({ "under": "site-back" }), "site-db"),
        (json!({ "tags_any": ["db"] }), "app-db"),
        (json!({ "tags_any": ["sql", "css"] }), "site-css"),
        (json!({ "tags_any": "sql" }), "site-db"),
        (json!({ "tags_all": ["db", "sql"] }), "site-db"),
        (json!({ "tags_all": ["db"], "tags_any": ["rust", "css"] }), "app-db"),
        (json!({ "under": "site", "tags_any": ["db"] }), "site-db"),
    ] {
        let project = project();
        let mut wanted = asked.clone();
        wanted["worker_id"] = "ann".into();

        let taken = project.answer("claim", wanted);

        assert_eq!(taken["task"]["id"], first, "{asked}");
    }
}

#[test]
fn where_nothing_fits_nothing_is_taken() {
    for asked in [json!({ "under": "app", "tags_any": ["css"] }), json!({ "tags_any": ["nobody"] })] {
        let project = project();
        let mut wanted = asked.clone();
        wanted["worker_id"] = "ann".into();

        let none = project.answer("claim", wanted);

        assert_eq!(none["task"], json!(null), "{asked}");
        assert!(none["why"].as_str().unwrap().contains("4 ready, of which none fits"), "{none}");
    }
}

#[test]
fn what_it_may_not_do_is_passed_over() {
    let project = project();
    project.does("update", json!({ "worker_id": "ann", "task": "app-db", "needed_tags": ["cobol"] }));

    let taken = project.answer("claim", json!({ "worker_id": "ann", "tags_any": ["db"] }));

    assert_eq!(taken["task"]["id"], "site-db");
}

#[test]
fn the_next_one_is_of_the_same_work() {
    let project = project();
    project.does("claim", json!({ "worker_id": "ann", "under": "site" }));

    let done = project.answer(
        "update",
        json!({ "worker_id": "ann", "task": "site-css", "status": "completed", "next": true }),
    );

    assert_eq!(done["next"]["id"], "site-db");
    let over = project.answer(
        "update",
        json!({ "worker_id": "ann", "task": "site-db", "status": "completed", "next": true }),
    );
    assert_eq!(over["next"], json!(null));
    assert_eq!(project.answer("claim", json!({ "worker_id": "ann" }))["task"]["id"], "beside");
}

#[test]
fn several_at_once_are_all_of_what_was_asked_for() {
    let project = project();

    let taken = project.answer("claim", json!({ "worker_id": "ann", "tags_any": ["db"], "count": 5 }));

    assert_eq!(ids(&taken["tasks"]), ["app-db", "site-db"]);
}

#[test]
fn a_task_is_found_where_it_is_now() {
    let project = project();
    let moves = json!({ "prev_from": "site", "prev_to": "site-css", "from": "app", "to": "site-css", "type": "contains" });
    project.does("relink", moves);
    project.does("update", json!({ "worker_id": "ann", "task": "site-css", "tags": ["new"], "priority": 9 }));

    let by_place = project.answer("explain", json!({ "task": "site-css" }))["claimable"].clone();
    let taken = project.answer("claim", json!({ "worker_id": "ann", "under": "app" }));
    let _ = project.moves("ann", "site-css", "pending");
    let again = project.answer("claim", json!({ "worker_id": "ann", "tags_any": ["new"] }));
    let old = project.answer("claim", json!({ "worker_id": "bob", "tags_any": ["css"] }));

    assert_eq!(by_place, true);
    assert_eq!((&taken["task"]["id"], &again["task"]["id"]), (&json!("site-css"), &json!("site-css")));
    assert_eq!(old["task"], json!(null));
}

#[test]
fn files_of_others_are_kept_clear_of_there_too() {
    let project = project();
    project.does("update", json!({ "worker_id": "ann", "task": "app-db", "files": ["db.rs"] }));
    project.does("mark_file", json!({ "worker_id": "bob", "file": "db.rs" }));

    let taken = project.answer("claim", json!({ "worker_id": "ann", "tags_any": ["db"] }));

    assert_eq!(taken["task"]["id"], "site-db");
}

/// What a claim asks the store, and the indexes that answer it without passing over other tasks.
const PLANS: &[(&str, &str)] = &[
    (
        "select min(queue) from tasks where ready = 1 and parent = :lane and queue > :last",
        "tasks_ready_in (parent=? AND queue>?)",
    ),
    (
        "select n from tasks as lane where lane.ready = 1 and lane.parent = :lane and lane.queue = :queue
        order by lane.priority desc, lane.n limit 1",
        "tasks_ready_in (parent=? AND queue=?)",
    ),
    ("select n from tasks where parent = :n and open_children > 0 order by n", "tasks_parts_in (parent=?)"),
    (
        "select min(queue) from ready_tags where tag = :lane and queue > :last",
        "PRIMARY KEY (tag=? AND queue>?)",
    ),
    (
        "select n from ready_tags where tag = :tag and queue = :queue order by priority desc, n limit 1",
        "PRIMARY KEY (tag=? AND queue=?)",
    ),
    (
        "select min(coalesce(parent, 0)) from tasks
        where group_key = :group and withheld = :hold and standing in ('ready', 'limited')
            and queue = :queue and coalesce(parent, 0) > :last",
        "tasks_in_turn (group_key=? AND withheld=? AND queue=? AND <expr>>?)",
    ),
    ("select due_at from jobs where due_at is not null order by due_at limit 1", "jobs_due"),
    (
        "select n from tasks
        where group_key = :group and withheld = :hold and standing in ('ready', 'limited') and queue = :queue
            and coalesce(parent, 0) = :place
        order by priority desc, n limit 1",
        "tasks_in_turn (group_key=? AND withheld=? AND queue=? AND <expr>=?)",
    ),
    (
        "select worker_id from tasks where group_key = :group and claimed_at is not null order by n",
        "tasks_in_group (group_key=?)",
    ),
];

#[test]
fn what_a_claim_asks_is_answered_by_an_index() {
    let project = project();
    let connection = Connection::open(project.file()).unwrap();

    for (sql, index) in PLANS {
        let mut statement = connection.prepare(&format!("explain query plan {sql}")).unwrap();
        let values = rusqlite::params_from_iter(vec![1; statement.parameter_count()]);
        let rows = statement.query_map(values, |row| row.get::<_, String>("detail")).unwrap();
        let plan: Vec<String> = rows.map(Result::unwrap).collect();

        assert!(plan.len() == 1 && plan[0].contains(index), "{sql}: {plan:?}");
    }
}
