//! The same thing asked for more than once.

use serde_json::{Value, json};

use crate::support::agent::{Agent, Answer};
use crate::support::team::Team;

#[test]
fn a_request_that_is_repeated_while_it_runs_is_done_once() {
    const REQUESTS: usize = 40;
    let team = Team::new();
    let mut agents = team.agents(2);

    for n in 0..REQUESTS {
        let create = json!({ "title": "once", "request_id": format!("r{n}") });
        for agent in &mut agents {
            agent.start("create", create.clone());
            agent.start("create", create.clone());
        }
        for agent in &mut agents {
            assert_eq!(agent.finish(), agent.finish());
        }
    }

    // A worker's request is its own: the other one asked for as many.
    assert_eq!(team.rows("select count(*) from tasks"), [[2 * REQUESTS]]);
    team.check();
}

#[test]
fn a_claim_that_is_repeated_takes_one_task() {
    let team = Team::new();
    team.has(&["a", "b", "c"]);
    let mut ann = team.agent("ann");
    let claim = json!({ "count": 1, "request_id": "r1" });

    for _ in 0..8 {
        ann.start("claim", claim.clone());
    }
    let answers: Vec<Value> = (0..8).map(|_| ann.finish().unwrap()).collect();

    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
    assert_eq!(team.rows("select count(*) from attempts"), [[1]]);
    team.check();
}

#[test]
fn one_of_many_tasks_gets_the_id_that_all_asked_for() {
    let team = Team::new();
    let mut agents = team.agents(12);

    for (n, agent) in agents.iter_mut().enumerate() {
        agent.start("create", json!({ "id": "t", "title": format!("by w{n}") }));
    }
    let answers: Vec<Answer> = agents.iter_mut().map(Agent::finish).collect();

    let refused: Vec<_> = answers.iter().filter_map(|answer| answer.as_ref().err()).collect();
    assert_eq!(refused.len(), 11, "{answers:?}");
    assert!(refused.iter().all(|refused| refused.code == "exists"), "{refused:?}");
    let winner = answers.iter().position(Result::is_ok).unwrap();
    let title = &agents[0].answer("get", json!({ "task": "t" }))["title"];
    assert_eq!(*title, format!("by w{winner}"));
    team.check();
}

#[test]
fn a_tree_is_made_by_one_of_many_or_not_at_all() {
    let team = Team::new();
    let mut agents = team.agents(6);

    for agent in &mut agents {
        let leaves: Vec<Value> = (0..20).map(|n| json!({ "title": format!("leaf {n}") })).collect();
        let tree =
            json!({ "title": "Root", "tasks": [{ "id": "trunk", "title": "Trunk", "tasks": leaves }] });
        agent.start("create_tree", json!({ "tree": tree }));
    }
    let answers: Vec<Answer> = agents.iter_mut().map(Agent::finish).collect();

    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 1, "{answers:?}");
    assert_eq!(team.rows("select count(*) from tasks"), [[22]]);
    team.check();
}
