//! Messages reach their reader and nobody else: the answer to another process carries none and marks none as told.

use serde_json::{Value, json};
use task_graph::domain::Process;
use task_graph::ops::{CATALOGUE, Entry, Input};
use task_graph::{Caller, Patience};

use crate::support::project::Project;

/// A caller from a process of its own.
fn process(pid: u32) -> Caller {
    let process = Process { pid, start: 1, boot: "boot".into(), host: "elsewhere".into() };
    Caller { process: Some(process), ..Caller::default() }
}

/// A project, and the same as bob's process sees it; bob holds `api` and has an untold message.
fn with_mail() -> (Project, Project) {
    let project = Project::new();
    let bobs = project.beside(process(1));
    bobs.worker("bob", json!({ "max_claims": 0 })).has(["api", "web"]).claim("bob", "api");
    project.does("send", json!({ "worker_id": "ann", "to": "bob", "kind": "stop", "text": "wait" }));
    (project, bobs)
}

fn told(project: &Project) -> Value {
    project.answer("list_tasks", json!({ "worker_id": "bob" }))["messages"].clone()
}

fn untold(project: &Project) -> Value {
    project.rows("select untold_messages from workers where id = 'bob'")[0]["untold_messages"].clone()
}

/// Returns arguments with which an operation does something, as far as it needs any.
fn arguments(entry: &Entry) -> Value {
    let mut asked = match entry.name {
        "query" => json!({ "sql": "select 1" }),
        "search" => json!({ "query": "api" }),
        "send" => json!({ "to": "ann", "text": "hi" }),
        "create" | "add_task" => json!({ "title": "new" }),
        "thinking" => json!({ "thought": "hm" }),
        "bulk_update" => json!({ "tasks": ["api"], "status": "pending" }),
        "rename" => json!({ "task": "web", "new_id": "page" }),
        "link" => json!({ "from": "api", "to": "web" }),
        "attach" => json!({ "task": "web", "type": "note", "content": "x" }),
        "wait" => json!({}),
        _ if entry.takes("task") => json!({ "task": "api" }),
        _ => json!({}),
    };
    asked["worker_id"] = "bob".into();
    asked
}

#[test]
fn a_message_that_is_read_in_another_workers_name_stays_for_its_reader() {
    for entry in CATALOGUE {
        let (project, bobs) = with_mail();
        for other in [project.beside(process(2)), project.beside(Caller::default())] {
            let Value::Object(asked) = arguments(entry) else { unreachable!() };

            let answer = entry.answer(&other.app, Input::at_once(asked, Patience::Waits));

            assert!(answer.rider.is_none(), "{} carries the message to another process", entry.name);
        }

        assert_eq!(untold(&project), 1, "{}", entry.name);
        assert_eq!(told(&bobs), json!(["#1 stop from ann: wait"]), "{}", entry.name);
    }
}

#[test]
fn a_person_who_looks_into_an_inbox_takes_nothing_out_of_it() {
    let (project, bobs) = with_mail();

    let looked = project.answer("inbox", json!({ "worker_id": "bob" }));
    let resumed = project.answer("resume", json!({ "worker_id": "bob" }));

    assert_eq!((&looked["messages"][0]["text"], &looked["peek"]), (&json!("wait"), &json!(true)));
    assert_eq!(resumed["messages"], json!(["#1 stop from ann: wait"]));
    let read = bobs.answer("inbox", json!({ "worker_id": "bob" }));
    assert_eq!((&read["messages"][0]["text"], read.get("peek")), (&json!("wait"), None));
    assert_eq!(untold(&project), 0);
}

#[test]
fn a_worker_of_single_commands_is_served_by_single_commands() {
    let project = Project::new();
    project.does("send", json!({ "worker_id": "ann", "to": "bob", "text": "hi" }));

    let elsewhere = told(&project.beside(process(2)));
    let commands = told(&project);

    assert_eq!((elsewhere, commands), (Value::Null, json!(["#1 from ann: hi"])));
}

#[test]
fn a_message_follows_its_reader_to_the_process_in_which_it_connects_again() {
    let (project, bobs) = with_mail();
    bobs.does("disconnect", json!({ "worker_id": "bob" }));
    project.does("send", json!({ "worker_id": "ann", "to": "bob", "text": "again" }));
    let anew = project.beside(process(3));
    let before = told(&anew);

    let connected = anew.answer("connect", json!({ "worker_id": "bob" }));

    assert_eq!(before, Value::Null);
    assert!(connected["messages"].to_string().contains("from ann: again"), "{connected}");
}

#[test]
fn the_program_signs_its_own_notices() {
    let mut project = Project::new();
    project.has_one("job", json!({ "job": { "lease": "5m" } })).claim("bob", "job");
    project.at("12:05").does("list_agents", json!({}));
    project.does("send", json!({ "to": "bob", "text": "go on" }));

    let inbox = project.answer("inbox", json!({}));
    let lines = told(&project);

    let from: Vec<_> = inbox["messages"].as_array().unwrap().iter().map(|message| &message["from"]).collect();
    assert_eq!(from, [&Value::Null, &json!("task-graph")]);
    let lines: Vec<&str> = lines.as_array().unwrap().iter().map(|line| line.as_str().unwrap()).collect();
    assert!(lines[0].starts_with("#1 stop from task-graph about job: its lease ran out"), "{lines:?}");
    assert_eq!(lines[1], "#2 from a person: go on");
}

#[test]
fn a_worker_is_not_called_as_the_program_or_a_person_signs() {
    let project = Project::new();

    for name in ["task-graph", "@person", "@ann"] {
        assert_eq!(project.refusal("connect", json!({ "worker_id": name })).code, "input", "{name}");
    }
}
