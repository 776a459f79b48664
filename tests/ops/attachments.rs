//! `attachments`: list what is attached, and read it in parts.

use serde_json::{Value, json};

use crate::support::project::Project;

fn with(attachments: &[(&str, &str, &str)]) -> Project {
    let project = Project::new();
    project.has(["api"]);
    for (kind, name, mime) in attachments {
        let asked = json!({
            "worker_id": "ann", "task": "api", "type": kind, "name": name, "mime": mime,
            "content": "YWJj", "mode": "append",
        });
        project.does("attach", asked);
    }
    project
}

fn labels(project: &Project, filter: Value) -> Vec<String> {
    let mut asked = filter;
    asked["task"] = "api".into();
    let answer = project.answer("attachments", asked);
    let label = |row: &Value| format!("{}#{}", row["type"].as_str().unwrap(), row["sequence"]);
    answer["attachments"].as_array().unwrap().iter().map(label).collect()
}

#[test]
fn a_list_tells_everything_but_the_content() {
    let project = with(&[("note", "n", "text/plain")]);

    let answer = project.answer("attachments", json!({ "task": "api" }));

    assert_eq!(
        answer,
        json!({
            "attachments": [{
                "type": "note", "sequence": 0, "name": "n", "mime": "text/plain", "bytes": 4,
                "worker_id": "ann", "created_at": "2026-01-31T12:00:00Z",
            }],
            "total": 1,
        })
    );
}

#[test]
fn all_filters_combine() {
    let project = with(&[
        ("gate/tests", "", "text/plain"),
        ("gate/review", "", "text/markdown"),
        ("gate_x", "", "text/plain"),
        ("a[b]", "", "image/png"),
        ("note", "", "image/jpeg"),
        ("note", "", "text/plain"),
    ]);

    for (filter, expected) in [
        (json!({ "type": "gate/*" }), vec!["gate/review#0", "gate/tests#0"]),
        (json!({ "type": "gate?x" }), vec!["gate_x#0"]),
        (json!({ "type": "gate_tests" }), vec![]),
        (json!({ "type": "NOTE" }), vec![]),
        (json!({ "type": "a[b]" }), vec!["a[b]#0"]),
        (json!({ "type": "%" }), vec![]),
        (json!({ "mime": "image/" }), vec!["a[b]#0", "note#0"]),
        (json!({ "type": "n*", "mime": "image/" }), vec!["note#0"]),
    ] {
        assert_eq!(labels(&project, filter.clone()), expected, "{filter}");
    }
}

#[test]
fn a_list_goes_on_where_it_ended() {
    let kinds: Vec<(&str, &str, &str)> = (0..12).map(|_| ("note", "", "text/plain")).collect();
    let project = with(&kinds);

    let first = project.answer("attachments", json!({ "task": "api" }));
    let rest = project.answer("attachments", json!({ "task": "api", "offset": first["next_offset"] }));

    assert_eq!(first["attachments"].as_array().unwrap().len(), 10);
    assert_eq!((&first["total"], &first["next_offset"]), (&json!(12), &json!(10)));
    assert_eq!(rest["attachments"].as_array().unwrap().len(), 2);
    assert_eq!((&rest["total"], rest.get("next_offset")), (&json!(12), None));
}

#[test]
fn one_is_read_by_its_number_or_its_name() {
    let project = Project::new();
    project.has(["api"]);
    for (kind, name, content) in
        [("note", "first", "one"), ("note", "second", "two"), ("log", "third", "three")]
    {
        project.does("attach", json!({ "task": "api", "type": kind, "name": name, "content": content }));
    }

    for (which, content) in [
        (json!({ "type": "note", "sequence": 1 }), "two"),
        (json!({ "name": "first" }), "one"),
        (json!({ "sequence": 1 }), "two"),
        (json!({ "type": "log", "sequence": 0 }), "three"),
    ] {
        let mut asked = which.clone();
        asked["task"] = "api".into();
        let one = project.answer("attachments", asked);
        assert_eq!(one["content"], content, "{which}");
        assert_eq!((one.get("next_offset"), one.get("offset")), (None, None));
    }
}

#[test]
fn one_that_is_not_clear_or_not_there_is_refused() {
    let project = with(&[("note", "", "text/plain"), ("log", "", "text/plain")]);

    let both = project.refusal("attachments", json!({ "task": "api", "sequence": 0 }));
    let none = project.refusal("attachments", json!({ "task": "api", "type": "note", "sequence": 7 }));
    let lost = project.refusal("attachments", json!({ "task": "nowhere" }));

    assert_eq!(both.message, "2 attachments of task `api` fit: `log#0`, `note#0`");
    assert_eq!(none.message, "no such thing is attached to task `api`");
    assert_eq!(lost.code, "not_found");
}

#[test]
fn a_long_text_is_read_in_parts_that_fit() {
    let text: String = (0..2_000).map(|n| format!("line {n}: \"é\" €\n")).collect();
    for as_file in [false, true] {
        let project = Project::new();
        project.has(["api"]);
        let asked = json!({ "task": "api", "type": "log", "content": text, "store_as_file": as_file });
        project.does("attach", asked);

        let mut read = String::new();
        let mut offset = json!(0);
        while !offset.is_null() {
            let asked = json!({ "task": "api", "type": "log", "sequence": 0, "offset": offset });
            let part = project.answer("attachments", asked);
            assert!(part.to_string().len() < 4_000, "{} bytes", part.to_string().len());
            read += part["content"].as_str().unwrap();
            offset = part["next_offset"].clone();
        }

        assert_eq!(read, text);
    }
}

#[test]
fn a_part_is_as_long_as_was_asked_for() {
    let project = Project::new();
    project.has(["api"]).does("attach", json!({ "task": "api", "type": "log", "content": "aé€bcdefgh" }));
    let read = |offset: usize, limit: usize| {
        let asked = json!({ "task": "api", "name": "", "sequence": 0, "offset": offset, "limit": limit });
        let part = project.answer("attachments", asked);
        (part["content"].clone(), part["offset"].clone(), part["next_offset"].clone())
    };

    assert_eq!(read(0, 5), (json!("aé"), Value::Null, json!(3)), "not half a character");
    assert_eq!(read(2, 5), (json!("€b"), json!(3), json!(7)), "nor the end of one");
    assert_eq!(read(7, 100), (json!("cdefgh"), json!(7), Value::Null));
    assert_eq!(read(99, 100), (json!(""), json!(99), Value::Null));
}

#[test]
fn what_lies_beyond_the_end_is_empty() {
    let project = with(&[("note", "", "text/plain"), ("shot", "", "image/png")]);

    for offset in [json!(5), json!(u64::MAX), json!(i64::MAX)] {
        let list = project.answer("attachments", json!({ "task": "api", "offset": offset }));
        assert_eq!((&list["attachments"], &list["total"]), (&json!([]), &json!(2)));
        for (kind, field) in [("note", "content"), ("shot", "base64")] {
            let asked = json!({ "task": "api", "type": kind, "sequence": 0, "offset": offset });
            assert_eq!(project.answer("attachments", asked)[field], "");
        }
        let metrics = project.answer("get_metrics", json!({ "by": "task", "offset": offset }));
        assert_eq!(metrics["groups"], json!([]));
    }
}

#[test]
fn bytes_come_back_as_they_were() {
    let project = Project::new();
    project.has(["api"]);
    // 6,000 bytes, which are no text.
    let whole = "/+8A".repeat(2_000);
    let asked = json!({ "task": "api", "type": "shot", "content": whole, "mime": "image/png" });
    project.does("attach", asked);

    let mut read = String::new();
    let mut offset = json!(0);
    while !offset.is_null() {
        let asked = json!({ "task": "api", "type": "shot", "sequence": 0, "offset": offset });
        let part = project.answer("attachments", asked);
        assert!(part.to_string().len() < 4_000);
        assert_eq!(part.get("content"), None);
        read += part["base64"].as_str().unwrap();
        offset = part["next_offset"].clone();
    }

    assert_eq!(read, whole, "each part but the last is a multiple of three bytes");
}

#[test]
fn a_file_of_the_project_is_read_in_the_project() {
    let project = Project::new();
    project.has(["api"]).writes("a.rs", "x");
    project.does("attach", json!({ "task": "api", "type": "output", "file": "a.rs" }));

    let one = project.answer("attachments", json!({ "task": "api", "sequence": 0 }));

    assert_eq!((&one["file"], one.get("content"), one.get("bytes")), (&json!("a.rs"), None, None));
    assert_eq!(one["notices"][0], "this names a file of the project; read it there");
}

#[test]
fn a_file_that_somebody_deleted_is_missed() {
    let project = Project::new();
    project.has(["api"]);
    project.does("attach", json!({ "task": "api", "type": "log", "content": "x", "store_as_file": true }));
    std::fs::remove_dir_all(project.file().with_file_name("tasks.db-media")).unwrap();

    let refused = project.refusal("attachments", json!({ "task": "api", "sequence": 0 }));

    assert_eq!(refused.code, "not_found");
    project.does("attach", json!({ "task": "api", "type": "log", "content": "x", "store_as_file": true }));
    assert_eq!(project.media(), [b"x"]);
}
