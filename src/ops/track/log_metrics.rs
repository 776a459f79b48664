use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::sums::Sums;
use crate::domain::{Amounts, Counters, Dollars, Reason, TaskId, TaskRef};
use crate::error::{Error, Result};
use crate::ops::attachment::attempt_of;
use crate::ops::{Actor, Operation};
use crate::store::{Event, NewMetrics, Tx};
use crate::{Context, Effect};

/// Add the cost of your work on a task, and other counters.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LogMetrics {
    task: TaskRef,
    cost_usd: Option<Dollars>,
    /// `{"tokens": 1200}`.
    #[serde(default)]
    values: Counters,
    // Required if an amount is negative.
    #[schemars(extend("x-rare" = true))]
    reason: Option<Reason>,
}

#[derive(Serialize)]
pub struct Logged {
    task: TaskId,
    #[serde(skip_serializing_if = "crate::ops::task::is_default")]
    attempt: i64,
    /// All amounts logged for the task so far.
    #[serde(flatten)]
    sums: Sums,
}

impl Operation for LogMetrics {
    const NAME: &'static str = "log_metrics";
    const EFFECT: Effect = Effect::Write;
    const ACTOR: Actor = Actor::Required;
    const POSITIONAL: &'static [&'static str] = &["task", "cost_usd"];

    type Output = Logged;

    fn run(&self, tx: &Tx, cx: &Context) -> Result<Logged> {
        let amounts = self.amounts();
        self.check(&amounts)?;
        let task = tx.task_called(&self.task)?;
        let attempt = attempt_of(tx, cx, &task)?;
        let reason = self.reason.as_ref().map(Reason::as_str);
        let worker = &cx.actor()?.id;
        let new = NewMetrics { task: &task.id, worker, attempt, reason, amounts: &amounts };
        tx.log_metrics(&new, cx.now)?;
        let mut after = json!(amounts.counters);
        if let Some(cost) = self.cost_usd {
            after["cost_usd"] = json!(cost);
        }
        tx.record(&Event {
            task: Some(&task.id),
            attempt: Some(attempt),
            after: Some(after),
            ..Event::of("metrics", &cx.because("log_metrics").for_reason(reason))
        })?;
        let mut total = Amounts::default();
        for row in tx.metrics_of(std::slice::from_ref(&task.id))? {
            total.add(row.name, row.value);
        }
        Ok(Logged { task: task.id, attempt, sums: Sums::of(total, Sums::WHOLE) })
    }
}

impl LogMetrics {
    fn amounts(&self) -> Amounts {
        let counters = self.values.0.iter().map(|(name, value)| (name.clone(), *value)).collect();
        Amounts { cost: self.cost_usd.unwrap_or_default(), counters }
    }

    fn check(&self, amounts: &Amounts) -> Result<()> {
        if self.cost_usd.is_none() && self.values.0.is_empty() {
            return Err(Error::input(
                "there is nothing to add",
                "give `cost_usd`, or `values` as {\"tokens\": 1200}",
            ));
        }
        if amounts.corrects() && self.reason.is_none() {
            return Err(Error::input(
                "an amount is negative without a `reason`",
                "to correct what was reported before, say why",
            ));
        }
        Ok(())
    }
}
