//! `get_advisory`: how things stand, and what the workflow advises.

use serde_json::{Value, json};
use task_graph::domain::Advice;

use crate::support::project::Project;

fn lines(advisory: &Value) -> Vec<&str> {
    advisory["now"].as_array().unwrap().iter().map(|line| line.as_str().unwrap()).collect()
}

/// A project with a workflow that has advice for some.
fn advised() -> Project {
    let project = Project::with(|config| {
        let advice = &mut config.workflows.by_name["kanban"].guidance.advice;
        let one = |text: &str| Advice { text: text.into(), ..Advice::default() };
        advice.insert("scope".into(), one("Stay within `{{task_id}}`."));
        let phases = vec!["test".parse().unwrap()];
        advice.insert("fail".into(), Advice { phases, ..one("See it fail.") });
        advice.insert("data".into(), Advice { domains: vec!["data".into()], ..one("Copy first.") });
    });
    project.worker("ann", json!({ "workflow": "kanban" }));
    project
}

#[test]
fn without_a_task_it_says_what_there_is_to_do() {
    let project = Project::new();
    project.has(["schema", "queries"]).linked("schema", "queries");

    let nobodys = project.answer("get_advisory", json!({}));
    let anns = project.answer("get_advisory", json!({ "worker_id": "ann" }));

    let outlook = "1 ready for you, 1 blocked: claim takes the best one";
    assert_eq!(anns, json!({ "workflow": "default", "now": [outlook] }));
    assert_eq!(nobodys, anns);
}

#[test]
fn who_holds_several_tasks_is_asked_for_one() {
    let project = Project::new();
    project.has(["a", "b", "c", "d"]);
    for task in ["a", "b", "c", "d"] {
        project.claim("ann", task);
    }

    let advisory = project.answer("get_advisory", json!({ "worker_id": "ann" }));

    assert_eq!(lines(&advisory), ["you hold 4 tasks (`a`, `b`, `c` and 1 more): name one with `task`"]);
}

#[test]
fn a_task_is_shown_with_what_one_has_to_know_before_one_goes_on() {
    let mut project = Project::new();
    project.has_one("api", json!({ "time_estimate_ms": 60_000, "files": ["src/api.rs"] }));
    project.has(["docs", "client"]).linked("api", "docs").linked("api", "client");
    project.claim("bob", "api");
    project
        .does("attach", json!({ "worker_id": "bob", "task": "api", "type": "note", "content": "half done" }));
    project.at("12:05");
    let given_up = json!({ "worker_id": "bob", "task": "api", "status": "pending", "reason": "no network" });
    project.does("update", given_up);
    project.does("mark_file", json!({ "worker_id": "bob", "file": "src/api.rs" }));
    project.worker("ann", json!({ "overlays": ["git"] }));

    let before = project.answer("get_advisory", json!({ "worker_id": "ann", "task": "api" }));
    project.claim("ann", "api");
    let after = project.answer("get_advisory", json!({ "worker_id": "ann" }));

    assert_eq!(after["task"], "api");
    assert_eq!(
        lines(&after),
        [
            "attempt 1 was `bob`'s and came to `pending`: no network",
            "it has taken 5 minutes, 1 were estimated",
            "attached: 1, as `note`; `attachments` reads them",
            "others work on `src/api.rs`; `list_marks` says who",
            "`completed` asks for gate/commit (or a reason)",
            "waiting for it: `docs`, `client`",
        ]
    );
    assert_eq!(before, after);
}

#[test]
fn a_task_that_is_not_ones_own_is_shown_as_it_is() {
    let project = Project::new();
    project.has(["held", "late"]).linked("held", "late");
    project.has_one("whole", json!({ "tasks": [{ "id": "part", "title": "Part" }] }));
    project.claim("bob", "held");
    let now = |task: &str| {
        let advisory = project.answer("get_advisory", json!({ "worker_id": "ann", "task": task }));
        lines(&advisory).join("; ")
    };

    assert_eq!(now("held"), "`bob` holds it; waiting for it: `late`");
    assert_eq!(now("late"), "it waits for 1 others; `explain` names them");
    assert_eq!(now("whole"), "open tasks in it, to be done first: 1");
    assert!(project.answer("get_advisory", json!({ "task": "part" })).get("now").is_none());
}

#[test]
fn advice_is_what_concerns_the_task_and_the_rest_is_named() {
    let project = advised();
    project.has_one("rows", json!({ "workflow": "kanban", "tags": ["domain:data"] }));

    let advisory = project.answer("get_advisory", json!({ "worker_id": "ann", "task": "rows" }));

    assert_eq!(advisory["advice"], json!({ "scope": "Stay within `rows`.", "data": "Copy first." }));
    assert_eq!(advisory["more"], json!(["fail"]));
}

#[test]
fn one_topic_is_read_whether_it_concerns_the_task_or_not() {
    let project = advised();

    let one = project.answer("get_advisory", json!({ "worker_id": "ann", "topic": "data" }));
    let refused = project.refusal("get_advisory", json!({ "worker_id": "ann", "topic": "dta" }));

    assert_eq!(one, json!({ "workflow": "kanban", "advice": { "data": "Copy first." } }));
    assert_eq!(refused.code, "not_found");
    assert!(refused.hint.unwrap().contains("`data`"));
}

#[test]
fn who_claims_is_told_once_on_what_there_is_advice_and_again_when_there_is_more() {
    let project = advised();
    let to_do = json!({ "worker_id": "ann", "task": "rows", "status": "todo", "force": true, "reason": "x" });
    project.has_one("rows", json!({ "workflow": "kanban", "tags": ["domain:data"] }));
    project.does("update", to_do.clone());

    let claimed = project.answer("claim", json!({ "worker_id": "ann", "task": "rows" }));
    let turned = project.answer("update", json!({ "worker_id": "ann", "task": "rows", "phase": "test" }));
    project.does("update", to_do.clone());
    let again = project.answer("claim", json!({ "worker_id": "ann", "task": "rows" }));

    assert!(
        claimed["task"]["guidance"].as_str().unwrap().ends_with("`get_advisory` has `scope`, `data`."),
        "{claimed}"
    );
    assert!(turned.to_string().contains("`get_advisory` has `fail`."), "{turned}");
    assert!(!again.to_string().contains("`get_advisory` has `scope`, `data`."), "{again}");
}

#[test]
fn an_overlay_may_say_more_on_a_topic() {
    let project = advised();
    project.worker("ann", json!({ "workflow": "kanban", "overlays": ["governance"] }));

    let one = project.answer("get_advisory", json!({ "worker_id": "ann", "topic": "scope" }));
    let nobodys = project.refusal("get_advisory", json!({ "topic": "scope" }));

    let text = one["advice"]["scope"].as_str().unwrap();
    assert!(text.starts_with("Stay within") && text.contains("\nDo what the task says."), "{text}");
    assert_eq!(nobodys.code, "not_found");
}

#[test]
fn an_answer_stays_small_however_much_advice_there_is() {
    let project = Project::with(|config| {
        let advice = &mut config.workflows.by_name["default"].guidance.advice;
        for number in 0..200 {
            let text = "x".repeat(300);
            advice.insert(format!("topic-{number:03}"), Advice { text, ..Advice::default() });
        }
    });

    let advisory = project.answer("get_advisory", json!({}));

    assert!(advisory.to_string().len() <= 4_000, "{}", advisory.to_string().len());
    assert_eq!(advisory["advice"].as_object().unwrap().len(), 6);
    assert_eq!(advisory["more"][0], "topic-006");
}
