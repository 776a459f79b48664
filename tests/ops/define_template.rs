//! `define_template`: what tasks are made from, in versions.

use serde_json::{Value, json};

use crate::support::project::Project;

fn defined(about: Value) -> Project {
    let project = Project::new();
    project.does("define_template", about);
    project
}

#[test]
fn blanks_that_nobody_declared_are_texts_that_must_be_given() {
    let project = Project::new();

    let made = project.answer(
        "define_template",
        json!({ "name": "review", "title": "Review {{file}}", "body": "Look at {{ file }}, then {{what}}." }),
    );

    assert_eq!(made, json!({ "name": "review", "version": 1, "vars": "file: string, what: string" }));
}

#[test]
fn a_change_is_a_new_version_and_what_is_left_out_stays() {
    let project = defined(json!({ "name": "t", "title": "Do {{a}}", "body": "{{b}}" }));

    let changed = project.answer("define_template", json!({ "name": "t", "body": "{{c}}" }));
    let again = project.answer("define_template", json!({ "name": "t", "body": "{{c}}" }));

    assert_eq!((&changed["version"], &changed["vars"]), (&json!(2), &json!("a: string, c: string")));
    assert_eq!((&again["version"], &again["unchanged"]), (&json!(2), &json!(true)));
    let bodies = project.rows("select body from templates order by version");
    assert_eq!(json!(bodies), json!([{ "body": "{{b}}" }, { "body": "{{c}}" }]));
}

#[test]
fn everything_that_is_wrong_is_said_at_once() {
    let project = Project::new();

    let refused = project.refusal(
        "define_template",
        json!({
            "name": "t", "body": "{{a}} {{ b c }} {{d}}", "vars": { "a": "text", "size": { "default": "x", "values": ["s"] } },
            "steps": [
                { "ref": "x", "needs": ["y"] }, { "ref": "y", "needs": ["x"] }, { "ref": "x", "needs": ["z"] },
            ],
            "duplicates": { "key": ["k"] },
        }),
    );

    for part in
        ["`a`", "`{{ b c", "`size`: its default", "called `x`", "needs `z`", "wait for each other", "`k`"]
    {
        assert!(refused.message.contains(part), "{part}: {}", refused.message);
    }
}

#[test]
fn blanks_that_the_variables_do_not_have_are_named() {
    let project = Project::new();

    let refused = project
        .refusal("define_template", json!({ "name": "t", "body": "{{a}}{{b}}", "vars": { "b": "string" } }));

    assert!(refused.message.contains("name `a`"), "{refused:?}");
}

#[test]
fn unclaimed_tasks_are_rewritten_when_that_is_asked_for() {
    let project = defined(json!({
        "name": "t", "title": "Do {{a}}", "body": "Old {{a}}.", "steps": [{ "ref": "one", "body": "Old step {{a}}" }],
    }));
    let made: Vec<Value> = ["x", "y", "z"]
        .map(|a| project.answer("instantiate", json!({ "template": "t", "vars": { "a": a } })))
        .into();
    let [x, y, z] = [0, 1, 2].map(|at: usize| made[at]["id"].as_str().unwrap());
    let step = |at: usize| made[at]["steps"]["one"].as_str().unwrap();
    project.claim("ann", step(1));
    project.does("update", json!({ "worker_id": "ann", "task": z, "description": "My own." }));

    let plain = project.answer("define_template", json!({ "name": "t", "body": "New {{a}}." }));
    assert_eq!(plain.get("applied"), None);
    assert_eq!(project.task(x)["description"], "Old x.");
    let applied = project.answer(
        "define_template",
        json!({ "name": "t", "steps": [{ "ref": "one", "body": "New step {{a}}" }], "apply": "pending" }),
    );

    // Two wholes and two steps; one step is claimed, one whole was edited.
    assert_eq!(applied["applied"], json!({ "rewritten": 4, "edited": 1 }));
    assert_eq!(project.task(x)["description"], "New x.");
    assert_eq!(project.task(x)["template"], "t v3");
    assert_eq!(project.task(step(0))["description"], "New step x");
    assert_eq!(project.task(step(1))["description"], "Old step y");
    assert_eq!(project.task(y)["description"], "New y.");
    assert_eq!(project.task(z)["description"], "My own.");
}

#[test]
fn values_that_do_not_fit_the_new_version_leave_the_task_as_it_is() {
    let project = defined(json!({ "name": "t", "body": "{{a}}" }));
    let made = project.answer("instantiate", json!({ "template": "t", "vars": { "a": "x" } }));

    let applied =
        project.answer("define_template", json!({ "name": "t", "body": "{{b}}", "apply": "pending" }));

    assert_eq!(applied["applied"], json!({ "rewritten": 0, "unfit": 1 }));
    assert_eq!(project.task(made["id"].as_str().unwrap())["description"], "x");
}

#[test]
fn a_project_has_templates_of_its_own() {
    let project = defined(json!({ "name": "t", "body": "for all" }));
    project.does("project", json!({ "name": "web" }));
    project.does("define_template", json!({ "name": "t", "body": "for web", "project": "web" }));

    let (own, all) = (
        project.answer("instantiate", json!({ "template": "t", "project": "web" })),
        project.answer("instantiate", json!({ "template": "t" })),
    );

    assert_eq!(project.task(own["id"].as_str().unwrap())["description"], "for web");
    assert_eq!(project.task(all["id"].as_str().unwrap())["description"], "for all");
}
