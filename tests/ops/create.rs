//! `create`: a task, or many at once.

use serde_json::{Value, json};

use crate::support::project::Project;

#[test]
fn a_task_is_created_with_what_it_says() {
    let project = Project::new();

    let asked = json!({
        "worker_id": "ann", "id": "api", "title": " Write the API ", "description": "All of it",
        "priority": 7, "tags": ["b", "a"], "needed_tags": ["rust"], "wanted_tags": ["sql"],
        "phase": "build", "points": 3, "time_estimate_ms": 60_000,
    });
    let created = project.answer("create", asked);

    assert_eq!(created["id"], "api");
    assert_eq!(created["status"], "pending");
    assert_eq!(created["ready"], true);
    let mut task = project.task("api");
    task.as_object_mut().unwrap().retain(|name, _| name != "events");
    let whole = json!({
        "id": "api", "title": "Write the API", "status": "pending", "ready": true,
        "description": "All of it", "phase": "build", "priority": 7, "tags": ["a", "b"],
        "needed_tags": ["rust"], "wanted_tags": ["sql"], "points": 3, "time_estimate_ms": 60_000,
        "created_at": "2026-01-31T12:00:00Z", "created_by": "ann",
    });
    assert_eq!(task, whole);
}

#[test]
fn a_task_without_an_id_gets_one() {
    let project = Project::new();

    let created = project.answer("create", json!({ "title": "x" }));

    assert_eq!(created["id"].as_str().map(str::len), Some(36));
}

#[test]
fn a_description_may_stand_for_the_title() {
    let project = Project::new();

    project.does("create", json!({ "id": "api", "description": "\n Write it \nwith care" }));

    assert_eq!(project.task("api")["title"], "Write it");
}

#[test]
fn a_task_may_be_created_in_its_place() {
    let project = Project::new();
    project.has(["whole", "before", "after"]);

    let asked = json!({
        "id": "api", "title": "x", "parent": "whole", "blocked_by": "before", "blocks": ["after"],
    });
    let created = project.answer("create", asked);

    assert_eq!(created["ready"], false);
    let task = project.task("api");
    assert_eq!(task["parent"]["id"], "whole");
    assert_eq!(task["blocked_by"], json!([{ "id": "before", "status": "pending" }]));
    assert_eq!(task["blocks"][0]["id"], "after");
    assert_eq!(project.ready(), ["before"]);
}

#[test]
fn a_task_under_one_that_waits_is_not_ready() {
    let project = Project::new();
    project.has(["first", "second"]).linked("first", "second");

    let created = project.answer("create", json!({ "title": "x", "parent": "second" }));

    assert_eq!(created["ready"], false);
}

#[test]
fn bad_tasks_are_refused() {
    let project = Project::with(|config| config.limits.text_bytes = 10);
    project.has(["api", "done", "gone"]).does("delete", json!({ "worker_id": "ann", "task": "gone" }));
    let _ = project.finish("done");
    let long = "x".repeat(501);

    for (arguments, code) in [
        (json!({}), "input"),
        (json!({ "title": "" }), "input"),
        (json!({ "title": long }), "input"),
        (json!({ "title": "x", "description": "x".repeat(11) }), "input"),
        (json!({ "title": "x", "priority": 11 }), "input"),
        (json!({ "title": "x", "id": "" }), "input"),
        (json!({ "title": "x", "id": "../etc" }), "input"),
        (json!({ "title": "x", "id": "x".repeat(129) }), "input"),
        (json!({ "title": "x", "tags": ["two words"] }), "input"),
        (json!({ "title": "x", "workflow": "scrum" }), "not_found"),
        (json!({ "title": "x", "id": "api" }), "exists"),
        (json!({ "title": "x", "id": "gone" }), "exists"),
        (json!({ "title": "x", "parent": "nowhere" }), "not_found"),
        (json!({ "title": "x", "parent": "done" }), "ended"),
        (json!({ "title": "x", "parent": "gone" }), "deleted"),
        (json!({ "title": "x", "blocked_by": "nowhere" }), "not_found"),
        (json!({ "title": "x", "blocked_by": "gone" }), "deleted"),
        (json!({ "title": "x", "blocked_by": "api", "blocks": "api" }), "cycle"),
        (json!({ "title": "x", "parent": "api", "blocks": "api" }), "cycle"),
    ] {
        let refused = project.refusal("create", arguments.clone());

        assert_eq!(refused.code, code, "{arguments}");
    }
}

#[test]
fn the_word_null_is_no_name_for_a_task() {
    let project = Project::new();

    let refused = project.refusal("create", json!({ "id": "null", "title": "x" }));

    assert_eq!(refused.code, "input");
}

#[test]
fn a_title_of_500_characters_is_accepted() {
    let project = Project::new();

    project.has_one("api", json!({ "title": "ä".repeat(500) }));

    assert_eq!(project.task("api")["title"].as_str().map(|title| title.chars().count()), Some(500));
}

#[test]
fn many_may_name_each_other_in_any_order() {
    let project = Project::new();

    let tasks = json!([
        { "label": "c", "id": "third", "title": "c", "blocked_by": ["b", "first"] },
        { "label": "b", "id": "second", "title": "b", "blocked_by": "a" },
        { "label": "a", "id": "first", "title": "a", "parent": "root" },
        { "label": "root", "id": "top", "title": "root" },
    ]);
    let created = project.answer("create", json!({ "tasks": tasks }));

    assert_eq!(created["created"], 4);
    assert_eq!(created["labels"], json!({ "c": "third", "b": "second", "a": "first", "root": "top" }));
    assert_eq!(project.task("first")["parent"]["id"], "top");
    assert_eq!(project.ready(), ["first"]);
    assert_eq!(project.finish("first").unblocked, ["second"]);
}

#[test]
fn many_may_be_put_under_one() {
    let project = Project::new();
    project.has(["whole"]);

    let created =
        project.answer("create", json!({ "parent": "whole", "tasks": [{ "title": "x" }, { "title": "y" }] }));

    assert_eq!(created["ids"].as_array().map(Vec::len), Some(2));
    assert_eq!(project.task("whole")["children"], json!({ "pending": 2 }));
}

#[test]
fn tasks_nest() {
    let project = Project::new();

    let part = json!({ "id": "part", "title": "x", "tasks": [{ "id": "detail", "title": "x" }] });
    project.does("create", json!({ "id": "whole", "title": "x", "tasks": [part] }));

    assert_eq!(project.task("detail")["parent"]["id"], "part");
    assert_eq!(project.task("part")["parent"]["id"], "whole");
    assert_eq!(project.ready(), ["detail"]);
}

#[test]
fn a_nested_task_may_name_its_own_parent() {
    let project = Project::new();
    project.has(["elsewhere"]);

    let part = json!({ "id": "part", "title": "x", "parent": "elsewhere" });
    project.does("create", json!({ "id": "whole", "title": "x", "tasks": [part] }));

    assert_eq!(project.task("part")["parent"]["id"], "elsewhere");
    assert_eq!(project.ready(), ["whole", "part"]);
}

#[test]
fn all_are_created_or_none() {
    let project = Project::new();

    let tasks = json!([{ "id": "one", "title": "x" }, { "id": "two", "title": "" }]);

    assert_eq!(project.refusal("create", json!({ "tasks": tasks })).code, "input");
}

#[test]
fn two_cannot_have_one_name() {
    let project = Project::new();

    for twins in [
        json!([{ "label": "a", "title": "x" }, { "label": "a", "title": "y" }]),
        json!([{ "label": "a", "title": "x" }, { "id": "a", "title": "y" }]),
        json!([{ "id": "a", "title": "x" }, { "id": "a", "title": "y" }]),
    ] {
        let refused = project.refusal("create", json!({ "tasks": twins }));

        assert!(["input", "exists"].contains(&refused.code.as_str()), "{refused:?}");
    }
}

#[test]
fn a_circle_among_new_tasks_is_refused() {
    let project = Project::new();

    let tasks = json!([
        { "label": "a", "title": "x", "blocked_by": "b" },
        { "label": "b", "title": "y", "blocked_by": "a" },
    ]);

    assert_eq!(project.refusal("create", json!({ "tasks": tasks })).code, "cycle");
}

#[test]
fn too_many_are_refused() {
    let project = Project::with(|config| config.limits.tree_nodes = 2);

    let tasks: Vec<Value> = (0..3).map(|_| json!({ "title": "x" })).collect();

    assert_eq!(project.refusal("create", json!({ "tasks": tasks })).code, "input");
}

#[test]
fn ten_thousand_are_too_many_and_one_less_is_not() {
    let project = Project::new();
    let tasks: Vec<Value> = (0..10_001).map(|_| json!({ "title": "x" })).collect();

    let refused = project.refusal("create", json!({ "tasks": tasks }));
    let created = project.answer("create", json!({ "tasks": tasks[1..] }));

    assert_eq!(refused.message, "10001 tasks are too many, the limit is 10000");
    assert_eq!(created["created"], 10_000);
}

#[test]
fn unknown_tags_are_noted_or_refused_as_configured() {
    use task_graph::domain::Policy;
    let knows = |policy| {
        Project::with(|config| {
            config.known_tags = vec!["css".parse().unwrap()];
            config.unknown_tag = policy;
        })
    };
    let asked = json!({ "title": "x", "tags": ["sql"], "needed_tags": ["css"] });

    let noted = knows(Policy::Warn).answer("create", asked.clone());
    assert_eq!(noted["notices"], json!(["the project does not know the tags `sql`; it knows `css`"]));
    assert_eq!(knows(Policy::Allow).answer("create", asked.clone()).get("notices"), None);
    assert_eq!(knows(Policy::Reject).refusal("create", asked).code, "input");
}

#[test]
fn creation_is_in_the_feed() {
    let project = Project::new();
    project.has(["whole"]);

    project.does("create", json!({ "worker_id": "bob", "id": "api", "title": "x", "parent": "whole" }));

    let event = project.last_event("api");
    assert_eq!(event["event"], "created");
    assert_eq!((&event["worker_id"], &event["cause"]), (&json!("bob"), &json!("create")));
    assert_eq!(event["after"], json!({ "status": "pending", "parent": "whole" }));
}

#[test]
fn rows_are_tasks_with_fields_in_common() {
    let project = Project::new();
    project.has(["whole"]);

    let rows =
        json!([["a", "First", 7, "css, html"], ["b", "Second", null, ["sql"]], ["c", "Third", "9", null]]);
    let asked = json!({
        "columns": ["id", "title", "priority", "tags"], "rows": rows,
        "parent": "whole", "priority": 2, "tags": ["batch"], "needed_tags": ["rust"],
    });
    let created = project.answer("create", asked);

    assert_eq!(created, json!({ "created": 3, "ids": ["a", "b", "c"] }));
    for (id, priority, tags) in [
        ("a", 7, json!(["batch", "css", "html"])),
        ("b", 2, json!(["batch", "sql"])),
        ("c", 9, json!(["batch"])),
    ] {
        let task = project.task(id);
        assert_eq!((&task["priority"], &task["tags"]), (&json!(priority), &tags), "{id}");
        assert_eq!(
            (&task["parent"]["id"], &task["needed_tags"]),
            (&json!("whole"), &json!(["rust"])),
            "{id}"
        );
    }
    assert_eq!(project.task("whole")["children"], json!({ "pending": 3 }));
}

#[test]
fn rows_may_name_each_other_and_stand_in_a_new_task() {
    let project = Project::new();

    let rows = json!([["one", "x", "two", null], ["two", "y", null, null], ["three", "z", null, "one"]]);
    let columns = ["id", "title", "blocked_by", "parent"];
    project.does("create", json!({ "id": "whole", "title": "x", "columns": columns, "rows": rows }));

    assert_eq!(project.task("two")["parent"]["id"], "whole");
    assert_eq!(project.task("three")["parent"]["id"], "one");
    assert_eq!(project.ready(), ["two"]);
}

#[test]
fn all_that_is_wrong_with_rows_is_told_at_once() {
    let project = Project::new();

    let rows = json!([["x", 5], ["y", 77], ["z"], ["two\nlines", 1]]);
    let refused = project.refusal("create", json!({ "columns": ["title", "priority"], "rows": rows }));

    assert_eq!(refused.code, "input");
    for told in
        ["3 cannot be used", "rows[1].priority: priority 77", "rows[2]: has 1 values", "rows[3].title: "]
    {
        assert!(refused.message.contains(told), "{told}: {}", refused.message);
    }
    assert_eq!(refused.details["failed"][0]["at"], 1);
}

#[test]
fn tables_that_are_none_are_refused() {
    let project = Project::with(|config| config.limits.ids = 2);

    for (asked, told) in [
        (json!({ "columns": ["title"] }), "belong together"),
        (json!({ "rows": [["x"]] }), "belong together"),
        (json!({ "columns": ["titel"], "rows": [["x"]] }), "`titel`"),
        (json!({ "columns": ["title", "title"], "rows": [["x", "y"]] }), "twice"),
        (json!({ "columns": ["priority"], "rows": [[1]] }), "`title`"),
        (json!({ "columns": ["title"], "rows": [["x"], ["y"], ["z"]] }), "3 rows are too many"),
        (json!({ "columns": ["title"], "rows": [["x"]], "tasks": [{ "title": "y" }] }), "twice"),
        (json!({ "columns": ["title"], "rows": [["x"]], "id": "all" }), "no `id`"),
        (json!({ "title": "x", "partial": true }), "`partial`"),
        (json!({ "tasks": [{ "title": "x", "partial": true }] }), "`partial`"),
    ] {
        let refused = project.refusal("create", asked.clone());

        assert_eq!(refused.code, "input", "{asked}");
        assert!(refused.message.contains(told), "{asked}: {}", refused.message);
    }
}

#[test]
fn a_rule_that_refuses_one_of_many_names_it() {
    let project = Project::new();
    project.has(["b"]);

    let tasks = json!([{ "title": "x" }, { "id": "b", "title": "x" }]);
    let refused = project.refusal("create", json!({ "tasks": tasks }));
    let later = json!([["x", null], ["y", "nowhere"]]);
    let unlinked = project.refusal("create", json!({ "columns": ["title", "blocked_by"], "rows": later }));

    assert_eq!((refused.code.as_str(), refused.message.starts_with("tasks[1]: ")), ("exists", true));
    assert_eq!((unlinked.code.as_str(), unlinked.message.starts_with("rows[1]: ")), ("not_found", true));
}

#[test]
fn each_of_a_partial_list_is_there_wholly_or_not_at_all() {
    let project = Project::new();
    project.has(["whole", "taken"]);

    let rows = json!([
        ["a", "x", null, null],
        ["taken", "x", null, null],
        ["b", "x", "a", null],
        ["c", "x", "nowhere", [{ "id": "below-c", "title": "x" }]],
        ["d", "", null, null],
        ["e", "x", "c", null],
        ["f", "x", null, [{ "id": "below-f", "title": "x" }]],
    ]);
    let columns = ["id", "title", "blocked_by", "tasks"];
    let asked = json!({ "columns": columns, "rows": rows, "parent": "whole", "partial": true });
    let created = project.answer("create", asked);

    assert_eq!((&created["created"], &created["ids"]), (&json!(4), &json!(["a", "b", "f", "below-f"])));
    let failed: Vec<(u64, &str)> = created["failed"]
        .as_array()
        .unwrap()
        .iter()
        .map(|failed| (failed["at"].as_u64().unwrap(), failed["code"].as_str().unwrap()))
        .collect();
    assert_eq!(failed, [(1, "exists"), (3, "not_found"), (4, "input"), (5, "not_found")]);
    assert_eq!(project.task("whole")["children"], json!({ "pending": 3 }));
    assert_eq!(project.call("get", json!({ "task": "below-c" })).unwrap_err().code, "not_found");
    assert!(project.rows("select 1 from events where task_id in ('c', 'below-c', 'd')").is_empty());
}

#[test]
fn a_repeated_call_creates_nothing_twice() {
    let project = Project::new();
    let asked = json!({
        "worker_id": "ann", "request_id": "r1", "columns": ["title"], "rows": [["x"], [""]], "partial": true,
    });

    let first = project.answer("create", asked.clone());
    let second = project.answer("create", asked);

    assert_eq!(first, second);
    assert_eq!(project.list(json!({})).len(), 1);
}

#[test]
fn many_rows_are_named_by_their_ends_unless_all_are_asked_for() {
    let project = Project::new();
    let rows =
        |name: &str| -> Vec<Value> { (0..1_000).map(|n| json!([format!("{name}-{n}"), "x"])).collect() };
    let columns = json!(["id", "title"]);

    let ends = project.answer("create", json!({ "columns": columns, "rows": rows("a") }));
    let all = project.answer("create", json!({ "columns": columns, "rows": rows("b"), "return_ids": true }));

    assert_eq!(ends, json!({ "created": 1_000, "first": "a-0", "last": "a-999" }));
    assert_eq!(all["ids"].as_array().map(Vec::len), Some(1_000));
}

#[test]
fn many_failures_are_counted() {
    let project = Project::new();
    let rows: Vec<Value> = (0..1_000).map(|_| json!([""])).collect();

    let created = project.answer("create", json!({ "columns": ["title"], "rows": rows, "partial": true }));

    assert_eq!((&created["created"], &created["failed_total"]), (&json!(0), &json!(1_000)));
    assert!(created.to_string().len() < 4_000, "{created}");
}

#[test]
fn children_are_counted_however_they_come() {
    let project = Project::new();
    project.has(["whole", "other", "old"]);

    let rows = json!([
        ["a", "x", "whole", null],
        ["b", "x", "other", null],
        ["c", "x", "whole", null],
        [null, null, null, "old"]
    ]);
    let asked = json!({ "columns": ["id", "title", "parent", "ref"], "rows": rows, "parent": "whole" });
    project.does("create", asked);

    let counted = project.rows("select id, open_children from tasks where open_children > 0 order by id");
    assert_eq!(
        json!(counted),
        json!([{ "id": "other", "open_children": 1 }, { "id": "whole", "open_children": 3 }])
    );
}

#[test]
fn what_a_list_gives_all_its_tasks_is_bounded() {
    let project = Project::with(|config| config.limits.text_bytes = 100);
    let rows: Vec<_> = (0..100).map(|at| json!([format!("row {at}")])).collect();
    let asked = |tag: &str| json!({ "columns": ["title"], "rows": rows, "tags": [tag] });

    let refused = project.refusal("create", asked("elevenchars"));

    assert_eq!(refused.message, "the texts of this call add up to more than 1000 bytes with all copies");
    project.does("create", asked("tencharsxx"));
}
