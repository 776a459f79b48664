//! A queue that is emptied by many at once.

use std::thread;

use serde_json::{Value, json};

use crate::support::agent::Agent;
use crate::support::dice::Dice;
use crate::support::team::Team;

#[test]
fn a_queue_is_drained_by_claims_without_a_name() {
    let team = Team::new();
    let tasks = team.has_layers(10, 30);

    let done = everybody(team.agents(8), |agent, _| {
        let mut done = 0;
        while let Some(id) = next(agent) {
            agent.answer("update", json!({ "task": id, "status": "completed" }));
            done += 1;
        }
        done
    });

    assert_eq!(done.iter().sum::<usize>(), tasks);
    team.check();
}

#[test]
fn a_queue_is_drained_by_finishing_and_taking_the_next_in_one_call() {
    let team = Team::new();
    let tasks = team.has_layers(10, 30);

    let done = everybody(team.agents(8), |agent, _| {
        let mut done = 0;
        while let Some(first) = next(agent) {
            let mut mine = Value::String(first);
            while !mine.is_null() {
                let finish = json!({ "task": mine, "status": "completed", "next": true });
                mine = agent.answer("update", finish)["next"]["id"].take();
                done += 1;
            }
        }
        done
    });

    assert_eq!(done.iter().sum::<usize>(), tasks);
    team.check();
}

#[test]
fn a_queue_is_drained_by_those_who_list_and_choose() {
    let team = Team::new();
    let tasks = team.has_layers(10, 30);

    let done = everybody(team.agents(8), |agent, dice| {
        let mut done = 0;
        while !is_over(agent) {
            let listed = agent.answer("list_tasks", json!({ "ready": true }));
            let ready = listed["tasks"].as_array().unwrap();
            if ready.is_empty() {
                thread::yield_now();
                continue;
            }
            let id = &dice.pick(ready)["id"];
            match agent.call("claim", json!({ "task": id })) {
                Ok(_) => {
                    agent.answer("update", json!({ "task": id, "status": "completed" }));
                    done += 1;
                }
                // Somebody holds it, or has finished it since.
                Err(lost) => assert!(["held", "no_exit"].contains(&&*lost.code), "{lost:?}"),
            }
        }
        done
    });

    assert_eq!(done.iter().sum::<usize>(), tasks);
    team.check();
}

#[test]
fn those_who_take_several_at_once_share_a_queue() {
    let team = Team::new();
    let tasks = team.has_layers(4, 50);

    let done = everybody(team.agents(6), |agent, dice| {
        let mut done = 0;
        while !is_over(agent) {
            let taken = agent.answer("claim", json!({ "count": 1 + dice.below(4) }));
            for task in taken["tasks"].as_array().into_iter().flatten() {
                agent.answer("update", json!({ "task": task["id"], "status": "completed" }));
                done += 1;
            }
        }
        done
    });

    assert_eq!(done.iter().sum::<usize>(), tasks);
    team.check();
}

/// Lets every agent work at the same time, and returns what each has done.
fn everybody<T: Send>(agents: Vec<Agent>, work: impl Fn(&mut Agent, &mut Dice) -> T + Sync) -> Vec<T> {
    thread::scope(|scope| {
        let work = &work;
        let workers: Vec<_> = agents
            .into_iter()
            .enumerate()
            .map(|(n, mut agent)| scope.spawn(move || work(&mut agent, &mut Dice::new(n))))
            .collect();
        workers.into_iter().map(|worker| worker.join().unwrap()).collect()
    })
}

/// Takes the best task; waits while there is none as long as others are at work.
fn next(agent: &mut Agent) -> Option<String> {
    loop {
        let answer = agent.answer("claim", json!({}));
        if let Some(id) = answer["task"]["id"].as_str() {
            return Some(id.to_owned());
        }
        if answer["why"] == "no task is open" {
            return None;
        }
        thread::yield_now();
    }
}

fn is_over(agent: &mut Agent) -> bool {
    let summary = agent.answer("status_summary", json!({}));
    summary["ended"] == summary["total"]
}
