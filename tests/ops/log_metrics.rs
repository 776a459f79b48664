//! `log_metrics`: say what work cost.

use serde_json::{Value, json};

use crate::support::project::Project;

fn log(project: &Project, what: Value) -> Value {
    let mut asked = what;
    asked["worker_id"] = "ann".into();
    asked["task"] = "api".into();
    project.answer("log_metrics", asked)
}

#[test]
fn costs_and_counters_add_up_exactly() {
    let project = Project::new();
    project.has(["api"]).claim("ann", "api");

    for _ in 0..9 {
        log(&project, json!({ "cost_usd": 0.1, "values": { "tokens": 1_000 } }));
    }
    let sums = log(&project, json!({ "cost_usd": 0.000001, "values": { "calls": 1, "tokens": 5 } }));

    assert_eq!(
        sums,
        json!({ "task": "api", "attempt": 1, "cost_usd": 0.900001, "metrics": { "calls": 1, "tokens": 9_005 } })
    );
    assert_eq!(sums["cost_usd"].to_string(), "0.900001");
    assert_eq!(project.task("api")["cost_usd"], json!(0.900001));
}

#[test]
fn each_report_is_kept_with_who_made_it_and_when() {
    let mut project = Project::new();
    project.has(["api"]).claim("ann", "api");
    log(&project, json!({ "cost_usd": 1 }));
    let _ = project.at("12:05").moves("ann", "api", "completed");

    let late = json!({ "worker_id": "ann", "task": "api", "values": [7, 8] });
    project.does("log_metrics", late);
    project.does("log_metrics", json!({ "worker_id": "bob", "task": "api", "cost_usd": 2 }));

    let entries = project.rows("select attempt, worker_id from metrics order by id");
    assert_eq!(
        json!(entries),
        json!([
            { "attempt": 1, "worker_id": "ann" },
            { "attempt": 1, "worker_id": "ann" },
            { "attempt": 0, "worker_id": "bob" },
        ])
    );
    let event = project.last_event("api");
    assert_eq!((&event["event"], &event["worker_id"]), (&json!("metrics"), &json!("bob")));
    assert_eq!(event["after"], json!({ "cost_usd": 2 }));
}

#[test]
fn a_list_is_counters_by_their_places() {
    let project = Project::new();
    project.has(["api"]);

    let sums = log(&project, json!({ "values": [5, 0, 7] }));

    assert_eq!(sums["metrics"], json!({ "metric_0": 5, "metric_1": 0, "metric_2": 7 }));
}

#[test]
fn what_was_reported_wrongly_is_corrected_with_a_reason() {
    let project = Project::new();
    project.has(["api"]);
    log(&project, json!({ "cost_usd": 5, "values": { "tokens": 10 } }));

    let wrong = json!({ "worker_id": "ann", "task": "api", "cost_usd": -4.5 });
    let refused = project.refusal("log_metrics", wrong);
    let sums =
        log(&project, json!({ "cost_usd": -4.5, "values": { "tokens": -3 }, "reason": "counted twice" }));

    assert_eq!(refused.code, "input");
    assert_eq!(sums["cost_usd"], json!(0.5));
    assert_eq!(sums["metrics"], json!({ "tokens": 7 }));
    assert_eq!(project.last_event("api")["reason"], "counted twice");
}

#[test]
fn what_cannot_be_added_is_refused() {
    let project = Project::new();
    project.has(["api"]);
    let many: serde_json::Map<String, Value> = (0..21).map(|n| (format!("c{n}"), json!(1))).collect();

    for what in [
        json!({}),
        json!({ "values": {} }),
        json!({ "cost_usd": "one" }),
        json!({ "cost_usd": 0.0000001 }),
        json!({ "cost_usd": 1_000_001 }),
        json!({ "cost_usd": 1e300 }),
        json!({ "values": { "a b": 1 } }),
        json!({ "values": { "cost_usd": 1 } }),
        json!({ "values": { "tokens": 0.5 } }),
        json!({ "values": { "tokens": -1 } }),
        json!({ "values": { "tokens": 1_000_000_000_001i64 } }),
        json!({ "values": { "tokens": i64::MIN } }),
        json!({ "values": [1, 2, 3, 4, 5, 6, 7, 8, 9] }),
        json!({ "values": 5 }),
        json!({ "values": many }),
    ] {
        let mut asked = what.clone();
        asked["worker_id"] = "ann".into();
        asked["task"] = "api".into();
        assert_eq!(project.refusal("log_metrics", asked).code, "input", "{what}");
    }
    let lost = json!({ "worker_id": "ann", "task": "nowhere", "cost_usd": 1 });
    assert_eq!(project.refusal("log_metrics", lost).code, "not_found");
    let nobody = json!({ "task": "api", "cost_usd": 1 });
    assert_eq!(project.refusal("log_metrics", nobody).message, "`log_metrics` needs `worker_id`");
}

#[test]
fn a_report_cannot_be_changed_whoever_tries() {
    let project = Project::new();
    project.has(["api"]);
    log(&project, json!({ "cost_usd": 5 }));
    let file = rusqlite::Connection::open(project.file()).unwrap();

    for change in ["update metrics set worker_id = 'bob'", "update metric_values set value = 0"] {
        assert!(file.execute(change, []).is_err(), "{change}");
    }
}
