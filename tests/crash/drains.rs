//! A queue that is drained while workers die: what was answered stays, what was not comes back.

use std::thread;

use serde_json::{Value, json};

use crate::support::agent::{Agent, Answer};
use crate::support::dice::Dice;
use crate::support::team::Team;

#[test]
fn eight_drain_a_queue_of_which_half_are_killed() {
    drain(8, 6, 25);
}

#[test]
fn thirty_two_drain_a_queue_of_which_half_are_killed() {
    drain(32, 10, 60);
}

/// What becomes of a worker.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fate {
    Lives,
    /// Killed as soon as it holds a task.
    DiesHolding,
    /// Killed in the middle of the call after this many.
    DiesInCall(usize),
}

/// What a worker was told before it died or had nothing more to do.
#[derive(Default)]
struct Told {
    claimed: Vec<(String, i64)>,
    completed: Vec<(String, i64)>,
}

fn drain(agents: usize, layers: usize, width: usize) {
    let team = Team::new();
    let tasks = team.has_layers(layers, width);

    let told: Vec<Told> = thread::scope(|scope| {
        let workers: Vec<_> = team
            .agents(agents)
            .into_iter()
            .enumerate()
            .map(|(n, agent)| {
                let fate = match n % 4 {
                    1 => Fate::DiesHolding,
                    3 => Fate::DiesInCall(Dice::new(n).below(2 * tasks / agents)),
                    _ => Fate::Lives,
                };
                scope.spawn(move || work(agent, fate))
            })
            .collect();
        workers.into_iter().map(|worker| worker.join().unwrap()).collect()
    });

    let completed: Vec<Vec<Value>> = team.rows("select id from tasks where status = 'completed'");
    assert_eq!(completed.len(), tasks);
    for (n, told) in told.iter().enumerate() {
        keeps(&team, n, told);
    }
    let orphans = "select count(*) from attempts where outcome = 'died'";
    assert_ne!(team.rows(orphans), [[0]], "nobody died at work");
    team.check();
}

/// Works until everything is done, or until it is killed.
fn work(mut agent: Agent, fate: Fate) -> Told {
    let mut told = Told::default();
    let mut held: Option<(String, i64)> = None;
    for calls in 0.. {
        if fate == Fate::DiesHolding && held.is_some() {
            agent.kill();
            break;
        }
        match &held {
            None => agent.start("claim", json!({})),
            Some((task, attempt)) => {
                let finish = json!({ "task": task, "status": "completed", "attempt": attempt });
                agent.start("update", finish);
            }
        }
        let dies = fate == Fate::DiesInCall(calls);
        let answer = match dies {
            true => agent.kill().pop().flatten(),
            false => Some(agent.finish()),
        };
        let over = answer.is_none_or(|answer| note(answer, &mut held, &mut told));
        if over || dies {
            break;
        }
    }
    told
}

/// Takes down an answer; says whether everything is done.
fn note(answer: Answer, held: &mut Option<(String, i64)>, told: &mut Told) -> bool {
    let answer = answer.unwrap();
    if let Some(done) = held.take() {
        told.completed.push(done);
        return false;
    }
    let task = &answer["task"];
    if let (Some(id), Some(attempt)) = (task["id"].as_str(), task["attempt"].as_i64()) {
        *held = Some((id.to_owned(), attempt));
        told.claimed.extend(held.clone());
    }
    answer["why"] == "no task is open"
}

/// Holds what a worker was told against what the store says.
fn keeps(team: &Team, n: usize, told: &Told) {
    let own = format!("select task_id, attempt, outcome from attempts where worker_id = 'w{n}'");
    let made = team.rows(&own);
    for (task, attempt) in &told.claimed {
        let row = |row: &&Vec<Value>| row[0] == **task && row[1] == *attempt;
        assert!(made.iter().any(|made| row(&made)), "w{n} claimed {task}#{attempt}: {made:?}");
    }
    for (task, attempt) in &told.completed {
        let done = [json!(task), json!(attempt), json!("ended")];
        assert!(made.iter().any(|made| *made == done), "w{n} finished {task}#{attempt}: {made:?}");
    }
}
