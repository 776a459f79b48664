//! `schedule`: tasks that are made again and again.

use serde_json::{Value, json};

use crate::support::project::Project;

fn titles(project: &Project) -> Vec<Value> {
    let listed = project.answer("list_tasks", json!({ "sort_order": "asc", "limit": 100 }));
    listed["tasks"].as_array().unwrap().iter().map(|task| task["title"].clone()).collect()
}

fn hourly(mut about: Value) -> Value {
    for (name, value) in [("name", json!("sweep")), ("cron", json!("@hourly"))] {
        about.as_object_mut().unwrap().entry(name).or_insert(value);
    }
    if about.get("template").is_none() {
        about.as_object_mut().unwrap().entry("task").or_insert(json!({ "title": "Sweep" }));
    }
    about
}

#[test]
fn a_task_is_made_when_its_time_comes_by_whoever_comes_by() {
    let mut project = Project::new();

    let made = project.answer("schedule", hourly(json!({ "worker_id": "ann" })));

    let next = json!(["2026-01-31T13:00:00Z", "2026-01-31T14:00:00Z", "2026-01-31T15:00:00Z"]);
    assert_eq!(made, json!({ "name": "sweep", "created": true, "next": next }));
    assert!(titles(&project).is_empty());
    assert!(titles(project.at("12:59")).is_empty());
    assert_eq!(titles(project.at("13:00")), ["Sweep"]);
    assert_eq!(titles(project.at("13:30")).len(), 1);
    let fired = project.rows("select worker_id, cause, after from events where event = 'fired'");
    assert_eq!((&fired[0]["worker_id"], &fired[0]["cause"]), (&Value::Null, &json!("schedule")));
    assert_eq!(fired[0]["after"], r#"{"schedule":"sweep","at":"2026-01-31T13:00:00Z"}"#);
}

#[test]
fn a_claim_takes_what_is_due_at_that_moment() {
    let mut project = Project::new();
    project.does("schedule", hourly(json!({})));
    // Another process has looked just now, and nobody looks again so soon.
    let _ = project.at("13:00").beside(task_graph::Caller::default());

    let taken = project.answer("claim", json!({ "worker_id": "ann" }));

    assert_eq!(taken["task"]["title"], "Sweep");
}

#[test]
fn a_template_is_given_its_values_and_its_time() {
    let mut project = Project::new();
    project.does("project", json!({ "name": "web" }));
    project.does("define_template", json!({ "name": "look", "title": "Look at {{what}} of {{fired_at}}" }));

    let vars = json!({ "what": "logs" });
    project.does("schedule", hourly(json!({ "template": "look", "vars": vars, "parent": "web" })));

    project.at("14:10");
    let found = project.answer("list_tasks", json!({ "parent": "web" }));
    assert_eq!(found["tasks"][0]["title"], "Look at logs of 2026-01-31T14:00:00Z");
    let one = project.answer("schedules", json!({ "name": "sweep" }));
    assert_eq!((&one["template"], &one["vars"], &one["parent"]), (&json!("look"), &vars, &json!("web")));
    assert_eq!((&one["missed"], &one["overlap"]), (&json!("one"), &json!("allow")));
    assert_eq!(one["last"].as_array().unwrap().len(), 1);
    assert_eq!(one["next"].as_array().unwrap().len(), 5);
}

#[test]
fn what_was_missed_is_made_once_not_at_all_or_each() {
    for (missed, number) in [("one", 1), ("skip", 0), ("all", 4)] {
        let mut project = Project::new();
        project.does("schedule", hourly(json!({ "missed": missed })));

        assert_eq!(titles(project.at("16:30")).len(), number, "{missed}");
        assert_eq!(titles(project.at("17:01")).len(), number + 1, "{missed}");
    }
}

#[test]
fn what_was_missed_for_long_is_made_up_for_bit_by_bit() {
    let mut project = Project::new();
    project.does("schedule", hourly(json!({ "cron": "* * * * *", "missed": "all" })));

    let numbers: Vec<usize> = (0..4).map(|_| titles(project.at("14:00")).len()).collect();

    let counted = project.rows("select count(*) as n, count(distinct at) as times from firings");
    assert_eq!((numbers[0], &counted[0]["n"], &counted[0]["times"]), (50, &json!(120), &json!(120)));
}

#[test]
fn another_one_may_wait_until_the_last_has_ended() {
    let mut project = Project::new();
    project.does("schedule", hourly(json!({ "overlap": "skip" })));

    assert_eq!(titles(project.at("13:00")).len(), 1);
    assert_eq!(titles(project.at("14:00")).len(), 1);
    let skipped =
        project.rows("select after ->> 'skipped' as why from events where event = 'fired' order by id");
    assert!(skipped[1]["why"].as_str().unwrap().ends_with("is open"));
    let taken = project.answer("claim", json!({ "worker_id": "ann" }));
    let done = json!({ "worker_id": "ann", "task": taken["task"]["id"], "status": "completed" });
    project.does("update", done);
    assert_eq!(titles(project.at("15:00")).len(), 2);
}

#[test]
fn a_schedule_is_changed_paused_resumed_and_deleted() {
    let mut project = Project::new();
    project.does("schedule", hourly(json!({})));

    let paused = project.answer("schedule", json!({ "name": "sweep", "state": "paused" }));
    assert_eq!(paused, json!({ "name": "sweep", "state": "paused" }));
    assert!(titles(project.at("15:30")).is_empty());
    let resumed =
        project.answer("schedule", json!({ "name": "sweep", "state": "active", "cron": "every 10m" }));
    assert_eq!(resumed["next"][0], "2026-01-31T15:40:00Z");
    project.does("schedule", json!({ "name": "sweep", "cron": "30 9 * * *", "zone": "-08:00" }));
    let listed = project.answer("schedules", json!({}));
    let row = json!({
        "name": "sweep", "cron": "30 9 * * *", "zone": "-08:00", "next_at": "2026-01-31T17:30:00Z",
    });
    assert_eq!(listed, json!({ "schedules": [row], "total": 1 }));
    let gone = project.answer("schedule", json!({ "name": "sweep", "state": "deleted" }));
    assert_eq!(gone["state"], "deleted");
    assert!(titles(project.at("18:00")).is_empty());
}

#[test]
fn what_cannot_be_made_is_refused_at_once_with_the_way_out() {
    let project = Project::new();
    project.does("define_template", json!({ "name": "look", "title": "Look at {{what}}" }));

    for (about, code) in [
        (json!({ "name": "x", "task": { "title": "t" } }), "input"),
        (json!({ "name": "x", "cron": "@daily" }), "input"),
        (json!({ "name": "x", "cron": "0 0 30 2 *", "task": { "title": "t" } }), "input"),
        (json!({ "name": "x", "cron": "* * *", "task": { "title": "t" } }), "input"),
        (
            json!({ "name": "x", "cron": "@daily", "zone": "Europe/Berlin", "task": { "title": "t" } }),
            "input",
        ),
        (json!({ "name": "x", "cron": "@daily", "task": {} }), "input"),
        (json!({ "name": "x", "cron": "@daily", "task": { "title": "t", "id": "one" } }), "input"),
        (json!({ "name": "x", "cron": "@daily", "task": { "title": "t" }, "vars": {} }), "input"),
        (json!({ "name": "x", "cron": "@daily", "task": { "title": "t" }, "template": "look" }), "input"),
        (json!({ "name": "x", "cron": "@daily", "template": "look" }), "input"),
        (json!({ "name": "x", "cron": "@daily", "template": "loko" }), "not_found"),
        (json!({ "name": "x", "cron": "@daily", "task": { "title": "t" }, "parent": "no" }), "not_found"),
        (json!({ "name": "x", "state": "deleted" }), "not_found"),
    ] {
        assert_eq!(project.refusal("schedule", about.clone()).code, code, "{about}");
    }
    assert_eq!(project.refusal("schedules", json!({ "name": "x" })).code, "not_found");
}

/// A schedule of the template `look`, whose body is `x` so many times, with a value of so many bytes.
fn scheduled(project: &Project, bytes: usize, blanks: usize) -> Value {
    let template = |blanks| json!({ "name": "look", "title": "Look", "body": "{{x}}".repeat(blanks) });
    project.does("define_template", template(1));
    let vars = json!({ "x": "v".repeat(bytes) });
    project.does("schedule", hourly(json!({ "cron": "every 1s", "template": "look", "vars": vars })));
    template(blanks)
}

#[test]
fn a_template_that_a_schedule_could_not_use_is_refused() {
    let project = Project::new();
    let monstrous = scheduled(&project, 100_000, 200_000);

    let too_long = project.refusal("define_template", monstrous);
    let lacking = project.refusal("define_template", json!({ "name": "look", "body": "{{y}}" }));

    assert_eq!((too_long.code.as_str(), lacking.code.as_str()), ("input", "input"));
    let cause = "the schedule `sweep` could not make its task from this: ";
    let fault = "the description that template `look` makes has more than 1048576 bytes";
    assert_eq!(too_long.message, format!("{cause}{fault}"));
    assert!(lacking.message.starts_with(&format!("{cause}template `look`: `y` is missing")), "{lacking:?}");
    assert!(lacking.hint.unwrap().starts_with("pause it"));
}

#[test]
fn a_template_changes_under_a_schedule_that_is_paused() {
    let mut project = Project::new();
    let _ = scheduled(&project, 1, 1);

    project.does("schedule", json!({ "name": "sweep", "state": "paused" }));
    project.does("define_template", json!({ "name": "look", "title": "{{y}}", "body": "" }));
    let refused = project.refusal("schedule", json!({ "name": "sweep", "state": "active" }));
    project.does("schedule", json!({ "name": "sweep", "state": "active", "vars": { "y": "Now" } }));

    assert!(refused.message.contains("`y` is missing"), "{refused:?}");
    assert_eq!(titles(project.at("12:01")), ["Now"]);
}

#[test]
fn a_schedule_whose_texts_are_endless_harms_nobody_and_is_tried_ever_more_rarely() {
    let mut project = Project::new();
    project.has(["other"]);
    let _ = scheduled(&project, 100_000, 200_000);
    // As a program before this one, which did not hold templates against their schedules, may have left it.
    let change = "update templates set body = replace(hex(zeroblob(100000)), '00', '{{x}}{{x}}')";
    rusqlite::Connection::open(project.file()).unwrap().execute(change, []).unwrap();

    let mut failures = Vec::new();
    for time in ["12:01", "12:01", "12:02", "12:03"] {
        project.at(time);
        for operation in ["list_tasks", "status_summary", "schedules"] {
            project.does(operation, json!({}));
        }
        project.does("claim", json!({ "worker_id": "ann", "count": 1 }));
        failures.push(project.answer("schedules", json!({}))["schedules"][0]["failures"].clone());
    }

    assert_eq!(failures, [1, 1, 2, 3]);
    let one = project.answer("schedules", json!({ "name": "sweep" }));
    assert_eq!(one["problem"], "the description that template `look` makes has more than 1048576 bytes");
    assert_eq!(project.answer("schedules", json!({}))["schedules"][0]["next_at"], "2026-01-31T12:03:40Z");
    project.does("define_template", json!({ "name": "look", "body": "{{x}}" }));
    assert_eq!(titles(project.at("12:04")).len(), 2);
    assert_eq!(project.answer("schedules", json!({}))["schedules"][0].get("failures"), None);
}
