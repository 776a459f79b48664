//! The cost of work: amounts by name, added up.

use std::borrow::Cow;
use std::collections::BTreeMap;

use indexmap::IndexMap;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Error as _, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::{CounterName, Dollars};

/// Amounts of each counter, and the money.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Amounts {
    pub cost: Dollars,
    pub counters: BTreeMap<CounterName, i64>,
}

impl Amounts {
    /// Adds an amount to the counter `name`, or to the money if it is `None`.
    pub fn add(&mut self, name: Option<CounterName>, amount: i64) {
        let sum = match name {
            None => &mut self.cost.micros,
            Some(name) => self.counters.entry(name).or_default(),
        };
        *sum = sum.saturating_add(amount);
    }

    pub fn is_empty(&self) -> bool {
        self.cost == Dollars::default() && self.counters.is_empty()
    }

    /// Returns true if an amount is negative, which corrects earlier ones.
    pub fn corrects(&self) -> bool {
        self.cost.micros < 0 || self.counters.values().any(|value| *value < 0)
    }
}

/// Counters as a caller gives them: by name, or as a list, whose items are named `metric_0`, `metric_1`, …
#[derive(Clone, Debug, Default)]
pub struct Counters(pub IndexMap<CounterName, i64>);

impl Counters {
    const MOST: usize = 20;
    const LONGEST_LIST: usize = 8;
    /// The largest amount of one entry, so that no sum overflows.
    const LARGEST: i64 = 1_000_000_000_000;

    fn put<E: serde::de::Error>(&mut self, name: CounterName, value: i64) -> Result<(), E> {
        if value.unsigned_abs() > Self::LARGEST.unsigned_abs() {
            return Err(E::custom(format!(
                "`{name}` is {value}, an entry may say {} at most",
                Self::LARGEST
            )));
        }
        self.0.insert(name, value);
        if self.0.len() > Self::MOST {
            return Err(E::custom(format!("`values` has more than {} counters", Self::MOST)));
        }
        Ok(())
    }
}

impl<'de> Deserialize<'de> for Counters {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;

        impl<'de> Visitor<'de> for Reader {
            type Value = Counters;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("whole numbers by name, or a list of them")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Counters, A::Error> {
                let mut counters = Counters::default();
                while let Some((name, value)) = map.next_entry()? {
                    counters.put(name, value)?;
                }
                Ok(counters)
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Counters, A::Error> {
                let mut counters = Counters::default();
                while let Some(value) = list.next_element()? {
                    if counters.0.len() == Counters::LONGEST_LIST {
                        return Err(A::Error::custom("a list of `values` has at most 8, more have names"));
                    }
                    let name = format!("metric_{}", counters.0.len());
                    counters.put(name.parse().map_err(A::Error::custom)?, value)?;
                }
                Ok(counters)
            }
        }

        deserializer.deserialize_any(Reader)
    }
}

impl JsonSchema for Counters {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Counters".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let count = json_schema!({ "type": "integer" });
        json_schema!({ "type": ["object", "array"], "items": count, "additionalProperties": count })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Result<Vec<(String, i64)>, String> {
        let counters: Counters = serde_json::from_str(json).map_err(|error| error.to_string())?;
        Ok(counters.0.into_iter().map(|(name, value)| (name.to_string(), value)).collect())
    }

    #[test]
    fn counters_have_names_or_places() {
        assert_eq!(
            read(r#"{"tokens": 5, "calls": -1}"#).unwrap(),
            [("tokens".into(), 5), ("calls".into(), -1)]
        );
        assert_eq!(read("[7, 0]").unwrap(), [("metric_0".into(), 7), ("metric_1".into(), 0)]);
        assert_eq!(read("{}").unwrap(), []);
    }

    #[test]
    fn what_cannot_be_counted_is_refused() {
        for bad in [
            r#"{"a b": 1}"#,
            r#"{"cost_usd": 1}"#,
            r#"{"a": 0.5}"#,
            r#"{"a": "1"}"#,
            r#"{"a": 1000000000001}"#,
            "[1, 2, 3, 4, 5, 6, 7, 8, 9]",
            "5",
        ] {
            assert!(read(bad).is_err(), "{bad}");
        }
        let many: Vec<String> = (0..21).map(|n| format!("\"c{n}\": 1")).collect();
        assert!(read(&format!("{{{}}}", many.join(","))).is_err());
    }

    #[test]
    fn amounts_add_up() {
        let mut amounts = Amounts::default();

        amounts.add(None, 250_000);
        amounts.add(Some("tokens".parse().unwrap()), 5);
        amounts.add(Some("tokens".parse().unwrap()), -2);

        assert_eq!(amounts.cost.to_string(), "0.25");
        assert_eq!(amounts.counters, BTreeMap::from([("tokens".parse().unwrap(), 3)]));
        assert!(!amounts.corrects() && !amounts.is_empty());
    }
}
