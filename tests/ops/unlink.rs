//! `unlink`: remove links.

use serde_json::json;

use crate::support::project::Project;

#[test]
fn what_nothing_blocks_any_more_is_reported() {
    let project = Project::new();
    project.has(["first", "second", "part"]).linked("first", "second").inside("second", ["part"]);

    let unlinked = project.answer("unlink", json!({ "from": "first", "to": "second" }));

    assert_eq!(unlinked, json!({ "unlinked": 1, "unblocked": ["part"] }));
    assert_eq!(project.ready(), ["first", "part"]);
}

#[test]
fn a_link_of_another_kind_goes_on_blocking() {
    let project = Project::new();
    project.has(["first", "second"]).linked("first", "second");
    project.does("link", json!({ "from": "first", "to": "second", "type": "follows" }));

    let unlinked = project.answer("unlink", json!({ "from": "first", "to": "second" }));

    assert_eq!(unlinked, json!({ "unlinked": 1 }));
    assert_eq!(project.ready(), ["first"]);
}

#[test]
fn a_star_means_all_on_that_side() {
    let project = Project::new();
    project.has(["a", "b", "c", "d"]).linked("a", "c").linked("b", "c").linked("a", "d");

    let to_c = project.answer("unlink", json!({ "from": "*", "to": "c" }));
    let from_a = project.answer("unlink", json!({ "from": "a", "to": "*" }));

    assert_eq!((&to_c["unlinked"], &from_a["unlinked"]), (&json!(2), &json!(1)));
    assert_eq!(project.ready(), ["a", "b", "c", "d"]);
}

#[test]
fn a_star_on_both_sides_is_refused() {
    let project = Project::new();

    assert_eq!(project.refusal("unlink", json!({ "from": "*", "to": "*" })).code, "input");
}

#[test]
fn a_link_that_is_not_there_is_not_removed() {
    let project = Project::new();
    project.has(["a", "b"]);

    assert_eq!(project.answer("unlink", json!({ "from": "a", "to": "b" })), json!({ "unlinked": 0 }));
}

#[test]
fn taking_the_last_open_task_out_completes_its_container() {
    let project = Project::new();
    project.has(["whole", "one", "two"]).inside("whole", ["one", "two"]);
    let _ = project.finish("one");

    let asked = json!({ "from": "whole", "to": "two", "type": "contains" });
    let unlinked = project.answer("unlink", asked);

    assert_eq!(unlinked["completed_above"], json!(["whole"]));
    assert_eq!(project.ready(), ["two"]);
}

#[test]
fn what_is_taken_out_of_a_waiting_task_waits_no_more() {
    let project = Project::new();
    project.has(["first", "second", "part"]).linked("first", "second").inside("second", ["part"]);

    let asked = json!({ "from": "second", "to": "part", "type": "contains" });

    assert_eq!(project.answer("unlink", asked)["unblocked"], json!(["part"]));
}

#[test]
fn what_is_not_there_is_refused() {
    let project = Project::new();
    project.has(["a"]);

    for (arguments, code) in [
        (json!({ "from": "a", "to": "nowhere" }), "not_found"),
        (json!({ "from": "a b", "to": "a" }), "input"),
        (json!({ "from": "a", "to": "a", "type": "block" }), "not_found"),
    ] {
        assert_eq!(project.refusal("unlink", arguments.clone()).code, code, "{arguments}");
    }
}

#[test]
fn it_is_in_the_feed() {
    let project = Project::new();
    project.has(["a", "b"]).linked("a", "b");

    project.does("unlink", json!({ "worker_id": "ann", "from": "a", "to": "b" }));

    let event = project.last_event("b");
    assert_eq!((&event["event"], &event["worker_id"]), (&json!("unlinked"), &json!("ann")));
    assert_eq!(event["cause"], "unlink");
    assert_eq!(event["before"], json!({ "from": "a", "to": "b", "type": "blocks" }));
}
