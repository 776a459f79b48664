//! `events`: the feed of everything that happened.

use serde_json::{Value, json};

use crate::support::project::Project;

fn kinds(feed: &Value) -> Vec<&str> {
    let events = feed["events"].as_array().unwrap();
    events.iter().map(|event| event["event"].as_str().unwrap()).collect()
}

#[test]
fn an_entry_says_who_did_what_and_why() {
    let project = Project::new();
    project.has(["api"]).claim("ann", "api");
    let asked = json!({ "worker_id": "ann", "task": "api", "status": "failed", "reason": "no disk" });
    project.does("update", asked);

    let feed = project.answer("events", json!({ "limit": 1 }));

    let mut event = feed["events"][0].clone();
    assert_eq!(event["id"], feed["cursor"]);
    event.as_object_mut().unwrap().remove("id");
    let expected = json!({
        "at": "2026-01-31T12:00:00Z", "event": "status", "task": "api", "worker_id": "ann",
        "attempt": 1, "cause": "update", "reason": "no disk",
        "before": { "status": "working", "worker": "ann" }, "after": { "status": "failed" },
    });
    assert_eq!(event, expected);
}

#[test]
fn without_a_cursor_the_newest_are_shown_the_last_one_last() {
    let project = Project::new();
    project.has(["one", "two", "three"]);

    let feed = project.answer("events", json!({ "limit": 2 }));

    let tasks = [&feed["events"][0]["task"], &feed["events"][1]["task"]];
    assert_eq!(tasks, ["two", "three"]);
}

#[test]
fn following_the_cursor_shows_everything_once() {
    let project = Project::new();
    let mut seen = Vec::new();
    let mut cursor = json!(0);
    for round in 0..5 {
        for each in 0..round {
            project.has_one(&format!("t{round}-{each}"), json!({}));
        }
        loop {
            let feed = project.answer("events", json!({ "since": cursor, "limit": 2 }));
            seen.extend(feed["events"].as_array().unwrap().iter().map(|event| event["id"].clone()));
            cursor = feed["cursor"].clone();
            if feed.get("more").is_none() {
                break;
            }
        }
    }

    let all = project.rows("select id from events order by id");
    let all: Vec<Value> = all.into_iter().map(|row| row["id"].clone()).collect();
    assert_eq!(seen, all);
}

#[test]
fn filters_combine_and_keep_the_cursor_moving() {
    let project = Project::new();
    project.has(["one", "two"]).claim("ann", "one");
    project.claim("bob", "two");
    project.does("thinking", json!({ "worker_id": "ann", "thought": "hm" }));

    let of_task = project.answer("events", json!({ "task": "one", "since": 0 }));
    let of_worker = project.answer("events", json!({ "worker": "bob", "since": 0 }));
    let of_kind = project.answer("events", json!({ "kinds": ["status", "thought"], "since": 0 }));
    let of_all = json!({ "kinds": ["status"], "task": "one", "worker": "ann", "since": 0 });
    let of_all = project.answer("events", of_all);

    assert_eq!(kinds(&of_task), ["created", "status", "thought"]);
    assert_eq!(kinds(&of_worker), ["connected", "status"]);
    assert_eq!(kinds(&of_kind), ["status", "status", "thought"]);
    assert_eq!(kinds(&of_all), ["status"]);
    let newest = &project.answer("events", json!({}))["cursor"];
    assert!([of_task, of_worker, of_kind, of_all].iter().all(|feed| feed["cursor"] == *newest));
}

#[test]
fn a_task_that_is_not_there_is_refused() {
    let project = Project::new();

    assert_eq!(project.refusal("events", json!({ "task": "api" })).code, "not_found");
}
