//! `project`: work that belongs together.

use serde_json::{Value, json};

use crate::support::project::{Project, ids};

/// A project with `web`, in which there are tasks with these ids.
fn with_web<const N: usize>(tasks: [&str; N]) -> Project {
    let project = Project::new();
    project.does("project", json!({ "name": "web", "instructions": "Use tabs." }));
    for id in tasks {
        project.has_one(id, json!({ "parent": "web" }));
    }
    project
}

#[test]
fn a_project_is_made_once_and_changed_by_its_name() {
    let project = Project::new();

    let made = project.answer("project", json!({ "name": "web", "description": "The site." }));
    let again = project.answer("project", json!({ "name": "web" }));
    let changed =
        project.answer("project", json!({ "name": "web", "description": "All of it.", "state": "paused" }));

    assert_eq!(made, json!({ "name": "web", "task": "web", "state": "active", "created": true }));
    assert_eq!(again, json!({ "name": "web", "task": "web", "state": "active" }));
    assert_eq!(changed["changed"], json!(["description", "state"]));
    assert_eq!(project.task("web")["description"], "All of it.");
    let event = project.last_event("web");
    assert_eq!((&event["event"], &event["after"]), (&json!("project"), &json!({ "state": "paused" })));
}

#[test]
fn a_project_is_no_work_itself() {
    let project = with_web([]);

    assert!(project.ready().is_empty());
    let refused = project.refusal("claim", json!({ "worker_id": "ann", "task": "web" }));
    assert_eq!(refused.code, "container");
    assert!(refused.message.contains("it is a project"), "{refused:?}");
    let nothing = project.answer("claim", json!({ "worker_id": "ann" }));
    assert_eq!(nothing["task"], json!(null));
}

#[test]
fn a_project_goes_on_when_its_last_task_has_ended() {
    let project = with_web(["page"]);

    let done = project.finish("page");

    assert!(done.completed_above.is_empty());
    assert_eq!(project.task("web")["status"], "pending");
    project.has_one("form", json!({ "parent": "web" }));
    assert_eq!(project.ready(), ["form"]);
}

#[test]
fn nothing_of_a_paused_project_is_claimed() {
    let project = with_web(["page"]);
    project.has(["other"]);

    project.does("project", json!({ "name": "web", "state": "paused" }));

    assert_eq!(project.ready(), ["other"]);
    assert_eq!(project.list(json!({ "ready": true, "parent": "web" })), Vec::<String>::new());
    assert_eq!(project.task("page")["ready"], false);
    assert_eq!(project.answer("status_summary", json!({}))["ready"], 1);
    let refused = project.refusal("claim", json!({ "worker_id": "ann", "task": "page", "force": true }));
    assert_eq!((refused.code.as_str(), &refused.details["project"]), ("paused", &json!("web")));
    assert!(refused.hint.unwrap().contains("state=active"));
    let why = project.answer("explain", json!({ "task": "page", "worker_id": "ann" }));
    assert_eq!((&why["claimable"], &why["because"][0]["code"]), (&json!(false), &json!("paused")));
    assert_eq!(project.answer("claim", json!({ "worker_id": "ann" }))["task"]["id"], "other");
    assert_eq!(project.answer("claim", json!({ "worker_id": "bob" }))["task"], json!(null));

    project.does("project", json!({ "name": "web", "state": "active" }));

    assert_eq!(project.ready(), ["page"]);
    assert_eq!(project.answer("claim", json!({ "worker_id": "bob" }))["task"]["id"], "page");
}

#[test]
fn what_was_begun_is_finished_however_the_project_stands() {
    for state in ["paused", "closed"] {
        let project = with_web(["page", "form"]);
        project.claim("ann", "page");
        project.linked("page", "form");
        project.does("project", json!({ "name": "web", "state": state }));

        let done = project.moves("ann", "page", "completed");

        assert!(done.unblocked.is_empty(), "{state}");
        assert_eq!(project.task("page")["status"], "completed");
    }
}

#[test]
fn nothing_is_created_in_a_closed_project() {
    let project = with_web(["page"]);
    project.has(["stray"]);
    project.does("project", json!({ "name": "web", "state": "closed" }));

    for (operation, asked) in [
        ("create", json!({ "title": "x", "parent": "web" })),
        ("create", json!({ "title": "x", "parent": "page" })),
        ("create_tree", json!({ "tree": { "title": "x" }, "parent": "web" })),
        ("link", json!({ "from": "web", "to": "stray", "type": "contains" })),
        ("claim", json!({ "worker_id": "ann", "task": "page" })),
    ] {
        assert_eq!(project.refusal(operation, asked.clone()).code, "closed", "{operation} {asked}");
    }
}

#[test]
fn tasks_have_what_the_project_says_unless_they_say_otherwise() {
    let project = Project::new();
    let defaults = json!({ "priority": 8, "tags": ["web"], "needed_tags": ["css"] });
    project.does("project", json!({ "name": "web", "defaults": defaults }));

    project.has_one("page", json!({ "parent": "web", "tasks": [{ "id": "head", "title": "Head" }] }));
    project.has_one("form", json!({ "parent": "web", "priority": 2, "tags": ["html"] }));

    let head = project.task("head");
    assert_eq!(
        (&head["priority"], &head["tags"], &head["needed_tags"]),
        (&json!(8), &json!(["web"]), &json!(["css"]))
    );
    let form = project.task("form");
    assert_eq!((&form["priority"], &form["tags"]), (&json!(2), &json!(["html"])));
    let refused = project.refusal("project", json!({ "name": "web", "defaults": { "prio": 1 } }));
    assert!(refused.message.contains("prio"), "{refused:?}");
}

#[test]
fn a_task_is_in_the_project_that_it_is_moved_to() {
    let project = with_web([]);
    project.has(["page", "head"]).inside("page", ["head"]);

    project.inside("web", ["page"]);

    assert_eq!(project.task("head")["project"], "web");
    project.does("unlink", json!({ "from": "web", "to": "page", "type": "contains" }));
    assert_eq!(project.task("head").get("project"), None);
    let refused = project.refusal("link", json!({ "from": "page", "to": "web", "type": "contains" }));
    assert!(refused.message.contains("is a project"), "{refused:?}");
}

#[test]
fn a_name_that_a_task_has_is_refused() {
    let project = Project::new();
    project.has(["web"]);

    assert_eq!(project.refusal("project", json!({ "name": "web" })).code, "exists");
    assert_eq!(project.refusal("project", json!({ "name": "a b" })).code, "input");
}

#[test]
fn a_project_that_is_gone_for_good_leaves_no_trace() {
    let project = with_web(["page"]);
    project.worker("ann", json!({ "project": "web" }));
    project.does("define_template", json!({ "name": "form", "project": "web", "body": "x" }));

    project.does("delete", json!({ "worker_id": "bob", "task": "web", "cascade": true }));
    for (operation, asked) in [
        ("project", json!({ "name": "web" })),
        ("connect", json!({ "worker_id": "bob", "project": "web" })),
        ("instantiate", json!({ "template": "form", "project": "web" })),
    ] {
        assert_eq!(project.refusal(operation, asked).code, "deleted", "{operation}");
    }
    project.does("delete", json!({ "worker_id": "bob", "task": "web", "cascade": true, "obliterate": true }));

    assert_eq!(project.answer("projects", json!({}))["total"], 0);
    assert_eq!(project.answer("templates", json!({}))["total"], 0);
    project.has(["page"]);
    assert_eq!(project.answer("claim", json!({ "worker_id": "ann" }))["task"]["id"], "page");
}

#[test]
fn a_worker_of_a_project_sees_its_work_only_and_adds_to_it() {
    let project = with_web(["page"]);
    project.has(["other"]).does("update", json!({ "worker_id": "bob", "task": "other", "priority": 9 }));
    project.does("project", json!({ "name": "api" }));
    project.has_one("route", json!({ "parent": "api", "priority": 8 }));

    let here = project.answer("connect", json!({ "worker_id": "ann", "project": "web" }));

    assert_eq!((&here["project"], &here["ready"]), (&json!("web"), &json!(1)));
    assert_eq!(project.list(json!({ "worker_id": "ann", "ready": true })), ["page"]);
    project.does("create", json!({ "worker_id": "ann", "id": "form", "title": "Form", "priority": 1 }));
    assert_eq!(project.task("form")["parent"]["id"], "web");
    let taken = project.answer("claim", json!({ "worker_id": "ann", "count": 5 }));
    assert_eq!(ids(&taken["tasks"]), ["page", "form"]);
    project.does("update", json!({ "worker_id": "ann", "task": "page", "status": "completed" }));
    project.does("update", json!({ "worker_id": "ann", "task": "form", "status": "completed" }));
    let nothing = project.answer("claim", json!({ "worker_id": "ann" }));
    assert!(nothing["why"].as_str().unwrap().contains("project `web`"), "{nothing}");

    project.does("connect", json!({ "worker_id": "ann", "project": "null" }));

    assert_eq!(project.answer("claim", json!({ "worker_id": "ann" }))["task"]["id"], "other");
    let lost = project.refusal("connect", json!({ "worker_id": "ann", "project": "weeb" }));
    assert_eq!((lost.code.as_str(), &lost.details["near"]), ("not_found", &json!(["web"])));
}

#[test]
fn who_waits_in_a_paused_project_is_told_so() {
    let project = with_web(["page"]);
    project.worker("ann", json!({ "project": "web" }));
    project.does("project", json!({ "name": "web", "state": "paused" }));

    let nothing = project.answer("claim", json!({ "worker_id": "ann" }));

    assert_eq!(nothing["why"], "project `web` is paused");
    let why = project.answer("explain", json!({ "worker_id": "ann" }));
    assert_eq!((&why["you"], &why["paused"]), (&json!("your project `web` is paused"), &json!(1)));
    assert_eq!(why["next"], "wait, or connect with another project");
}

#[test]
fn instructions_are_told_once_and_again_when_they_change() {
    let project = with_web(["page", "form"]);
    let connect = || project.answer("connect", json!({ "worker_id": "ann", "project": "web" }));

    assert_eq!(connect()["instructions"], "Use tabs.");
    assert_eq!(connect().get("instructions"), None);
    project.does("project", json!({ "name": "web", "instructions": "Use spaces." }));
    let taken = project.answer("claim", json!({ "worker_id": "ann", "task": "page" }));
    assert_eq!(taken["task"]["instructions"], "Use spaces.");
    assert_eq!(connect().get("instructions"), None);
    project.does("disconnect", json!({ "worker_id": "ann" }));
    assert_eq!(connect()["instructions"], "Use spaces.");
}

#[test]
fn who_works_everywhere_hears_the_instructions_with_the_first_task() {
    let project = with_web(["page", "form"]);

    let first = project.answer("claim", json!({ "worker_id": "ann", "task": "page" }));
    let second = project.answer("claim", json!({ "worker_id": "ann", "task": "form" }));

    assert_eq!(first["task"]["instructions"], "Use tabs.");
    assert_eq!(second["task"].get("instructions"), None);
}

#[test]
fn who_works_in_a_project_may_make_tasks_outside_of_it() {
    let project = Project::new();
    project.does("project", json!({ "name": "web" }));
    project.does("connect", json!({ "worker_id": "ann", "project": "web" }));

    let by_ann = |mut asked: Value| {
        asked["worker_id"] = "ann".into();
        project.does("create", asked);
    };
    by_ann(json!({ "id": "in", "title": "x" }));
    by_ann(json!({ "id": "out", "title": "x", "parent": "null" }));
    by_ann(
        json!({ "parent": "null", "columns": ["id", "title", "parent"], "rows": [["row", "x", null], ["back", "x", "web"]] }),
    );

    let roots = project.answer("list_tasks", json!({ "parent": "null" }));
    assert_eq!(ids(&roots["tasks"]), ["row", "out", "web"]);
    assert_eq!(ids(&project.answer("list_tasks", json!({ "parent": "web" }))["tasks"]), ["back", "in"]);
}
