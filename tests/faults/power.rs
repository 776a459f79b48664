//! A power cut at any moment of some work: every answered change survives.

use std::collections::HashMap;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::answered::Answered;
use super::client::Server;
use super::disk::{DISKS, Disk};
use super::place::{Place, scratch};
use super::recording::{self, Event, Record};
use super::{Outcome, Result, check};
use crate::dice::Dice;

/// Some work, and the number of power cuts during it.
pub struct Cuts {
    pub work: Duration,
    pub servers: usize,
    /// Commands after the work, each of which creates the log again.
    pub commands: usize,
    /// Moments of power cuts; each leaves three disks.
    pub points: usize,
    pub seed: usize,
}

impl Cuts {
    pub fn run(&self) -> Result<Outcome> {
        let place = Place::new()?;
        let mut outcome = Outcome::default();
        thread::scope(|scope| -> Result<()> {
            let work = |n: usize| {
                let place = &place;
                move || Worker::new(place, n, self.seed).work(self.work)
            };
            let workers: Vec<_> = (0..self.servers).map(|n| scope.spawn(work(n))).collect();
            for worker in workers {
                let (calls, kills, refusals) = worker.join().map_err(|_| "a worker panicked")??;
                outcome.count("calls answered", calls);
                outcome.count("servers killed", kills);
                outcome.find("refused", refusals);
            }
            Ok(())
        })?;
        for n in 0..self.commands {
            let id = format!("command{n}");
            let ran = place.recorded()?.args(["create", &id, "--id", &id, "--json"]).output()?;
            if !ran.status.success() {
                outcome.faults.push(format!("{id}: {}", String::from_utf8_lossy(&ran.stderr)));
            }
        }
        replay(&place.log(), self.points, self.seed, &mut outcome)?;
        Ok(outcome)
    }
}

/// Cuts the power at some moments of a recording, half of them right after an answer.
pub fn replay(log: &Path, points: usize, seed: usize, outcome: &mut Outcome) -> Result<()> {
    let records = recording::read(log)?;
    outcome.count("records", records.len());
    let lost = records.iter().filter(|record| matches!(record.event, Event::Lost { .. }));
    outcome.count("syncs failed", lost.count());
    let chosen = moments(&records, points, &mut Dice::new(seed))?;
    let mut dice = Dice::new(seed + 1);
    let (mut disk, mut answered) = (Disk::default(), Answered::default());
    for (number, record) in records.into_iter().enumerate() {
        answered.take(&record)?;
        let at = record.at;
        disk.take(record)?;
        for _ in 0..chosen.get(&number).copied().unwrap_or_default() {
            outcome.count("moments", 1);
            for survives in DISKS {
                let folder = scratch()?;
                disk.write(survives, &mut dice, folder.path())?;
                outcome.count("disks", 1);
                let faults = check::faults(folder.path(), &answered.facts);
                if !faults.is_empty() {
                    outcome.count("disks with faults", 1);
                }
                outcome
                    .count("answers lost", faults.iter().filter(|fault| fault.starts_with("lost")).count());
                outcome.find(&format!("byte {at}, {survives:?}"), faults);
            }
        }
    }
    outcome.count("answered facts", answered.facts.len());
    Ok(())
}

/// Returns the number of power cuts after each record.
fn moments(records: &[Record], points: usize, dice: &mut Dice) -> Result<HashMap<usize, usize>> {
    let mut answered = Answered::default();
    let mut answers = Vec::new();
    for (number, record) in records.iter().enumerate() {
        if answered.take(record)? {
            answers.push(number);
        }
    }
    let mut chosen = HashMap::new();
    for point in 0..points {
        let number = match point % 2 {
            0 if !answers.is_empty() => *dice.pick(&answers),
            _ => dice.below(records.len()),
        };
        *chosen.entry(number).or_default() += 1;
    }
    Ok(chosen)
}

/// A series of servers, each of which is killed at some time, and the calls to them.
struct Worker<'p> {
    place: &'p Place,
    name: String,
    dice: Dice,
    calls: usize,
    kills: usize,
    /// The tasks that were not claimed yet.
    open: Vec<String>,
    held: Option<String>,
    refusals: Vec<String>,
}

impl<'p> Worker<'p> {
    fn new(place: &'p Place, number: usize, seed: usize) -> Self {
        let dice = Dice::new(seed * 100 + number);
        let name = format!("w{number}");
        Self { place, name, dice, calls: 0, kills: 0, open: Vec::new(), held: None, refusals: Vec::new() }
    }

    fn work(mut self, time: Duration) -> Result<(usize, usize, Vec<String>)> {
        let mut server = self.server()?;
        let end = Instant::now() + time;
        while Instant::now() < end {
            if self.dice.below(60) == 0 {
                let between = self.place.between_steps()?;
                server.kill()?;
                drop(between);
                self.kills += 1;
                self.held = None;
                server = self.server()?;
            }
            let (tool, arguments) = self.next();
            match server.call(tool, arguments)? {
                Ok(_) => self.calls += 1,
                Err(refused) => self.refusals.push(format!("{tool}: {}", refused.text)),
            }
        }
        server.end()?;
        Ok((self.calls, self.kills, self.refusals))
    }

    fn server(&self) -> Result<Server> {
        let mut server = Server::start(&mut self.place.recorded()?)?;
        server.connect(&self.name)?.map_err(|refused| refused.text)?;
        Ok(server)
    }

    /// Returns the next call.
    fn next(&mut self) -> (&'static str, Value) {
        let id = format!("{}-{}-{}", self.name, self.kills, self.calls);
        let worker = &self.name;
        if self.open.is_empty() {
            self.open.push(id.clone());
            return ("create", json!({ "id": id, "title": id }));
        }
        let at = self.dice.below(self.open.len());
        let task = self.open[at].clone();
        match self.dice.below(10) {
            0..3 => {
                self.open.push(id.clone());
                ("create", json!({ "id": id, "title": id }))
            }
            3 | 4 => {
                let content = format!("{id} ").repeat(1 + self.dice.below(200));
                let asked = json!({ "worker_id": worker, "task": task, "type": "log", "content": content, "store_as_file": true });
                ("attach", asked)
            }
            5 => match self.held.take() {
                Some(task) => ("update", json!({ "worker_id": worker, "task": task, "status": "completed" })),
                None => {
                    self.held = Some(self.open.swap_remove(at));
                    ("claim", json!({ "worker_id": worker, "task": task }))
                }
            },
            6 => ("mark_file", json!({ "worker_id": worker, "file": format!("src/{id}.rs") })),
            7 => ("send", json!({ "worker_id": worker, "to": worker, "text": id })),
            8 => {
                let leaf = |n: usize| json!({ "id": format!("{id}-{n}"), "title": "A leaf" });
                let tree = json!({ "id": id, "title": id, "tasks": [leaf(1), leaf(2), leaf(3)] });
                ("create_tree", json!({ "tree": tree }))
            }
            _ => ("thinking", json!({ "worker_id": worker, "thought": id })),
        }
    }
}
