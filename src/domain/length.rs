//! Lengths of time and points in time as callers write them: `90s`, `1h30m`, or a date.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

use super::{Millis, Timestamp};

/// A length of time, at most a year: a text such as `250ms`, `90s`, `10m`, `1h30m`, `2d`,
/// or a number of milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Length(Millis);

/// The units of a length, the longest first.
const UNITS: &[(&str, Millis)] =
    &[("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)];

impl Length {
    const LONGEST: Millis = 366 * 86_400_000;

    pub fn millis(self) -> Millis {
        self.0
    }
}

impl TryFrom<Millis> for Length {
    type Error = String;

    fn try_from(millis: Millis) -> Result<Self, String> {
        match (0..=Self::LONGEST).contains(&millis) {
            true => Ok(Self(millis)),
            false => Err(format!("`{millis}` ms is not a length of time between 0 and a year")),
        }
    }
}

impl FromStr for Length {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is not a length of time: give `90s`, `10m`, `1h30m`, `2d`");
        if let Ok(millis) = text.parse::<Millis>() {
            return Self::try_from(millis);
        }
        let mut rest = text.trim();
        let mut sum: Millis = 0;
        if rest.is_empty() {
            return Err(wrong());
        }
        while !rest.is_empty() {
            let digits = rest.find(|c: char| !c.is_ascii_digit()).ok_or_else(wrong)?;
            let (number, after) = rest.split_at(digits);
            let letters = after.find(|c: char| c.is_ascii_digit()).unwrap_or(after.len());
            let (unit, after) = after.split_at(letters);
            let (_, millis) = UNITS.iter().find(|(name, _)| *name == unit).ok_or_else(wrong)?;
            let number: Millis = number.parse().map_err(|_| wrong())?;
            sum = number.checked_mul(*millis).and_then(|part| sum.checked_add(part)).ok_or_else(wrong)?;
            rest = after;
        }
        Self::try_from(sum)
    }
}

impl fmt::Display for Length {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rest = self.0;
        for (name, millis) in UNITS.iter().filter(|_| self.0 > 0) {
            if rest / millis > 0 {
                write!(f, "{}{name}", rest / millis)?;
            }
            rest %= millis;
        }
        if self.0 == 0 { f.write_str("0s") } else { Ok(()) }
    }
}

impl Serialize for Length {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// The input of a caller: a number of milliseconds, or a text.
enum Said {
    Millis(Millis),
    Text(String),
}

impl<'de> Deserialize<'de> for Said {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Value::deserialize(deserializer)? {
            Value::String(text) => Ok(Self::Text(text)),
            Value::Number(number) => number
                .as_i64()
                .map(Self::Millis)
                .ok_or_else(|| serde::de::Error::custom(format!("`{number}` is not a whole number of ms"))),
            other => Err(serde::de::Error::custom(format!("`{other}` is neither a text nor a number"))),
        }
    }
}

impl<'de> Deserialize<'de> for Length {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let length = match Said::deserialize(deserializer)? {
            Said::Millis(millis) => Self::try_from(millis),
            Said::Text(text) => text.parse(),
        };
        length.map_err(serde::de::Error::custom)
    }
}

impl JsonSchema for Length {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Length".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": ["string", "integer"] })
    }
}

/// A point in time, or a length of time from now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    At(Timestamp),
    In(Length),
}

impl When {
    /// Returns the point in time, counting from `now`.
    pub fn from(self, now: Timestamp) -> Timestamp {
        match self {
            Self::At(then) => then,
            Self::In(length) => now.after(length.millis()),
        }
    }
}

impl<'de> Deserialize<'de> for When {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let wrong = |text: &str| {
            format!("`{text}` is not a time: give `2026-01-31T12:00:00Z`, or `10m` for ten minutes from now")
        };
        let text = match Said::deserialize(deserializer)? {
            Said::Millis(millis) => {
                return Length::try_from(millis).map(Self::In).map_err(serde::de::Error::custom);
            }
            Said::Text(text) => text,
        };
        let length = || text.trim_start_matches('+').parse().map(Self::In);
        let point = || text.parse().map(Self::At);
        length().or_else(|_: String| point()).map_err(|_| serde::de::Error::custom(wrong(&text)))
    }
}

impl JsonSchema for When {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "When".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": ["string", "integer"] })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_length_is_read_as_people_say_it() {
        for (text, millis, said) in [
            ("90s", 90_000, "1m30s"),
            ("10m", 600_000, "10m"),
            ("1h30m", 5_400_000, "1h30m"),
            ("2d", 172_800_000, "2d"),
            ("250ms", 250, "250ms"),
            ("1500", 1_500, "1s500ms"),
            ("0", 0, "0s"),
        ] {
            let length: Length = text.parse().unwrap();

            assert_eq!((length.millis(), length.to_string().as_str()), (millis, said), "{text}");
            assert_eq!(said.parse(), Ok(length));
        }
        for bad in ["", "10", "m", "1x", "-5s", "3 weeks", "400d", "99999999999999999999d"] {
            let read = bad.parse::<Length>();
            assert_eq!(read.is_ok(), bad == "10", "{bad}: {read:?}");
        }
    }

    #[test]
    fn a_time_is_a_point_or_a_length_from_now() {
        let noon = Timestamp(1_769_860_800_000);
        let when = |said: serde_json::Value| serde_json::from_value::<When>(said).map(|when| when.from(noon));

        assert_eq!(when("10m".into()).unwrap(), noon.after(600_000));
        assert_eq!(when("+10m".into()).unwrap(), noon.after(600_000));
        assert_eq!(when(600_000.into()).unwrap(), noon.after(600_000));
        assert_eq!(when("2026-01-31T12:10:00Z".into()).unwrap(), noon.after(600_000));
        assert!(when("soon".into()).is_err());
    }
}
