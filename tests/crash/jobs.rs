//! A queue of jobs of which some fail and some always do, drained by workers of which some are killed.
//!
//! `TASK_GRAPH_JOBS` says how many jobs.

use std::collections::{BTreeMap, BTreeSet};
use std::thread;

use serde_json::{Value, json};

use crate::support::agent::Agent;
use crate::support::dice::Dice;
use crate::support::team::Team;

const WORKERS: usize = 8;
const RETRIES: usize = 3;
/// One in so many jobs always fails.
const POISON: usize = 50;
/// After how many calls a worker is killed at the latest.
const LIFE: usize = 160;

/// An attempt, and what was said of it: that it was completed, or that it failed.
type Report = ((String, i64), &'static str);

#[test]
fn every_job_ends_as_its_workers_said_whoever_was_killed() {
    let jobs = std::env::var("TASK_GRAPH_JOBS").map_or(400, |number| number.parse().unwrap());
    let team = Team::new();
    put_jobs(&team, jobs);

    let reports: Vec<Report> = thread::scope(|scope| {
        let team = &team;
        let workers: Vec<_> = (0..WORKERS).map(|n| scope.spawn(move || lives(team, n))).collect();
        workers.into_iter().flat_map(|worker| worker.join().unwrap()).collect()
    });

    keeps_all(&team, &reports);
    ends_all(&team, jobs);
    team.check();
}

fn put_jobs(team: &Team, jobs: usize) {
    let mut server = team.server();
    let ids: Vec<usize> = (0..jobs).collect();
    for some in ids.chunks(1_000) {
        let tasks: Vec<Value> = some
            .iter()
            .map(|id| {
                let job = json!({ "max_retries": RETRIES, "base": "20ms", "factor": 1, "lease": "5m" });
                json!({ "id": format!("job-{id}"), "title": "A job", "tags": ["queued"], "job": job })
            })
            .collect();
        server.answer("create", json!({ "tasks": tasks }));
    }
}

/// One worker after the other, each until it is killed, the last until everything is done.
fn lives(team: &Team, n: usize) -> Vec<Report> {
    let mut dice = Dice::new(n);
    let mut reports = Vec::new();
    for life in 0.. {
        let agent = team.agent(&format!("w{n}-{life}"));
        let calls = 1 + dice.below(LIFE);
        if work(agent, calls, &mut dice, &mut reports) {
            break;
        }
    }
    reports
}

/// Works until everything is done, or until it is killed in the middle of a call; says which.
fn work(mut agent: Agent, calls: usize, dice: &mut Dice, reports: &mut Vec<Report>) -> bool {
    let mut held: Option<(String, i64)> = None;
    for call in 0.. {
        let said = held.as_ref().map(|(id, attempt)| {
            let fails = is_poison(id) || dice.below(10) == 0;
            let status = if fails { "failed" } else { "completed" };
            let mut how = json!({ "task": id, "attempt": attempt, "status": status });
            if !fails {
                how["attachments"] = json!([{ "type": "result", "content": format!("result of {id}") }]);
            }
            agent.start("update", how);
            status
        });
        if said.is_none() {
            agent.start("claim", json!({ "tags_any": ["queued"] }));
        }
        if call == calls {
            agent.kill();
            return false;
        }
        let answer = agent.finish().unwrap();
        if let (Some(attempt), Some(said)) = (held.take(), said) {
            reports.push((attempt, said));
            continue;
        }
        let task = &answer["task"];
        match (task["id"].as_str(), task["attempt"].as_i64()) {
            (Some(id), Some(attempt)) => held = Some((id.to_owned(), attempt)),
            _ if answer["why"] == "no task is open" => return true,
            _ => thread::yield_now(),
        }
    }
    true
}

fn is_poison(id: &str) -> bool {
    id.rsplit('-').next().unwrap().parse::<usize>().unwrap().is_multiple_of(POISON)
}

/// Holds what workers said, and were told that it is so, against what the store says.
fn keeps_all(team: &Team, reports: &[Report]) {
    let attempts: BTreeMap<(String, i64), String> = team
        .rows("select task_id, attempt, coalesce(outcome, '') from attempts")
        .into_iter()
        .map(|row| ((text(&row[0]), row[1].as_i64().unwrap()), text(&row[2])))
        .collect();
    let mut told = BTreeSet::new();
    for (attempt, said) in reports {
        let outcome = if *said == "failed" { "failed" } else { "ended" };
        assert!(told.insert(attempt), "{attempt:?} was given to two");
        assert_eq!(attempts[attempt], outcome, "{attempt:?}");
    }
    assert!(attempts.values().any(|outcome| outcome == "died"), "nobody died at work");
}

/// Every job has ended: completed with its result, or failed as often as it may, and no oftener.
fn ends_all(team: &Team, jobs: usize) {
    let rows = team.rows(
        "select id, status,
            (select count(*) from attempts where task_id = id and outcome = 'failed'),
            (select count(*) from attempts where task_id = id and outcome = 'ended'),
            (select count(*) from attachments where task_id = id and content = 'result of ' || id)
        from tasks",
    );
    assert_eq!(rows.len(), jobs);
    for row in rows {
        let id = text(&row[0]);
        let [failed, ended, results] = [2, 3, 4].map(|column| row[column].as_u64().unwrap() as usize);
        let completed = row[1] == "completed";
        assert!(completed || row[1] == "failed", "{row:?}");
        assert!(!completed || !is_poison(&id), "{row:?}");
        let expected = if completed { (1, 1) } else { (0, 0) };
        assert_eq!((ended, results), expected, "{row:?}");
        assert!(if completed { failed <= RETRIES } else { failed == RETRIES + 1 }, "{row:?}");
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}
