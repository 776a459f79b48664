//! The pace: when tasks ended within the last hour, as far as the feed shows.

use std::collections::VecDeque;

use crate::domain::{Millis, Timestamp};

pub const HOUR: Millis = 3_600_000;
/// The number of bars for the last hour.
pub const BARS: usize = 12;

#[derive(Clone, Debug, Default)]
pub struct Pace {
    /// The earliest first.
    ended: VecDeque<Timestamp>,
    /// The time since which all ends are known.
    known_since: Timestamp,
}

impl Pace {
    /// Returns an empty record that is complete from `known_since` on.
    pub fn since(known_since: Timestamp) -> Self {
        Self { ended: VecDeque::new(), known_since }
    }

    /// Records that a task ended.
    pub fn note(&mut self, at: Timestamp) {
        self.ended.push_back(at);
        let hour_ago = at.before(HOUR);
        while self.ended.front().is_some_and(|first| *first < hour_ago) {
            self.ended.pop_front();
        }
    }

    /// Returns how many tasks ended within this time.
    pub fn within(&self, length: Millis, now: Timestamp) -> usize {
        let from = now.before(length);
        self.ended.iter().rev().take_while(|at| **at > from).count()
    }

    /// Returns the part of the last hour that is known.
    pub fn known(&self, now: Timestamp) -> Millis {
        now.since(self.known_since).min(HOUR)
    }

    /// Returns the last hour in equal parts, the newest last.
    pub fn bars(&self, now: Timestamp) -> [usize; BARS] {
        let mut bars = [0; BARS];
        for at in &self.ended {
            let ago = now.since(*at) * BARS as i64 / HOUR;
            let part = usize::try_from(ago).ok().and_then(|ago| (BARS - 1).checked_sub(ago));
            if let Some(bar) = part.and_then(|part| bars.get_mut(part)) {
                *bar += 1;
            }
        }
        bars
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Millis = 60_000;

    #[test]
    fn tasks_count_in_the_part_of_the_hour_in_which_they_ended() {
        let mut pace = Pace::since(Timestamp(0));
        for minute in [1, 61, 62, 119, 120] {
            pace.note(Timestamp(minute * MINUTE));
        }
        let now = Timestamp(120 * MINUTE);

        assert_eq!(pace.bars(now), [2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2]);
        assert_eq!(pace.within(5 * MINUTE, now), 2);
        assert_eq!(pace.within(HOUR, now), 4);
    }

    #[test]
    fn what_was_before_the_feed_was_read_is_not_known() {
        let pace = Pace::since(Timestamp(90 * MINUTE));

        assert_eq!(pace.known(Timestamp(120 * MINUTE)), 30 * MINUTE);
        assert_eq!(pace.known(Timestamp(1_000 * MINUTE)), HOUR);
    }
}
