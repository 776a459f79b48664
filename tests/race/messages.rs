//! What a busy agent is told, while eight others write to it at once.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::support::agent::Agent;
use crate::support::team::Team;

const SENDERS: usize = 8;
const EACH: usize = 12;

fn lines(answer: &Value) -> Vec<String> {
    let lines = answer["messages"].as_array().into_iter().flatten();
    lines.map(|line| line.as_str().unwrap().to_owned()).filter(|line| line.starts_with('#')).collect()
}

fn number(line: &str) -> i64 {
    line[1..].split(' ').next().unwrap().parse().unwrap()
}

#[test]
fn what_eight_processes_send_at_once_is_told_once_each() {
    let team = Team::new();
    let mut ann = team.agent("ann");
    ann.answer("connect", json!({}));
    let mut senders: Vec<Agent> = team.agents(SENDERS);
    for (at, sender) in senders.iter_mut().enumerate() {
        for number in 0..EACH {
            let kind = if number % 5 == 4 { "stop" } else { "note" };
            let text = format!("{at}-{number} {}", "x".repeat(10 * number));
            sender.start("send", json!({ "to": "ann", "kind": kind, "text": text }));
        }
    }

    let mut told = Vec::new();
    for round in 0.. {
        let answer = match round % 3 {
            0 => ann.answer("thinking", json!({ "thought": "busy" })),
            1 => ann.answer("list_tasks", json!({})),
            _ => ann.answer("create", json!({ "title": "more" })),
        };
        told.extend(lines(&answer));
        if told.len() >= SENDERS * EACH || round > 500 {
            break;
        }
    }
    let sent: BTreeSet<i64> = senders
        .iter_mut()
        .flat_map(|sender| {
            (0..EACH).map(|_| sender.finish().unwrap()["id"].as_i64().unwrap()).collect::<Vec<_>>()
        })
        .collect();

    let numbers: Vec<i64> = told.iter().map(|line| number(line)).collect();
    assert_eq!(numbers.len(), SENDERS * EACH, "each once");
    assert_eq!(numbers.iter().copied().collect::<BTreeSet<_>>(), sent);
    assert_eq!(lines(&ann.answer("list_tasks", json!({}))), [""; 0]);
    team.check();
}
