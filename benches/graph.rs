//! Tasks in layers: each waits for two of the layer before, so that most of them are blocked.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::Result;
use crate::client::Agent;

/// A random number generator that repeats its numbers in every run.
pub struct Dice(u64);

pub struct Graph {
    pub tasks: usize,
    width: usize,
}

impl Dice {
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % limit as u64) as usize
    }
}

impl Graph {
    /// The number of tasks in one call.
    const BATCH: usize = 1_000;

    pub fn layered(tasks: usize, width: usize) -> Self {
        Self { tasks, width }
    }

    /// Returns the width at which one task in fifty is ready.
    pub fn usual_width(tasks: usize) -> usize {
        (tasks / 50).max(2)
    }

    pub fn name(number: usize) -> String {
        format!("task-{number}")
    }

    /// Creates the tasks and returns how long that took.
    pub fn plant(&self, agent: &mut Agent, dice: &mut Dice) -> Result<Duration> {
        let mut took = Duration::ZERO;
        for first in (0..self.tasks).step_by(Self::BATCH) {
            let last = self.tasks.min(first + Self::BATCH);
            let tasks: Vec<Value> = (first..last).map(|number| self.task(number, dice)).collect();
            let begin = Instant::now();
            agent.call("create", json!({ "tasks": tasks }))?.value()?;
            took += begin.elapsed();
        }
        Ok(took)
    }

    fn task(&self, number: usize, dice: &mut Dice) -> Value {
        let blockers: Vec<String> = match number.checked_sub(self.width) {
            None => Vec::new(),
            Some(_) => self.two_before(number, dice).map(Self::name).to_vec(),
        };
        json!({
            "id": Self::name(number),
            "title": format!("Make part {number} of the parser accept nested lists"),
            "description": "What to do, where to look, and how to know that it is done: \
                the tests of the part pass, and its page in the manual says what changed.",
            "blocked_by": blockers,
        })
    }

    /// Returns two different tasks of the layer before that of a task.
    fn two_before(&self, number: usize, dice: &mut Dice) -> [usize; 2] {
        let layer = (number / self.width - 1) * self.width;
        let one = dice.below(self.width);
        let other = (one + 1 + dice.below(self.width - 1)) % self.width;
        [layer + one, layer + other]
    }
}
