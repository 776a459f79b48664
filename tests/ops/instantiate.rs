//! `instantiate`: tasks made from templates.

use serde_json::{Value, json};

use crate::support::project::{Project, ids};

fn with(about: Value) -> Project {
    let project = Project::new();
    project.does("define_template", about);
    project
}

/// A project with the template `look`, of which the same is made once.
fn with_look(duplicates: Value) -> Project {
    with(json!({
        "name": "look", "title": "Look at {{file}}", "vars": { "file": "string", "depth": { "type": "integer", "default": 1 } },
        "duplicates": duplicates,
    }))
}

fn look(project: &Project, vars: Value) -> Value {
    project.answer("instantiate", json!({ "template": "look", "vars": vars }))
}

fn id(made: &Value) -> &str {
    made["id"].as_str().unwrap()
}

#[test]
fn a_task_has_the_texts_with_the_values_in_them() {
    let project = with(json!({
        "name": "look", "title": "Look at {{file}}", "body": "{{file}}: {{days}} days, {{deep}}, \\{{file}} {{note}}.",
        "vars": {
            "file": "string", "days": { "type": "integer", "default": 3 }, "deep": "boolean",
            "note": { "required": false },
        },
        "defaults": { "priority": 7, "tags": ["look"] },
    }));

    let made = project
        .answer("instantiate", json!({ "template": "look", "vars": { "file": "a.rs", "deep": true } }));

    let task = project.task(id(&made));
    assert_eq!((&made["status"], &made["ready"]), (&json!("pending"), &json!(true)));
    assert_eq!((&task["title"], &task["priority"]), (&json!("Look at a.rs"), &json!(7)));
    assert_eq!(task["description"], "a.rs: 3 days, true, {{file}} .");
    assert_eq!(
        (&task["template"], &task["vars"]),
        (&json!("look v1"), &json!({ "deep": true, "file": "a.rs" }))
    );
}

#[test]
fn values_arrive_unchanged() {
    let project = with(json!({ "name": "t", "body": "{{a}}|{{b}}" }));
    let long = "{{b}} $& ".repeat(12_000);

    for value in [
        "{{a}}",
        "{{b}}",
        "\\{{b}}",
        "$&",
        "$1$$",
        "\"quotes'",
        "two\nlines\r\n\ttabs",
        "2025-01-01T00:00:00.000Z",
        "",
        "  ",
        "\u{0}\u{7f}",
        "日本 🦀",
        &long,
    ] {
        let made =
            project.answer("instantiate", json!({ "template": "t", "vars": { "a": value, "b": "b" } }));

        let body = project.rows(&format!("select description from tasks where id = '{}'", id(&made)));
        assert_eq!(body[0]["description"], format!("{value}|b"));
    }
}

#[test]
fn missing_unknown_and_mistyped_values_of_all_items_are_named_at_once() {
    let project = with(json!({
        "name": "t", "body": "{{file}}",
        "vars": { "file": "string", "days": "integer", "size": ["s", "l"], "day": { "type": "date", "required": false } },
    }));

    let refused = project.refusal(
        "instantiate",
        json!({ "template": "t", "vars": [
            { "file": "a", "days": 1, "size": "s" },
            { "flie": "a", "days": "many", "size": "xl" },
            { "file": ["a"], "days": 1.5, "day": "soon" },
        ]}),
    );

    assert_eq!(refused.code, "input");
    for part in [
        "item 1: `file` is missing, `days` takes an integer, not \"many\", `size` takes one of `s`, `l`, not \"xl\"",
        "`flie` is unknown (`file`?)",
        "item 2: `file` takes a string",
        "`size` is missing",
        "`days` takes an integer, not 1.5",
        "`day` takes a date",
    ] {
        assert!(refused.message.contains(part), "{part}: {}", refused.message);
    }
    assert_eq!(refused.hint.unwrap(), "it takes file: string, days: integer, size: s|l, day?: date");
}

#[test]
fn texts_from_tables_are_values_of_every_type() {
    let project = with(json!({
        "name": "t", "body": "{{i}} {{n}} {{b}} {{d}} {{s}}",
        "vars": { "i": "integer", "n": "number", "b": "boolean", "d": "date", "s": "string" },
    }));

    let vars = json!({ "i": "7", "n": "1.50", "b": "true", "d": "2026-01-31", "s": 5 });
    let made = project.answer("instantiate", json!({ "template": "t", "vars": vars }));

    assert_eq!(project.task(id(&made))["description"], "7 1.5 true 2026-01-31 5");
}

#[test]
fn a_title_is_one_line_whatever_the_values_are() {
    let project = with(json!({ "name": "t", "title": "{{a}}", "body": "{{a}}" }));
    let value = format!("one\ntwo {}", "x".repeat(600));

    let made = project.answer("instantiate", json!({ "template": "t", "vars": { "a": value } }));

    let task = &project.rows(&format!("select title, description from tasks where id = '{}'", id(&made)))[0];
    assert!(task["title"].as_str().unwrap().starts_with("one two xxx"), "{task:?}");
    assert_eq!(task["description"], value);
}

#[test]
fn steps_are_tasks_in_it_that_wait_for_each_other() {
    let project = with(json!({
        "name": "fix", "title": "Fix {{what}}",
        "steps": [
            { "ref": "find", "title": "Find {{what}}" },
            { "ref": "mend", "title": "Mend {{what}}", "needs": ["find"], "defaults": { "priority": 9 } },
        ],
    }));

    let made = project.answer("instantiate", json!({ "template": "fix", "vars": { "what": "it" } }));

    let (find, mend) = (made["steps"]["find"].as_str().unwrap(), made["steps"]["mend"].as_str().unwrap());
    assert_eq!(made["ready"], false);
    assert_eq!(project.ready(), [find]);
    assert_eq!(project.task(mend)["title"], "Mend it");
    assert_eq!(project.task(mend)["priority"], 9);
    assert_eq!(project.task(mend)["parent"]["title"], "Fix it");
    assert_eq!(project.finish(find).unblocked, [mend]);
    assert_eq!(project.finish(mend).completed_above, [id(&made)]);
}

#[test]
fn it_comes_to_stand_where_it_is_asked_to() {
    let project = with(json!({ "name": "t" }));
    project.has(["top"]).does("project", json!({ "name": "web" })).does("project", json!({ "name": "api" }));
    project.worker("ann", json!({ "project": "api" }));

    let under = project.answer("instantiate", json!({ "template": "t", "parent": "top" }));
    let inside =
        project.answer("instantiate", json!({ "template": "t", "project": "web", "worker_id": "ann" }));
    let own = project.answer("instantiate", json!({ "template": "t", "worker_id": "ann" }));
    let free = project.answer("instantiate", json!({ "template": "t" }));

    let parent = |made: &Value| project.task(id(made))["parent"]["id"].clone();
    assert_eq!(
        [parent(&under), parent(&inside), parent(&own), parent(&free)],
        [json!("top"), json!("web"), json!("api"), json!(null)]
    );
    project.does("project", json!({ "name": "web", "state": "closed" }));
    assert_eq!(project.refusal("instantiate", json!({ "template": "t", "project": "web" })).code, "closed");
}

#[test]
fn many_are_made_in_one_call() {
    let project = with_look(json!({ "on": "existing" }));
    look(&project, json!({ "file": "b" }));

    let made = look(&project, json!([{ "file": "a" }, { "file": "b" }, { "file": "c" }, { "file": "a" }]));

    assert_eq!((&made["created"], &made["existing"]), (&json!(2), &json!(2)));
    let tasks = ids(&made["tasks"]);
    assert_eq!(tasks[0], tasks[3]);
    assert_eq!(made["tasks"][1]["existing"], true);
    let many: Vec<Value> = (0..1_000).map(|n| json!({ "file": n.to_string() })).collect();
    assert_eq!(look(&project, many.into()), json!({ "created": 1_000 }));
    let more: Vec<Value> = (0..1_001).map(|n| json!({ "file": n.to_string() })).collect();
    assert_eq!(project.refusal("instantiate", json!({ "template": "look", "vars": more })).code, "input");
}

#[test]
fn the_same_is_answered_whatever_the_order_of_its_values() {
    let project = with_look(json!({ "on": "existing" }));

    let first = look(&project, json!({ "file": "a", "depth": 1 }));

    for same in
        [json!({ "depth": 1, "file": "a" }), json!({ "file": "a" }), json!({ "file": "a", "depth": "1" })]
    {
        let second = look(&project, same);
        assert_eq!((&second["id"], &second["existing"]), (&first["id"], &json!(true)));
    }
    assert_eq!(look(&project, json!({ "file": "a", "depth": 2 })).get("existing"), None);
}

#[test]
fn only_the_chosen_values_make_it_the_same() {
    let project = with_look(json!({ "on": "existing", "key": ["file"] }));

    let first = look(&project, json!({ "file": "a", "depth": 1 }));

    assert_eq!(look(&project, json!({ "file": "a", "depth": 2 }))["id"], first["id"]);
}

#[test]
fn duplicates_are_refused_with_what_is_there() {
    let project = with_look(json!({ "on": "error" }));
    let first = look(&project, json!({ "file": "a" }));

    let refused = project
        .refusal("instantiate", json!({ "template": "look", "vars": [{ "file": "b" }, { "file": "a" }] }));
    let twice = project
        .refusal("instantiate", json!({ "template": "look", "vars": [{ "file": "b" }, { "file": "b" }] }));

    assert_eq!((refused.code.as_str(), &refused.details["tasks"][0]), ("duplicate", &first["id"]));
    assert!(twice.message.contains("items 0 and 1"), "{twice:?}");
}

#[test]
fn they_are_allowed_where_nothing_is_said_and_where_the_call_says_so() {
    let project = with_look(json!({}));

    let (first, second) = (look(&project, json!({ "file": "a" })), look(&project, json!({ "file": "a" })));
    assert_ne!(first["id"], second["id"]);

    let asked = json!({ "template": "look", "vars": { "file": "a" }, "on_duplicate": "existing" });
    assert_eq!(project.answer("instantiate", asked)["id"], first["id"]);
}

#[test]
fn a_task_keeps_its_twins_away_as_long_as_the_window_says() {
    for (window, while_open, when_ended, hours_later) in
        [("active", true, false, false), ("ever", true, true, true), ("2h", true, true, false)]
    {
        let mut project = with_look(json!({ "on": "existing", "window": window }));
        let first = look(&project, json!({ "file": "a" }));
        let asked = |project: &Project| look(project, json!({ "file": "a" }));

        let second = asked(&project);
        let _ = project.finish(id(&first));
        let third = asked(&project);
        let _ = project.call("claim", json!({ "worker_id": "ann", "task": third["id"] }));
        let _ =
            project.call("update", json!({ "worker_id": "ann", "task": third["id"], "status": "completed" }));
        project.at("14:00");
        let fourth = asked(&project);

        let is_there = [second, third, fourth].map(|made| made["existing"] == true);
        assert_eq!(is_there, [while_open, when_ended, hours_later], "{window}");
    }
}

#[test]
fn one_that_was_deleted_keeps_nothing_away() {
    let project = with_look(json!({ "on": "error", "window": "ever" }));
    let first = look(&project, json!({ "file": "a" }));

    project.does("delete", json!({ "worker_id": "ann", "task": first["id"] }));

    assert_ne!(look(&project, json!({ "file": "a" }))["id"], first["id"]);
    project.does("undelete", json!({ "task": first["id"] }));
}

#[test]
fn the_same_in_another_project_is_another() {
    let project = with_look(json!({ "on": "error" }));
    for name in ["web", "api"] {
        project.does("project", json!({ "name": name }));

        project.does("instantiate", json!({ "template": "look", "vars": { "file": "a" }, "project": name }));
    }
}

#[test]
fn an_unknown_template_is_refused() {
    let project = with(json!({ "name": "look" }));

    let refused = project.refusal("instantiate", json!({ "template": "lok" }));

    assert_eq!(
        (refused.code.as_str(), refused.hint.unwrap().as_str()),
        ("not_found", "did you mean `look`?")
    );
}

#[test]
fn values_that_are_too_long_are_refused() {
    let project = Project::with(|config| config.limits.text_bytes = 1_000);
    project.does("define_template", json!({ "name": "t", "vars": { "a": "string" } }));

    let refused =
        project.refusal("instantiate", json!({ "template": "t", "vars": { "a": "x".repeat(1_001) } }));

    assert!(refused.message.contains("the values"), "{refused:?}");
}

#[test]
fn rows_give_the_variables_that_differ() {
    let project = Project::new();
    let vars = json!({ "who": {}, "size": { "type": "integer" }, "by": {} });
    project
        .does("define_template", json!({ "name": "mail", "title": "{{who}} {{size}} {{by}}", "vars": vars }));

    let table = json!({
        "template": "mail", "vars": { "by": "noon" },
        "columns": ["who", "size"], "rows": [["ann", 1], ["bob", "2"]],
    });
    let made = project.answer("instantiate", table);

    let titles = made["tasks"].as_array().unwrap().iter();
    let titles: Vec<_> =
        titles.map(|made| project.answer("get", json!({ "task": made["id"] }))["title"].clone()).collect();
    assert_eq!(titles, ["ann 1 noon", "bob 2 noon"]);

    let wrong = json!({ "template": "mail", "columns": ["who", "size"], "rows": [["ann"], ["bob", "x"]] });
    let refused = project.refusal("instantiate", wrong);
    assert!(refused.message.contains("rows[0]"), "{}", refused.message);
}

#[test]
fn texts_that_blanks_make_endless_are_refused_before_they_are_made() {
    let project = Project::with(|config| config.limits.text_bytes = 5_000_000);
    project.does("define_template", json!({ "name": "t", "title": "x", "body": "{{x}}".repeat(1_000_000) }));

    // A terabyte, for which there is no memory.
    let refused =
        project.refusal("instantiate", json!({ "template": "t", "vars": { "x": "v".repeat(1_000_000) } }));

    assert_eq!(refused.code, "input");
    assert_eq!(refused.message, "the description that template `t` makes has more than 5000000 bytes");
}

#[test]
fn copies_of_a_text_are_bounded_however_they_are_asked_for() {
    let project = Project::with(|config| config.limits.text_bytes = 1_000);
    project.does("define_template", json!({ "name": "long", "title": "x", "body": "y".repeat(900) }));
    project.does("define_template", json!({ "name": "given", "title": "x", "body": "{{z}}" }));
    let steps = json!(
        (0..12).map(|at| json!({ "ref": format!("s{at}"), "body": "y".repeat(900) })).collect::<Vec<_>>()
    );
    project.does("define_template", json!({ "name": "steps", "title": "x", "steps": steps }));

    for asked in [
        json!({ "template": "long", "vars": vec![json!({}); 12] }),
        json!({ "template": "given", "vars": { "z": "y".repeat(900) }, "columns": ["a"], "rows": vec![["1"]; 12] }),
        json!({ "template": "steps" }),
    ] {
        let refused = project.refusal("instantiate", asked);

        let expected = "the texts of this call add up to more than 10000 bytes with all copies";
        assert_eq!((refused.code.as_str(), refused.message.as_str()), ("input", expected));
    }
    assert_eq!(project.list(json!({ "limit": 1 })).len(), 0);
    project.does("instantiate", json!({ "template": "long", "vars": vec![json!({}); 11] }));
}
