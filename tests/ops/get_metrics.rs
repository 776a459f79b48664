//! `get_metrics`: sum up what work cost.

use serde_json::{Value, json};

use crate::support::project::Project;

fn log(project: &Project, worker: &str, task: &str, cost: f64, tokens: i64) {
    let asked =
        json!({ "worker_id": worker, "task": task, "cost_usd": cost, "values": { "tokens": tokens } });
    project.does("log_metrics", asked);
}

/// A tree of which `ann` and `bob` did a part each, and a task beside it.
fn project() -> Project {
    let project = Project::new();
    project.has(["whole"]).has_one("api", json!({ "tags": ["rust", "sql"] }));
    project.has_one("ui", json!({ "tags": ["css"] })).has(["beside"]).inside("whole", ["api", "ui"]);
    project.claim("ann", "api");
    log(&project, "ann", "api", 0.3, 100);
    let _ = project.moves("ann", "api", "pending");
    project.claim("bob", "api");
    log(&project, "bob", "api", 0.1, 50);
    log(&project, "bob", "ui", 0.25, 25);
    log(&project, "bob", "beside", 1.0, 1);
    project
}

fn metrics(project: &Project, what: Value) -> Value {
    project.answer("get_metrics", what)
}

#[test]
fn one_task_is_summed_up() {
    let project = project();

    let answer = metrics(&project, json!({ "task": "api" }));

    assert_eq!(answer, json!({ "task": "api", "cost_usd": 0.4, "metrics": { "tokens": 150 } }));
}

#[test]
fn a_task_of_which_nothing_was_reported_cost_nothing() {
    let project = project();

    assert_eq!(metrics(&project, json!({ "task": "whole" })), json!({ "task": "whole", "cost_usd": 0 }));
}

#[test]
fn what_is_under_a_task_counts_too_if_asked_for() {
    let project = project();

    let answer = metrics(&project, json!({ "task": "whole", "recursive": true }));

    assert_eq!(answer, json!({ "tasks": 3, "cost_usd": 0.65, "metrics": { "tokens": 175 } }));
}

#[test]
fn several_tasks_are_shown_one_by_one_each_counted_once() {
    let project = project();

    let answer = metrics(&project, json!({ "task": ["whole", "api", "api", "ui"], "recursive": true }));

    assert_eq!((&answer["tasks"], &answer["cost_usd"]), (&json!(3), &json!(0.65)));
    assert_eq!(
        answer["groups"],
        json!([
            { "task": "api", "cost_usd": 0.4, "metrics": { "tokens": 150 } },
            { "task": "ui", "cost_usd": 0.25, "metrics": { "tokens": 25 } },
        ])
    );
    assert_eq!(answer["groups_total"], 2);
}

#[test]
fn without_a_task_everything_is_summed_up() {
    let project = project();

    let answer = metrics(&project, json!({}));

    assert_eq!(answer, json!({ "cost_usd": 1.65, "metrics": { "tokens": 176 } }));
}

#[test]
fn sums_are_broken_down() {
    let project = project();
    let groups = |what: Value| {
        let groups = metrics(&project, what)["groups"].clone();
        let line = |group: &Value| {
            let key = ["task", "attempt", "worker_id", "tag"].map(|key| group[key].to_string());
            let key: Vec<String> = key.into_iter().filter(|key| key != "null").collect();
            format!("{} {}", key.join(" ").replace('"', ""), group["cost_usd"])
        };
        groups.as_array().unwrap().iter().map(line).collect::<Vec<_>>()
    };

    let under = |by: &str| json!({ "task": "whole", "recursive": true, "by": by });
    assert_eq!(groups(under("worker")), ["bob 0.35", "ann 0.3"]);
    assert_eq!(groups(under("task")), ["api 0.4", "ui 0.25"]);
    assert_eq!(groups(under("tag")), ["rust 0.4", "sql 0.4", "css 0.25"]);
    assert_eq!(groups(under("attempt")), ["api 1 ann 0.3", "ui 0 bob 0.25", "api 2 bob 0.1"]);
    let all = |by: &str| json!({ "by": by });
    assert_eq!(groups(all("worker")), ["bob 1.35", "ann 0.3"]);
    assert_eq!(groups(all("task")), ["beside 1", "api 0.4", "ui 0.25"]);
    assert_eq!(groups(all("tag")), ["rust 0.4", "sql 0.4", "css 0.25"]);
    assert_eq!(groups(json!({ "by": "task", "limit": 1, "offset": 1 })), ["api 0.4"]);
    assert_eq!(metrics(&project, json!({ "by": "task", "limit": 1, "offset": 1 }))["next_offset"], 2);
}

#[test]
fn estimates_stand_beside_the_time_it_took() {
    let mut project = Project::new();
    let about = |estimate: i64| json!({ "time_estimate_ms": estimate, "points": 3 });
    project.has_one("api", about(60_000)).has_one("ui", about(90_000)).has(["free"]);
    project.has_one("gone", about(7)).does("delete", json!({ "worker_id": "ann", "task": "gone" }));
    for task in ["api", "free", "ui"] {
        project.claim("ann", task);
    }
    let _ = project.at("12:02").moves("ann", "api", "completed");
    let _ = project.moves("ann", "free", "completed");
    project.at("12:03");

    let one = metrics(&project, json!({ "task": "api" }));
    let all = metrics(&project, json!({}));
    let named = metrics(&project, json!({ "task": ["api", "ui", "free"] }));

    let estimate = |answer: &Value| {
        ["points", "estimated_tasks", "time_estimate_ms", "time_actual_ms"].map(|name| answer[name].clone())
    };
    assert_eq!(json!(estimate(&one)), json!([3, 1, 60_000, 120_000]));
    assert_eq!(json!(estimate(&all)), json!([6, 2, 150_000, 300_000]), "with the time that runs");
    assert_eq!(estimate(&named), estimate(&all));
}

#[test]
fn estimates_are_kept_up_with_the_tasks() {
    let project = Project::new();
    project.has(["api"]);
    let estimates = || {
        let row = project.rows("select tasks, time_estimate_ms, points from estimates").remove(0);
        json!([row["tasks"], row["time_estimate_ms"], row["points"]])
    };
    let does = |operation: &str, what: Value| {
        let mut asked = what;
        asked["worker_id"] = "ann".into();
        asked["task"] = "api".into();
        project.does(operation, asked);
        estimates()
    };

    assert_eq!(estimates(), json!([0, 0, 0]));
    assert_eq!(does("update", json!({ "time_estimate_ms": 5, "points": 2 })), json!([1, 5, 2]));
    assert_eq!(does("update", json!({ "time_estimate_ms": 9 })), json!([1, 9, 2]));
    assert_eq!(does("delete", json!({})), json!([0, 0, 0]));
    assert_eq!(does("undelete", json!({})), json!([1, 9, 2]));
    assert_eq!(does("delete", json!({ "obliterate": true })), json!([0, 0, 0]));
}

#[test]
fn what_a_task_cost_that_is_gone_for_good_was_spent() {
    let project = project();
    project.does("delete", json!({ "worker_id": "bob", "task": "api", "obliterate": true }));

    let all = metrics(&project, json!({}));
    let by_task = metrics(&project, json!({ "by": "task" }));

    assert_eq!(all["cost_usd"], 1.65);
    assert_eq!((&by_task["cost_usd"], &by_task["groups_total"]), (&json!(1.65), &json!(2)));
}

#[test]
fn metrics_follow_a_task_to_its_new_name() {
    let project = project();

    project.does("rename", json!({ "task": "api", "new_id": "server" }));

    assert_eq!(metrics(&project, json!({ "task": "server" }))["cost_usd"], 0.4);
}

#[test]
fn an_answer_stays_small_whatever_is_counted() {
    let project = Project::new();
    let ids: Vec<String> = (0..30).map(|n| format!("{n:02}{}", "t".repeat(60))).collect();
    for id in &ids {
        project.has([id]);
        let values: Value =
            (0..20).map(|n| (format!("{n:02}{}", "c".repeat(38)), json!(1_000_000_000))).collect();
        project.does("log_metrics", json!({ "worker_id": "ann", "task": id, "values": values }));
    }

    let answer = metrics(&project, json!({ "task": ids }));

    assert_eq!((&answer["metrics_total"], &answer["groups_total"]), (&json!(20), &json!(30)));
    assert!(answer.to_string().len() < 4_000, "{}", answer.to_string().len());
}

#[test]
fn an_unknown_task_is_refused() {
    let project = project();

    assert_eq!(project.refusal("get_metrics", json!({ "task": ["api", "nowhere"] })).code, "not_found");
    assert_eq!(project.refusal("get_metrics", json!({ "by": "colour" })).code, "input");
}
