//! Settings are read again when their files change, and nothing else has to be done.

use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use task_graph::config::{Project, Start, Watch};
use task_graph::ops::{self, Input};
use task_graph::store::{Options, Store};
use task_graph::{App, Caller, Error};
use tempfile::TempDir;

use crate::support::team::Team;

/// A project whose settings are looked at with every call.
struct Watched {
    folder: TempDir,
    app: App,
}

impl Watched {
    fn new(settings: &str) -> Self {
        Self::among(settings, &[])
    }

    /// The same, started with these variables.
    fn among(settings: &str, variables: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join(".task-graph/config.yaml");
        fs::create_dir(file.parent().unwrap()).unwrap();
        fs::write(&file, settings).unwrap();
        let environment = variables.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
        let start = Start { directory: Some(folder.path().to_owned()), environment, ..Start::default() };
        let watch = Watch::new(&start).unwrap().every(Duration::ZERO);
        let Project { config, database, .. } = Project::find(&start).unwrap();
        let options = Options { lock_wait: Duration::from_secs(10), synced: false };
        let store = Store::open(&database, options).unwrap();
        let app = App::new(store, config, Caller::default()).unwrap().watching(watch);
        Self { folder, app }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(".task-graph").join(name)
    }

    fn call(&self, operation: &str, arguments: Value) -> Result<Value, Error> {
        let arguments = arguments.as_object().unwrap().clone();
        ops::find(operation).unwrap().call(&self.app, Input::of(arguments))
    }

    #[track_caller]
    fn answer(&self, operation: &str, arguments: Value) -> Value {
        self.call(operation, arguments).unwrap()
    }
}

const OWN: &str = "
settings: { initial_state: todo, claim_state: doing, disconnect_state: todo, complete_state: done }
states: { todo: { exits: [doing], blocking: true }, doing: { exits: [done, todo], timed: true, blocking: true }, done: { terminal: true } }
";

#[test]
fn a_changed_setting_holds_with_the_next_call() {
    let project = Watched::new("server: { claim_limit: 1 }");
    assert_eq!(project.answer("connect", json!({ "worker_id": "ann" }))["max_claims"], 1);

    fs::write(project.file("config.yaml"), "server: { claim_limit: 17 }").unwrap();

    assert_eq!(project.answer("connect", json!({ "worker_id": "bob" }))["max_claims"], 17);
}

#[test]
fn a_workflow_may_be_added_while_everybody_works() {
    let project = Watched::new("");
    let asked = json!({ "title": "x", "id": "api", "workflow": "own" });
    assert_eq!(project.call("create", asked.clone()).unwrap_err().code(), "not_found");

    fs::write(project.file("workflow-own.yaml"), OWN).unwrap();

    assert_eq!(project.answer("create", asked)["status"], "todo");
    assert_eq!(project.answer("list_tasks", json!({ "status": "doing" }))["total"], 0);
}

#[test]
fn what_cannot_be_used_is_told_once_and_the_old_settings_hold() {
    let project = Watched::new("server: { claim_limit: 1 }");

    fs::write(project.file("config.yaml"), "server:\n  claim_limt: 17\n").unwrap();
    let next = project.answer("connect", json!({ "worker_id": "ann" }));
    let after = project.answer("connect", json!({ "worker_id": "ann" }));
    let shown = project.answer("config", json!({ "key": "server.claim_limit" }));
    fs::write(project.file("config.yaml"), "server: { claim_limit: 3 }").unwrap();
    let right = project.answer("config", json!({ "key": "server.claim_limit" }));

    let problem = "the settings were changed but cannot be used, the old ones hold: .task-graph/config.yaml:2: `server.claim_limt` is not a setting";
    assert_eq!((&next["max_claims"], &next["notices"]), (&json!(1), &json!([problem])));
    assert_eq!(after.get("notices"), None);
    assert_eq!(shown["problem"], problem);
    assert_eq!((right.get("problem"), &right["settings"][0]["value"]), (None, &json!(3)));
}

#[test]
fn states_that_come_to_mean_something_else_are_counted_anew() {
    let project = Watched::new("");
    let tasks = json!([{ "id": "one", "title": "x" }, { "id": "two", "title": "x", "blocked_by": ["one"] }]);
    project.answer("create", json!({ "tasks": tasks }));
    project.answer("connect", json!({ "worker_id": "ann" }));
    project.answer("claim", json!({ "worker_id": "ann", "task": "one" }));
    project.answer("update", json!({ "worker_id": "ann", "task": "one", "status": "failed" }));
    let ready = |project: &Watched| project.answer("list_tasks", json!({ "ready": true }))["total"].clone();
    assert_eq!(ready(&project), 0);

    fs::write(project.file("config.yaml"), "states: { failed: { blocking: false } }").unwrap();

    assert_eq!(ready(&project), 1);
}

#[test]
fn a_server_shows_its_tools_in_the_words_of_the_settings_that_hold() {
    let team = Team::new();
    team.configure("");
    let mut server = team.server();
    server.answer("status_summary", json!({}));

    team.configure("server: { default_workflow: kanban }");

    let since = Instant::now();
    while !server.request("tools/list", json!({})).to_string().contains("in_progress") {
        assert!(since.elapsed() < Duration::from_secs(30), "the list stays as it was");
    }
}

#[test]
fn an_answer_that_changes_nothing_tells_of_the_settings_too() {
    let project = Watched::new("server: { claim_limit: 1 }");
    project.answer("connect", json!({ "worker_id": "ann" }));

    fs::write(project.file("config.yaml"), "server:\n  claim_limt: 17\n").unwrap();
    let nothing = project.answer("claim", json!({ "worker_id": "ann" }));

    assert_eq!(nothing["task"], Value::Null);
    assert!(nothing["notices"][0].as_str().is_some_and(|told| told.contains("claim_limt")), "{nothing}");
}

#[test]
fn a_variable_that_means_nothing_is_told_once_and_in_the_settings() {
    let project = Watched::among("", &[("TASK_GRAPH_MEDIA_DIR", "media")]);

    let first = project.answer("status_summary", json!({}));
    let second = project.answer("status_summary", json!({}));
    let settings = project.answer("config", json!({}));

    let told =
        "the variable `TASK_GRAPH_MEDIA_DIR` is not heeded: media lie beside the store, in `<store>-media`";
    assert_eq!(first["notices"], json!([told]));
    assert!(second.get("notices").is_none());
    assert_eq!(settings["problem"], told);
}
