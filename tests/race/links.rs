//! Links that are drawn from both ends at once.

use std::thread;

use serde_json::json;

use crate::support::agent::{Agent, Answer};
use crate::support::dice::Dice;
use crate::support::team::Team;

#[test]
fn of_two_opposite_links_one_is_refused_with_the_circle() {
    const TASKS: usize = 40;
    const PAIRS: usize = 1_000;
    let team = Team::new();
    let names: Vec<String> = (0..TASKS).map(|n| format!("t{n}")).collect();
    team.has(&names.iter().map(String::as_str).collect::<Vec<_>>());
    let mut dice = Dice::new(PAIRS);
    let pairs: Vec<(usize, usize)> = (0..PAIRS)
        .map(|_| {
            let from = dice.below(TASKS);
            (from, (from + 1 + dice.below(TASKS - 1)) % TASKS)
        })
        .collect();
    let forth = |&(a, b): &(usize, usize)| (names[a].clone(), names[b].clone());
    let back = |pair: &(usize, usize)| (forth(pair).1, forth(pair).0);
    let [mut ann, mut bob] = [team.agent("ann"), team.agent("bob")];

    let (forth, back): (Vec<_>, Vec<_>) = thread::scope(|scope| {
        let ann = scope.spawn(|| link_all(&mut ann, pairs.iter().map(forth)));
        let bob = scope.spawn(|| link_all(&mut bob, pairs.iter().map(back)));
        (ann.join().unwrap(), bob.join().unwrap())
    });

    for (one, other) in forth.iter().zip(&back) {
        assert!(one.is_err() || other.is_err(), "{one:?} {other:?}");
    }
    for refused in forth.iter().chain(&back).filter_map(|answer| answer.as_ref().err()) {
        assert_eq!(refused.code, "cycle");
        let (_, path) = refused.message.split_once("the circle ").unwrap();
        let path: Vec<&str> = path.split(" → ").collect();
        assert!(path.len() >= 3 && path.first() == path.last(), "{path:?}");
    }
    team.check();
}

#[test]
fn a_parent_cannot_come_to_wait_for_what_is_in_it() {
    let team = Team::new();
    let [mut ann, mut bob] = [team.agent("ann"), team.agent("bob")];
    for n in 0..40 {
        let (parent, child) = (format!("p{n}"), format!("c{n}"));
        team_of_two(&mut ann, &parent, &child);

        ann.start("link", json!({ "from": parent, "to": child, "type": "contains" }));
        bob.start("link", json!({ "from": parent, "to": child, "type": "blocks" }));
        let answers = [ann.finish(), bob.finish()];

        let codes: Vec<_> = answers.iter().filter_map(|answer| answer.as_ref().err()).collect();
        assert_eq!(codes.len(), 1, "{answers:?}");
        assert_eq!(codes[0].code, "cycle");
    }
    team.check();
}

#[test]
fn a_task_gets_one_parent() {
    let team = Team::new();
    team.has(&["child", "p0", "p1", "p2", "p3", "p4", "p5", "p6", "p7"]);
    let mut agents = team.agents(8);

    for (n, agent) in agents.iter_mut().enumerate() {
        let parent = format!("p{n}");
        agent.start("link", json!({ "from": parent, "to": "child", "type": "contains" }));
    }
    let answers: Vec<Answer> = agents.iter_mut().map(Agent::finish).collect();

    let refused = answers.iter().filter_map(|answer| answer.as_ref().err());
    assert_eq!(refused.filter(|refused| refused.code == "has_parent").count(), 7, "{answers:?}");
    team.check();
}

fn team_of_two(agent: &mut Agent, one: &str, other: &str) {
    let tasks = json!([{ "id": one, "title": one }, { "id": other, "title": other }]);
    agent.answer("create", json!({ "tasks": tasks }));
}

fn link_all(agent: &mut Agent, pairs: impl Iterator<Item = (String, String)>) -> Vec<Answer> {
    pairs.map(|(from, to)| agent.call("link", json!({ "from": from, "to": to }))).collect()
}
