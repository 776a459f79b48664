//! `attach`: keep a text, bytes or the name of a file with tasks.

use serde_json::{Value, json};
use task_graph::domain::{AttachmentRule, Mode, Policy};

use crate::support::project::Project;

/// `abc` and a byte that is no text.
const BASE64: &str = "YWJj/w==";
const BYTES: &[u8] = b"abc\xff";

fn contents(project: &Project) -> Vec<String> {
    let rows = project.rows("select content from attachments order by attachment_type, sequence");
    rows.iter().map(|row| row["content"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_text_is_kept_with_its_maker_and_attempt() {
    let project = Project::new();
    project.has(["api"]).claim("ann", "api");

    let asked =
        json!({ "worker_id": "ann", "task": "api", "type": "note", "content": "two tables", "name": "n" });
    let attached = project.answer("attach", asked);

    assert_eq!(attached, json!({ "task": "api", "type": "note", "sequence": 0, "bytes": 10 }));
    let kept = &project.task("api")["attachments"][0];
    assert_eq!(
        *kept,
        json!({
            "type": "note", "sequence": 0, "name": "n", "mime": "text/plain", "bytes": 10,
            "attempt": 1, "worker_id": "ann",
        })
    );
    let event = project.last_event("api");
    assert_eq!((&event["event"], &event["cause"]), (&json!("attached"), &json!("attach")));
    assert_eq!(event["after"], json!({ "attachment": "note#0" }));
}

#[test]
fn who_is_done_attaches_to_the_attempt_that_it_made() {
    let project = Project::new();
    project.has(["api"]).claim("ann", "api");
    let _ = project.moves("ann", "api", "pending");
    project.claim("bob", "api");

    for worker in ["ann", "bob"] {
        project
            .does("attach", json!({ "worker_id": worker, "task": "api", "type": "note", "content": worker }));
    }
    project.does("attach", json!({ "task": "api", "type": "note", "content": "nobody" }));

    let kept = project.rows("select attempt, content from attachments order by sequence");
    assert_eq!(
        json!(kept),
        json!([
            { "attempt": 1, "content": "ann" },
            { "attempt": 2, "content": "bob" },
            { "attempt": 0, "content": "nobody" },
        ])
    );
}

#[test]
fn many_tasks_get_it_or_none() {
    let project = Project::new();
    project.has(["one", "two"]);

    let both = json!({ "task": ["two", "one", "two"], "type": "note", "content": "x" });
    let answer = project.answer("attach", both);
    let refused =
        project.refusal("attach", json!({ "task": ["one", "nowhere"], "type": "note", "content": "x" }));

    assert_eq!(answer["total"], 2);
    assert_eq!(answer["attachments"][0], json!({ "task": "one", "type": "note", "sequence": 0, "bytes": 1 }));
    assert_eq!(refused.code, "not_found");
    assert_eq!(contents(&project).len(), 2);
}

#[test]
fn a_known_type_says_what_it_is_and_whether_it_replaces() {
    let project = Project::new();
    project.has(["api"]);
    let attach = |kind: &str, content: &str, mode: Value| {
        let asked = json!({ "task": "api", "type": kind, "content": content, "mode": mode });
        project.answer("attach", asked)["sequence"].clone()
    };

    let numbers = [
        attach("plan", "one", Value::Null),
        attach("plan", "two", Value::Null),
        attach("note", "a", Value::Null),
        attach("note", "b", Value::Null),
        attach("plan", "three", json!("append")),
        attach("note", "c", json!("replace")),
    ];

    assert_eq!(json!(numbers), json!([0, 1, 0, 1, 2, 2]), "no number is given twice");
    assert_eq!(contents(&project), ["c", "two", "three"]);
    let mimes = project.rows("select mime_type from attachments where attachment_type = 'plan'");
    assert_eq!(mimes[0]["mime_type"], "text/markdown");
    assert_eq!(project.last_event("api")["before"], json!({ "attachments": ["note#0", "note#1"] }));
}

#[test]
fn a_project_has_types_of_its_own() {
    let project = Project::with(|config| {
        let rule = AttachmentRule { mime: "application/json".parse().unwrap(), mode: Mode::Replace };
        config.attachments.by_name.insert("github/pr".parse().unwrap(), rule);
    });
    project.has(["api"]);

    for number in ["1", "2"] {
        let answer =
            project.answer("attach", json!({ "task": "api", "type": "github/pr", "content": number }));
        assert_eq!(answer.get("notices"), None);
    }

    assert_eq!(contents(&project), ["2"]);
}

#[test]
fn an_unknown_type_is_taken_noticed_or_refused() {
    let asked = json!({ "task": "api", "type": "notes", "content": "x" });
    for unknown in [Policy::Allow, Policy::Warn, Policy::Reject] {
        let project = Project::with(|config| config.attachments.unknown = unknown);
        project.has(["api"]);

        if unknown == Policy::Reject {
            let refused = project.refusal("attach", asked.clone());
            assert_eq!(refused.code, "input");
            assert!(refused.hint.unwrap().contains("`note`"));
            continue;
        }
        let answer = project.answer("attach", asked.clone());
        let notice = answer["notices"][0].as_str();
        assert_eq!(notice.is_some(), unknown == Policy::Warn);
        assert!(notice.is_none_or(|notice| notice.ends_with("did you mean `note`?")), "{notice:?}");
    }
}

#[test]
fn a_file_of_the_project_is_named_from_its_root() {
    let project = Project::new();
    project.has(["api"]).writes("src/a.rs", "fn main() {}");

    let attached =
        project.answer("attach", json!({ "task": "api", "type": "output", "file": "./src/../src/a.rs" }));

    assert_eq!(attached, json!({ "task": "api", "type": "output", "sequence": 0, "file": "src/a.rs" }));
    assert_eq!(project.task("api")["attachments"][0]["file"], "src/a.rs");
    assert_eq!(project.media(), [b""; 0]);
}

#[test]
fn what_is_no_file_of_the_project_is_refused() {
    let project = Project::new();
    project.has(["api"]).writes("src/a.rs", "x");

    for path in ["src", "src/b.rs", "/etc/passwd", "../../../../etc/passwd", "", "~/x", "c:\\x", "src/a.rs\0"]
    {
        let refused = project.refusal("attach", json!({ "task": "api", "type": "output", "file": path }));

        assert_eq!(refused.code, "input", "{path:?}");
        assert!(refused.hint.is_some_and(|hint| !hint.is_empty()), "{path:?}");
    }
}

#[test]
fn bytes_are_kept_in_the_media_folder() {
    let project = Project::new();
    project.has(["api", "ui"]);

    let asked = json!({ "task": ["api", "ui"], "type": "log", "content": BASE64, "mime": "image/png" });
    let attached = project.answer("attach", asked);

    assert_eq!(attached["attachments"][0]["bytes"], 4);
    assert_eq!(project.media(), [BYTES], "once, though two tasks have it");
    assert_eq!(contents(&project), ["", ""]);
}

#[test]
fn a_long_text_may_be_kept_in_the_media_folder() {
    let project = Project::new();
    project.has(["api"]);

    let asked = json!({ "task": "api", "type": "log", "content": "a log", "store_as_file": true });
    project.does("attach", asked.clone()).does("attach", asked);

    assert_eq!(project.media(), [b"a log"]);
    assert_eq!(project.task("api")["attachments"][1]["bytes"], 5);
}

#[test]
fn the_id_of_a_task_is_no_path() {
    let project = Project::new();

    for id in ["../../x", "a/../../x", "/etc/x", "..", "a//b"] {
        assert_eq!(project.refusal("create", json!({ "title": "x", "id": id })).code, "input", "{id}");
        let asked = json!({ "task": id, "type": "log", "content": "x", "store_as_file": true });
        assert_eq!(project.refusal("attach", asked).code, "input", "{id}");
    }
    for (id, kind) in [("a/b", "../../y"), ("c:d", "/etc/z")] {
        project.has([id]);
        let asked =
            json!({ "task": id, "type": kind, "name": "../../n", "content": id, "store_as_file": true });
        project.does("attach", asked);
    }

    assert_eq!(project.media().len(), 2);
}

#[test]
fn what_cannot_be_attached_is_refused() {
    let project = Project::with(|config| config.limits.text_bytes = 1_000);
    project.has(["api", "gone"]).does("delete", json!({ "worker_id": "ann", "task": "gone" }));
    let big = "x".repeat(1_001);
    let big64 = "AAAA".repeat(334);

    for (change, code) in [
        (json!({ "content": "" }), "input"),
        (json!({ "content": " \n" }), "input"),
        (json!({ "content": null }), "input"),
        (json!({ "file": "x" }), "input"),
        (json!({ "content": big }), "input"),
        (json!({ "content": big, "store_as_file": true }), "input"),
        (json!({ "content": big64, "mime": "image/png" }), "input"),
        (json!({ "content": "no base64!", "mime": "image/png" }), "input"),
        (json!({ "mime": "text" }), "input"),
        (json!({ "mime": "text/plain; charset=utf-8" }), "input"),
        (json!({ "type": "" }), "input"),
        (json!({ "type": "a b" }), "input"),
        (json!({ "type": "a*" }), "input"),
        (json!({ "type": "x".repeat(65) }), "input"),
        (json!({ "name": "x".repeat(256) }), "input"),
        (json!({ "mode": "prepend" }), "input"),
        (json!({ "task": [] }), "input"),
        (json!({ "task": "gone" }), "deleted"),
        (json!({ "task": "gone", "store_as_file": true }), "deleted"),
        (json!({ "task": "nowhere", "mime": "image/png", "content": BASE64 }), "not_found"),
    ] {
        let mut asked = json!({ "task": "api", "type": "note", "content": "x" });
        for (name, value) in change.as_object().unwrap() {
            asked[name] = value.clone();
        }

        assert_eq!(project.refusal("attach", asked).code, code, "{change}");
    }
    assert_eq!(project.media(), [b""; 0], "what was staged in vain is gone");
}

#[test]
fn as_much_as_is_allowed_may_be_attached() {
    let project = Project::new();
    project.has(["api"]);
    let limit = project.config().limits.text_bytes;
    assert_eq!(limit, 1 << 20);

    project.does("attach", json!({ "task": "api", "type": "log", "content": "x".repeat(limit) }));
    let more = json!({ "task": "api", "type": "log", "content": "x".repeat(limit + 1) });

    let refused = project.refusal("attach", more);
    assert_eq!(refused.message, "the attachment has 1048577 bytes, the limit is 1048576");
}

#[test]
fn copies_that_add_up_to_too_much_are_refused() {
    let project = Project::with(|config| config.limits.text_bytes = 100);
    let ids: Vec<String> = (0..11).map(|n| format!("t{n}")).collect();
    for id in &ids {
        project.has([id]);
    }
    let asked = |as_file: bool| json!({ "task": ids, "type": "log", "content": "x".repeat(100), "store_as_file": as_file });

    let refused = project.refusal("attach", asked(false));
    project.does("attach", asked(true));

    assert_eq!(refused.hint.as_deref(), Some("keep it once, with `store_as_file`"));
    assert_eq!(project.media().len(), 1);
}

#[test]
fn bytes_that_were_refused_stay_if_something_else_refers_to_them() {
    let project = Project::new();
    project.has(["api"]);
    let asked = |task: &str| json!({ "task": task, "type": "log", "content": BASE64, "mime": "image/png" });
    project.does("attach", asked("api"));

    assert_eq!(project.refusal("attach", asked("nowhere")).code, "not_found");

    assert_eq!(project.media(), [BYTES]);
}

#[test]
fn bytes_that_were_replaced_go_when_the_store_is_tidied() {
    let project = Project::new();
    project.has(["api"]);
    for content in ["one", "two"] {
        let asked = json!({ "task": "api", "type": "plan", "content": content, "store_as_file": true });
        project.does("attach", asked);
    }

    project.app.tidy().unwrap();

    assert_eq!(project.media(), [b"two"]);
    assert_eq!(project.rows("select * from loose_media").len(), 0);
}
