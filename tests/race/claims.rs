//! Who gets a task when several want it.

use serde_json::{Value, json};

use crate::support::agent::{Agent, Answer};
use crate::support::team::Team;

#[test]
fn one_of_many_claims_wins() {
    let team = Team::new();
    team.has(&["t"]);
    let mut agents = team.agents(16);

    for agent in &mut agents {
        agent.start("claim", json!({ "task": "t" }));
    }
    let answers: Vec<Answer> = agents.iter_mut().map(Agent::finish).collect();

    let (won, lost): (Vec<_>, Vec<_>) = answers.iter().enumerate().partition(|(_, a)| a.is_ok());
    assert_eq!(won.len(), 1, "{answers:?}");
    let winner = format!("w{}", won[0].0);
    for refused in lost.into_iter().filter_map(|(_, answer)| answer.as_ref().err()) {
        assert_eq!(refused.code, "held");
        assert_eq!(refused.message, format!("task `t` is held by `{winner}`"));
    }
    team.check();
}

#[test]
fn a_task_is_claimed_while_its_blocker_completes() {
    const PAIRS: usize = 60;
    let team = Team::new();
    let tasks: Vec<Value> = (0..PAIRS)
        .flat_map(|n| {
            let (a, b) = (format!("a{n}"), format!("b{n}"));
            [json!({ "id": a, "title": a }), json!({ "id": b, "title": b, "blocked_by": a })]
        })
        .collect();
    team.server().answer("create", json!({ "tasks": tasks }));
    let [mut ann, mut bob] = [team.agent("ann"), team.agent("bob")];

    for n in 0..PAIRS {
        let (blocker, blocked) = (format!("a{n}"), format!("b{n}"));
        ann.answer("claim", json!({ "task": blocker }));
        ann.start("update", json!({ "task": blocker, "status": "completed" }));
        bob.start("claim", json!({ "task": blocked }));

        ann.finish().unwrap();
        if let Err(refused) = bob.finish() {
            assert_eq!(refused.code, "blocked");
            bob.answer("claim", json!({ "task": blocked }));
        }
        bob.answer("update", json!({ "task": blocked, "status": "completed" }));
    }

    team.check();
}

#[test]
fn the_end_of_a_blocker_and_the_next_claim_are_one_step() {
    let team = Team::new();
    let chain: Vec<Value> = (0..40)
        .map(|n| match n {
            0 => json!({ "id": "t0", "title": "t0" }),
            n => {
                json!({ "id": format!("t{n}"), "title": "t", "blocked_by": format!("t{}", n - 1) })
            }
        })
        .collect();
    team.server().answer("create", json!({ "tasks": chain }));
    let [mut ann, mut bob] = [team.agent("ann"), team.agent("bob")];
    let mut mine = ann.answer("claim", json!({}))["task"]["id"].clone();

    // What ann frees she takes herself, whatever bob does at the same time.
    while !mine.is_null() {
        bob.start("claim", json!({}));
        let done = ann.answer("update", json!({ "task": mine, "status": "completed", "next": true }));
        assert_eq!(bob.finish().unwrap()["task"], Value::Null);
        mine = done["next"]["id"].clone();
    }

    team.check();
}

#[test]
fn a_task_is_renamed_and_deleted_while_others_claim_it() {
    let team = Team::new();
    let names: Vec<String> = (0..40).map(|n| format!("t{n}")).collect();
    team.has(&names.iter().map(String::as_str).collect::<Vec<_>>());
    let mut agents = team.agents(4);
    let mut keeper = team.agent("keeper");

    for (n, name) in names.iter().enumerate() {
        for agent in &mut agents {
            agent.start("claim", json!({ "task": name }));
        }
        match n % 2 {
            0 => keeper.start("rename", json!({ "task": name, "new_id": format!("{name}-new") })),
            _ => keeper.start("delete", json!({ "task": name })),
        }

        let claims: Vec<Answer> = agents.iter_mut().map(Agent::finish).collect();
        let won = claims.iter().filter(|claim| claim.is_ok()).count();
        let refusals = claims.iter().filter_map(|claim| claim.as_ref().err());
        let mut codes: Vec<&str> = refusals.map(|refused| refused.code.as_str()).collect();
        codes.dedup();
        match keeper.finish() {
            Ok(_) if n % 2 == 0 => assert!(won <= 1),
            Ok(_) => assert_eq!((won, codes), (0, vec!["deleted"])),
            Err(refused) => assert_eq!((refused.code.as_str(), won), ("held", 1)),
        }
        for (agent, claim) in agents.iter_mut().zip(&claims) {
            if let Ok(taken) = claim {
                release(agent, taken);
            }
        }
    }

    team.check();
}

/// Gives a task back under whichever name it has now.
fn release(agent: &mut Agent, taken: &Value) {
    let name = taken["task"]["id"].as_str().unwrap();
    let update = |name: &str| json!({ "task": name, "status": "pending" });
    if let Err(refused) = agent.call("update", update(name)) {
        assert_eq!(refused.code, "not_found");
        agent.answer("update", update(&format!("{name}-new")));
    }
}
