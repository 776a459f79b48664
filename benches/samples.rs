//! Many durations of one operation, and statistics of them.

use std::time::Duration;

#[derive(Clone, Debug, Default)]
pub struct Samples(Vec<Duration>);

impl Samples {
    pub fn add(&mut self, took: Duration) {
        self.0.push(took);
    }

    pub fn join(&mut self, others: Self) {
        self.0.extend(others.0);
    }

    pub fn median(&self) -> Duration {
        self.quantile(0.5)
    }

    pub fn longest(&self) -> Duration {
        self.quantile(1.0)
    }

    /// Returns the duration that this share of them does not exceed.
    pub fn quantile(&self, share: f64) -> Duration {
        let mut sorted = self.0.clone();
        sorted.sort_unstable();
        let last = sorted.len().saturating_sub(1);
        let at = (last as f64 * share).round() as usize;
        sorted.get(at).copied().unwrap_or_default()
    }

    /// Returns the 99th percentile and the maximum, as text.
    pub fn spread(&self) -> String {
        format!("p99 {:.2}, max {:.1}", millis(self.quantile(0.99)), millis(self.longest()))
    }
}

impl FromIterator<Duration> for Samples {
    fn from_iter<I: IntoIterator<Item = Duration>>(durations: I) -> Self {
        Self(durations.into_iter().collect())
    }
}

pub fn millis(took: Duration) -> f64 {
    took.as_secs_f64() * 1e3
}

/// Returns the evenness of shares: 1 if all are equal, 1/n if one has all (Jain's index).
pub fn fairness(shares: &[usize]) -> f64 {
    let sum: f64 = shares.iter().map(|share| *share as f64).sum();
    let squares: f64 = shares.iter().map(|share| (*share as f64).powi(2)).sum();
    sum * sum / (shares.len() as f64 * squares)
}
