//! `link`: one task blocks, contains or concerns another.

use serde_json::json;

use crate::support::project::Project;

#[test]
fn what_is_blocked_is_not_ready() {
    let project = Project::new();
    project.has(["first", "second"]);

    let linked = project.answer("link", json!({ "from": "first", "to": "second" }));

    assert_eq!(linked, json!({ "linked": 1 }));
    assert_eq!(project.ready(), ["first"]);
}

#[test]
fn every_one_is_linked_to_every_other() {
    let project = Project::new();
    project.has(["a", "b", "c", "d"]);

    let linked = project.answer("link", json!({ "from": ["a", "b"], "to": ["c", "d"] }));

    assert_eq!(linked["linked"], 4);
    assert_eq!(project.ready(), ["a", "b"]);
}

#[test]
fn a_link_that_is_there_changes_nothing() {
    let project = Project::new();
    project.has(["first", "second"]).linked("first", "second");

    let again = project.answer("link", json!({ "from": "first", "to": "second" }));

    assert_eq!(again, json!({ "linked": 0, "unchanged": 1 }));
    assert_eq!(project.task("second")["blocked_by"].as_array().map(Vec::len), Some(1));
}

#[test]
fn two_kinds_of_link_between_two_tasks_count_once() {
    let project = Project::new();
    project.has(["first", "second"]).linked("first", "second");
    project.does("link", json!({ "from": "first", "to": "second", "type": "follows" }));

    assert_eq!(project.finish("first").unblocked, ["second"]);
}

#[test]
fn a_link_from_what_has_ended_holds_nothing_back() {
    let project = Project::new();
    project.has(["first", "second"]);
    let _ = project.finish("first");

    project.linked("first", "second");

    assert_eq!(project.ready(), ["second"]);
}

#[test]
fn a_circle_is_refused_with_its_path() {
    let project = Project::new();
    project.has(["a", "b", "c"]).linked("a", "b").linked("b", "c");

    let refused = project.refusal("link", json!({ "from": "c", "to": "a", "type": "follows" }));

    assert_eq!(refused.code, "cycle");
    assert_eq!(refused.details["path"], json!(["a", "b", "c", "a"]));
    assert_eq!(refused.message, "a link `c` to `a` would close the circle `a` → `b` → `c` → `a`");
}

#[test]
fn a_task_is_not_linked_to_itself() {
    let project = Project::new();
    project.has(["a"]);

    for kind in ["blocks", "contains", "see-also"] {
        let asked = json!({ "from": "a", "to": "a", "type": kind });
        assert_eq!(project.refusal("link", asked).code, "cycle");
    }
}

#[test]
fn a_deadlock_across_kinds_is_refused() {
    let project = Project::new();
    project.has(["whole", "part", "other", "bit"]);
    project.inside("whole", ["part"]).inside("other", ["bit"]).linked("whole", "other");

    for (from, to, kind) in [
        ("whole", "part", "blocks"),
        ("part", "whole", "blocks"),
        ("bit", "part", "follows"),
        ("part", "other", "contains"),
    ] {
        let refused = project.refusal("link", json!({ "from": from, "to": to, "type": kind }));

        assert!(["cycle", "has_parent"].contains(&refused.code.as_str()), "{from} {kind} {to}");
    }
}

#[test]
fn a_tree_stays_a_tree() {
    let project = Project::new();
    project.has(["top", "middle", "bottom"]).inside("top", ["middle"]).inside("middle", ["bottom"]);

    let refused = project.refusal("link", json!({ "from": "bottom", "to": "top", "type": "contains" }));

    assert_eq!(refused.code, "cycle");
}

#[test]
fn information_may_go_round() {
    let project = Project::new();
    project.has(["a", "b"]).linked("a", "b");

    for kind in ["see-also", "relates-to", "duplicate"] {
        project.does("link", json!({ "from": "b", "to": "a", "type": kind }));
        project.does("link", json!({ "from": "a", "to": "b", "type": kind }));
    }

    assert_eq!(project.ready(), ["a"]);
}

#[test]
fn a_task_has_one_parent() {
    let project = Project::new();
    project.has(["one", "two", "part"]).inside("one", ["part"]);

    let refused = project.refusal("link", json!({ "from": "two", "to": "part", "type": "contains" }));

    assert_eq!(refused.code, "has_parent");
    assert_eq!(refused.details["parent"], "one");
}

#[test]
fn all_links_are_made_or_none() {
    let project = Project::new();
    project.has(["a", "b", "c"]).linked("c", "a");

    let refused = project.refusal("link", json!({ "from": "a", "to": ["b", "c"] }));

    assert_eq!(refused.code, "cycle");
}

#[test]
fn what_cannot_be_linked_is_refused() {
    let project = Project::new();
    project.has(["api", "done", "gone"]).does("delete", json!({ "worker_id": "ann", "task": "gone" }));
    let _ = project.finish("done");

    for (arguments, code) in [
        (json!({ "from": "api", "to": "nowhere" }), "not_found"),
        (json!({ "from": "gone", "to": "api" }), "deleted"),
        (json!({ "from": "api", "to": "gone" }), "deleted"),
        (json!({ "from": "done", "to": "api", "type": "contains" }), "ended"),
        (json!({ "from": "api", "to": "done", "type": "block" }), "input"),
    ] {
        assert_eq!(project.refusal("link", arguments.clone()).code, code, "{arguments}");
    }
}

#[test]
fn too_many_links_are_refused() {
    let project = Project::with(|config| config.limits.ids = 3);
    project.has(["a", "b", "c", "d"]);

    let refused = project.refusal("link", json!({ "from": ["a", "b"], "to": ["c", "d"] }));

    assert_eq!(refused.code, "input");
}

#[test]
fn a_child_that_comes_to_stand_under_a_waiting_task_waits_too() {
    let project = Project::new();
    project.has(["first", "second", "part"]).linked("first", "second");

    project.inside("second", ["part"]);

    assert_eq!(project.ready(), ["first"]);
    assert_eq!(project.task("part")["blocked_by"][0]["above"], "second");
}

#[test]
fn a_link_is_in_the_feed() {
    let project = Project::new();
    project.has(["a", "b"]);

    project.does("link", json!({ "worker_id": "ann", "from": "a", "to": "b" }));

    let event = project.last_event("b");
    assert_eq!((&event["event"], &event["worker_id"]), (&json!("linked"), &json!("ann")));
    assert_eq!(event["after"], json!({ "from": "a", "to": "b", "type": "blocks" }));
}

#[test]
fn of_many_links_in_one_call_each_is_held_against_those_before() {
    let project = Project::new();
    project.has(["a", "b"]);
    let around = |last: &str| {
        json!({ "tasks": [
            { "title": "there", "id": "there", "blocked_by": "a", "blocks": "b" },
            { "title": "back", "id": "back", "blocked_by": "b", "blocks": last },
        ] })
    };

    let refused = project.refusal("create", around("a"));

    assert_eq!(refused.code, "cycle");
    assert_eq!(refused.message.matches('→').count(), 4, "{}", refused.message);
    project.has(["c"]);
    assert_eq!(project.answer("create", around("c"))["created"], 2);
}
