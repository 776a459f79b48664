//! The distribution of the screen's lines among the parts of the view.

use super::facts::Facts;

/// The number of lines of each part; all but the head begin with an empty line and a title.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    pub head: usize,
    pub workers: usize,
    pub marks: usize,
    pub messages: usize,
}

/// The lines of a part before its first row.
const FRAME: usize = 2;
const HEAD: usize = 4;
/// The rows of marks and of messages that come before further workers: at best, and when room is scarce.
const SHOWN: usize = 4;
const LEAST: usize = 1;
/// Below this height only the head and the workers are shown, unless everything fits.
const LOW: usize = 12;

impl Plan {
    /// Returns the plan that shows everything.
    pub fn full(facts: &Facts) -> Self {
        Self::with(facts, SHOWN)
    }

    pub fn height(self) -> usize {
        let Self { head, workers, marks, messages } = self;
        head + workers + marks + messages
    }

    /// Returns the best plan for `room` lines.
    pub fn fitting(facts: &Facts, room: usize) -> Self {
        if room < LOW && Self::full(facts).height() > room {
            let head = room.min(2).min(room.saturating_sub(3).max(1));
            return Self { head, workers: room.saturating_sub(head), ..Self::default() };
        }
        let plans = (LEAST..=SHOWN).rev().map(|shown| Self::with(facts, shown));
        let fits = plans.into_iter().find(|plan| plan.height() <= room);
        let Some(plan) = fits else {
            let plan = Self::with(facts, LEAST);
            return Self { workers: room - (plan.height() - plan.workers), ..plan };
        };
        plan.grown(facts, room)
    }

    fn with(facts: &Facts, shown: usize) -> Self {
        Self {
            head: HEAD,
            workers: FRAME + facts.rows().len().max(1),
            marks: part(facts.marks.marks.len().min(shown)),
            messages: part(facts.messages.messages.len().min(shown)),
        }
    }

    /// Gives the remaining lines to messages, then to marks.
    fn grown(mut self, facts: &Facts, room: usize) -> Self {
        let all = part(facts.messages.messages.len());
        self.messages = all.min(self.messages + room - self.height());
        let all = part(facts.marks.marks.len());
        self.marks = all.min(self.marks + room - self.height());
        self
    }
}

fn part(rows: usize) -> usize {
    match rows {
        0 => 0,
        rows => FRAME + rows,
    }
}

#[cfg(test)]
mod tests {
    use super::super::facts::{Agent, Mark};
    use super::*;

    fn facts(workers: usize, marks: usize) -> Facts {
        let mut facts = Facts::default();
        facts.agents.workers = vec![Agent::default(); workers];
        facts.marks.marks = vec![Mark::default(); marks];
        facts
    }

    #[test]
    fn a_plan_never_takes_more_than_there_is() {
        for workers in [0, 1, 12, 64] {
            for marks in [0, 2, 300] {
                for room in 0..80 {
                    let plan = Plan::fitting(&facts(workers, marks), room);

                    assert!(plan.height() <= room, "{workers} {marks} {room}: {plan:?}");
                }
            }
        }
    }

    #[test]
    fn workers_come_before_marks_and_marks_take_what_is_left() {
        let close = Plan::fitting(&facts(64, 300), 30);
        let wide = Plan::fitting(&facts(3, 300), 30);

        assert_eq!(close, Plan { head: 4, workers: 23, marks: 3, messages: 0 });
        assert_eq!(wide, Plan { head: 4, workers: 5, marks: 21, messages: 0 });
    }

    #[test]
    fn little_to_show_needs_no_high_screen() {
        let plan = Plan::fitting(&facts(1, 0), 7);

        assert_eq!(plan, Plan { head: 4, workers: 3, ..Plan::default() });
    }

    #[test]
    fn a_low_screen_shows_workers_only() {
        assert_eq!(Plan::fitting(&facts(12, 5), 8), Plan { head: 2, workers: 6, ..Plan::default() });
        assert_eq!(Plan::fitting(&facts(12, 5), 3).head, 1);
    }
}
