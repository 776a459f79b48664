//! How long a task that was made from a template prevents duplicates.

use serde::{Deserialize, Serialize};

use super::Millis;

/// How long a task prevents duplicates of itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Window {
    /// Until it has ended.
    #[default]
    Active,
    Ever,
    /// For this long after it was made.
    For(Millis),
}

/// The units of time, the shortest first.
const UNITS: [(char, Millis); 5] =
    [('s', 1_000), ('m', 60_000), ('h', 3_600_000), ('d', 86_400_000), ('w', 604_800_000)];

impl TryFrom<String> for Window {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let length = || {
            let (unit, length) = UNITS.iter().find(|(unit, _)| text.ends_with(*unit))?;
            let number: u32 = text.strip_suffix(*unit)?.parse().ok()?;
            (number > 0).then(|| i64::from(number).saturating_mul(*length))
        };
        match text.as_str() {
            "active" => Ok(Self::Active),
            "ever" => Ok(Self::Ever),
            _ => length().map(Self::For).ok_or_else(|| {
                format!("`{text}` is not a window: give `active`, `ever` or a time as `30m`, `12h`, `7d`")
            }),
        }
    }
}

impl From<Window> for String {
    fn from(window: Window) -> Self {
        match window {
            Window::Active => "active".into(),
            Window::Ever => "ever".into(),
            Window::For(millis) => {
                let whole = |(_, length): &&(char, Millis)| millis % length == 0;
                let (unit, length) = UNITS.iter().rev().find(whole).unwrap_or(&UNITS[0]);
                format!("{}{unit}", millis / length)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_is_a_word_or_a_time() {
        let window = |text: &str| Window::try_from(text.to_owned());

        assert_eq!(window("active"), Ok(Window::Active));
        assert_eq!(window("ever"), Ok(Window::Ever));
        assert_eq!(window("90m"), Ok(Window::For(5_400_000)));
        assert_eq!(window(&String::from(Window::For(5_400_000))), Ok(Window::For(5_400_000)));
        for bad in ["", "7", "d", "0d", "-1d", "1y", "7 d", "7\u{00e9}"] {
            assert!(window(bad).is_err(), "{bad}");
        }
    }
}
