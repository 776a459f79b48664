//! `task-graph demo`: four workers, each a process of its own, share one graph of tasks.
//!
//! They are ordinary clients: the demo uses the program only through the pipes of the processes that it starts, in
//! a temporary folder. One worker is killed at work, and another one takes over. At the end the demo checks the
//! store's history against the rules; the exit code says whether they were kept.
//!
//! ```text
//! story ──► worker ──► client ══► task-graph serve (one for each)
//!           watcher ─► client ══► task-graph serve ─► news ──► board, lines, verdict
//! ```

mod backstage;
mod board;
mod client;
mod ending;
mod lines;
mod news;
mod row;
mod screen;
mod stage;
mod story;
mod trouble;
mod verdict;
mod watcher;
mod worker;

use std::io::Write;
use std::process::ExitCode;
use std::thread::{self, ScopedJoinHandle};
use std::time::{Duration, Instant};

use backstage::Backstage;
use ending::Ending;
use news::News;
pub use screen::Manner;
use screen::{Screen, say};
use stage::Stage;
use trouble::{Result, Trouble};
use watcher::Watcher;
use worker::Worker;

/// The time between two updates of the display.
const FRAME: Duration = Duration::from_millis(50);

const OPENING: &str = "\
Four workers, each with a task-graph process of its own, share one graph of tasks.
They claim, think and complete over MCP. One of them is going to be killed.

";

/// Runs the demo, then prints the next steps: `clients` explains how to connect agents.
pub fn run(manner: Manner, clients: &str) -> ExitCode {
    say(OPENING);
    let faults = match play(&mut Screen::new(manner)) {
        Ok(faults) => faults,
        Err(trouble) => vec![trouble.to_string()],
    };
    if faults.is_empty() {
        say(verdict::GOOD);
        say(clients);
        say(&ending::whereabouts().unwrap_or_default());
        return ExitCode::SUCCESS;
    }
    let faults: String = faults.iter().map(|fault| format!("error: {fault}\n")).collect();
    // If standard error is closed, the exit code still reports the failure.
    let _ = anstream::stderr().write_all(faults.as_bytes());
    ExitCode::FAILURE
}

/// Returns the faults of a run that reached its end.
fn play(screen: &mut Screen) -> Result<Vec<String>> {
    let stage = Stage::set()?;
    let mut watcher = Watcher::new(&stage)?;
    let begun = Instant::now();
    let team = story::TEAM.iter().map(|hand| Worker::hire(hand, &stage));
    let team = team.collect::<Result<Vec<_>>>()?;
    let mut audience = Audience { screen, watcher: &mut watcher, begun, news: Vec::new() };
    let timings = perform(team, &mut audience)?;
    let (time, news) = (begun.elapsed(), audience.news);
    let faults = verdict::faults(&news, watcher.count()?);
    let tasks = story::TASKS.iter().map(|task| task.id);
    let history = tasks.map(|id| Ok((id, watcher.attempts(id)?)));
    let ending = Ending { news: &news, history: history.collect::<Result<_>>()?, timings, time };
    say(&ending.text());
    Ok(faults)
}

/// Runs all workers at once, updates the display meanwhile, and returns the durations of their calls.
fn perform(team: Vec<Worker>, audience: &mut Audience) -> Result<Vec<Duration>> {
    let backstage = Backstage::default();
    thread::scope(|scope| {
        let work = |worker: Worker| {
            let worked = worker.work(&backstage);
            if worked.is_err() {
                backstage.break_off();
            }
            worked
        };
        let at_work: Vec<_> = team.into_iter().map(|worker| scope.spawn(move || work(worker))).collect();
        while !at_work.iter().all(ScopedJoinHandle::is_finished) {
            audience.look(backstage.asides())?;
            thread::sleep(FRAME);
        }
        audience.look(backstage.asides())?;
        let mut timings = Vec::new();
        for worker in at_work {
            timings.extend(worker.join().map_err(|_| Trouble::Panicked)??);
        }
        Ok(timings)
    })
}

/// The display, and all events so far.
struct Audience<'a> {
    screen: &'a mut Screen,
    watcher: &'a mut Watcher,
    begun: Instant,
    news: Vec<News>,
}

impl Audience<'_> {
    /// Shows the events of the store, then those that only the demo knows. The store recorded its events earlier.
    fn look(&mut self, aside: Vec<News>) -> Result<()> {
        let mut news = self.watcher.news()?;
        news.extend(aside);
        self.screen.show(self.begun.elapsed(), &news);
        self.news.extend(news);
        Ok(())
    }
}
