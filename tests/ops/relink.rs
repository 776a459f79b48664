//! `relink`: replace links by others in one step.

use serde_json::json;

use crate::support::project::Project;

#[test]
fn a_task_moves_to_another_parent() {
    let project = Project::new();
    project.has(["one", "two", "part"]).inside("one", ["part"]);

    let asked = json!({ "prev_from": "one", "prev_to": "part", "from": "two", "to": "part" });
    let moved = project.answer("relink", asked);

    assert_eq!(moved, json!({ "unlinked": 1, "linked": 1, "unblocked": ["one"] }));
    assert_eq!(project.task("part")["parent"]["id"], "two");
}

#[test]
fn a_dependency_can_be_turned_elsewhere() {
    let project = Project::new();
    project.has(["a", "b", "c"]).linked("a", "b");

    let asked = json!({
        "prev_from": "a", "prev_to": "b", "from": "a", "to": "c", "type": "blocks",
    });
    let turned = project.answer("relink", asked);

    assert_eq!(turned["unblocked"], json!(["b"]));
    assert_eq!(project.ready(), ["a", "b"]);
}

#[test]
fn what_was_free_only_for_a_moment_is_not_reported() {
    let project = Project::new();
    project.has(["a", "b", "c"]).linked("a", "c");

    let asked = json!({
        "prev_from": "a", "prev_to": "c", "from": "b", "to": "c", "type": "blocks",
    });

    assert_eq!(project.answer("relink", asked), json!({ "unlinked": 1, "linked": 1 }));
}

#[test]
fn a_parent_that_loses_its_last_open_task_completes_itself() {
    let project = Project::new();
    project.has(["one", "two", "done", "part"]).inside("one", ["done", "part"]);
    let _ = project.finish("done");

    let asked = json!({ "prev_from": "one", "prev_to": "part", "from": "two", "to": "part" });

    assert_eq!(project.answer("relink", asked)["completed_above"], json!(["one"]));
}

#[test]
fn a_refused_move_leaves_the_old_links() {
    let project = Project::new();
    project.has(["top", "middle", "bottom", "done"]);
    project.inside("top", ["middle"]).inside("middle", ["bottom"]);
    let _ = project.finish("done");
    let moved_to =
        |parent: &str| json!({ "prev_from": "top", "prev_to": "middle", "from": parent, "to": "middle" });

    assert_eq!(project.refusal("relink", moved_to("bottom")).code, "cycle");
    assert_eq!(project.refusal("relink", moved_to("done")).code, "ended");
    assert_eq!(project.refusal("relink", moved_to("nowhere")).code, "not_found");
}

#[test]
fn a_link_that_is_not_there_is_not_counted() {
    let project = Project::new();
    project.has(["one", "two", "part"]);

    let asked = json!({ "prev_from": "one", "prev_to": "part", "from": "two", "to": "part" });

    assert_eq!(project.answer("relink", asked), json!({ "unlinked": 0, "linked": 1 }));
}
