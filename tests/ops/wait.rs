//! What `wait` answers as things stand; that it waits is shown with processes, in `tests/race/waits.rs`.

use serde_json::{Value, json};

use crate::support::project::{Project, ids};

/// Looks without waiting.
fn look(project: &Project, mut about: Value) -> Value {
    about["timeout"] = 0.into();
    project.answer("wait", about)
}

#[test]
fn a_worker_without_work_is_told_of_the_best_ready_task() {
    let project = Project::new();
    project.has(["a"]).has_one("b", json!({ "priority": 9 }));

    let answer = look(&project, json!({ "worker_id": "ann" }));

    assert_eq!(answer["ready"], json!({ "id": "b", "title": "b", "status": "pending" }));
    assert_eq!(answer.get("timed_out"), None, "{answer}");
    assert_eq!(project.status("b"), "pending");
}

#[test]
fn work_that_is_there_is_claimed_if_asked_for() {
    let project = Project::new();
    project.has(["a", "b"]);

    let first = look(&project, json!({ "worker_id": "ann", "claim": true }));
    let again = look(&project, json!({ "worker_id": "ann", "claim": true }));

    assert_eq!((&first["task"]["id"], &first["task"]["attempt"]), (&json!("a"), &json!(1)));
    assert_eq!((&again["task"]["id"], &again["task"]["resumed"]), (&json!("a"), &json!(true)));
    assert_eq!(project.ready(), ["b"]);
}

#[test]
fn when_time_is_up_the_answer_says_why_there_is_nothing() {
    let project = Project::new();
    project.has(["a", "b"]).linked("a", "b").claim("bob", "a");

    for claim in [false, true] {
        let answer = look(&project, json!({ "worker_id": "ann", "claim": claim }));

        assert_eq!(answer["timed_out"], true);
        assert_eq!(answer["task"], Value::Null);
        assert_eq!(answer["why"], "nothing is ready for you: 1 blocked, 1 held");
    }
}

#[test]
fn a_worker_who_may_hold_no_more_is_told_of_no_more() {
    let project = Project::new();
    project.worker("cat", json!({ "max_claims": 1 })).has(["a", "b"]).claim("cat", "a");

    let answer = look(&project, json!({ "worker_id": "cat" }));

    assert_eq!(answer["timed_out"], true, "{answer}");
    assert_eq!(answer.get("ready"), None);
}

#[test]
fn tasks_are_waited_for_until_all_have_ended_or_one_has() {
    let project = Project::new();
    project.has(["a", "b"]);
    let _ = project.finish("a");

    let all = look(&project, json!({ "task": ["a", "b"] }));
    let any = look(&project, json!({ "task": ["a", "b"], "any": true }));
    let _ = project.finish("b");
    let both = look(&project, json!({ "tasks": ["a", "b"] }));
    let lone = look(&project, json!({ "task": "b" }));

    let ended = json!([{ "id": "a", "title": "a", "status": "completed" }]);
    assert_eq!((&all["timed_out"], &all["ended"], &all["open"]), (&json!(true), &ended, &json!(["b"])));
    assert_eq!((any.get("timed_out"), &any["ended"]), (None, &ended));
    assert_eq!((both.get("timed_out"), ids(&both["ended"])), (None, vec!["a".into(), "b".into()]));
    assert_eq!((lone.get("timed_out"), lone.get("ended_badly")), (None, None), "{lone}");
}

#[test]
fn tasks_that_ended_badly_are_counted_and_come_first() {
    let project = Project::new();
    project.has(["a", "b", "c", "d"]);
    let _ = project.finish("a");
    project.claim("ann", "b");
    let _ = project.moves("ann", "b", "failed");
    let _ = project.moves("ann", "c", "cancelled");
    project.does("delete", json!({ "worker_id": "ann", "task": "d" }));

    let answer = look(&project, json!({ "task": ["a", "b", "c", "d"] }));

    assert_eq!(ids(&answer["ended"]), ["b", "c", "d", "a"]);
    assert_eq!(answer["ended_badly"], 3);
    assert_eq!(answer["ended"][2]["deleted"], true);
}

#[test]
fn a_long_wait_for_many_tasks_has_a_short_answer() {
    let project = Project::new();
    let names: Vec<String> = (0..100).map(|n| format!("t{n}")).collect();
    for name in &names {
        project.does("create", json!({ "id": name, "title": "x".repeat(400) }));
    }

    let answer = look(&project, json!({ "task": names }));

    assert_eq!((answer["open"].as_array().unwrap().len(), &answer["open_total"]), (20, &json!(100)));
    assert!(answer.to_string().len() < 4_000);
}

#[test]
fn files_are_waited_for_until_no_other_worker_has_marked_them() {
    let project = Project::new();
    project.does("mark_file", json!({ "worker_id": "bob", "file": "src/a.rs", "reason": "grammar" }));

    let held = look(&project, json!({ "worker_id": "ann", "files": ["src/*", "b"] }));
    let own = look(&project, json!({ "worker_id": "bob", "files": ["src/*"] }));
    project.does("unmark_file", json!({ "worker_id": "bob", "file": "src/a.rs" }));
    let free = look(&project, json!({ "files": "src/*" }));

    assert_eq!(held["timed_out"], true);
    assert_eq!(held["held"][0]["worker_id"], "bob");
    assert_eq!(held["held"][0]["reason"], "grammar");
    assert_eq!((&own["free"], &free["free"]), (&json!(true), &json!(true)));
}

#[test]
fn whoever_comes_with_a_cursor_is_told_what_others_did_since() {
    let project = Project::new();
    project.has(["a"]);
    let cursor = look(&project, json!({}))["cursor"].clone();
    project.claim("ann", "a");
    project.does("mark_file", json!({ "worker_id": "ann", "file": "f" }));
    let _ = project.moves("ann", "a", "completed");

    let all = look(&project, json!({ "cursor": cursor }));
    let marks = look(&project, json!({ "cursor": cursor, "for": "marks" }));
    let ends = look(&project, json!({ "cursor": cursor, "for": ["tasks"] }));
    let own = look(&project, json!({ "worker_id": "ann", "cursor": cursor, "for": ["events"] }));
    let rest = look(&project, json!({ "cursor": all["cursor"] }));

    let kinds = |answer: &Value| -> Vec<String> {
        let events = answer["events"].as_array().unwrap().iter();
        events.map(|event| event["event"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(kinds(&all), ["status", "mark_claimed", "status"]);
    assert_eq!(kinds(&marks), ["mark_claimed"]);
    assert_eq!((ids(&ends["ended"]), ends.get("events")), (vec!["a".into()], None));
    assert_eq!(own["timed_out"], true, "{own}");
    assert_eq!((&rest["timed_out"], &rest["cursor"]), (&json!(true), &all["cursor"]));
}

#[test]
fn a_message_ends_every_wait_of_a_worker_and_is_in_the_answer() {
    let project = Project::new();
    project.has(["t"]);
    let say = |text: &str| {
        project.does("send", json!({ "worker_id": "bob", "to": "ann", "text": text }));
    };
    let nothing = look(&project, json!({ "worker_id": "ann", "for": "messages" }));

    say("one");
    let wanted = look(&project, json!({ "worker_id": "ann", "for": "messages" }));
    say("two");
    let between = look(&project, json!({ "worker_id": "ann", "task": "t" }));
    let told = look(&project, json!({ "worker_id": "ann", "task": "t" }));

    assert_eq!(nothing["timed_out"], true);
    assert!(wanted["messages"][0].as_str().unwrap().contains("one"), "{wanted}");
    assert_eq!((wanted.get("timed_out"), wanted.get("interrupted")), (None, None));
    assert!(between["messages"][0].as_str().unwrap().contains("two"), "{between}");
    assert_eq!((between.get("timed_out"), &between["interrupted"]), (None, &json!(true)));
    assert_eq!(told["timed_out"], true);
}

#[test]
fn much_that_happened_is_told_in_parts_that_miss_nothing() {
    let project = Project::new();
    let mut cursor = json!(0);
    for n in 0..25 {
        project.does("create", json!({ "title": format!("T{n}") }));
    }

    let mut seen = Vec::new();
    loop {
        let answer = look(&project, json!({ "cursor": cursor }));
        let events = answer["events"].as_array().cloned().unwrap_or_default();
        seen.extend(events.iter().map(|event| event["id"].as_i64().unwrap()));
        cursor = answer["cursor"].clone();
        if answer.get("more").is_none() {
            break;
        }
    }

    // Two workers came first.
    assert_eq!(seen, (1..=27).collect::<Vec<i64>>());
}

#[test]
fn who_waits_for_work_has_to_say_who_it_is() {
    let project = Project::new();

    for about in [json!({ "for": "work" }), json!({ "claim": true }), json!({ "for": "messages" })] {
        let refused = project.refusal("wait", about);

        assert_eq!(
            (refused.code.as_str(), refused.message.as_str()),
            ("input", "who waits for work or messages has to say who it is")
        );
    }
}

#[test]
fn a_cursor_from_the_future_and_a_task_that_is_not_there_are_refused_at_once() {
    let project = Project::new();

    let future = project.refusal("wait", json!({ "cursor": 99 }));
    let nobody = project.refusal("wait", json!({ "task": "nobody" }));

    assert_eq!(future.message, "`cursor` is 99, but there are only 2 events");
    assert_eq!(nobody.code, "not_found");
}

#[test]
fn a_repetition_gets_the_task_again_but_not_the_answer_that_there_is_none() {
    let project = Project::new();
    let asked = json!({ "worker_id": "ann", "claim": true, "request_id": "r1" });

    let nothing = look(&project, asked.clone());
    project.has(["a"]);
    let first = look(&project, asked.clone());
    let again = look(&project, asked);

    assert_eq!(nothing["timed_out"], true);
    assert_eq!(first["task"]["id"], "a");
    assert_eq!(again, first, "also not as one that is resumed");
}

#[test]
fn waiting_in_vain_writes_nothing() {
    let project = Project::new();
    let before = project.contents();

    let answer = look(&project, json!({ "worker_id": "ann", "claim": true }));

    assert_eq!(answer["timed_out"], true);
    assert_eq!(project.contents(), before);
}
