//! `create_tree`: a tree of tasks in one call.

use serde_json::json;

use crate::support::project::Project;

#[test]
fn a_tree_is_created_from_the_top_down() {
    let project = Project::new();
    project.has(["all"]);

    let tree = json!({ "id": "whole", "title": "x", "tasks": [
        { "id": "one", "title": "x" },
        { "id": "two", "title": "x", "children": [{ "id": "detail", "title": "x" }] },
    ]});
    let grown = project.answer("create_tree", json!({ "tree": tree, "parent": "all" }));

    assert_eq!(grown, json!({ "root": "whole", "created": 4, "ids": ["whole", "one", "two", "detail"] }));
    assert_eq!(project.task("whole")["parent"]["id"], "all");
    assert_eq!(project.ready(), ["one", "detail"]);
}

#[test]
fn siblings_may_follow_each_other() {
    let project = Project::new();

    let tree = json!({ "id": "whole", "title": "x", "tasks": [
        { "id": "one", "title": "x" },
        { "id": "two", "title": "x", "tasks": [{ "id": "detail", "title": "x" }] },
        { "id": "three", "title": "x" },
    ]});
    project.does("create_tree", json!({ "tree": tree, "sibling_type": "follows" }));

    assert_eq!(project.ready(), ["one"]);
    assert_eq!(project.finish("one").unblocked, ["detail"]);
    let done = project.finish("detail");
    assert_eq!((done.completed_above, done.unblocked), (vec!["two".into()], vec!["three".into()]));
}

#[test]
fn a_tree_may_hang_by_other_links() {
    let project = Project::new();

    let tree = json!({ "id": "one", "title": "x", "tasks": [{ "id": "two", "title": "x" }] });
    project.does("create_tree", json!({ "tree": tree, "child_type": "blocks" }));

    assert_eq!(project.ready(), ["one"]);
    assert_eq!(project.finish("one").unblocked, ["two"]);
}

#[test]
fn an_existing_task_can_be_put_into_the_tree() {
    let project = Project::new();
    project.has(["old", "first"]).linked("first", "old");

    let tree = json!({ "id": "whole", "title": "x", "tasks": [
        { "id": "one", "title": "x" },
        { "ref": "old", "tasks": [{ "id": "detail", "title": "x" }] },
    ]});
    let grown = project.answer("create_tree", json!({ "tree": tree, "sibling_type": "follows" }));

    assert_eq!(grown["created"], 3);
    assert_eq!(project.task("old")["parent"]["id"], "whole");
    assert_eq!(project.ready(), ["first", "one"]);
    let _ = project.finish("one");
    assert_eq!(project.finish("first").unblocked, ["detail"]);
}

#[test]
fn what_cannot_be_put_into_a_tree_is_refused() {
    let project = Project::new();
    project.has(["whole", "part", "gone"]).inside("whole", ["part"]);
    project.does("delete", json!({ "worker_id": "ann", "task": "gone" }));
    let pair = || json!({ "title": "x", "tasks": [{ "title": "x" }, { "title": "x" }] });
    let under = |existing: &str| json!({ "title": "x", "tasks": [{ "ref": existing }] });

    for (arguments, code) in [
        (json!({ "tree": under("part") }), "has_parent"),
        (json!({ "tree": under("gone") }), "deleted"),
        (json!({ "tree": under("nowhere") }), "not_found"),
        (json!({ "tree": under("whole"), "parent": "part" }), "cycle"),
        (json!({ "tree": { "title": "x" }, "parent": "nowhere" }), "not_found"),
        (json!({ "tree": { "title": "x" }, "child_type": "holds" }), "not_found"),
        (json!({ "tree": pair(), "sibling_type": "contains" }), "has_parent"),
        (json!({ "tree": { "tasks": [{ "title": "x" }] } }), "input"),
        (json!({ "tree": { "title": "x", "tasks": [{ "id": "part", "title": "x" }] } }), "exists"),
    ] {
        let refused = project.refusal("create_tree", arguments.clone());

        assert_eq!(refused.code, code, "{arguments}");
    }
}

#[test]
fn siblings_under_other_parents_close_no_circle() {
    let project = Project::new();
    project.has(["early", "late"]).linked("early", "late");

    // `b` would wait for `a`, `a` with `late` for `early`, and `early` for `b` in it.
    let tree = json!({ "title": "x", "tasks": [
        { "id": "a", "title": "x", "parent": "late" },
        { "id": "b", "title": "x", "parent": "early" },
    ]});
    let refused = project.refusal("create_tree", json!({ "tree": tree, "sibling_type": "follows" }));

    assert_eq!(refused.code, "cycle");
}

#[test]
fn a_large_tree_is_answered_briefly_unless_ids_are_asked_for() {
    let project = Project::new();
    let tasks: Vec<_> = (0..60).map(|_| json!({ "title": "x" })).collect();
    let tree = json!({ "title": "x", "tasks": tasks });

    let brief = project.answer("create_tree", json!({ "tree": tree }));
    let whole = project.answer("create_tree", json!({ "tree": tree, "return_ids": true }));

    assert_eq!(brief.get("ids"), None);
    assert_eq!(whole["ids"].as_array().map(Vec::len), Some(61));
}

#[test]
fn a_tree_has_a_limit() {
    let project = Project::with(|config| config.limits.tree_nodes = 2);

    let tree = json!({ "title": "x", "tasks": [{ "title": "x" }, { "title": "x" }] });

    assert_eq!(project.refusal("create_tree", json!({ "tree": tree })).code, "input");
}
