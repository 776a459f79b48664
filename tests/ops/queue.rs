//! The names of a queue: the other operations under the names of TaskDriver.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use task_graph::ops;

use crate::support::project::Project;

/// What TaskDriver's specification lists, and what each is here.
const NAMES: &[(&str, &str)] = &[
    ("create_project", "project"),
    ("list_projects", "projects"),
    ("get_project", "projects"),
    ("close_project", "project"),
    ("join_project", "connect"),
    ("create_task_type", "define_template"),
    ("list_task_types", "templates"),
    ("get_task_type", "templates"),
    ("add_task", "instantiate"),
    ("create_tasks_bulk", "instantiate"),
    ("get_task", "get"),
    ("list_tasks", "list_tasks"),
    ("register_agent", "connect"),
    ("get_current_task", "claim"),
    ("request_task", "claim"),
    ("complete_task", "update"),
    ("fail_task", "update"),
    ("extend_lease", "thinking"),
    ("get_project_status", "stats"),
    ("get_agent_status", "list_agents"),
    ("get_task_history", "task_history"),
    ("get_audit_log", "events"),
];

/// A project with a type and two tasks of it.
fn queue() -> Project {
    let project = Project::new();
    project.does("create_project", json!({ "name": "mail", "lease_duration_minutes": 10 }));
    let about = json!({ "project": "mail", "name": "read", "template": "Read {{page}}." });
    project.does("create_task_type", about);
    for page in ["one", "two"] {
        let asked = json!({ "project": "mail", "task_type": "read", "variables": { "page": page } });
        project.does("add_task", asked);
    }
    project
}

fn requested(project: &Project, worker: &str) -> Value {
    project.answer("request_task", json!({ "project": "mail", "worker_id": worker }))["task"].take()
}

#[test]
fn every_operation_of_the_specification_has_its_name() {
    let session = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/queue-names.jsonl");
    let session = fs::read_to_string(session).unwrap();

    for (name, own) in NAMES {
        let entry = ops::find(name).unwrap();

        assert_eq!(entry.name, *name);
        assert!(entry.is_of_queue(), "{name}");
        assert!(ops::find(own).is_ok(), "{own}");
        // The examples are played through both faces, with equal answers.
        assert!(session.contains(&format!("\"call\": \"{name}\"")), "{name} is not in the session");
    }
}

#[test]
fn a_name_answers_what_the_operation_behind_it_answers() {
    let project = queue();
    let task = requested(&project, "kim");
    let id = &task["id"];

    for (name, asked, own, own_asked) in [
        ("list_projects", json!({}), "projects", json!({})),
        ("get_project", json!({ "project": "mail" }), "projects", json!({ "name": "mail" })),
        ("list_task_types", json!({ "project": "mail" }), "templates", json!({ "project": "mail" })),
        (
            "get_task_type",
            json!({ "project": "mail", "task_type": "read" }),
            "templates",
            json!({ "project": "mail", "name": "read" }),
        ),
        ("get_task", json!({ "task": id }), "get", json!({ "task": id })),
        ("get_task_history", json!({ "task": id }), "task_history", json!({ "task": id })),
        ("get_current_task", json!({ "worker_id": "kim" }), "claim", json!({ "worker_id": "kim" })),
        ("get_audit_log", json!({ "project": "mail" }), "events", json!({ "project": "mail" })),
    ] {
        assert_eq!(project.answer(name, asked), project.answer(own, own_asked), "{name}");
    }
    let status = project.answer("get_project_status", json!({ "project": "mail" }));
    assert_eq!(status["queue"], project.answer("stats", json!({ "parent": "mail" })));
}

#[test]
fn who_asks_for_a_task_is_known_from_then_on_and_has_one_at_a_time() {
    let project = queue();

    let (first, again) = (requested(&project, "kim"), requested(&project, "kim"));
    let other = requested(&project, "lea");

    assert_eq!((&first["id"], &again["resumed"]), (&again["id"], &json!(true)));
    assert_eq!((&first["description"], &other["description"]), (&json!("Read one."), &json!("Read two.")));
    let status = project.answer("get_agent_status", json!({ "project": "mail", "worker_id": "kim" }));
    assert_eq!((&status["max_claims"], &status["status"]), (&json!(1), &json!("working")));
}

#[test]
fn a_task_is_tried_three_times_more_unless_its_agent_says_that_it_is_no_use() {
    let project = queue();
    let (first, second) = (requested(&project, "kim"), requested(&project, "lea"));

    let failed = json!({ "worker_id": "kim", "task": first["id"], "explanation": "broken" });
    let tried = project.answer("fail_task", failed);
    let hopeless = json!({ "worker_id": "lea", "task": second["id"], "can_retry": false });
    let ended = project.answer("fail_task", hopeless);

    assert_eq!((&tried["status"], &tried["retry"]["retries_left"]), (&json!("pending"), &json!(2)));
    assert_eq!(ended["status"], "failed");
}

#[test]
fn a_lease_is_extended_by_so_many_minutes_by_who_holds_it() {
    let mut project = queue();
    let task = requested(&project, "kim");
    let more = |worker: &str, minutes: Value| json!({ "worker_id": worker, "task": task["id"], "additional_minutes": minutes });

    let extended = project.at("12:04").answer("extend_lease", more("kim", json!(1.5)));

    assert_eq!(extended["lease_until"], "2026-01-31T12:11:30Z");
    let shown = project.answer("get", json!({ "task": task["id"] }));
    assert_eq!(shown.get("current_thought"), None, "{shown}");
    assert_eq!(project.refusal("extend_lease", more("ann", json!(5))).code, "no_lease");
    assert_eq!(project.refusal("extend_lease", more("kim", json!(-5))).code, "input");
}

#[test]
fn a_closed_project_lets_work_be_finished_and_nothing_begun() {
    let project = queue();
    let task = requested(&project, "kim");

    project.does("close_project", json!({ "project": "mail" }));

    let added = json!({ "project": "mail", "instructions": "x" });
    assert_eq!(project.refusal("add_task", added).code, "closed");
    let done = json!({ "worker_id": "kim", "task": task["id"], "explanation": "read" });
    assert_eq!(project.answer("complete_task", done)["status"], "completed");
    assert_eq!(requested(&project, "lea"), Value::Null);
}

#[test]
fn what_is_wrong_in_many_tasks_is_told_and_leaves_nothing() {
    let project = queue();
    let before = project.rows("select id from tasks").len();

    let tasks = json!([{ "instructions": "a" }, { "task_type": "read" }, { "instructions": " " }, { "task_type": "no" }]);
    let added = project.answer("create_tasks_bulk", json!({ "project": "mail", "tasks": tasks }));

    assert_eq!((&added["created"], added["errors"].as_array().map(Vec::len)), (&json!(1), Some(3)));
    assert_eq!(project.rows("select id from tasks").len(), before + 1);
}

#[test]
fn a_project_is_made_once() {
    let project = queue();

    assert_eq!(project.refusal("create_project", json!({ "name": "mail" })).code, "exists");
    assert_eq!(project.refusal("close_project", json!({ "project": "male" })).code, "not_found");
}

#[test]
fn agents_join_by_name_or_get_one_and_need_no_key() {
    let project = queue();

    let named = project.answer("register_agent", json!({ "project": "mail", "worker_id": "kim" }));
    let unnamed = project.answer("register_agent", json!({ "project": "mail" }));
    let joined = project.answer("join_project", json!({ "project": "mail", "worker_id": "kim" }));

    assert_eq!((&named["worker_id"], &named["max_claims"]), (&json!("kim"), &json!(1)));
    assert!(named["api_key"].as_str().unwrap().contains("none is needed"));
    assert!(unnamed["worker_id"].is_string());
    assert_eq!(joined["project"], "mail");
    assert_eq!(project.answer("get_current_task", json!({ "worker_id": "kim" }))["task"], Value::Null);
    assert_eq!(project.refusal("get_current_task", json!({ "worker_id": "nobody" })).code, "not_found");
}

#[test]
fn the_names_of_its_releases_are_understood_too() {
    let project = queue();

    let taken = project.answer("get_next_task", json!({ "projectId": "mail", "agentName": "kim" }));
    let asked = json!({ "agentName": "kim", "taskId": taken["task"]["id"], "result": "read" });
    let done = project.answer("complete_task", asked);
    let made = project
        .answer("create_task", json!({ "projectId": "mail", "type": "read", "variables": { "page": "x" } }));

    assert_eq!((&done["status"], &made["status"]), (&json!("completed"), &json!("pending")));
}

#[test]
fn the_tasks_of_a_project_are_listed() {
    let project = queue();
    project.has(["elsewhere"]);

    let listed = project.answer("list_tasks", json!({ "project": "mail" }));

    assert_eq!(listed["total"], 2);
}

#[test]
fn what_came_of_a_task_is_kept_for_programs() {
    let project = queue();
    let [first, second] = ["kim", "lea"].map(|worker| requested(&project, worker)["id"].clone());

    let object =
        json!({ "worker_id": "kim", "task": first, "explanation": "read", "output": { "pages": 3 } });
    project.does("complete_task", object);
    project.does(
        "complete_task",
        json!({ "worker_id": "lea", "task": second, "result": "read", "outputs": "three" }),
    );

    let results = project.answer("results", json!({}))["results"].clone();
    let told: Vec<Value> =
        results.as_array().unwrap().iter().map(|one| json!([one["reason"], one["output"]])).collect();
    assert_eq!(json!(told), json!([["read", { "pages": 3 }], ["read", "three"]]));
}

#[test]
fn who_asks_again_is_told_how_long_and_who_gets_nothing_hears_of_the_project_only() {
    let project = queue();
    let (first, again) = (requested(&project, "kim"), requested(&project, "kim"));
    let _ = requested(&project, "lea");
    project.has(["elsewhere"]);

    let nothing = project.answer("request_task", json!({ "project": "mail", "worker_id": "max" }));

    assert_eq!((&again["resumed"], &again["lease_until"]), (&json!(true), &first["lease_until"]));
    assert_eq!(nothing["why"], "nothing is ready for you in project `mail`: 2 held");
    let unknown = project.refusal("request_task", json!({ "project": "post", "worker_id": "max" }));
    assert_eq!(unknown.hint.unwrap(), "did you mean `mail`?");
}
