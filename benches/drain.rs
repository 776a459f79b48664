//! Many servers that empty one queue as fast as they can, each with its own client.

use std::collections::BTreeMap;
use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::Result;
use crate::client::Agent;
use crate::graph::Dice;
use crate::ground::Project;
use crate::proc;
use crate::samples::Samples;

/// The way in which an agent gets a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// It claims the best ready one.
    Next,
    /// It takes the next one in the call that finishes the last one.
    FinishAndNext,
    /// It lists ready ones and claims one of them, as other programs require.
    ListThenClaim,
}

pub struct Drain<'a> {
    pub project: &'a Project,
    pub processes: usize,
    /// The number of tasks to finish.
    pub tasks: usize,
    pub way: Way,
    /// The number of servers that are killed meanwhile.
    pub kills: usize,
}

/// The observations of one agent, or of all.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    pub claims: Samples,
    pub ends: Samples,
    pub finished: Vec<String>,
    /// Refusals by their codes.
    pub refusals: BTreeMap<String, usize>,
    /// The error that ended the connection to the server.
    broken: Option<String>,
}

pub struct Drained {
    pub took: Duration,
    pub seen: Seen,
    /// The number of finished tasks of each agent whose server was not killed.
    pub shares: Vec<usize>,
    /// The CPU time of the servers that were not killed.
    pub cpu: Duration,
    pub faults: Vec<String>,
}

/// The state that all agents share.
struct Pool {
    start: Barrier,
    end: Instant,
    tasks: usize,
    finished: AtomicUsize,
    /// Set when an agent is told that no task is open.
    is_empty: AtomicBool,
}

/// The time for all work, after which unfinished tasks count as lost.
const PATIENCE: Duration = Duration::from_secs(60);
/// The pause of an agent when nothing is ready.
const PAUSE: Duration = Duration::from_millis(1);

impl Drain<'_> {
    pub fn run(&self) -> Result<Drained> {
        let agents: Vec<Agent> = (0..self.processes)
            .map(|number| self.project.agent(&format!("worker-{number}")))
            .collect::<Result<_>>()?;
        let pids: Vec<u32> = agents.iter().map(Agent::pid).collect();
        let used: Vec<Duration> = pids.iter().map(|pid| proc::cpu(*pid)).collect::<Result<_>>()?;
        let pool = Pool {
            start: Barrier::new(self.processes + 1),
            end: Instant::now() + PATIENCE,
            tasks: self.tasks,
            finished: AtomicUsize::new(0),
            is_empty: AtomicBool::new(false),
        };
        let (took, hands) = thread::scope(|scope| {
            let hands: Vec<_> = agents
                .into_iter()
                .enumerate()
                .map(|(number, agent)| {
                    let hand = Hand::new(agent, self.way, &pool, number);
                    scope.spawn(move || hand.work())
                })
                .collect();
            pool.start.wait();
            let begin = Instant::now();
            pool.kill(&pids[..self.kills])?;
            let hands = hands.into_iter().map(|hand| hand.join());
            let hands: Vec<Hand<'_>> =
                hands.collect::<thread::Result<_>>().map_err(|_| "an agent panicked")?;
            Ok::<_, Box<dyn std::error::Error + Send + Sync>>((begin.elapsed(), hands))
        })?;
        self.sum_up(took, hands, &used)
    }

    fn sum_up(&self, took: Duration, hands: Vec<Hand<'_>>, used: &[Duration]) -> Result<Drained> {
        let mut drained = Drained {
            took,
            seen: Seen::default(),
            shares: Vec::new(),
            cpu: Duration::ZERO,
            faults: Vec::new(),
        };
        for (number, hand) in hands.into_iter().enumerate() {
            let Hand { agent, seen, .. } = hand;
            if number >= self.kills {
                drained.cpu += proc::cpu(agent.pid())?.saturating_sub(used[number]);
                drained.shares.push(seen.finished.len());
                let broken = seen.broken.iter();
                drained.faults.extend(broken.map(|why| format!("{}: {why}", agent.worker)));
            }
            drained.seen.join(seen);
        }
        drained.judge(self)?;
        Ok(drained)
    }
}

impl Drained {
    pub fn tasks_a_second(&self) -> f64 {
        self.seen.finished.len() as f64 / self.took.as_secs_f64()
    }

    /// Returns each refusal with its count, as text.
    pub fn refusals(&self) -> String {
        let refusals = self.seen.refusals.iter();
        let words: Vec<String> = refusals.map(|(code, count)| format!("{count} {code}")).collect();
        words.join(", ")
    }

    /// Records the broken promises.
    fn judge(&mut self, drain: &Drain<'_>) -> Result<()> {
        let Seen { finished, refusals, .. } = &self.seen;
        for code in ["busy", "internal"] {
            if let Some(count) = refusals.get(code) {
                self.faults.push(format!("{count} calls were answered `{code}`"));
            }
        }
        // A task is not lost if its server was killed between the commit and the answer.
        if finished.len() + drain.kills < drain.tasks {
            let count = finished.len();
            self.faults.push(format!("{count} of {} tasks were finished", drain.tasks));
        }
        let told = crate::witness::faults(&drain.project.file(), finished)?;
        self.faults.extend(told);
        Ok(())
    }
}

impl Pool {
    fn is_open(&self) -> bool {
        let is_done =
            self.is_empty.load(Ordering::Relaxed) || self.finished.load(Ordering::Relaxed) >= self.tasks;
        !is_done && Instant::now() < self.end
    }

    /// Kills these servers, spread over the first two thirds of the work.
    fn kill(&self, pids: &[u32]) -> Result<()> {
        for (number, pid) in pids.iter().enumerate() {
            let mark = (number + 1) * self.tasks * 2 / 3 / pids.len();
            while self.is_open() && self.finished.load(Ordering::Relaxed) < mark {
                thread::sleep(PAUSE);
            }
            proc::kill(*pid)?;
        }
        Ok(())
    }
}

impl Seen {
    fn join(&mut self, other: Self) {
        self.claims.join(other.claims);
        self.ends.join(other.ends);
        self.finished.extend(other.finished);
        for (code, count) in other.refusals {
            *self.refusals.entry(code).or_default() += count;
        }
    }
}

/// One agent at work.
struct Hand<'p> {
    agent: Agent,
    way: Way,
    pool: &'p Pool,
    dice: Dice,
    /// The task from the call that finished the last one.
    at_hand: Option<String>,
    seen: Seen,
}

impl<'p> Hand<'p> {
    fn new(agent: Agent, way: Way, pool: &'p Pool, number: usize) -> Self {
        let dice = Dice::new(number as u64 + 1);
        Self { agent, way, pool, dice, at_hand: None, seen: Seen::default() }
    }

    fn work(mut self) -> Self {
        self.pool.start.wait();
        while self.pool.is_open() {
            if let Err(broken) = self.turn() {
                self.seen.broken = Some(broken.to_string());
                break;
            }
        }
        self
    }

    fn turn(&mut self) -> Result<()> {
        let taken = match self.way {
            Way::Next => self.claim(None)?,
            Way::FinishAndNext => match self.at_hand.take() {
                Some(task) => Some(task),
                None => self.claim(None)?,
            },
            Way::ListThenClaim => match self.choose()? {
                Some(task) => self.claim(Some(&task))?,
                None => None,
            },
        };
        match taken {
            Some(task) => self.finish(task),
            None => {
                thread::sleep(PAUSE);
                Ok(())
            }
        }
    }

    fn choose(&mut self) -> Result<Option<String>> {
        let Some(list) = self.call("list_tasks", json!({ "ready": true, "limit": 16 }))?.1 else {
            return Ok(None);
        };
        let tasks = list["tasks"].as_array().cloned().unwrap_or_default();
        if tasks.is_empty() {
            return Ok(None);
        }
        let chosen = &tasks[self.dice.below(tasks.len())];
        Ok(chosen["id"].as_str().map(str::to_owned))
    }

    fn claim(&mut self, task: Option<&str>) -> Result<Option<String>> {
        let mut wish = json!({ "worker_id": self.agent.worker });
        if let Some(task) = task {
            wish["task"] = task.into();
        }
        let (took, answer) = self.call("claim", wish)?;
        self.seen.claims.add(took);
        let Some(answer) = answer else {
            return Ok(None);
        };
        // Tasks whose completion was committed but not answered are missing in the count.
        if answer["why"].as_str().is_some_and(|why| why.starts_with("no task is open")) {
            self.pool.is_empty.store(true, Ordering::Relaxed);
        }
        Ok(taken(&answer))
    }

    fn finish(&mut self, task: String) -> Result<()> {
        let mut end = json!({ "worker_id": self.agent.worker, "task": task, "status": "completed" });
        if self.way == Way::FinishAndNext {
            end["next"] = true.into();
        }
        let (took, answer) = self.call("update", end)?;
        self.seen.ends.add(took);
        if let Some(answer) = answer {
            self.at_hand = taken(&answer["next"]);
            self.seen.finished.push(task);
            self.pool.finished.fetch_add(1, Ordering::Relaxed);
        }
        Ok(())
    }

    /// Calls a tool; a refusal is counted and returned as `None`.
    fn call(&mut self, tool: &str, arguments: Value) -> Result<(Duration, Option<Value>)> {
        let answer = self.agent.call(tool, arguments)?;
        let content = answer.outcome.map_err(|code| {
            *self.seen.refusals.entry(code).or_default() += 1;
        });
        Ok((answer.took, content.ok()))
    }
}

/// Returns the task that an answer hands out.
fn taken(answer: &Value) -> Option<String> {
    answer["task"]["id"].as_str().map(str::to_owned)
}
