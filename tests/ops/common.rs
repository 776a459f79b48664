//! What holds for every operation: who asks, requests that are repeated, arguments that cannot be read.

use serde_json::{Value, json};
use task_graph::domain::Process;
use task_graph::ops::CATALOGUE;
use task_graph::{Caller, Effect};

use crate::support::project::{Project, ids};

#[test]
fn who_is_not_known_is_sent_to_connect() {
    let project = Project::new();
    project.has(["api"]);

    for (operation, arguments) in [
        ("claim", json!({ "task": "api" })),
        ("update", json!({ "task": "api", "title": "mine" })),
        ("create", json!({ "title": "mine" })),
        ("list_tasks", json!({})),
    ] {
        let mut arguments = arguments;
        arguments["worker_id"] = "carl".into();

        let refused = project.refusal(operation, arguments);

        assert_eq!(refused.code, "not_found", "{operation}");
        assert_eq!(refused.hint.as_deref(), Some("call `connect` with this worker_id first"));
    }
}

#[test]
fn who_does_not_say_who_it_is_is_asked() {
    let project = Project::new();
    project.has(["api"]);

    let refused = project.refusal("claim", json!({ "task": "api" }));

    assert_eq!(refused.message, "`claim` needs `worker_id`");
    assert!(refused.hint.is_some_and(|hint| hint.contains("`connect`")));
}

#[test]
fn a_process_that_was_started_for_a_worker_speaks_for_it() {
    let project = Project::new();
    project.has(["api"]);
    let carls = project.beside(Caller { worker: Some("carl".parse().unwrap()), ..Caller::default() });

    carls.does("claim", json!({ "task": "api" }));

    assert_eq!(project.task("api")["worker_id"], "carl");
    assert_eq!(project.rows("select max_claims from workers where id = 'carl'")[0]["max_claims"], 5);
}

#[test]
fn a_process_that_was_started_for_a_worker_may_speak_for_others_it_knows() {
    let project = Project::new();
    project.has(["api"]);
    let carls = project.beside(Caller { worker: Some("carl".parse().unwrap()), ..Caller::default() });

    carls.does("claim", json!({ "task": "api", "worker_id": "ann" }));

    assert_eq!(project.task("api")["worker_id"], "ann");
    assert_eq!(carls.refusal("claim", json!({ "worker_id": "dora" })).code, "not_found");
}

#[test]
fn a_repeated_request_gets_its_first_answer_and_changes_nothing() {
    let project = Project::new();
    project.has(["one", "two"]);
    let asked = json!({ "worker_id": "ann", "count": 1, "request_id": "r1" });
    let first = project.answer("claim", asked.clone());
    let before = project.contents();

    let second = project.answer("claim", asked);

    assert_eq!(first, second);
    assert_eq!(before, project.contents());
}

#[test]
fn a_request_that_was_refused_may_be_repeated() {
    let project = Project::new();
    project.has(["first", "second"]).linked("first", "second");
    let asked = json!({ "worker_id": "ann", "task": "second", "request_id": "r1" });
    assert_eq!(project.refusal("claim", asked.clone()).code, "blocked");

    let _ = project.finish("first");

    assert_eq!(project.answer("claim", asked)["task"]["id"], "second");
}

#[test]
fn a_request_id_belongs_to_one_operation() {
    let project = Project::new();
    project.does("create", json!({ "worker_id": "ann", "title": "one", "request_id": "r1" }));

    let refused = project.refusal("claim", json!({ "worker_id": "ann", "request_id": "r1" }));

    assert_eq!(refused.code, "request_id");
    assert_eq!(refused.message, "request id `r1` was used for `create` before");
}

#[test]
fn a_request_id_belongs_to_one_set_of_arguments() {
    let project = Project::new();
    for caller in [json!({}), json!({ "worker_id": "ann" })] {
        let ask = |title: &str| {
            let mut asked = caller.clone();
            asked["id"] = format!("{title}{}", caller.as_object().unwrap().len()).into();
            asked["title"] = title.into();
            asked["request_id"] = "1".into();
            asked
        };
        project.does("create", ask("one"));

        let refused = project.refusal("create", ask("two"));

        assert_eq!(refused.code, "request_id");
        assert_eq!(refused.message, "request id `1` was used for `create` before, with other arguments");
        assert_eq!(refused.hint.unwrap(), "give each new request an id of its own");
    }
}

#[test]
fn the_order_and_the_form_of_arguments_make_no_other_request() {
    let project = Project::new();
    let first =
        project.answer("create", json!({ "title": "T", "priority": 7, "tags": ["a"], "request_id": "r1" }));

    let asked = json!({ "request_id": "r1", "tags": "a", "priority": "7", "title": "T", "id": null });
    let again = project.answer("create", asked);

    assert_eq!(first, again);
}

#[test]
fn a_request_id_of_no_worker_belongs_to_its_process() {
    let project = Project::new();
    let server = |pid| {
        let process = Process { pid, start: 1, boot: "b".into(), host: "h".into() };
        project.beside(Caller { process: Some(process), ..Caller::default() })
    };
    let (one, other) = (server(1), server(2));
    let ask = |id: &str| json!({ "id": id, "title": id, "request_id": "1" });

    let created = [(&one, "one"), (&other, "two"), (&project, "three")]
        .map(|(server, id)| server.answer("create", ask(id))["id"].clone());
    let shell = project.beside(Caller::default());

    assert_eq!(created, ["one", "two", "three"]);
    assert_eq!(one.refusal("create", ask("two")).code, "request_id");
    assert_eq!(shell.answer("create", ask("three"))["id"], "three");
}

#[test]
fn a_request_id_belongs_to_one_worker() {
    let project = Project::new();
    project.has(["one", "two"]);

    let ann = project.answer("claim", json!({ "worker_id": "ann", "request_id": "1" }));
    let bob = project.answer("claim", json!({ "worker_id": "bob", "request_id": "1" }));

    assert_eq!(ann["task"]["id"], "one");
    assert_eq!(bob["task"]["id"], "two");
}

#[test]
fn reading_needs_no_request_id() {
    let project = Project::new();

    let refused = project.refusal("list_tasks", json!({ "request_id": "r1" }));

    assert_eq!(refused.message, "`list_tasks` has no argument `request_id`");
}

#[test]
fn an_unknown_argument_is_refused_with_the_nearest_name() {
    let project = Project::new();

    let refused = project.refusal("create", json!({ "title": "x", "desciption": "y" }));

    assert_eq!(refused.message, "`create` has no argument `desciption`");
    assert_eq!(refused.hint.as_deref(), Some("did you mean `description`?"));
}

#[test]
fn an_unknown_argument_within_another_is_refused_with_its_place() {
    let project = Project::new();

    let refused = project.refusal("create", json!({ "tasks": [{ "titel": "x" }] }));

    assert_eq!(refused.message, "`create` has no argument `titel` in `tasks[0]`");
    assert_eq!(refused.hint.as_deref(), Some("did you mean `title`?"));
}

#[test]
fn a_wrong_type_is_refused() {
    let project = Project::new();

    let refused = project.refusal("list_tasks", json!({ "limit": "ten" }));

    assert_eq!(refused.message, "`limit` of `list_tasks` takes integer, not string");
}

#[test]
fn an_argument_in_the_wrong_place_is_told_where_it_stands() {
    let project = Project::new();
    let tree = json!({ "title": "x", "child_type": "contains" });

    let refused = project.refusal("create_tree", json!({ "tree": tree }));

    assert_eq!(refused.message, "`create_tree` has no argument `child_type` in `tree`");
    assert_eq!(refused.hint.unwrap(), "`child_type` stands beside `tree`, not in it");
}

#[test]
fn names_from_other_tools_are_understood() {
    let project = Project::new();
    project.has(["api"]).claim("ann", "api");

    let running = project.answer("list_tasks", json!({ "status": ["running", "queued"] }));
    let done = project.answer("update", json!({ "agent": "ann", "id": "api", "state": "completed" }));

    assert_eq!(ids(&running["tasks"]), ["api"]);
    assert_eq!(done["status"], "completed");
}

#[test]
fn what_means_nothing_here_is_taken_and_the_caller_is_told() {
    let project = Project::new();
    project.has(["api"]).claim("ann", "api");
    let paths = json!({ "worker_id": "carl", "db_path": "elsewhere.db" });

    let connected = project.answer("connect", paths);
    let cleaned = project.answer("cleanup_stale", json!({ "timeout": 1, "final_status": "failed" }));
    let shown = project.answer("get", json!({ "task": "api", "format": "json" }));
    let query = project.answer("query", json!({ "sql": "select 1 as one", "format": "csv" }));

    assert_eq!(
        connected["notices"],
        json!(["`db_path` is not heeded: a process is told its paths when it starts"])
    );
    assert_eq!(
        (&cleaned["tasks_released"], cleaned["notices"].as_array().map(Vec::len)),
        (&json!(0), Some(2))
    );
    assert!(shown.get("notices").is_none() && query.get("notices").is_none(), "{shown} {query}");
    let refused = project.refusal("get", json!({ "task": "api", "db_path": "x" }));
    assert_eq!(refused.code, "input");
}

#[test]
fn an_argument_that_is_null_counts_as_left_out() {
    let project = Project::new();
    project.has(["api"]);

    for entry in CATALOGUE {
        let schema = entry.arguments(project.config());
        let known = schema["properties"].as_object().unwrap();
        let required: Vec<&Value> = schema
            .get("required")
            .and_then(Value::as_array)
            .map(|required| required.iter().collect())
            .unwrap_or_default();
        for name in known.keys().filter(|name| !required.contains(&&json!(name))) {
            let refused = project.call(entry.name, json!({ name: null })).err();

            let complaint = refused.map(|refused| refused.message).unwrap_or_default();
            assert!(!complaint.contains("null"), "{} {name}: {complaint}", entry.name);
        }
    }
}

#[test]
fn a_generated_id_may_be_given_by_its_end() {
    let project = Project::new();
    let created = project.answer("create", json!({ "title": "x" }));
    let id = created["id"].as_str().unwrap();

    let task = project.task(&id[id.len() - 8..]);

    assert_eq!(task["id"], id);
}

#[test]
fn an_end_that_two_ids_share_is_refused_with_both() {
    let project = Project::new();
    let twins = ["01890000-0000-7000-8000-0000deadbeef", "01890000-0000-7000-8001-0000deadbeef"];
    project.has(twins);

    let refused = project.refusal("get", json!({ "task": "deadbeef" }));

    assert_eq!(refused.code, "ambiguous");
    let mut candidates: Vec<_> = refused.details["candidates"].as_array().unwrap().clone();
    candidates.sort_by_key(ToString::to_string);
    assert_eq!(json!(candidates), json!(twins));
}

#[test]
fn an_operation_that_is_not_there_is_refused_with_the_nearest() {
    let project = Project::new();

    let refused = project.refusal("list_task", json!({}));

    assert_eq!(refused.code, "not_found");
    assert_eq!(refused.hint.as_deref(), Some("did you mean `list_tasks`?"));
}

#[test]
fn every_call_of_a_worker_is_a_sign_of_life() {
    let mut project = Project::new();
    project.has(["api"]).claim("ann", "api");

    for time in ["12:04", "12:08", "12:12"] {
        project.at(time).does("list_tasks", json!({ "worker_id": "ann" }));
    }
    project.at("12:16").does("cleanup_stale", json!({}));

    assert_eq!(project.task("api")["worker_id"], "ann");
}

#[test]
fn a_worker_that_was_gone_is_told_so() {
    let mut project = Project::new();
    project.has(["api"]).claim("ann", "api");
    project.at("12:06").does("cleanup_stale", json!({}));

    let thought = project.answer("thinking", json!({ "worker_id": "ann", "thought": "hm" }));

    let notice = thought["notices"][0].as_str().unwrap();
    assert!(notice.starts_with("you were counted as gone (expired)"), "{notice}");
}

#[test]
fn the_time_of_a_call_is_never_before_what_was_written() {
    let mut project = Project::new();
    project.at("12:05").has(["late"]);

    project.at("12:00").has(["early"]);

    assert_eq!(project.task("early")["created_at"], "2026-01-31T12:05:00Z");
}

#[test]
fn operations_say_what_they_do() {
    let effect = |name: &str| CATALOGUE.iter().find(|entry| entry.name == name).unwrap().effect;

    assert_eq!(effect("list_tasks"), Effect::Read);
    assert_eq!(effect("thinking"), Effect::Note);
    assert_eq!(effect("claim"), Effect::Write);
    assert_eq!(effect("delete"), Effect::Destroy);
}

#[test]
fn answers_have_no_nulls() {
    let project = Project::new();
    project.has_one("whole", json!({ "description": "x" })).has(["part", "other"]);
    project.inside("whole", ["part"]).linked("part", "other").claim("ann", "part");

    for (operation, arguments) in [
        ("get", json!({ "task": "part" })),
        ("list_tasks", json!({})),
        ("list_agents", json!({})),
        ("events", json!({})),
        ("task_history", json!({ "task": "part" })),
        ("project_history", json!({})),
        ("scan", json!({ "task": "part", "after": 1, "above": 1 })),
        ("explain", json!({ "worker_id": "bob" })),
        ("explain", json!({ "worker_id": "bob", "task": "part" })),
        ("status_summary", json!({})),
        ("connect", json!({})),
        ("attach", json!({ "task": "part", "type": "note", "content": "x" })),
        ("attachments", json!({ "task": "part" })),
        ("attachments", json!({ "task": "part", "sequence": 0 })),
        ("log_metrics", json!({ "worker_id": "ann", "task": "part", "cost_usd": 1 })),
        ("get_metrics", json!({ "task": ["part", "other"] })),
        ("detach", json!({ "worker_id": "ann", "task": "part", "type": "*" })),
        ("claim", json!({ "worker_id": "ann" })),
        ("update", json!({ "worker_id": "ann", "task": "part", "status": "completed" })),
    ] {
        let answer = project.answer(operation, arguments);

        assert!(!answer.to_string().contains("null"), "{operation}: {answer}");
    }
}

/// Returns where a request has lists of names, each as a path.
fn lists(schema: &Value, path: &[String]) -> Vec<Vec<String>> {
    let Some(properties) = schema["properties"].as_object() else {
        return Vec::new();
    };
    let inside = properties.iter().flat_map(|(name, schema)| {
        let path: Vec<String> = path.iter().chain([name]).cloned().collect();
        let is_list = schema["type"] == "array" && schema["items"]["type"] == "string";
        let below = lists(schema, &path);
        is_list.then_some(path).into_iter().chain(below)
    });
    inside.collect()
}

#[test]
fn every_list_of_names_is_as_long_as_the_project_allows() {
    let project = Project::with(|config| config.limits.ids = 1_000);
    let names: Vec<String> = (0..=1_000).map(|at| format!("t{at}")).collect();
    let mut seen = Vec::new();
    for entry in CATALOGUE {
        let schema = Value::Object(entry.arguments(project.config()));
        for path in lists(&schema, &[]) {
            let list = path.iter().rev().fold(json!(names), |inner, name| json!({ name: inner }));

            let refused = project.refusal(entry.name, list);

            let path = path.join(".");
            let expected = format!("1001 {path} are too many, the limit is 1000");
            // A list of a few words has no room for so many.
            let is_of_words = refused.message.ends_with(&format!("is not a valid `{path}[0]`"));
            assert!(refused.message == expected || is_of_words, "{} {path}: {}", entry.name, refused.message);
            seen.push(format!("{} {path}", entry.name));
        }
    }
    for known in ["create blocked_by", "create_tree tree.blocks", "link from", "wait task", "thinking tasks"]
    {
        assert!(seen.iter().any(|seen| seen == known), "{known}: {seen:?}");
    }
}

#[test]
fn a_list_of_names_in_a_row_is_as_long_as_elsewhere() {
    let project = Project::with(|config| config.limits.ids = 3);
    project.has(["a", "b", "c", "d"]);

    let refused = project.refusal(
        "create",
        json!({ "columns": ["title", "blocked_by"], "rows": [["join", ["a", "b", "c", "d"]]] }),
    );

    assert!(refused.message.contains("4 blocked_by are too many, the limit is 3"), "{}", refused.message);
}
