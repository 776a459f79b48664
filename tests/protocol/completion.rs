//! Completion: the names that begin as somebody has begun to type.

use serde_json::{Value, json};
use task_graph::Patience;
use task_graph::ops::{self, Names, Subject};

use crate::support::agent::Agent;
use crate::support::project::Project;
use crate::support::team::Team;

const TREE: &str = "query://tasks/tree/{task_id}";

fn of_template(agent: &mut Agent, address: &str, argument: &str, value: &str) -> Value {
    let reference = json!({ "type": "ref/resource", "uri": address });
    complete(agent, reference, argument, value)
}

fn complete(agent: &mut Agent, reference: Value, argument: &str, value: &str) -> Value {
    let asked = json!({ "ref": reference, "argument": { "name": argument, "value": value } });
    agent.request("completion/complete", asked)
}

fn values(response: &Value) -> Vec<&str> {
    let values = response["result"]["completion"]["values"].as_array();
    values.unwrap_or_else(|| panic!("{response}")).iter().map(|value| value.as_str().unwrap()).collect()
}

#[test]
fn tasks_workers_and_skills_are_completed_by_how_they_begin() {
    let team = Team::new();
    team.has(&["parse", "parser-tests", "print", "gone"]);
    let mut agent = team.server();
    for worker in ["ann", "anton", "bob"] {
        agent.answer("connect", json!({ "worker_id": worker }));
    }
    agent.answer("delete", json!({ "worker_id": "ann", "task": "gone" }));

    let tasks = of_template(&mut agent, TREE, "task_id", "par");
    let newest = of_template(&mut agent, TREE, "task_id", "");
    let workers = of_template(&mut agent, "query://tasks/agent/{agent_id}", "agent_id", "an");
    let skills = of_template(&mut agent, "docs://skills/{name}", "name", "re");
    let prompt = complete(&mut agent, json!({ "type": "ref/prompt", "name": "work" }), "worker_id", "b");
    let free = complete(&mut agent, json!({ "type": "ref/prompt", "name": "plan" }), "goal", "p");

    assert_eq!(values(&tasks), ["parse", "parser-tests"]);
    assert_eq!(values(&newest), ["print", "parser-tests", "parse"]);
    assert_eq!(values(&workers), ["ann", "anton"]);
    assert_eq!(values(&skills), ["reporting", "repair"]);
    assert_eq!(values(&prompt), ["bob"]);
    assert_eq!(values(&free), [] as [&str; 0]);
}

#[test]
fn a_generated_id_is_completed_from_the_end_that_answers_show() {
    let team = Team::new();
    let mut agent = team.server();
    let short = agent.answer("create", json!({ "title": "T" }))["id"].as_str().unwrap().to_owned();
    let whole = team.rows("select id from tasks")[0][0].as_str().unwrap().to_owned();

    let newest = of_template(&mut agent, TREE, "task_id", "");
    let by_end = of_template(&mut agent, TREE, "task_id", &short[..4]);
    let by_start = of_template(&mut agent, TREE, "task_id", &whole[..9]);

    assert_eq!(values(&newest), [short.as_str()]);
    assert_eq!(values(&by_end), [short.as_str()]);
    assert_eq!(values(&by_start), [whole.as_str()]);
}

#[test]
fn the_names_are_bounded_and_say_that_there_are_others() {
    let team = Team::new();
    let ids: Vec<String> = (0..60).map(|number| format!("task-{number:02}")).collect();
    team.has(&ids.iter().map(String::as_str).collect::<Vec<_>>());
    let mut agent = team.server();

    let many = of_template(&mut agent, TREE, "task_id", "task-");
    let few = of_template(&mut agent, TREE, "task_id", "task-5");

    assert_eq!((values(&many).len(), &many["result"]["completion"]["hasMore"]), (50, &json!(true)));
    assert_eq!((values(&few).len(), &few["result"]["completion"]["hasMore"]), (10, &json!(false)));
}

#[test]
fn what_cannot_be_completed_is_refused() {
    let team = Team::new();
    let mut agent = team.server();

    for refused in [
        of_template(&mut agent, TREE, "task", "x"),
        of_template(&mut agent, "query://tasks/all", "task_id", "x"),
        complete(&mut agent, json!({ "type": "ref/prompt", "name": "works" }), "worker_id", "x"),
        complete(&mut agent, json!({ "type": "ref/prompt", "name": "work" }), "worker", "x"),
        agent.request("completion/complete", json!({ "ref": 7 })),
    ] {
        assert_eq!(refused["error"]["code"], -32602, "{refused}");
    }
}

#[test]
fn workflows_are_completed_where_something_asks_for_one() {
    let project = Project::new();
    let workflows = |start| ops::names(&project.app, Patience::Waits, Subject::Workflow, start, 10).unwrap();

    assert_eq!(workflows("def").names, ["default"]);
    assert_eq!(workflows("x"), Names::default());
}
