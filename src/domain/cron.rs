//! A cron line: five fields for the minutes at which something is due.
//!
//! A date must match the day of the month and the day of the week. If neither field begins
//! with `*`, matching one of them is enough.

use std::str::FromStr;

use jiff::ToSpan;
use jiff::civil::{Date, DateTime};

/// Minutes of the calendar, selected by minute, hour, day, month and weekday.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cron {
    minutes: u64,
    hours: u64,
    days: u64,
    months: u64,
    weekdays: u64,
    /// Whether matching one of the two day fields is enough.
    either: bool,
}

impl Cron {
    /// Returns the first matching minute after `after`, if one comes within about 40 years.
    pub fn next(&self, after: DateTime) -> Option<DateTime> {
        /// Days after which the calendar repeats, even across a year such as 2100 without a leap day.
        const IN_SIGHT: usize = 41 * 366;
        let first = i64::from(after.hour()) * 60 + i64::from(after.minute()) + 1;
        let mut from = u32::try_from(first).ok()?;
        let mut date = after.date();
        for _ in 0..IN_SIGHT {
            if self.has_day(date)
                && let Some((hour, minute)) = self.minute_from(from)
            {
                return Some(date.at(hour, minute, 0, 0));
            }
            from = 0;
            date = match self.has(self.months, date.month()) {
                true => date.tomorrow().ok()?,
                false => date.first_of_month().checked_add(1.month()).ok()?,
            };
        }
        None
    }

    /// Returns the first matching minute of a day, at or after the given one.
    fn minute_from(&self, from: u32) -> Option<(i8, i8)> {
        let (hour, minute) = (from / 60, from % 60);
        let later_on = |bits: u64, from: u32| bits.checked_shr(from).unwrap_or(0) != 0;
        let first = |bits: u64, from: u32| (bits >> from).trailing_zeros() + from;
        let clock = |hour: u32, minute: u32| Some((i8::try_from(hour).ok()?, i8::try_from(minute).ok()?));
        if hour < 24 && self.hours & (1 << hour) != 0 && later_on(self.minutes, minute) {
            return clock(hour, first(self.minutes, minute));
        }
        match later_on(self.hours, hour + 1) {
            true => clock(first(self.hours, hour + 1), first(self.minutes, 0)),
            false => None,
        }
    }

    fn has_day(&self, date: Date) -> bool {
        let day = self.has(self.days, date.day());
        let weekday = self.has(self.weekdays, date.weekday().to_sunday_zero_offset());
        let fits = if self.either { day || weekday } else { day && weekday };
        fits && self.has(self.months, date.month())
    }

    fn has(&self, bits: u64, at: i8) -> bool {
        bits & (1 << at) != 0
    }
}

/// A field: its name, its least and greatest number, and words for the numbers from the least on.
struct Field(&'static str, u32, u32, &'static [&'static str]);

const FIELDS: [Field; 5] = [
    Field("minute", 0, 59, &[]),
    Field("hour", 0, 23, &[]),
    Field("day of the month", 1, 31, &[]),
    Field(
        "month",
        1,
        12,
        &["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"],
    ),
    Field("day of the week", 0, 7, &["sun", "mon", "tue", "wed", "thu", "fri", "sat"]),
];

impl Field {
    fn read(&self, text: &str) -> Result<u64, String> {
        text.split(',').try_fold(0, |bits, part| Ok(bits | self.part(part)?))
    }

    /// Reads `*`, `3`, `1-5`, and each of them with a step such as `/2`.
    fn part(&self, part: &str) -> Result<u64, String> {
        let Self(what, least, greatest, _) = self;
        let wrong = || format!("`{part}` is no {what}: {least} to {greatest}, as `3`, `1-5`, `*/2`, `1,4`");
        let (range, step) = match part.split_once('/') {
            Some((range, step)) => (range, Some(step.parse::<u32>().map_err(|_| wrong())?)),
            None => (part, None),
        };
        let (first, last) = match range.split_once('-') {
            _ if range == "*" => (*least, *greatest),
            Some((first, last)) => (self.number(first), self.number(last)).both().ok_or_else(wrong)?,
            None => {
                let first = self.number(range).ok_or_else(wrong)?;
                (first, if step.is_some() { *greatest } else { first })
            }
        };
        let step = step.unwrap_or(1);
        if first > last || step == 0 {
            return Err(wrong());
        }
        Ok((first..=last).step_by(step as usize).fold(0, |bits, at| bits | 1 << at))
    }

    fn number(&self, text: &str) -> Option<u32> {
        let Self(_, least, greatest, words) = self;
        let word = words.iter().zip(*least..).find(|(word, _)| word.eq_ignore_ascii_case(text));
        let number = word.map(|(_, number)| number).or_else(|| text.parse().ok());
        number.filter(|number| (*least..=*greatest).contains(number))
    }
}

/// Joins two options; the result is none if either is none.
trait Both<T> {
    fn both(self) -> Option<(T, T)>;
}

impl<T> Both<T> for (Option<T>, Option<T>) {
    fn both(self) -> Option<(T, T)> {
        Some((self.0?, self.1?))
    }
}

impl FromStr for Cron {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parts: Vec<&str> = text.split_whitespace().collect();
        let [minute, hour, day, month, weekday] = parts[..] else {
            return Err(format!(
                "`{text}` has {} fields: give five, minute hour day month weekday, as `0 3 * * 1-5`; or `every 15m`, `daily`",
                parts.len()
            ));
        };
        let [minutes, hours, days, months, weekdays] = FIELDS;
        let weekdays = weekdays.read(weekday)?;
        let cron = Self {
            minutes: minutes.read(minute)?,
            hours: hours.read(hour)?,
            days: days.read(day)?,
            months: months.read(month)?,
            // Sunday is 0 and 7.
            weekdays: weekdays & 0x7f | weekdays >> 7,
            either: !day.starts_with('*') && !weekday.starts_with('*'),
        };
        match cron.next(Date::constant(2000, 1, 1).at(0, 0, 0, 0)) {
            Some(_) => Ok(cron),
            None => {
                Err(format!("`{text}` never comes: no such month has day {day}; for a month's end take 28"))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_next_minute_is_the_first_that_the_fields_tell() {
        for (cron, after, next) in [
            ("* * * * *", "2026-01-31T12:00", "2026-01-31T12:01"),
            ("0 3 * * *", "2026-01-31T12:00", "2026-02-01T03:00"),
            ("0 3 * * *", "2026-01-31T03:00", "2026-02-01T03:00"),
            ("*/15 * * * *", "2026-01-31T12:46", "2026-01-31T13:00"),
            ("59 23 31 12 *", "2026-12-31T23:59", "2027-12-31T23:59"),
            ("0 0 29 2 *", "2026-01-01T00:00", "2028-02-29T00:00"),
            ("0 9 * * mon-fri", "2026-01-30T09:00", "2026-02-02T09:00"),
            ("0 9 * * 7", "2026-01-30T09:00", "2026-02-01T09:00"),
            ("0 0 13 * fri", "2026-02-01T00:00", "2026-02-06T00:00"),
            ("0 0 */2 * 1", "2026-02-01T00:00", "2026-02-09T00:00"),
            ("5/20 1,22 * jan,DEC *", "2026-01-31T22:45", "2026-12-01T01:05"),
        ] {
            let read: Cron = cron.parse().unwrap();

            assert_eq!(read.next(after.parse().unwrap()), Some(next.parse().unwrap()), "{cron}");
        }
    }

    #[test]
    fn what_is_no_cron_or_never_comes_is_refused() {
        for bad in [
            "",
            "* * * *",
            "* * * * * *",
            "60 * * * *",
            "* 24 * * *",
            "* * 0 * *",
            "* * * 13 *",
            "* * * * 8",
            "5-1 * * * *",
            "*/0 * * * *",
            "-1 * * * *",
            "a * * * *",
            "1, * * * *",
            "0 0 30 2 *",
            "0 0 31 4,6 *",
        ] {
            assert!(bad.parse::<Cron>().is_err(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn the_next_one_is_the_least_that_is_later_and_fits(
            minute in 0_u32..60, hours in 0_u32..24, step in 1_u32..12, day in 1_u32..29, weekday in 0_u32..7,
            kind in 0..4, at in 0_i64..2_000_000,
        ) {
            let text = match kind {
                0 => format!("{minute} */{step} * * *"),
                1 => format!("{minute} {hours} {day} * *"),
                2 => format!("{minute},59 * * * {weekday}"),
                _ => format!("{minute} {hours} {day} * {weekday}"),
            };
            let cron: Cron = text.parse().unwrap();
            let after = Date::constant(2026, 1, 1).at(0, 0, 0, 0) + at.minutes();
            let fits = |time: &DateTime| {
                cron.has(cron.minutes, time.minute()) && cron.has(cron.hours, time.hour()) && cron.has_day(time.date())
            };

            let next = cron.next(after).unwrap();

            let slow = (1_i64..).map(|minutes| after + minutes.minutes()).find(fits).unwrap();
            prop_assert_eq!(next, slow, "{}", text);
        }
    }
}
