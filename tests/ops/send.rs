//! `send`: tell others something.

use serde_json::{Value, json};
use task_graph::Caller;
use task_graph::config::Config;
use task_graph::domain::{Role, Workflow};

use crate::support::project::Project;

/// What stands beside the answer to a call that a worker makes anyway.
fn told(project: &Project, worker: &str) -> Vec<String> {
    let answer = project.answer("list_tasks", json!({ "worker_id": worker }));
    let lines = answer["messages"].as_array().cloned().unwrap_or_default();
    lines.iter().map(|line| line.as_str().unwrap().to_owned()).collect()
}

fn sent(project: &Project, mut arguments: Value) -> Value {
    if arguments.get("worker_id").is_none() {
        arguments["worker_id"] = "bob".into();
    }
    project.answer("send", arguments)
}

#[test]
fn a_message_is_in_the_next_answer_and_in_no_other() {
    let project = Project::new();

    let answer = sent(&project, json!({ "to": "ann", "text": "use v2" }));

    assert_eq!(answer, json!({ "id": 1, "to": ["ann"] }));
    assert_eq!(told(&project, "ann"), ["#1 from bob: use v2"]);
    assert_eq!(told(&project, "ann"), [""; 0]);
    assert_eq!(told(&project, "bob"), [""; 0]);
}

#[test]
fn every_operation_carries_messages() {
    let project = Project::new();
    project.has(["api", "web"]).claim("ann", "web");

    for (operation, arguments) in [
        ("claim", json!({ "task": "api" })),
        ("claim", json!({})),
        ("update", json!({ "task": "api", "title": "API" })),
        ("thinking", json!({ "thought": "hm" })),
        ("create", json!({ "title": "new" })),
        ("get", json!({ "task": "api" })),
        ("query", json!({ "sql": "select 1" })),
        ("mark_updates", json!({})),
        ("connect", json!({})),
    ] {
        sent(&project, json!({ "to": "ann", "text": operation }));
        let mut arguments = arguments;
        arguments["worker_id"] = "ann".into();

        let answer = project.answer(operation, arguments);

        let line = answer["messages"][0].as_str().unwrap_or_else(|| panic!("{operation}: {answer}"));
        assert!(line.ends_with(&format!("from bob: {operation}")), "{line}");
    }
    assert_eq!(told(&project, "ann"), [""; 0]);
}

#[test]
fn a_process_that_was_started_for_a_worker_need_not_name_it() {
    let project = Project::new();
    let anns = project.beside(Caller { worker: Some("ann".parse().unwrap()), ..Caller::default() });
    sent(&project, json!({ "to": "ann", "text": "use v2" }));

    let answer = anns.answer("status_summary", json!({}));

    assert_eq!(answer["messages"], json!(["#1 from bob: use v2"]));
}

#[test]
fn stop_and_redirect_come_first() {
    let project = Project::new();
    for (kind, text) in [("note", "one"), ("redirect", "two"), ("question", "three"), ("stop", "four")] {
        sent(&project, json!({ "to": "ann", "kind": kind, "text": text }));
    }

    let told = told(&project, "ann");

    assert_eq!(
        told,
        [
            "#2 redirect from bob: two",
            "#4 stop from bob: four",
            "#1 from bob: one",
            "#3 question from bob: three"
        ]
    );
}

#[test]
fn a_thousand_messages_do_not_make_an_answer_longer() {
    let project = Project::new();
    for number in 0..1_000 {
        let text = format!("message {number} {}", "\"".repeat(900));
        sent(&project, json!({ "to": "ann", "text": text }));
    }

    let plain = project.answer("list_tasks", json!({ "worker_id": "bob" })).to_string().len();
    let carrying = project.answer("list_tasks", json!({ "worker_id": "ann" }));

    assert!(carrying.to_string().len() <= plain + 240, "{carrying}");
    assert!(carrying["messages"][0].as_str().unwrap().starts_with("#1 from bob: message 0 "), "{carrying}");
    assert_eq!(carrying["messages"][1], "999 more: inbox");
}

#[test]
fn it_goes_to_who_holds_the_task() {
    let project = Project::new();
    project.has(["api"]).claim("ann", "api");

    let answer = sent(&project, json!({ "task": "api", "kind": "question", "text": "done?" }));

    assert_eq!(answer["to"], json!(["ann"]));
    assert_eq!(told(&project, "ann"), ["#1 question from bob about api: done?"]);
}

#[test]
fn about_a_task_that_nobody_holds_it_is_kept_for_who_claims_it() {
    let project = Project::new();
    project.has(["api"]);

    let answer = sent(&project, json!({ "task": "api", "text": "mind the tabs" }));
    let taken = project.answer("claim", json!({ "worker_id": "ann" }));

    assert_eq!(answer, json!({ "id": 1, "kept_for": "api" }));
    assert_eq!(taken["messages"], json!(["#1 from bob about api: mind the tabs"]));
    let _ = project.moves("ann", "api", "pending");
    let taken = project.answer("claim", json!({ "worker_id": "bob" }));
    assert_eq!(taken.get("messages"), None);
}

#[test]
fn a_tag_and_all_mean_the_others_who_are_here() {
    let project = Project::new();
    project.worker("carl", json!({ "tags": ["css"] })).worker("dora", json!({ "tags": ["css"] }));
    project.worker("gone", json!({ "tags": ["css"] })).does("disconnect", json!({ "worker_id": "gone" }));

    let to_tag = sent(&project, json!({ "worker_id": "carl", "to": "tag:css", "text": "hi" }));
    let to_all = sent(&project, json!({ "worker_id": "carl", "to": "all", "text": "hi" }));

    assert_eq!(to_tag["to"], json!(["dora"]));
    assert_eq!(to_all["to"], json!(["ann", "bob", "dora"]));
}

fn with_roles(config: &mut Config) {
    let lead = Role { tags: ["lead".parse().unwrap()].into(), ..Role::default() };
    let name = config.workflows.default.clone();
    let workflow: &mut Workflow = config.workflows.by_name.get_mut(&name).unwrap();
    workflow.roles.insert("lead".into(), lead);
}

#[test]
fn a_role_means_those_who_have_it() {
    let project = Project::with(with_roles);
    project.worker("carl", json!({ "tags": ["lead"] }));

    let answer = sent(&project, json!({ "to": ["role:lead", "ann"], "text": "hi" }));

    assert_eq!(answer["to"], json!(["ann", "carl"]));
    assert_eq!(project.refusal("send", json!({ "to": "role:leed", "text": "hi" })).code, "not_found");
}

#[test]
fn who_is_not_here_gets_it_when_it_comes_back() {
    let project = Project::new();
    project.does("disconnect", json!({ "worker_id": "ann" }));

    let answer = sent(&project, json!({ "to": "ann", "text": "welcome back" }));
    let back = project.answer("connect", json!({ "worker_id": "ann" }));

    assert_eq!(answer["absent"], 1);
    assert!(back.to_string().contains("#1 from bob: welcome back"), "{back}");
}

#[test]
fn an_answer_goes_to_who_asked_about_the_same_task() {
    let project = Project::new();
    project.has(["api"]).claim("ann", "api");
    sent(&project, json!({ "task": "api", "kind": "question", "text": "tabs?" }));

    let asked = told(&project, "ann");

    let answer = sent(&project, json!({ "worker_id": "ann", "reply_to": 1, "text": "spaces" }));

    assert_eq!(asked, ["#1 question from bob about api: tabs?"]);
    assert_eq!(answer, json!({ "id": 2, "to": ["bob"] }));
    assert_eq!(told(&project, "bob"), ["#2 answer from ann about api: spaces"]);
}

#[test]
fn a_person_at_a_shell_needs_no_name_and_reads_the_answer_in_the_thread() {
    let project = Project::new();

    project.does("send", json!({ "to": "ann", "kind": "stop", "text": "hold on" }));

    assert_eq!(told(&project, "ann"), ["#1 stop from a person: hold on"]);
    let answer = sent(&project, json!({ "worker_id": "ann", "reply_to": 1, "text": "why?" }));
    assert_eq!(answer, json!({ "id": 2 }));
    let thread = project.answer("inbox", json!({ "thread": 1 }));
    assert_eq!(thread["total"], 2);
}

#[test]
fn it_is_in_the_feed() {
    let project = Project::new();
    project.has(["api"]).claim("ann", "api");

    sent(&project, json!({ "task": "api", "kind": "stop", "text": "not needed" }));

    let event = project.last_event("api");
    assert_eq!((&event["event"], &event["worker_id"]), (&json!("sent"), &json!("bob")));
    let after = json!({ "id": 1, "kind": "stop", "to": ["ann"], "workers": 1, "text": "not needed" });
    assert_eq!(event["after"], after);
}

#[test]
fn who_loses_its_task_to_another_is_told_to_stop() {
    for (operation, arguments, line) in [
        (
            "update",
            json!({ "status": "cancelled", "force": true, "reason": "no need" }),
            "#1 stop from bob about api: ended as cancelled, not by you: no need",
        ),
        (
            "update",
            json!({ "status": "pending", "force": true }),
            "#1 stop from bob about api: taken from you, it is pending again",
        ),
        (
            "claim",
            json!({ "force": true }),
            "#1 stop from bob about api: taken over from you: overrode `held`",
        ),
        ("delete", json!({ "force": true }), "#1 stop from bob about api: deleted"),
    ] {
        let project = Project::new();
        project.has(["api"]).claim("ann", "api");
        let mut arguments = arguments;
        arguments["worker_id"] = "bob".into();
        arguments["task"] = "api".into();

        project.does(operation, arguments);

        assert_eq!(told(&project, "ann"), [line]);
        assert_eq!(told(&project, "bob"), [""; 0]);
    }
}

#[test]
fn who_gets_a_task_from_another_is_told() {
    let project = Project::new();
    project.has(["api"]);

    project.does("update", json!({ "worker_id": "bob", "task": "api", "assignee": "ann" }));

    assert_eq!(told(&project, "ann"), ["#1 from bob about api: it was given to you, `claim` it"]);
}

#[test]
fn who_loses_to_another_what_it_was_given_is_told() {
    let project = Project::new();
    project.has(["api"]).does("update", json!({ "worker_id": "bob", "task": "api", "assignee": "ann" }));
    project.does("inbox", json!({ "worker_id": "ann" }));

    project.does("claim", json!({ "worker_id": "bob", "task": "api", "force": true }));

    assert_eq!(told(&project, "ann"), ["#2 stop from bob about api: taken over from you: overrode `held`"]);
}

#[test]
fn who_lets_go_of_its_own_task_is_told_nothing() {
    let project = Project::new();
    project.has(["api"]).claim("ann", "api");

    let _ = project.finish("api");

    assert!(project.rows("select * from messages").is_empty());
}

#[test]
fn a_message_outlives_its_task() {
    let project = Project::new();
    project.has(["api"]).claim("ann", "api");

    let asked = json!({ "worker_id": "bob", "task": "api", "force": true, "obliterate": true });
    project.does("delete", asked);

    assert_eq!(told(&project, "ann"), ["#1 stop from bob: deleted"]);
}

#[test]
fn what_cannot_be_sent_is_refused() {
    let project = Project::new();
    project.has(["api", "done"]).claim("bob", "api");
    let _ = project.finish("done");

    for (arguments, code) in [
        (json!({ "to": "ann", "text": " " }), "input"),
        (json!({ "to": "ann", "text": "x".repeat(1_001) }), "input"),
        (json!({ "text": "to whom?" }), "input"),
        (json!({ "to": "carl", "text": "hi" }), "not_found"),
        (json!({ "to": "tag:css", "text": "hi" }), "input"),
        (json!({ "to": "a b", "text": "hi" }), "input"),
        (json!({ "task": "api", "text": "to myself" }), "input"),
        (json!({ "task": "done", "text": "too late" }), "input"),
        (json!({ "task": "nowhere", "text": "hi" }), "not_found"),
        (json!({ "reply_to": 7, "text": "hi" }), "not_found"),
        (json!({ "to": "ann", "kind": "shout", "text": "hi" }), "input"),
    ] {
        let mut arguments = arguments;
        arguments["worker_id"] = "bob".into();
        let refused = project.refusal("send", arguments.clone());
        assert_eq!(refused.code, code, "{arguments}: {refused:?}");
    }
}

#[test]
fn a_deleted_task_is_not_written_about() {
    let project = Project::new();
    project.has(["api"]).does("delete", json!({ "worker_id": "bob", "task": "api" }));

    let refused = project.refusal("send", json!({ "to": "ann", "task": "api", "text": "hi" }));

    assert_eq!(refused.code, "deleted");
}

#[test]
fn a_message_with_control_characters_is_refused_for_that_reason() {
    let project = Project::new();

    for (text, code) in [("a\0b", "U+0000"), ("\u{1b}[31mred", "U+001B"), ("a\u{9b}b", "U+009B")] {
        let refused = project.refusal("send", json!({ "to": "ann", "text": text }));

        assert_eq!(refused.message, format!("a message has no control characters, this one has {code}"));
    }
    let _ = sent(&project, json!({ "to": "ann", "text": "two\n\tlines" }));
}
