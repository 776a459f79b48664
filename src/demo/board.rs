//! A board of the demo's progress: each task with its state, each worker with its thought.

use std::collections::HashMap;
use std::time::Duration;

use clap::builder::styling::Style;

use super::news::News;
use super::row::{AT_WORK, Columns, DONE, KILLED, READY, Row, WAITING, fitted};
use super::story::{self, Hand, Part, Task};

/// The height of the board in lines.
pub const HEIGHT: usize = 1 + story::PARTS.len() + story::TASKS.len() + 1 + story::TEAM.len();
pub const NARROWEST: usize = 60;

const HEADING: Style = Style::new().bold();

const TASK: Columns = Columns { name: 12, title: 20, who: 4 };

const WORKER: Columns = Columns { name: 4, title: 14, who: 0 };

/// The state of all tasks and workers, from the events so far.
#[derive(Default)]
pub struct Board {
    /// Tasks that are not in here are open.
    tasks: HashMap<String, State>,
    thoughts: HashMap<String, String>,
    /// The killed workers, each with the task it held.
    killed: HashMap<String, String>,
}

enum State {
    Held { by: String, attempt: u64 },
    Done { by: String, result: String },
}

impl Board {
    /// Updates the board after an event.
    pub fn note(&mut self, news: &News) {
        match news.clone() {
            News::Joins { .. } => {}
            News::Claims { worker: by, task, attempt } => {
                self.thoughts.remove(&by);
                self.tasks.insert(task, State::Held { by, attempt });
            }
            News::Thinks { worker, thought } => {
                self.thoughts.insert(worker, thought);
            }
            News::Completes { worker, task, result } => {
                let by = worker.unwrap_or_default();
                self.tasks.insert(task, State::Done { by, result });
            }
            News::Returns { task, .. } => {
                self.tasks.remove(&task);
            }
            News::Killed { worker, task } => {
                self.killed.insert(worker, task);
            }
        }
    }

    /// Returns the board as lines of at most `width` characters.
    pub fn lines(&self, at: Duration, width: usize) -> Vec<String> {
        let mut lines = vec![self.heading(at, width)];
        for part in &story::PARTS {
            lines.push(self.part(part, width));
            lines.extend(story::tasks_of(part.id).map(|task| self.task(task).line(TASK, width)));
        }
        lines.push(String::new());
        lines.extend(story::TEAM.iter().map(|hand| self.worker(hand).line(WORKER, width)));
        lines
    }

    fn heading(&self, at: Duration, width: usize) -> String {
        let tasks = story::TASKS.iter();
        let done = tasks.filter(|task| self.is_done(task.id)).count();
        let all = story::TASKS.len();
        let clock = format!("{done} of {all} done  {:>5.1} s", at.as_secs_f64());
        let title = fitted(story::WHOLE.title, width.saturating_sub(clock.len()));
        format!("{HEADING}{title}{HEADING:#}{clock}")
    }

    fn part(&self, part: &Part, width: usize) -> String {
        let style = match self.is_done(part.id) {
            true => DONE.style,
            false => Style::new(),
        };
        let text = fitted(&format!("  {}", part.title), width);
        format!("{style}{}{style:#}", text.trim_end())
    }

    fn task(&self, task: &'static Task) -> Row<'_> {
        let row = Row { mark: WAITING, name: task.id, title: task.title, who: "", note: String::new() };
        match self.tasks.get(task.id) {
            Some(State::Done { by, result }) => Row { mark: DONE, who: by, note: result.clone(), ..row },
            Some(State::Held { by, .. }) if self.killed.contains_key(by) => {
                Row { mark: KILLED, who: by, note: "its worker is gone".into(), ..row }
            }
            Some(State::Held { by, attempt }) => Row {
                mark: AT_WORK,
                who: by,
                note: match attempt {
                    1 => String::new(),
                    attempt => format!("attempt {attempt}: taken over"),
                },
                ..row
            },
            None => self.open(task, row),
        }
    }

    fn open<'a>(&self, task: &Task, row: Row<'a>) -> Row<'a> {
        let waits_for = task.waits_for.iter().copied();
        let open: Vec<&str> = waits_for.filter(|id| !self.is_done(id)).collect();
        if !open.is_empty() {
            let note = format!("waits for {}", open.join(", "));
            return Row { note, ..row };
        }
        Row {
            mark: READY,
            note: match task.needs {
                [] => "ready".into(),
                tags => format!("ready for who can {}", tags.join(", ")),
            },
            ..row
        }
    }

    fn worker(&self, hand: &'static Hand) -> Row<'_> {
        let row = Row { mark: READY, name: hand.name, title: "looks for work", who: "", note: String::new() };
        if let Some(task) = self.killed.get(hand.name) {
            return Row { mark: KILLED, title: task, note: "killed at work (kill -9)".into(), ..row };
        }
        let Some(task) = self.held_by(hand.name) else {
            return row;
        };
        let thought = self.thoughts.get(hand.name);
        Row { mark: AT_WORK, title: task.id, note: thought.cloned().unwrap_or_default(), ..row }
    }

    fn held_by(&self, worker: &str) -> Option<&'static Task> {
        let holds = |task: &&Task| match self.tasks.get(task.id) {
            Some(State::Held { by, .. }) => by == worker,
            _ => false,
        };
        story::TASKS.iter().find(holds)
    }

    fn is_done(&self, id: &str) -> bool {
        matches!(self.tasks.get(id), Some(State::Done { .. }))
    }
}

#[cfg(test)]
mod tests {
    use anstream::adapter::strip_str;

    use super::*;

    fn claims(worker: &str, task: &str, attempt: u64) -> News {
        News::Claims { worker: worker.into(), task: task.into(), attempt }
    }

    fn killed(worker: &str, task: &str) -> News {
        News::Killed { worker: worker.into(), task: task.into() }
    }

    /// Returns the words of the line that begins with `name`, after its mark.
    fn shown(name: &str, news: &[News]) -> String {
        let mut board = Board::default();
        news.iter().for_each(|news| board.note(news));
        let lines = board.lines(Duration::ZERO, 80);
        let lines = lines.iter().map(|line| strip_str(line).to_string());
        let words = lines.map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "));
        let mut found = words.filter(|line| line.split(' ').nth(1) == Some(name));
        found.next().unwrap_or_default()
    }

    #[test]
    fn a_board_takes_the_room_it_says() {
        for width in [NARROWEST, 80, 120] {
            let lines = Board::default().lines(Duration::ZERO, width);

            assert_eq!(lines.len(), HEIGHT);
            for line in lines {
                let length = strip_str(&line).to_string().chars().count();
                assert!(length <= width, "{line}");
            }
        }
        const { assert!(HEIGHT < 24) };
    }

    #[test]
    fn an_open_task_says_what_it_waits_for() {
        let done =
            News::Completes { worker: Some("ann".into()), task: "schema".into(), result: "7 tables".into() };

        let waits = shown("cart-api", &[]);
        let still_waits = shown("cart-api", std::slice::from_ref(&done));
        let ready = shown("catalog-api", std::slice::from_ref(&done));

        assert_eq!(waits, "· cart-api Serve the cart waits for schema, payments");
        assert_eq!(still_waits, "· cart-api Serve the cart waits for payments");
        assert_eq!(ready, "○ catalog-api Serve the catalogue ready");
        assert_eq!(shown("schema", &[done]), "✓ schema Lay out the database ann 7 tables");
    }

    #[test]
    fn a_killed_worker_stays_killed_when_its_task_goes_on() {
        let mut news = vec![claims("cleo", "payments", 1), killed("cleo", "payments")];
        let orphaned = shown("payments", &news);
        news.push(News::Returns { task: "payments".into(), cause: "died".into() });
        news.push(claims("ben", "payments", 2));

        assert_eq!(orphaned, "✗ payments Take payments cleo its worker is gone");
        assert_eq!(shown("payments", &news), "● payments Take payments ben attempt 2: taken over");
        assert_eq!(shown("cleo", &news), "✗ cleo payments killed at work (kill -9)");
    }

    #[test]
    fn a_thought_belongs_to_the_task_it_was_had_about() {
        let mut news = vec![claims("ann", "docs", 1)];
        news.push(News::Thinks { worker: "ann".into(), thought: "be brief".into() });
        assert_eq!(shown("ann", &news), "● ann docs be brief");

        news.push(claims("ann", "tests", 1));

        assert!(!shown("ann", &news).contains("be brief"));
    }
}
