//! `detach`: take attachments away.

use serde_json::{Value, json};

use crate::support::project::Project;

fn with_media() -> Project {
    let project = Project::new();
    project.has(["api", "ui"]);
    for (task, content) in [("api", "one"), ("api", "both"), ("ui", "both")] {
        let asked = json!({ "task": task, "type": "log", "content": content, "store_as_file": true });
        project.does("attach", asked);
    }
    project.does("attach", json!({ "task": "api", "type": "note", "content": "x" }));
    project
}

fn left(project: &Project) -> Vec<String> {
    let rows = project.rows(
        "select task_id || ' ' || attachment_type || '#' || sequence as label from attachments order by 1",
    );
    rows.iter().map(|row| row["label"].as_str().unwrap().to_owned()).collect()
}

fn detach(project: &Project, what: Value) -> Value {
    let mut asked = what;
    asked["worker_id"] = "ann".into();
    project.answer("detach", asked)
}

#[test]
fn all_of_a_type_go_with_the_files_that_nothing_else_refers_to() {
    let project = with_media();

    let detached = detach(&project, json!({ "task": "api", "type": "log" }));

    assert_eq!(detached, json!({ "task": "api", "detached": ["log#0", "log#1"], "deleted_count": 2 }));
    assert_eq!(left(&project), ["api note#0", "ui log#0"]);
    assert_eq!(project.media(), [b"both"]);
    let event = project.last_event("api");
    assert_eq!((&event["event"], &event["worker_id"]), (&json!("detached"), &json!("ann")));
    assert_eq!(event["before"], json!({ "attachments": ["log#0", "log#1"] }));
}

#[test]
fn one_goes_by_its_number() {
    let project = with_media();

    detach(&project, json!({ "task": "api", "type": "log", "sequence": 1 }));

    assert_eq!(left(&project), ["api log#0", "api note#0", "ui log#0"]);
    assert_eq!(project.media().len(), 2);
}

#[test]
fn a_pattern_takes_what_fits() {
    let project = with_media();

    let detached = detach(&project, json!({ "task": "api", "type": "*o*" }));

    assert_eq!(detached["deleted_count"], 3);
    assert_eq!(left(&project), ["ui log#0"]);
}

#[test]
fn a_file_goes_with_the_last_that_refers_to_it() {
    let project = with_media();

    detach(&project, json!({ "task": "api", "type": "log" }));
    detach(&project, json!({ "task": "ui", "type": "log" }));

    assert_eq!(project.media(), [b""; 0]);
}

#[test]
fn a_file_that_something_refers_to_stays_whatever_is_said_of_files() {
    let project = with_media();

    detach(&project, json!({ "task": "ui", "type": "log", "delete_files": true }));
    assert_eq!(project.media().len(), 2);
    detach(&project, json!({ "task": "api", "type": "log", "delete_files": false }));

    assert_eq!(project.media(), [b""; 0]);
}

#[test]
fn a_file_goes_with_a_task_that_is_deleted_for_good() {
    let project = with_media();

    project.does("delete", json!({ "worker_id": "ann", "task": "api" }));
    assert_eq!(project.media().len(), 2);
    project.does("delete", json!({ "worker_id": "ann", "task": "api", "obliterate": true }));

    assert_eq!(project.media(), [b"both"]);
}

#[test]
fn a_file_that_is_attached_again_before_it_was_swept_stays() {
    let project = with_media();
    let replace = json!({ "task": "api", "type": "log", "content": "new", "mode": "replace" });
    let again = json!({ "task": "api", "type": "log", "content": "one", "store_as_file": true });

    project.does("attach", replace).does("attach", again);
    project.app.tidy().unwrap();

    assert_eq!(project.media().len(), 2);
}

#[test]
fn what_follows_a_task_that_is_renamed_is_found_under_its_new_name() {
    let project = with_media();

    project.does("rename", json!({ "task": "api", "new_id": "server" }));
    let detached = detach(&project, json!({ "task": "server", "type": "log", "sequence": 0 }));

    assert_eq!(detached["deleted_count"], 1);
    assert_eq!(project.media(), [b"both"]);
}

#[test]
fn what_is_not_there_cannot_go() {
    let project = with_media();

    for what in [json!({ "type": "plan" }), json!({ "type": "log", "sequence": 9 }), json!({ "type": "LOG" })]
    {
        let mut asked = what.clone();
        asked["worker_id"] = "ann".into();
        asked["task"] = "api".into();
        assert_eq!(project.refusal("detach", asked).code, "input", "{what}");
    }
    let lost = json!({ "worker_id": "ann", "task": "nowhere", "type": "log" });
    assert_eq!(project.refusal("detach", lost).code, "not_found");
}
