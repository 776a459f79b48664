//! Groups of which only so many are at work at a time.

use serde_json::json;

use crate::support::project::Project;

/// Four tasks that share something of which there is enough for `limit`.
fn project(limit: u32) -> Project {
    let project = Project::new();
    for id in ["a", "b", "c", "d"] {
        project.has_one(id, json!({ "job": { "group": "gpu", "group_limit": limit } }));
    }
    project
}

#[test]
fn only_so_many_are_handed_out() {
    let project = project(2);

    let first = project.ready();
    project.claim("ann", "a");
    let second = project.ready();
    project.claim("bob", "b");

    assert_eq!((first, second), (vec!["a".to_owned(), "b".to_owned()], vec!["b".to_owned()]));
    assert!(project.ready().is_empty());
    assert_eq!(project.answer("status_summary", json!({}))["limited"], 2);
}

#[test]
fn who_ends_makes_room_for_the_next() {
    let project = project(1);
    project.claim("ann", "a");

    let _ = project.moves("ann", "a", "completed");

    assert_eq!(project.ready(), ["b"]);
}

#[test]
fn finish_and_next_takes_the_place_that_it_freed() {
    let project = project(1);
    project.claim("ann", "a");

    let done = project
        .answer("update", json!({ "worker_id": "ann", "task": "a", "status": "completed", "next": true }));

    assert_eq!(done["next"]["id"], "b");
    assert!(project.ready().is_empty());
}

#[test]
fn several_at_once_are_not_more_than_there_is_room_for() {
    let project = project(2);

    let taken = project.answer("claim", json!({ "worker_id": "ann", "count": 4 }));

    assert_eq!(taken["tasks"].as_array().unwrap().len(), 2);
}

#[test]
fn who_names_one_is_told_who_is_at_work_and_may_insist() {
    let project = project(1);
    project.claim("ann", "a");

    let refused = project.refusal("claim", json!({ "worker_id": "bob", "task": "c" }));
    let explained = project.answer("explain", json!({ "worker_id": "bob", "task": "c" }));
    project.does("claim", json!({ "worker_id": "bob", "task": "c", "force": true }));

    assert_eq!(refused.code, "limited");
    assert_eq!(*refused.details, json!({ "task": "c", "group": "gpu", "limit": 1, "at_work": ["ann"] }));
    assert_eq!(explained["because"][0]["code"], "limited");
}

#[test]
fn who_names_one_while_there_is_room_gets_it() {
    let project = project(1);

    project.claim("ann", "c");

    assert!(project.ready().is_empty());
}

#[test]
fn the_most_urgent_has_the_next_turn() {
    let project = project(1);

    project.has_one("urgent", json!({ "priority": 9, "job": { "group": "gpu" } }));

    assert_eq!(project.ready(), ["urgent"]);
    project.does("update", json!({ "worker_id": "ann", "task": "c", "priority": 10 }));
    assert_eq!(project.ready(), ["c"]);
}

#[test]
fn one_that_nobody_here_can_do_does_not_hold_up_the_others() {
    let project = Project::new();
    project.has_one("rare", json!({ "needed_tags": ["cobol"], "job": { "group": "gpu" } }));
    project.has_one("usual", json!({ "job": { "group": "gpu" } }));

    let taken = project.answer("claim", json!({ "worker_id": "ann" }));

    assert_eq!(taken["task"]["id"], "usual");
    assert!(project.ready().is_empty(), "one is at work");
}

#[test]
fn one_of_work_that_nobody_asks_for_does_not_hold_up_the_others() {
    let project = Project::new();
    project.has(["theirs", "ours"]);
    for (id, parent) in [("first", "theirs"), ("second", "ours")] {
        project.has_one(id, json!({ "parent": parent, "job": { "group": "gpu" } }));
    }

    let taken = project.answer("claim", json!({ "worker_id": "ann", "under": "ours" }));

    assert_eq!(taken["task"]["id"], "second");
    assert!(project.ready().is_empty(), "one is at work");
}

#[test]
fn one_that_is_freed_or_brought_back_waits_for_its_turn() {
    let project = project(1);
    project
        .has(["first"])
        .has_one("e", json!({ "priority": 9, "blocked_by": "first", "job": { "group": "gpu" } }));

    let before = project.ready();
    let _ = project.finish("first");
    let freed = project.ready();
    project.does("delete", json!({ "worker_id": "ann", "task": "e" }));
    let deleted = project.ready();
    project.does("undelete", json!({ "task": "e" }));

    assert_eq!(
        (before, freed, deleted),
        (vec!["a".into(), "first".into()], vec!["e".into()], vec!["a".to_owned()])
    );
    assert_eq!(project.ready(), ["e"]);
}

#[test]
fn the_dead_make_room() {
    let mut project = project(1);
    project.claim("ann", "a");

    project.at("12:10").does("cleanup_stale", json!({}));

    assert_eq!(project.ready(), ["a"]);
}

#[test]
fn more_room_is_more_turns() {
    let project = project(1);

    project.does("update", json!({ "worker_id": "ann", "task": "d", "job": { "group_limit": 3 } }));
    let more = project.ready();
    project.does("update", json!({ "worker_id": "ann", "task": "d", "job": { "group_limit": 1 } }));

    assert_eq!(more, ["a", "b", "c"]);
    assert_eq!(project.ready(), ["a"]);
}

#[test]
fn a_task_can_join_a_group_later() {
    let project = project(1);
    project.has_one("new", json!({ "priority": 9 }));

    project.does("update", json!({ "worker_id": "ann", "task": "new", "job": { "group": "gpu" } }));

    assert_eq!(project.ready(), ["new"]);
}

#[test]
fn a_task_that_fails_makes_room_while_it_rests() {
    let mut project = Project::new();
    for id in ["a", "b"] {
        project.has_one(id, json!({ "job": { "group": "gpu", "max_retries": 1, "base": "5m" } }));
    }
    project.claim("ann", "a");

    let _ = project.moves("ann", "a", "failed");
    let meanwhile = project.ready();

    assert_eq!(meanwhile, ["b"]);
    assert_eq!(project.at("12:10").ready(), ["a"]);
}

#[test]
fn a_group_of_which_nobody_may_work_is_refused() {
    let project = Project::new();

    let refused =
        project.refusal("create", json!({ "title": "x", "job": { "group": "g", "group_limit": 0 } }));

    assert_eq!(refused.code, "input");
}
