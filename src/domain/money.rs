//! Money, counted in millionths of a dollar so that sums are exact.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize, Serializer};
use serde_json::Number;

/// An amount in US dollars, to the millionth.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "Number")]
pub struct Dollars {
    pub micros: i64,
}

impl Dollars {
    const DECIMALS: usize = 6;
    const ONE: u64 = 1_000_000;
    /// The largest amount of one entry. It has at most 13 digits, and a JSON number of up
    /// to 15 digits is read exactly.
    const MOST: u64 = 1_000_000 * Self::ONE;
    /// From here on a JSON number would be inexact.
    const LONGEST: u64 = 1_000_000_000_000_000;
}

/// Reads a decimal number exactly, not as the nearest binary fraction.
impl FromStr for Dollars {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let bad = || format!("`{}` is not an amount of money", text.chars().take(40).collect::<String>());
        let (sign, digits) = match text.strip_prefix('-') {
            Some(digits) => (-1, digits),
            None => (1, text),
        };
        let (whole, part) = digits.split_once('.').unwrap_or((digits, "0"));
        let is_number = |digits: &str| !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
        if !is_number(whole) || !is_number(part) {
            return Err(bad());
        }
        let part = part.trim_end_matches('0');
        if part.len() > Self::DECIMALS {
            return Err(format!("`{text}` has more than {} decimals; round it", Self::DECIMALS));
        }
        let micros = format!("{whole}{part:0<width$}", width = Self::DECIMALS);
        let micros = micros.parse::<u64>().ok().filter(|micros| *micros <= Self::MOST);
        let micros =
            micros.ok_or_else(|| format!("`{text}` is more than {} dollars", Self::MOST / Self::ONE))?;
        Ok(Self { micros: sign * micros.cast_signed() })
    }
}

/// A JSON number is formatted with the fewest digits that identify it, which are the digits it was written with.
impl TryFrom<Number> for Dollars {
    type Error = String;

    fn try_from(number: Number) -> Result<Self, String> {
        match number.as_f64().filter(|_| number.is_f64()) {
            Some(value) => value.to_string().parse(),
            None => number.to_string().parse(),
        }
    }
}

impl fmt::Display for Dollars {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.micros < 0 { "-" } else { "" };
        let (whole, part) = (self.micros.unsigned_abs() / Self::ONE, self.micros.unsigned_abs() % Self::ONE);
        if part == 0 {
            return write!(f, "{sign}{whole}");
        }
        let part = format!("{part:06}");
        write!(f, "{sign}{whole}.{}", part.trim_end_matches('0'))
    }
}

/// Writes a number if that is exact, else a text.
impl Serialize for Dollars {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.micros.unsigned_abs() >= Self::LONGEST {
            return serializer.collect_str(self);
        }
        match self.micros % Self::ONE.cast_signed() {
            0 => serializer.serialize_i64(self.micros / Self::ONE.cast_signed()),
            // Both are whole numbers below 2^53: the quotient is the double nearest to the
            // decimal, and is written as that.
            _ => serializer.serialize_f64(self.micros as f64 / Self::ONE as f64),
        }
    }
}

impl JsonSchema for Dollars {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Dollars".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "number" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn an_amount_is_read_as_it_is_written() {
        for (text, micros) in [
            ("0", 0),
            ("1", 1_000_000),
            ("0.1", 100_000),
            ("0.000001", 1),
            ("-0.25", -250_000),
            ("12.50", 12_500_000),
            ("0.1000000000", 100_000),
            ("1000000", 1_000_000_000_000),
        ] {
            assert_eq!(text.parse(), Ok(Dollars { micros }), "{text}");
            assert_eq!(serde_json::from_str::<Dollars>(text).unwrap(), Dollars { micros }, "{text}");
        }
    }

    #[test]
    fn what_is_no_amount_is_refused() {
        for text in
            ["", "-", "1.", ".5", "1e3", "0x1", "1,5", "0.0000001", "1000000.000001", "99999999999999999999"]
        {
            assert!(text.parse::<Dollars>().is_err(), "{text}");
        }
        for json in ["1e-7", "0.30000000000000004", "1e300", "18446744073709551615", "\"1\""] {
            assert!(serde_json::from_str::<Dollars>(json).is_err(), "{json}");
        }
    }

    proptest! {
        #[test]
        fn every_amount_goes_through_json_unchanged(micros in -1_000_000_000_000i64..=1_000_000_000_000) {
            let dollars = Dollars { micros };

            let json = serde_json::to_string(&dollars).unwrap();

            prop_assert_eq!(serde_json::from_str::<Dollars>(&json).unwrap(), dollars);
            prop_assert_eq!(serde_json::from_str::<Dollars>(&dollars.to_string()).unwrap(), dollars);
        }

        #[test]
        fn every_sum_is_written_exactly(micros in any::<i64>()) {
            let dollars = Dollars { micros };

            let written = match serde_json::to_value(dollars).unwrap() {
                serde_json::Value::String(text) => text,
                number => number.to_string(),
            };

            prop_assert_eq!(written, dollars.to_string());
        }
    }
}
