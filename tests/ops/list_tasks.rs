//! `list_tasks`: every filter combines with every other.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use crate::support::project::{Project, ids};
use crate::support::rows::Row;

/// A project with tasks of every kind.
fn varied() -> Project {
    let mut project = Project::new();
    project.worker("ann", json!({ "tags": ["css"], "max_claims": 0 }));
    for number in 0..36 {
        let tags: &[&str] = [&[][..], &["a"], &["b"], &["a", "b"]][number % 4];
        let mut about = json!({ "tags": tags, "priority": number * 7 % 11 });
        if number % 5 == 0 {
            about["needed_tags"] = json!([if number % 2 == 0 { "css" } else { "sql" }]);
        }
        if number % 3 == 0 {
            about["phase"] = "build".into();
        }
        if number % 4 != 0 && number > 8 {
            about["parent"] = format!("t{}", number % 3).into();
        }
        if number % 7 == 6 {
            about["blocked_by"] = format!("t{}", number - 1).into();
        }
        project.at(&format!("12:00:{number:02}")).has_one(&format!("t{number}"), about);
    }
    project.inside("t0", ["t2"]);
    for (worker, task, ends) in [
        ("ann", "t9", &["completed"][..]),
        ("ann", "t10", &["failed"]),
        ("ann", "t11", &["failed", "pending"]),
        ("bob", "t17", &["cancelled"]),
        ("ann", "t13", &[]),
        ("bob", "t14", &[]),
        ("bob", "t22", &[]),
    ] {
        let asked = json!({ "worker_id": worker, "task": task, "force": true });
        project.at("12:01").does("claim", asked);
        for end in ends {
            let _ = project.moves(worker, task, end);
        }
    }
    project.does("update", json!({ "worker_id": "bob", "task": "t19", "assignee": "ann" }));
    project.does("delete", json!({ "worker_id": "ann", "task": "t21" }));
    project.does("delete", json!({ "worker_id": "ann", "task": "t33" }));
    project
}

/// The values each filter may have; the first one is none.
fn dimensions() -> Vec<Vec<Value>> {
    vec![
        vec![json!({}), json!({ "status": "pending" }), json!({ "status": ["working", "completed"] })],
        vec![json!({}), json!({ "ready": true }), json!({ "blocked": true }), json!({ "claimed": true })],
        vec![json!({}), json!({ "owner": "ann" })],
        vec![
            json!({}),
            json!({ "parent": "null" }),
            json!({ "parent": "t0" }),
            json!({ "parent": "t0", "recursive": true }),
        ],
        vec![json!({}), json!({ "phase": "build" })],
        vec![json!({}), json!({ "tags_any": ["a", "b"] }), json!({ "tags_all": ["a", "b"] })],
        vec![json!({}), json!({ "worker_id": "bob" })],
    ]
}

fn combinations() -> Vec<Map<String, Value>> {
    let mut all = vec![Map::new()];
    for values in dimensions() {
        let with = |chosen: &Map<String, Value>| {
            let values = values.clone();
            let chosen = chosen.clone();
            values.into_iter().map(move |value| {
                let mut chosen = chosen.clone();
                chosen.extend(value.as_object().unwrap().clone());
                chosen
            })
        };
        all = all.iter().flat_map(with).collect();
    }
    all
}

/// The whole file, for filtering it by hand.
struct Naive {
    tasks: Vec<Row>,
    parents: Vec<(String, String)>,
}

impl Naive {
    fn of(project: &Project) -> Self {
        let links = project.rows("select * from dependencies where dep_type = 'contains'");
        let end = |row: &Row, column: &str| row[column].as_str().unwrap().to_owned();
        Self {
            tasks: project.rows("select * from tasks where deleted_at is null order by n"),
            parents: links.iter().map(|link| (end(link, "to_task_id"), end(link, "from_task_id"))).collect(),
        }
    }

    fn parent(&self, id: &str) -> Option<&str> {
        let link = self.parents.iter().find(|(child, _)| child == id);
        link.map(|(_, parent)| parent.as_str())
    }

    fn is_under(&self, id: &str, above: &str) -> bool {
        let mut up = std::iter::successors(self.parent(id), |id| self.parent(id));
        up.any(|id| id == above)
    }

    /// Says whether the filters let a task through, one filter at a time.
    fn fits(&self, task: &Row, filters: &Map<String, Value>) -> bool {
        let id = task["id"].as_str().unwrap();
        let is = |column: &str, word: &str| task[column] == word;
        let tags = words(task, "tags");
        let under = filters.contains_key("recursive");
        filters.iter().all(|(name, value)| {
            let one = value.as_str().unwrap_or_default();
            let many = || -> BTreeSet<String> { serde_json::from_value(value.clone()).unwrap() };
            match name.as_str() {
                "status" if value.is_array() => many().contains(task["status"].as_str().unwrap()),
                "status" => is("status", one),
                "ready" => is("standing", "ready"),
                "blocked" => is("standing", "blocked"),
                "claimed" => is("standing", "held"),
                "owner" => is("worker_id", one),
                "parent" if one == "null" => self.parent(id).is_none(),
                "parent" if under => self.is_under(id, one),
                "parent" => self.parent(id) == Some(one),
                "phase" => is("phase", one),
                "tags_any" => !tags.is_disjoint(&many()),
                "tags_all" => tags.is_superset(&many()),
                // `bob` has no tags.
                "worker_id" if filters.contains_key("ready") => {
                    words(task, "needed_tags").is_empty() && words(task, "wanted_tags").is_empty()
                }
                _ => true,
            }
        })
    }

    fn list(&self, filters: &Map<String, Value>) -> Vec<String> {
        let mut found: Vec<&Row> = self.tasks.iter().filter(|task| self.fits(task, filters)).collect();
        let age = |task: &Row| task["n"].as_i64().unwrap();
        match filters.contains_key("ready") {
            true => found.sort_by_key(|task| (Reverse(task["priority"].as_i64()), age(task))),
            false => found.sort_by_key(|task| Reverse(age(task))),
        }
        found.iter().map(|task| task["id"].as_str().unwrap().to_owned()).collect()
    }
}

fn words(task: &Row, column: &str) -> BTreeSet<String> {
    serde_json::from_str(task[column].as_str().unwrap()).unwrap()
}

#[test]
fn every_combination_of_filters_shows_what_a_naive_one_would() {
    let project = varied();
    let naive = Naive::of(&project);
    let mut shown = 0;

    for mut filters in combinations() {
        let expected = naive.list(&filters);
        shown += expected.len();
        filters.insert("limit".into(), 200.into());
        let asked = Value::Object(filters);

        let found = project.answer("list_tasks", asked.clone());

        assert_eq!(ids(&found["tasks"]), expected, "{asked}");
        assert_eq!(found["total"], expected.len(), "{asked}");
    }
    assert!(shown > 1_000, "the filters are tested on too little: {shown}");
}

#[test]
fn pages_show_each_task_once_and_in_order() {
    let project = varied();
    let some = combinations().into_iter().step_by(7);

    for filters in some {
        for sort in [json!({}), json!({ "sort_by": "priority" }), json!({ "sort_order": "asc" })] {
            let mut asked = filters.clone();
            asked.extend(sort.as_object().unwrap().clone());
            let whole = project.list(Value::Object(asked.clone()));
            asked.insert("limit".into(), 3.into());

            assert_eq!(paged(&project, asked.clone()), whole, "{asked:?}");
        }
    }
}

fn paged(project: &Project, mut asked: Map<String, Value>) -> Vec<String> {
    let mut seen = Vec::new();
    loop {
        let page = project.answer("list_tasks", Value::Object(asked.clone()));
        seen.extend(ids(&page["tasks"]));
        match page.get("cursor") {
            Some(cursor) => asked.insert("cursor".into(), cursor.clone()),
            None => return seen,
        };
    }
}

#[test]
fn an_offset_skips() {
    let project = Project::new();
    project.has(["one", "two", "three"]);

    assert_eq!(project.list(json!({ "offset": 1 })), ["two", "one"]);
    assert_eq!(project.list(json!({ "offset": 1, "ready": true })), ["two", "three"]);
}

#[test]
fn lists_can_be_sorted() {
    let mut project = Project::new();
    project.has_one("low", json!({ "priority": 1 })).has_one("high", json!({ "priority": 9 }));
    project.has_one("mid", json!({}));
    project.at("12:01").does("update", json!({ "worker_id": "ann", "task": "high", "title": "x" }));

    for (sort_by, descending, ascending) in [
        ("priority", ["high", "mid", "low"], ["low", "mid", "high"]),
        ("created_at", ["mid", "high", "low"], ["low", "high", "mid"]),
        ("updated_at", ["high", "low", "mid"], ["low", "mid", "high"]),
    ] {
        let listed = |order: &str| project.list(json!({ "sort_by": sort_by, "sort_order": order }));

        assert_eq!(listed("desc"), descending, "{sort_by}");
        assert_eq!(listed("asc"), ascending, "{sort_by}");
    }
}

#[test]
fn the_default_is_a_page_of_ten_with_a_total_and_a_way_to_go_on() {
    let project = Project::new();
    for number in 0..12 {
        project.has_one(&format!("t{number}"), json!({}));
    }

    let page = project.answer("list_tasks", json!({}));

    assert_eq!(page["tasks"].as_array().map(Vec::len), Some(10));
    assert_eq!(page["total"], 12);
    assert!(page["cursor"].is_string());
}

#[test]
fn a_row_says_nothing_that_goes_without_saying() {
    let project = Project::new();
    let plain = json!({ "title": "x".repeat(101), "description": "long" });
    project.has_one("plain", plain);
    project.has_one(
        "busy",
        json!({
            "title": "x", "priority": 7, "phase": "build", "tags": ["a"], "needed_tags": ["b"],
            "wanted_tags": ["c"], "points": 3, "blocked_by": "plain",
        }),
    );
    project.has_one("part", json!({ "parent": "busy" }));

    let rows = project.answer("list_tasks", json!({ "sort_order": "asc" }))["tasks"].clone();

    let short = format!("{}…", "x".repeat(100));
    assert_eq!(rows[0], json!({ "id": "plain", "title": short, "status": "pending" }));
    let busy = json!({
        "id": "busy", "title": "x", "status": "pending", "phase": "build", "priority": 7,
        "tags": ["a"], "needed_tags": ["b"], "wanted_tags": ["c"], "points": 3, "blockers": 1,
        "open_children": 1,
    });
    assert_eq!(rows[1], busy);
}

#[test]
fn a_list_without_words_asks_for_nothing() {
    let project = Project::new();
    project.has_one("api", json!({ "tags": ["a"] })).has(["docs"]);

    assert_eq!(project.list(json!({ "tags_all": [] })), ["docs", "api"]);
}

#[test]
fn what_cannot_be_listed_is_refused() {
    let project = Project::new();
    project.has(["api"]);

    for (filters, code) in [
        (json!({ "ready": true, "claimed": true }), "input"),
        (json!({ "status": "finished" }), "input"),
        (json!({ "status": ["pending", "finished"] }), "input"),
        (json!({ "parent": "nowhere" }), "not_found"),
        (json!({ "parent": "a b" }), "input"),
        (json!({ "cursor": "x" }), "input"),
        (json!({ "cursor": "n1", "ready": true }), "input"),
        (json!({ "cursor": "o1" }), "input"),
        (json!({ "sort_by": "title" }), "input"),
        (json!({ "worker_id": "carl" }), "not_found"),
    ] {
        assert_eq!(project.refusal("list_tasks", filters.clone()).code, code, "{filters}");
    }
}
