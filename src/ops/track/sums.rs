//! Sums of costs and counters, as answers show them.

use indexmap::IndexMap;
use serde::Serialize;

use crate::domain::{Amounts, CounterName, Dollars};

#[derive(Debug, Serialize)]
pub struct Sums {
    cost_usd: Dollars,
    #[serde(skip_serializing_if = "IndexMap::is_empty")]
    metrics: IndexMap<CounterName, i64>,
    /// How many counters there are, if not all are shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    metrics_total: Option<usize>,
}

impl Sums {
    /// How many counters a total shows, and how many each group shows.
    pub const WHOLE: usize = 16;
    pub const GROUP: usize = 3;

    /// Returns the sums with the first `most` of the counters.
    pub fn of(amounts: Amounts, most: usize) -> Self {
        let Amounts { cost, counters } = amounts;
        let total = counters.len();
        Self {
            cost_usd: cost,
            metrics: counters.into_iter().take(most).collect(),
            metrics_total: (total > most).then_some(total),
        }
    }
}
