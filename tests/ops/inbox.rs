//! `inbox`: read messages in full.

use rusqlite::Connection;
use serde_json::{Value, json};

use crate::support::project::Project;

fn send(project: &Project, from: &str, arguments: Value) {
    let mut arguments = arguments;
    arguments["worker_id"] = from.into();
    project.does("send", arguments);
}

fn numbers(inbox: &Value) -> Vec<i64> {
    inbox["messages"].as_array().unwrap().iter().map(|message| message["id"].as_i64().unwrap()).collect()
}

#[test]
fn what_was_only_begun_beside_an_answer_is_read_here_in_full() {
    let project = Project::new();
    let long = "word ".repeat(100);
    send(&project, "bob", json!({ "to": "ann", "kind": "redirect", "text": long }));
    let beside = project.answer("list_tasks", json!({ "worker_id": "ann" }));

    let inbox = project.answer("inbox", json!({ "worker_id": "ann" }));

    assert!(beside["messages"][0].as_str().unwrap().ends_with("… (inbox has the whole)"), "{beside}");
    let message = json!({
        "id": 1, "at": "2026-01-31T12:00:00Z", "kind": "redirect", "from": "bob", "text": long.trim(),
    });
    assert_eq!(inbox, json!({ "messages": [message], "total": 1 }));
    assert_eq!(project.answer("inbox", json!({ "worker_id": "ann" })), json!({ "messages": [], "total": 0 }));
}

#[test]
fn what_stood_beside_an_answer_in_full_is_read() {
    let project = Project::new();
    send(&project, "bob", json!({ "to": "ann", "text": "short" }));

    project.does("list_tasks", json!({ "worker_id": "ann" }));

    assert_eq!(project.answer("inbox", json!({ "worker_id": "ann" }))["total"], 0);
}

#[test]
fn what_was_read_here_is_not_told_again() {
    let project = Project::new();
    send(&project, "bob", json!({ "to": "ann", "text": "short" }));

    project.does("inbox", json!({ "worker_id": "ann" }));

    let answer = project.answer("list_tasks", json!({ "worker_id": "ann" }));
    assert_eq!(answer.get("messages"), None);
    assert_eq!(project.rows("select untold_messages from workers where id = 'ann'")[0]["untold_messages"], 0);
}

#[test]
fn many_are_read_page_by_page_the_urgent_ones_first() {
    let project = Project::new();
    for number in 1..=25 {
        let kind = if number == 20 { "stop" } else { "note" };
        send(&project, "bob", json!({ "to": "ann", "kind": kind, "text": format!("message {number}") }));
    }

    let pages: Vec<Value> = (0..4).map(|_| project.answer("inbox", json!({ "worker_id": "ann" }))).collect();

    assert_eq!(numbers(&pages[0]), [20, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    assert_eq!((&pages[0]["total"], &pages[0]["more"]), (&json!(25), &json!(15)));
    assert_eq!(numbers(&pages[1]), [10, 11, 12, 13, 14, 15, 16, 17, 18, 19]);
    assert_eq!(numbers(&pages[2]), [21, 22, 23, 24, 25]);
    assert_eq!(pages[2].get("more"), None);
    assert_eq!(numbers(&pages[3]), [0; 0]);
}

#[test]
fn what_was_read_is_found_again() {
    let project = Project::new();
    project.has(["api", "web"]).claim("ann", "api");
    send(&project, "bob", json!({ "to": "ann", "text": "one" }));
    send(&project, "bob", json!({ "task": "api", "kind": "question", "text": "two?" }));
    send(&project, "ann", json!({ "reply_to": 2, "text": "two!" }));
    send(&project, "bob", json!({ "reply_to": 3, "text": "thanks" }));
    project.does("inbox", json!({ "worker_id": "ann" }));

    let all = project.answer("inbox", json!({ "worker_id": "ann", "all": true }));
    let thread = project.answer("inbox", json!({ "worker_id": "ann", "thread": 4 }));
    let about = project.answer("inbox", json!({ "task": "api" }));
    let everything = project.answer("inbox", json!({ "limit": 3 }));

    assert_eq!(numbers(&all), [4, 2, 1]);
    assert_eq!(numbers(&thread), [2, 3, 4]);
    assert_eq!(thread["messages"][1]["reply_to"], 2);
    assert_eq!(numbers(&about), [4, 3, 2]);
    assert_eq!(numbers(&everything), [4, 3, 2]);
    assert_eq!((&everything["total"], &everything["next_offset"]), (&json!(4), &json!(3)));
}

#[test]
fn who_only_looks_leaves_the_messages_of_others_unread() {
    let project = Project::new();
    send(&project, "bob", json!({ "to": "ann", "text": "one" }));

    project.does("inbox", json!({})).does("inbox", json!({ "worker_id": "bob", "thread": 1 }));

    assert_eq!(project.answer("inbox", json!({ "worker_id": "ann" }))["total"], 1);
}

#[test]
fn what_is_older_than_thirty_days_is_forgotten() {
    const DAY: i64 = 24 * 3_600_000;
    let project = Project::new();
    send(&project, "bob", json!({ "to": "ann", "text": "old" }));
    send(&project, "bob", json!({ "to": "ann", "text": "new" }));
    let connection = Connection::open(project.file()).unwrap();
    connection.pragma_update(None, "foreign_keys", true).unwrap();
    connection.execute("update messages set sent_at = sent_at - ? where id = 1", [31 * DAY]).unwrap();

    project.app.tidy().unwrap();

    let inbox = project.answer("inbox", json!({ "worker_id": "ann" }));
    assert_eq!((numbers(&inbox), &inbox["total"]), (vec![2], &json!(1)));
    assert_eq!(project.rows("select untold_messages from workers where id = 'ann'")[0]["untold_messages"], 0);
}

#[test]
fn a_thread_that_is_not_there_is_refused() {
    let project = Project::new();

    assert_eq!(project.refusal("inbox", json!({ "thread": 7 })).code, "not_found");
}
