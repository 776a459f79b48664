//! What many are told of marks, while all of them mark the same files and some are killed.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::agent::{Agent, Answer};
use crate::support::dice::Dice;
use crate::support::team::Team;

const WORKERS: usize = 16;
const KILLED: usize = 4;
const PATHS: usize = 50;
/// How long they go on, and how often at least.
const LENGTH: Duration = Duration::from_secs(10);
const ROUNDS: usize = 24;

/// A worker, and what it was told so far.
struct Listener {
    name: String,
    agent: Agent,
    dice: Dice,
    hears_own: bool,
    /// Who may lose an answer says what came; the others trust in theirs.
    names_cursor: bool,
    cursor: Option<i64>,
    heard: Vec<i64>,
    /// Files it believes it has marked.
    marked: Vec<String>,
}

impl Listener {
    fn new(team: &Team, number: usize) -> Self {
        let name = format!("w{number}");
        let agent = team.agent(&name);
        Self {
            name,
            agent,
            dice: Dice::new(number),
            hears_own: number.is_multiple_of(2),
            names_cursor: number < KILLED || number.is_multiple_of(3),
            cursor: None,
            heard: Vec::new(),
            marked: Vec::new(),
        }
    }

    /// Sends a mark, an unmark and a question for news, without waiting.
    fn start_round(&mut self) {
        let files: Vec<String> = (0..3).map(|_| any_path(&mut self.dice)).collect();
        self.agent.start("mark_file", json!({ "file": files, "reason": "race" }));
        let mut free = vec![any_path(&mut self.dice)];
        free.extend(self.marked.drain(..self.marked.len() / 2));
        self.agent.start("unmark_file", json!({ "file": free }));
        self.start_listening();
    }

    fn start_listening(&mut self) {
        let mut asked = json!({ "own": self.hears_own, "limit": 40 });
        if let Some(cursor) = self.cursor.filter(|_| self.names_cursor) {
            asked["cursor"] = cursor.into();
        }
        self.agent.start("mark_updates", asked);
    }

    fn finish_round(&mut self) {
        let marked = self.agent.finish().unwrap();
        let names = marked["marked"].as_array().unwrap();
        self.marked.extend(names.iter().map(|name| name.as_str().unwrap().to_owned()));
        self.agent.finish().unwrap();
        let news = self.agent.finish();
        self.hear(news);
    }

    /// Takes up an answer; says whether it was the end of the news.
    fn hear(&mut self, news: Answer) -> bool {
        let news = news.unwrap();
        let events = news["events"].as_array().unwrap();
        self.heard.extend(events.iter().map(|event| event["id"].as_i64().unwrap()));
        self.cursor = news["cursor"].as_i64();
        events.is_empty() && news["more"] != true
    }

    fn hear_the_rest(&mut self) {
        loop {
            self.start_listening();
            let news = self.agent.finish();
            if self.hear(news) {
                return;
            }
        }
    }

    /// Kills its process in the middle of a round, and starts another under the name.
    fn die_and_come_back(&mut self, team: &Team) {
        self.start_round();
        let answers = self.agent.kill();
        // What came out was read, the rest was lost.
        if let Some(Some(news)) = answers.into_iter().nth(2) {
            self.hear(news);
        }
        self.marked.clear();
        self.agent = team.agent(&self.name);
    }
}

fn any_path(dice: &mut Dice) -> String {
    match dice.below(PATHS) {
        at @ 0..5 => format!("dir{at}/**"),
        at => format!("dir{}/f{at}", at % 10),
    }
}

#[test]
fn every_worker_is_told_every_event_once_and_in_order() {
    let team = Team::new();
    let mut listeners: Vec<Listener> = (0..WORKERS).map(|number| Listener::new(&team, number)).collect();
    for listener in &mut listeners {
        listener.agent.start("connect", json!({ "worker_id": listener.name }));
    }
    for listener in &mut listeners {
        listener.agent.finish().unwrap();
    }

    let begin = Instant::now();
    let is_over = |round| round >= ROUNDS && begin.elapsed() >= LENGTH;
    for round in (0..).take_while(|round| !is_over(*round)) {
        let (mortal, others) = listeners.split_at_mut(KILLED);
        others.iter_mut().for_each(Listener::start_round);
        match round == ROUNDS / 2 {
            true => mortal.iter_mut().for_each(|listener| listener.die_and_come_back(&team)),
            false => {
                mortal.iter_mut().for_each(Listener::start_round);
                mortal.iter_mut().for_each(Listener::finish_round);
            }
        }
        others.iter_mut().for_each(Listener::finish_round);
    }
    // Whoever died has come back by now, and every later release is made by its own call.
    for listener in &mut listeners {
        listener.agent.answer("unmark_file", json!({ "file": "*" }));
    }
    listeners.iter_mut().for_each(Listener::hear_the_rest);

    let events = team.rows("select id, worker_id from events where file_path is not null order by id");
    for Listener { name, hears_own, heard, .. } in &listeners {
        let expected: Vec<i64> = events
            .iter()
            .filter(|event| *hears_own || event[1] != name.as_str())
            .map(|event| event[0].as_i64().unwrap())
            .collect();
        assert_eq!(*heard, expected, "{name}");
    }
    assert!(events.len() > WORKERS * ROUNDS, "{} events", events.len());
    team.check();
}

#[test]
fn two_never_have_the_same_file_or_exclusive_name() {
    let team = Team::new();
    let mut agents = team.agents(12);
    let mut holders: BTreeMap<String, String> = BTreeMap::new();

    for round in 0..10 {
        let file = json!({ "file": [format!("src/{round}.rs"), format!("lock:{round}")] });
        let pattern = json!({ "file": [format!("src/{round}*"), format!("lock:{round}")] });
        for (at, agent) in agents.iter_mut().enumerate() {
            agent.start("mark_file", if at % 2 == 0 { file.clone() } else { pattern.clone() });
        }
        let answers: Vec<Answer> = agents.iter_mut().map(Agent::finish).collect();

        let winners: Vec<usize> = (0..answers.len()).filter(|at| answers[*at].is_ok()).collect();
        assert_eq!(winners.len(), 1, "{answers:?}");
        for refused in answers.iter().filter_map(|answer| answer.as_ref().err()) {
            assert_eq!(refused.code, "lock_conflict");
            let holder = format!("is held by `w{}`", winners[0]);
            assert!(refused.message.contains(&holder), "{}", refused.message);
        }
        holders.insert(format!("lock:{round}"), format!("w{}", winners[0]));
    }

    let held = team.rows("select file_path, worker_id from file_locks where file_path like 'lock:%'");
    let held: BTreeMap<String, String> = held
        .into_iter()
        .map(|row| [0, 1].map(|at| row[at].as_str().unwrap().to_owned()))
        .map(|[file, worker]| (file, worker))
        .collect();
    assert_eq!(held, holders);
    team.check();
}

#[test]
fn what_a_killed_process_had_marked_is_free_within_a_look() {
    let team = Team::new();
    let [mut ann, mut bob] = [team.agent("ann"), team.agent("bob")];
    ann.answer("mark_file", json!({ "file": ["src/**", "lock:build"] }));
    bob.answer("mark_file", json!({ "file": "src/a.rs" }));
    ann.kill();

    let taken = team.agent("carl").answer("mark_file", json!({ "file": ["src/a.rs", "lock:build"] }));
    let news = bob.answer("mark_updates", json!({}));

    assert_eq!(taken["marked"], json!(["src/a.rs", "lock:build"]));
    let told: Vec<&Value> = news["events"].as_array().unwrap().iter().map(|event| &event["event"]).collect();
    assert_eq!(told, ["released", "released", "claimed", "claimed"]);
    assert_eq!(news["events"][0]["cause"], "died");
    team.check();
}
