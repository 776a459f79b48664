//! Points in time and lengths of time, as the store counts them.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Milliseconds since 1970, shown as ISO 8601 in UTC.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(pub i64);

/// A length of time in milliseconds.
pub type Millis = i64;

impl Timestamp {
    pub fn since(self, earlier: Self) -> Millis {
        self.0.saturating_sub(earlier.0).max(0)
    }

    /// Returns the distance between two points in time.
    pub fn between(self, other: Self) -> Millis {
        self.since(other).max(other.since(self))
    }

    /// Returns the latest time that another clock can show if both are right.
    pub fn farthest_ahead(self) -> Self {
        /// The clocks of synchronized machines differ by less than this.
        const MAX_AHEAD_MS: Millis = 5 * 60_000;
        self.after(MAX_AHEAD_MS)
    }

    /// Returns true if another time is so far ahead that one of the two clocks is wrong.
    pub fn is_far_behind(self, other: Self) -> bool {
        other > self.farthest_ahead()
    }

    /// Returns true if this is between 2000 and 2100.
    pub fn is_of_our_time(self) -> bool {
        const FIRST: i64 = 946_684_800_000;
        const LAST: i64 = 4_133_980_800_000;
        (FIRST..LAST).contains(&self.0)
    }

    pub fn after(self, length: Millis) -> Self {
        Self(self.0.saturating_add(length))
    }

    pub fn before(self, length: Millis) -> Self {
        Self(self.0.saturating_sub(length))
    }
}

/// Returns true if a text is a date, with or without a time of day.
pub fn is_date(text: &str) -> bool {
    text.parse::<i64>().is_err() && text.parse::<Timestamp>().is_ok()
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match jiff::Timestamp::from_millisecond(self.0) {
            Ok(point) => point.fmt(f),
            Err(_) => self.0.fmt(f),
        }
    }
}

/// Reads ISO 8601 with or without a time of day, or milliseconds since 1970.
impl FromStr for Timestamp {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Ok(millis) = text.parse() {
            return Ok(Self(millis));
        }
        if let Ok(point) = text.parse::<jiff::Timestamp>() {
            return Ok(Self(point.as_millisecond()));
        }
        let in_utc = |civil: jiff::civil::DateTime| {
            civil
                .to_zoned(jiff::tz::TimeZone::UTC)
                .map(|zoned| Self(zoned.timestamp().as_millisecond()))
                .map_err(|error| error.to_string())
        };
        text.parse().map_err(|_| ()).and_then(|civil| in_utc(civil).map_err(|_| ())).map_err(|()| {
            format!(
                "`{text}` is not a time: give `2026-01-31`, `2026-01-31T12:00:00Z` or milliseconds since 1970"
            )
        })
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

impl JsonSchema for Timestamp {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Timestamp".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_read_as_it_is_written_and_by_date() {
        let noon = Timestamp(1_769_860_800_000);

        assert_eq!(noon.to_string(), "2026-01-31T12:00:00Z");
        assert_eq!(noon.to_string().parse(), Ok(noon));
        assert_eq!("1769860800000".parse(), Ok(noon));
        assert_eq!("2026-01-31".parse(), Ok(noon.before(12 * 3_600_000)));
        assert!("yesterday".parse::<Timestamp>().is_err());
    }
}
