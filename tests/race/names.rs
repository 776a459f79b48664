//! Workers' names: one process at a time speaks under each.

use serde_json::{Value, json};

use crate::support::agent::{Agent, Answer};
use crate::support::team::Team;

#[test]
fn a_name_is_given_to_one_of_many_processes() {
    let team = Team::new();
    let mut agents: Vec<Agent> = (0..8).map(|_| team.agent("ann")).collect();

    for agent in &mut agents {
        agent.start("connect", json!({}));
    }
    let answers: Vec<Answer> = agents.iter_mut().map(Agent::finish).collect();

    let refused: Vec<_> = answers.iter().filter_map(|answer| answer.as_ref().err()).collect();
    assert_eq!(refused.len(), 7, "{answers:?}");
    assert!(refused.iter().all(|refused| refused.code == "name_taken"), "{refused:?}");
    team.check();
}

#[test]
fn one_who_takes_a_name_over_gets_its_work_and_the_other_is_told() {
    let team = Team::new();
    team.has(&["t"]);
    let mut old = team.agent("ann");
    old.answer("claim", json!({ "task": "t" }));
    let mut new = team.agent("ann");
    assert_eq!(new.refusal("connect", json!({})).code, "name_taken");

    let connected = new.answer("connect", json!({ "force": true }));

    assert_eq!(connected["holds"][0]["id"], "t");
    assert_eq!(new.answer("claim", json!({}))["task"]["attempt"], 2);
    let finish = json!({ "task": "t", "status": "completed", "attempt": 1 });
    let told = old.refusal("update", finish);
    assert_eq!(told.code, "name_taken");
    assert_ne!(told.hint, "");
    new.answer("update", json!({ "task": "t", "status": "completed", "attempt": 2 }));
    team.check();
}

#[test]
fn a_name_whose_process_was_killed_is_free_at_once() {
    let team = Team::new();
    team.has(&["t"]);
    let mut old = team.agent("ann");
    old.answer("claim", json!({ "task": "t" }));
    old.kill();

    let back = team.agent("ann").answer("connect", json!({}));

    assert_eq!(back["holds"][0]["id"], "t");
    team.check();
}

#[test]
fn one_who_leaves_while_it_finishes_either_finished_or_gave_back() {
    let team = Team::new();
    let names: Vec<String> = (0..40).map(|n| format!("t{n}")).collect();
    team.has(&names.iter().map(String::as_str).collect::<Vec<_>>());
    let mut ann = team.agent("ann");

    for name in &names {
        ann.answer("claim", json!({ "task": name }));
        ann.start("update", json!({ "task": name, "status": "completed" }));
        ann.start("disconnect", json!({}));
        let (finished, left) = (ann.finish(), ann.finish());

        let task = ann.answer("get", json!({ "task": name }));
        let released = left.unwrap()["released"].as_array().map_or(0, Vec::len);
        match (released, finished) {
            (0, Ok(_)) => assert_eq!(task["status"], "completed"),
            (1, Err(refused)) => {
                assert_eq!(refused.code, "no_exit");
                assert_eq!(task["status"], "pending");
            }
            other => panic!("{name}: {other:?}"),
        }
        assert_eq!(task["worker_id"], Value::Null);
    }

    team.check();
}
