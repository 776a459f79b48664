//! Processes that wait for each other's commits.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::agent::{Agent, PATIENCE};
use crate::support::team::Team;

/// Has every agent wait for work, and claim it.
fn wait_for_work(agents: &mut [Agent]) {
    agents.iter_mut().for_each(|agent| agent.start("wait", json!({ "claim": true })));
}

/// Has these agents there, waiting for work.
fn waiting(team: &Team, number: usize) -> Vec<Agent> {
    let mut agents = team.agents(number);
    for agent in &mut agents {
        agent.answer("connect", json!({}));
    }
    wait_for_work(&mut agents);
    agents
}

/// Looks in turn after agents that wait until one was answered.
fn first_answered(agents: &mut [Agent]) -> (usize, Value) {
    let began = Instant::now();
    while began.elapsed() < PATIENCE {
        for (at, agent) in agents.iter_mut().enumerate() {
            if let Some(answer) = agent.finish_within(Duration::from_micros(200)) {
                return (at, answer.unwrap());
            }
        }
    }
    panic!("nobody was answered");
}

/// Returns how long processes have had a processor, in ticks of a hundredth of a second.
fn ticks(agents: &[Agent]) -> u64 {
    let of = |agent: &Agent| {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", agent.pid())).unwrap();
        let after_name = &stat[stat.rfind(')').unwrap() + 1..];
        let fields: Vec<&str> = after_name.split_whitespace().collect();
        fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap()
    };
    agents.iter().map(of).sum()
}

#[test]
fn of_twenty_that_wait_one_gets_each_task_and_soon() {
    const TASKS: usize = 50;
    let team = Team::new();
    let mut agents = waiting(&team, 20);
    let mut lead = team.server();

    let mut times = Vec::new();
    for n in 0..TASKS {
        let id = format!("t{n}");
        let began = Instant::now();
        lead.answer("create", json!({ "id": id, "title": id }));
        let (at, answer) = first_answered(&mut agents);
        times.push(began.elapsed());
        assert_eq!(answer["task"]["id"], id);
        let agent = &mut agents[at];
        agent.answer("update", json!({ "task": id, "status": "completed" }));
        agent.start("wait", json!({ "claim": true }));
    }

    for agent in &mut agents {
        assert!(agent.finish_within(Duration::from_millis(5)).is_none(), "the others went on waiting");
    }
    assert_eq!(team.rows("select count(*) from attempts where attempt > 1"), [[0]]);
    times.sort();
    assert!(times[TASKS / 2] < Duration::from_millis(200), "{times:?}");
    team.check();
}

#[test]
fn to_wait_costs_next_to_nothing() {
    const SPAN: Duration = Duration::from_secs(3);
    let team = Team::new();
    let mut agents = waiting(&team, 20);
    assert!(agents[0].finish_within(Duration::from_secs(1)).is_none());
    let written = || std::fs::metadata(team.file().with_file_name("tasks.db-wal")).unwrap().len();

    let (before, size) = (ticks(&agents), written());
    assert!(agents[0].finish_within(SPAN).is_none());
    let spent = ticks(&agents) - before;

    // Well optimised it is 1 % of a processor at the most; whoever asks in a loop takes all there are.
    assert!(spent <= 6 * SPAN.as_secs(), "{spent} ticks in {SPAN:?}");
    assert_eq!(written(), size, "nothing is written meanwhile");
}

#[test]
fn of_ten_that_wait_for_one_task_nine_go_on_waiting() {
    let team = Team::new();
    let mut agents = waiting(&team, 10);

    team.has(&["one"]);
    let (winner, _) = first_answered(&mut agents);
    let mut others: Vec<Agent> = agents;
    let winner = others.remove(winner);
    for agent in &mut others {
        assert!(agent.finish_within(Duration::from_millis(20)).is_none());
    }
    team.has(&["a", "b", "c", "d", "e", "f", "g", "h", "i"]);

    let mut tasks: Vec<String> = others
        .iter_mut()
        .map(|agent| agent.finish().unwrap()["task"]["id"].as_str().unwrap().to_owned())
        .collect();
    tasks.sort();
    assert_eq!(tasks, ["a", "b", "c", "d", "e", "f", "g", "h", "i"]);
    drop(winner);
    team.check();
}

#[test]
fn the_work_of_one_who_dies_wakes_another_who_waits() {
    let team = Team::new();
    team.has(&["t"]);
    let mut ann = team.agent("ann");
    ann.answer("claim", json!({}));
    let mut bob = waiting(&team, 1);

    let began = Instant::now();
    ann.kill();
    let (_, answer) = first_answered(&mut bob);

    assert_eq!((&answer["task"]["id"], &answer["task"]["attempt"]), (&json!("t"), &json!(2)));
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
    team.check();
}

#[test]
fn work_whose_time_comes_wakes_who_waits_though_nobody_does_anything() {
    let team = Team::new();
    let mut lead = team.server();
    lead.answer("create", json!({ "id": "later", "title": "Later", "not_before": "1s" }));
    drop(lead);
    let mut bob = waiting(&team, 1);

    let (_, answer) = first_answered(&mut bob);

    assert_eq!(answer["task"]["id"], "later");
    team.check();
}

#[test]
fn the_end_of_tasks_and_the_freeing_of_files_wake_who_waits_for_them() {
    let team = Team::new();
    team.has(&["a", "b"]);
    let [mut ann, mut bob, mut lead] = ["ann", "bob", "lead"].map(|name| team.agent(name));
    ann.answer("claim", json!({ "task": "a", "files": ["f"] }));
    bob.answer("claim", json!({ "task": "b" }));

    lead.start("wait", json!({ "task": ["a", "b"] }));
    bob.start("wait", json!({ "files": ["f"] }));
    ann.answer("update", json!({ "task": "a", "status": "completed" }));
    let freed = bob.finish().unwrap();
    bob.answer("update", json!({ "task": "b", "status": "failed", "reason": "no" }));
    let ended = lead.finish().unwrap();

    assert_eq!(freed["free"], true);
    assert_eq!(ended["ended"].as_array().unwrap().len(), 2);
    assert_eq!(ended["ended_badly"], 1);
}

#[test]
fn a_message_from_a_person_wakes_who_waits_for_something_else() {
    let team = Team::new();
    team.has(&["t"]);
    let mut ann = team.agent("ann");
    ann.answer("connect", json!({}));
    ann.start("wait", json!({ "task": "t" }));

    let ran = team.run(&["send", "stop, it rains", "--to", "ann", "--kind", "stop"]);

    assert_eq!(ran.code, 0, "{ran:?}");
    let answer = ann.finish().unwrap();
    assert_eq!(answer["interrupted"], true);
    assert!(answer["messages"][0].as_str().unwrap().contains("it rains"), "{answer}");
    assert_eq!(
        ann.answer("wait", json!({ "task": "t", "timeout": 0 })).get("messages"),
        None,
        "it is told once"
    );
}

#[test]
fn whoever_goes_on_from_a_cursor_misses_nothing() {
    const WRITERS: usize = 4;
    const EACH: usize = 25;
    let team = Team::new();
    let mut reader = team.server();
    let mut writers: Vec<Agent> = (0..WRITERS).map(|_| team.server()).collect();
    for writer in &mut writers {
        (0..EACH).for_each(|_| writer.start("create", json!({ "title": "T" })));
    }

    let mut cursor = json!(0);
    let mut seen = Vec::new();
    while seen.len() < WRITERS * EACH {
        let answer = reader.answer("wait", json!({ "for": "events", "cursor": cursor, "timeout": 30 }));
        let events = answer["events"].as_array().unwrap_or_else(|| panic!("{seen:?}, then {answer}"));
        seen.extend(events.iter().map(|event| event["id"].as_u64().unwrap()));
        cursor = answer["cursor"].clone();
    }

    assert_eq!(seen, (1..=(WRITERS * EACH) as u64).collect::<Vec<_>>());
}
