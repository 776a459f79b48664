//! Answers are small: what agents read costs them context.

use serde_json::{Value, json};
use task_graph::ops::CATALOGUE;

use crate::support::project::Project;

/// 1,000 tokens.
const MOST: usize = 4_000;

/// 2,000 tasks with the longest of titles, of which 600 wait for one, and 64 workers who hold 2 each.
fn crowded() -> Project {
    let project = Project::new();
    let long = |number: usize| format!("{number} {}", "x".repeat(495));
    let tasks: Vec<Value> = (0..2_000)
        .map(|number| {
            let mut task = json!({ "id": format!("task-number-{number}"), "title": long(number) });
            if (1_000..1_600).contains(&number) {
                task["blocked_by"] = "task-number-0".into();
            }
            if (1_600..1_900).contains(&number) {
                task["parent"] = "task-number-1".into();
            }
            task
        })
        .collect();
    project.does("create", json!({ "tasks": tasks }));
    project.does(
        "update",
        json!({
            "worker_id": "ann", "task": "task-number-0", "description": "y".repeat(10_000),
        }),
    );
    for number in 0..30 {
        let (kind, name) = (format!("{number}{}", "k".repeat(62)), "\"".repeat(255));
        let mime = format!("text/{}", "x".repeat(122));
        let asked = json!({
            "task": "task-number-1996", "type": kind, "name": name, "mime": mime, "content": "x\n".repeat(50_000),
        });
        project.does("attach", asked);
    }
    for number in 0..64 {
        let name = format!("worker-{number}");
        project.worker(&name, json!({ "tags": ["css", "html"] }));
        project.does("claim", json!({ "worker_id": name, "count": 2 }));
        let thought = "z".repeat(1_000);
        project.does("thinking", json!({ "worker_id": name, "thought": thought }));
    }
    for number in 0..100 {
        let (file, reason) = (format!("src/some/folder/file-{number}.rs"), "r".repeat(200));
        let name = format!("worker-{}", number % 64);
        let asked = json!({ "worker_id": name, "file": file, "reason": reason });
        project.does("mark_file", asked);
        project.does("mark_file", json!({ "worker_id": "bob", "file": file }));
    }
    filled(&project);
    for number in 0..30 {
        let title = long(number + 5_000);
        let about = json!({
            "message": "m".repeat(2_000), "worker_id": format!("worker-{number}"), "category": "workflow",
            "sentiment": "suggestion", "tool_name": "bulk_update", "task": "task-number-1999",
        });
        project.does("give_feedback", about);
        project.does("update", json!({ "worker_id": "ann", "task": "task-number-1999", "title": title }));
        project.claim("ann", "task-number-1998");
        let reason = "r".repeat(200);
        let asked = json!({
            "worker_id": "ann", "task": "task-number-1998", "status": "pending", "reason": reason,
        });
        project.does("update", asked);
    }
    project
}

/// Has everybody get a thousand long messages.
fn written_to(project: &Project) {
    for number in 0..1_000 {
        let text = format!("{number} {}", "m".repeat(900));
        project.does("send", json!({ "worker_id": "worker-0", "to": "all", "text": text }));
    }
}

/// Has what tasks are told and made from.
fn filled(project: &Project) {
    written_to(project);
    with_templates(project);
}

/// Has projects and templates that say as much as they may.
fn with_templates(project: &Project) {
    let text = "\u{6587}".repeat(10_000);
    let tags: Vec<String> = (0..90).map(|number| format!("{number}-{}", "t".repeat(60))).collect();
    for number in 0..60 {
        let name = format!("{number}-{}", "p".repeat(90));
        let defaults = json!({ "tags": tags });
        project.does("project", json!({ "name": name, "defaults": defaults }));
    }
    project.does("project", json!({ "name": "web", "description": text, "instructions": text }));
    let vars: serde_json::Map<String, Value> =
        (0..100).map(|number| (format!("{number}-{}", "v".repeat(50)), json!({ "default": text }))).collect();
    let step =
        |number: usize| json!({ "ref": format!("{number}{}", "s".repeat(120)), "title": text, "body": "x" });
    let steps: Vec<Value> = (0..100).map(step).collect();
    for number in 0..60 {
        project.does("define_template", json!({ "name": format!("{number}-{}", "n".repeat(90)) }));
    }
    for number in 0..40 {
        let name = format!("{number}-{}", "n".repeat(90));
        let cron = "1,2,3,4,5,6,7,8,9 1,2,3,4,5,6,7,8,9 1,2,3,4,5,6,7,8,9 1-12 1,2,3,4,5,6";
        let about = json!({ "name": name, "template": name, "cron": cron, "zone": "+02:00" });
        project.does("schedule", about);
    }
    let task = json!({ "title": "often", "description": text });
    project.does("schedule", json!({ "name": "often", "cron": "every 1s", "task": task }));
    let about = json!({ "name": "all", "title": text, "body": text, "vars": vars, "steps": steps });
    project.does("define_template", about);
}

/// A plain call of every operation, in an order in which each succeeds.
fn calls() -> Vec<(&'static str, Value)> {
    let mut calls = looking_around();
    calls.extend(on_tasks());
    calls.extend(on_attachments());
    calls.extend(on_projects());
    calls.extend(on_queues());
    calls
}

fn many() -> Vec<String> {
    (1_000..1_600).map(|number| format!("task-number-{number}")).collect()
}

fn on_queues() -> Vec<(&'static str, Value)> {
    vec![
        ("create_project", json!({ "name": "jobs" })),
        ("create_task_type", json!({ "project": "jobs", "name": "read", "template": "Read {{page}}." })),
        (
            "add_task",
            json!({ "project": "jobs", "task_type": "read", "variables": { "page": "x".repeat(900) } }),
        ),
        ("create_tasks_bulk", json!({ "project": "jobs", "tasks": vec![json!({}); 1_000] })),
        (
            "create_tasks_bulk",
            json!({ "project": "jobs", "tasks": vec![json!({ "instructions": "x" }); 50] }),
        ),
        ("register_agent", json!({ "project": "jobs", "worker_id": "kim" })),
        ("join_project", json!({ "project": "jobs", "worker_id": "kim" })),
        ("request_task", json!({ "project": "jobs", "worker_id": "kim" })),
        ("get_current_task", json!({ "worker_id": "kim" })),
        ("get_task", json!({ "task": "jobs" })),
        ("get_task_history", json!({ "task": "jobs" })),
        ("create_project", json!({ "name": "own" })),
        ("get_agent_status", json!({ "worker_id": "kim" })),
        ("list_projects", json!({})),
        ("get_project", json!({ "project": "web" })),
        ("get_project_status", json!({ "project": "web" })),
        ("get_audit_log", json!({ "project": "web" })),
        ("list_task_types", json!({ "project": "web" })),
        ("get_task_type", json!({ "project": "web", "task_type": "all" })),
        ("register_agent", json!({ "project": "jobs", "worker_id": "lea" })),
        ("create", json!({ "id": "job-1", "title": "x", "parent": "jobs", "job": { "lease": "5m" } })),
        ("claim", json!({ "worker_id": "lea", "task": "job-1" })),
        ("extend_lease", json!({ "worker_id": "lea", "task": "job-1", "additional_minutes": 5 })),
        ("complete_task", json!({ "worker_id": "lea", "task": "job-1", "explanation": "x".repeat(900) })),
        ("create", json!({ "id": "job-2", "title": "x", "parent": "jobs" })),
        ("claim", json!({ "worker_id": "lea", "task": "job-2" })),
        ("fail_task", json!({ "worker_id": "lea", "task": "job-2", "explanation": "x".repeat(900) })),
        ("close_project", json!({ "project": "jobs" })),
    ]
}

fn on_projects() -> Vec<(&'static str, Value)> {
    vec![
        ("projects", json!({})),
        ("projects", json!({ "name": "web" })),
        ("projects", json!({ "name": format!("0-{}", "p".repeat(90)) })),
        ("project", json!({ "name": "web" })),
        ("connect", json!({ "worker_id": "zoe", "project": "web" })),
        ("templates", json!({})),
        ("templates", json!({ "name": "all" })),
        ("schedules", json!({})),
        ("schedules", json!({ "name": "often" })),
        ("schedule", json!({ "name": "often", "cron": "every 2s" })),
        ("define_template", json!({ "name": "all", "project": "web" })),
        ("instantiate", json!({ "template": "all" })),
        ("instantiate", json!({ "template": "all", "vars": vec![json!({}); 50] })),
    ]
}

fn looking_around() -> Vec<(&'static str, Value)> {
    vec![
        ("list_tasks", json!({})),
        ("list_tasks", json!({ "ready": true })),
        ("list_tasks", json!({ "blocked": true })),
        ("list_tasks", json!({ "claimed": true })),
        ("list_agents", json!({})),
        ("status_summary", json!({})),
        ("events", json!({})),
        ("wait", json!({ "cursor": 0 })),
        ("wait", json!({ "cursor": 0, "for": ["tasks", "marks", "events"] })),
        ("wait", json!({ "worker_id": "ann" })),
        ("wait", json!({ "task": many() })),
        ("project_history", json!({})),
        ("results", json!({})),
        ("stats", json!({})),
    ]
}

fn on_tasks() -> Vec<(&'static str, Value)> {
    let ann = |mut arguments: Value| {
        arguments["worker_id"] = "ann".into();
        arguments
    };
    let many = many();
    vec![
        ("task_history", json!({ "task": "task-number-1998" })),
        ("get", json!({ "task": "task-number-1" })),
        ("get", json!({ "task": "task-number-0" })),
        ("get", json!({ "task": "task-number-1999" })),
        ("scan", json!({ "task": "task-number-0", "after": 1 })),
        ("scan", json!({ "task": "task-number-1", "below": -1 })),
        ("explain", ann(json!({}))),
        ("explain", ann(json!({ "task": "task-number-0" }))),
        ("explain", ann(json!({ "task": "task-number-1000" }))),
        ("thinking", ann(json!({ "thought": "hm" }))),
        ("link", json!({ "from": "task-number-1999", "to": many })),
        ("explain", ann(json!({ "task": "task-number-1999" }))),
        ("unlink", json!({ "from": "task-number-1999", "to": "*" })),
        (
            "relink",
            json!({
                "prev_from": "task-number-1", "prev_to": "*",
                "from": "task-number-1997", "to": "task-number-1600",
            }),
        ),
        ("redrive", json!({})),
        ("rename", json!({ "task": "task-number-1998", "new_id": "other" })),
        ("create", json!({ "title": "x" })),
        ("create_tree", json!({ "tree": { "title": "x", "tasks": [{ "title": "x" }] } })),
        ("bulk_update", ann(json!({ "tasks": many, "status": "working" }))),
        ("claim", ann(json!({}))),
        ("connect", ann(json!({}))),
        ("update", ann(json!({ "task": "task-number-0", "status": "cancelled", "force": true }))),
        ("bulk_update", ann(json!({ "tasks": many, "status": "working" }))),
        ("delete", ann(json!({ "task": "task-number-1997", "cascade": true }))),
        ("undelete", ann(json!({ "task": "task-number-1997" }))),
        ("mark_file", ann(json!({ "file": "lib/a.rs" }))),
        ("mark_file", ann(json!({ "file": (0..90).map(|n| format!("src/{n}.rs")).collect::<Vec<_>>() }))),
        ("list_marks", json!({})),
        ("send", ann(json!({ "to": "all", "text": "\"".repeat(1_000) }))),
        ("resume", ann(json!({}))),
        ("resume", json!({ "worker_id": "bob" })),
        ("inbox", json!({})),
        ("inbox", json!({ "worker_id": "bob" })),
        ("inbox", json!({ "worker_id": "bob", "all": true })),
        ("mark_updates", ann(json!({}))),
        ("unmark_file", ann(json!({ "file": "src/**" }))),
        ("disconnect", ann(json!({}))),
        ("cleanup_stale", json!({})),
        ("config", json!({})),
        ("search", json!({ "query": "xxx*" })),
        ("query", json!({ "sql": "select * from tasks" })),
        ("get_schema", json!({})),
        ("get_schema", json!({ "table": "tasks" })),
        ("give_feedback", ann(json!({ "message": "m".repeat(2_000) }))),
        ("list_feedback", json!({})),
        ("list_skills", json!({})),
        ("get_skill", json!({ "name": "worker" })),
        ("get_skill", json!({ "name": "planning" })),
        ("get_skill", json!({ "name": "coordinator" })),
        ("get_skill", json!({ "name": "reporting" })),
        ("get_skill", json!({ "name": "repair" })),
        ("get_skill", json!({ "name": "migration" })),
        ("list_workflows", json!({})),
        ("get_prompts", json!({ "workflow": "sprint" })),
        ("get_advisory", ann(json!({}))),
        ("check_gates", json!({ "task": "task-number-0" })),
        ("add_overlay", ann(json!({ "overlay": "git" }))),
        ("remove_overlay", ann(json!({ "overlay": "git" }))),
    ]
}

fn on_attachments() -> Vec<(&'static str, Value)> {
    let many: Vec<String> = (1_000..1_600).map(|number| format!("task-number-{number}")).collect();
    vec![
        ("attach", json!({ "task": many, "type": "k".repeat(64), "content": "x" })),
        ("attachments", json!({ "task": "task-number-1996" })),
        (
            "attachments",
            json!({ "task": "task-number-1996", "type": format!("7{}", "k".repeat(62)), "sequence": 0 }),
        ),
        ("get", json!({ "task": "task-number-1996" })),
        ("detach", json!({ "worker_id": "ann", "task": "task-number-1996", "type": "*" })),
        ("log_metrics", json!({ "worker_id": "ann", "task": "task-number-1996", "cost_usd": 0.1 })),
        ("get_metrics", json!({ "task": many })),
        ("get_metrics", json!({})),
    ]
}

#[test]
fn no_plain_answer_is_above_a_thousand_tokens() {
    let project = crowded();
    let mut large = Vec::new();

    for (operation, arguments) in calls() {
        let asked: String = format!("{operation} {arguments}").chars().take(90).collect();
        let size = project.answer(operation, arguments).to_string().len();
        if size > MOST {
            large.push(format!("{size:6} {asked}"));
        }
    }

    assert!(large.is_empty(), "\n{}", large.join("\n"));
}

#[test]
fn every_operation_is_measured() {
    let calls = calls();

    for entry in CATALOGUE {
        assert!(calls.iter().any(|(operation, _)| *operation == entry.name), "{}", entry.name);
    }
}

#[test]
fn the_answer_to_a_claim_is_below_400_bytes() {
    let project = Project::new();
    let about = json!({
        "title": "Write the queries for the reports of the last month",
        "description": "The reports need them by day and by week. ".repeat(50),
    });
    let created = project.answer("create", about);

    let taken = project.answer("claim", json!({ "worker_id": "ann", "task": created["id"] }));

    assert!(taken.to_string().len() <= 400, "{taken}");
}

#[test]
fn a_list_of_ten_is_below_1300_bytes() {
    let project = Project::new();
    for number in 0..20 {
        let title = format!("Write query {number} for the reports of the month");
        project.does("create", json!({ "title": title }));
    }

    let list = project.answer("list_tasks", json!({ "ready": true }));

    assert!(list.to_string().len() <= 1_300, "{} bytes", list.to_string().len());
}

#[test]
fn a_refusal_is_small() {
    let project = crowded();
    let many: Vec<String> = (2..900).map(|number| format!("task-number-{number}")).collect();
    project.does("link", json!({ "from": many, "to": "task-number-1999" }));

    let asked = json!({ "worker_id": "ann", "task": "task-number-1999" });
    let refused = project.refusal("claim", asked);

    let size = refused.message.len() + refused.hint.unwrap_or_default().len();
    assert!(size <= MOST, "{size}");
}
