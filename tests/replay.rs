//! The feed leads to what the tables say, whatever happened; and a feed that lies is found out.

use rusqlite::Connection;
use serde_json::json;

use crate::support::history::History;
use crate::support::project::Project;

/// A project in which every rule has moved something.
fn eventful() -> Project {
    let mut project = Project::with(|config| {
        config.auto_advance.target_state = Some("assigned".parse().unwrap());
    });
    project.has(["one", "two", "three", "whole", "part", "other", "gone", "old"]);
    project.linked("one", "two").inside("whole", ["part", "other"]);
    let _ = project.finish("one");
    project.claim("ann", "two");
    project.does("claim", json!({ "worker_id": "bob", "task": "two", "force": true }));
    project.claim("ann", "three");
    let _ = project.finish("part");
    project.claim("bob", "gone");
    project.does("delete", json!({ "worker_id": "bob", "task": "gone", "obliterate": true }));
    project.has(["gone"]).does("rename", json!({ "task": "old", "new_id": "new" }));
    project.at("12:06").does("cleanup_stale", json!({}));
    let late = json!({ "worker_id": "ann", "task": "three", "status": "completed", "attempt": 1 });
    project.does("update", late);
    let _ = project.finish("other");
    project.has_one("tree", json!({ "tasks": [{ "title": "leaf" }] }));
    let asked = json!({ "worker_id": "ann", "task": "tree", "status": "cancelled", "cascade": true });
    project.does("update", asked);
    project.claim("ann", "new");
    project.does("disconnect", json!({ "worker_id": "ann" }));
    project
}

#[test]
fn the_feed_leads_to_what_the_tables_say() {
    let project = eventful();

    History::check(&project.file(), project.config());
}

#[test]
fn every_rule_has_moved_something() {
    let project = eventful();

    let causes = project.rows("select distinct cause from events where event = 'status'");
    let causes: Vec<_> = causes.iter().filter_map(|row| row["cause"].as_str()).collect();

    for rule in [
        "auto_advance",
        "cascade",
        "claim",
        "delete",
        "disconnected",
        "expired",
        "force",
        "resume",
        "rollup",
        "update",
    ] {
        assert!(causes.contains(&rule), "nothing moved by {rule}");
    }
}

#[test]
fn a_feed_or_a_table_that_lies_is_found_out() {
    for (lie, fault) in [
        ("update tasks set status = 'failed' where id = 'one'", "one: status"),
        ("update tasks set attempt = 7 where id = 'two'", "two: attempt"),
        ("update attempts set worker_id = 'eve'", "makers of attempts"),
        ("delete from events where cause = 'rollup'", "whole: status"),
        ("update events set cause = 'update' where cause = 'rollup'", "no exit and no rule"),
        ("update events set timestamp = timestamp - 60000 where id = 9", "time goes back"),
        ("delete from events where event = 'created' and task_id = 'one'", "that is not there"),
        (
            "update events set after = '{\"status\":\"working\",\"worker\":\"eve\"}'
                where cause = 'claim' and task_id = 'three'",
            "an",
        ),
    ] {
        let project = eventful();
        let connection = Connection::open(project.file()).unwrap();
        connection.execute_batch("pragma foreign_keys = off").unwrap();
        connection.execute_batch(lie).unwrap();

        let faults = History::faults(&project.file(), project.config());

        assert!(faults.iter().any(|found| found.contains(fault)), "{lie}: {faults:?}");
    }
}
