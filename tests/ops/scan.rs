//! `scan`: look around a task.

use serde_json::{Value, json};

use crate::support::project::{Project, ids};

/// first → second → third → fourth, with `part` and `detail` in `second`, which is in `whole`.
fn project() -> Project {
    let project = Project::new();
    project.has(["first", "second", "third", "fourth", "whole", "part", "detail"]);
    project.linked("first", "second").linked("second", "third").linked("third", "fourth");
    project.inside("whole", ["second"]).inside("second", ["part"]).inside("part", ["detail"]);
    project
}

fn seen(answer: &Value, direction: &str) -> Vec<String> {
    ids(&answer[direction]["tasks"])
}

#[test]
fn each_direction_is_followed_as_far_as_asked() {
    let around = project()
        .answer("scan", json!({ "task": "second", "before": 1, "after": 1, "above": 1, "below": 1 }));

    assert_eq!(around["root"]["id"], "second");
    assert_eq!(seen(&around, "before"), ["first"]);
    assert_eq!(seen(&around, "after"), ["third"]);
    assert_eq!(seen(&around, "above"), ["whole"]);
    assert_eq!(seen(&around, "below"), ["part"]);
}

#[test]
fn minus_one_goes_to_the_end() {
    let around = project().answer("scan", json!({ "task": "second", "after": -1, "below": -1 }));

    assert_eq!(seen(&around, "after"), ["third", "fourth"]);
    let detail = json!({
        "id": "detail", "title": "detail", "status": "pending", "depth": 2, "via": "part",
        "link": "contains",
    });
    assert_eq!(around["below"]["tasks"][1], detail);
}

#[test]
fn directions_that_are_not_asked_for_are_left_out() {
    let around = project().answer("scan", json!({ "task": "second" }));

    assert_eq!(around.as_object().map(|parts| parts.len()), Some(1));
}

#[test]
fn a_task_that_is_reached_twice_is_shown_once() {
    let project = project();
    project.linked("first", "fourth").linked("second", "fourth");

    let around = project.answer("scan", json!({ "task": "fourth", "before": -1 }));

    assert_eq!(seen(&around, "before"), ["first", "second", "third"]);
}

#[test]
fn more_than_the_limit_is_said() {
    let around = project().answer("scan", json!({ "task": "first", "after": -1, "limit": 2 }));

    assert_eq!(seen(&around, "after"), ["second", "third"]);
    assert_eq!(around["after"]["more"], true);
}

#[test]
fn a_task_that_is_not_there_is_refused() {
    let project = Project::new();

    assert_eq!(project.refusal("scan", json!({ "task": "api" })).code, "not_found");
}
