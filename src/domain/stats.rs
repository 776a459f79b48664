//! Percentiles of times, and classes of reasons.

use super::Millis;

/// Lengths of time, for percentiles.
#[derive(Clone, Debug, Default)]
pub struct Times(Vec<Millis>);

impl Times {
    pub fn add(&mut self, time: Millis) {
        self.0.push(time);
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns the smallest length that `percent` percent of them do not exceed.
    pub fn percentile(&mut self, percent: usize) -> Option<Millis> {
        self.0.sort_unstable();
        let rank = (self.0.len() * percent).div_ceil(100).max(1);
        self.0.get(rank - 1).copied()
    }
}

impl From<Vec<Millis>> for Times {
    fn from(times: Vec<Millis>) -> Self {
        Self(times)
    }
}

/// Returns the class of a reason: the words before a colon, as in `timeout: no answer from …`, or
/// its first words. Parts that vary, such as numbers and quoted names, are left out.
pub fn reason_class(reason: &str) -> String {
    const LONGEST: usize = 40;
    const WORDS: usize = 4;
    let line = reason.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default();
    let class = match line.split_once(':') {
        Some((class, _)) if class.split_whitespace().count() <= WORDS => class,
        _ => line,
    };
    let tells = |word: &&str| !word.chars().any(|c| c.is_ascii_digit() || matches!(c, '`' | '"' | '/'));
    let words: Vec<&str> = class.split_whitespace().filter(tells).take(WORDS).collect();
    let class: String =
        words.join(" ").to_lowercase().chars().filter(|c| !c.is_control()).take(LONGEST).collect();
    match class.trim_end_matches(['.', ',', ';', ':']) {
        "" => "no reason given".into(),
        class => class.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_numbers_that_were_there() {
        let of = |times: &[Millis], percent| Times::from(times.to_vec()).percentile(percent);

        assert_eq!(of(&[], 50), None);
        assert_eq!(of(&[7], 50), Some(7));
        assert_eq!(of(&[7], 95), Some(7));
        assert_eq!(of(&[4, 1, 3, 2], 50), Some(2));
        assert_eq!(of(&[4, 1, 3, 2], 95), Some(4));
        assert_eq!(of(&(1..=100).collect::<Vec<_>>(), 95), Some(95));
    }

    #[test]
    fn reasons_of_a_kind_have_one_class() {
        for (reason, class) in [
            ("timeout: no answer from db-7", "timeout"),
            ("Timeout: again", "timeout"),
            ("Could not read 17 rows from `a.csv`", "could not read rows"),
            ("http 503", "http"),
            ("the tests fail because of a thing: such as this", "the tests fail because"),
            ("  \n", "no reason given"),
            ("12345", "no reason given"),
        ] {
            assert_eq!(reason_class(reason), class, "{reason}");
        }
    }
}
