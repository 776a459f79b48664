use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::linking;
use crate::domain::TaskRef;
use crate::error::Result;
use crate::ops::task::words;
use crate::ops::{Actor, Operation};
use crate::store::{Tx, Ways};
use crate::{Context, Effect};

/// Link tasks: `from` blocks or contains `to`; all links, or none.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Link {
    from: Vec<TaskRef>,
    to: Vec<TaskRef>,
    /// Default: blocks.
    #[serde(rename = "type")]
    #[schemars(extend("x-vocabulary" = "edge_kind"))]
    kind: Option<String>,
}

#[derive(Serialize)]
pub struct Linked {
    linked: usize,
    /// Links that existed before.
    #[serde(skip_serializing_if = "crate::ops::task::is_default")]
    unchanged: usize,
}

impl Operation for Link {
    const NAME: &'static str = "link";
    const EFFECT: Effect = Effect::Write;
    const ACTOR: Actor = Actor::Optional;
    const POSITIONAL: &'static [&'static str] = &["from", "to"];

    type Output = Linked;

    fn run(&self, tx: &Tx, cx: &Context) -> Result<Linked> {
        let kind = linking::kind(cx, self.kind.as_deref().unwrap_or("blocks"))?;
        words::check_number("links", self.from.len() * self.to.len(), cx.config.limits.ids)?;
        let mut done = Linked { linked: 0, unchanged: 0 };
        let ways = Ways::default();
        for from in &self.from {
            let from = tx.resolve(from)?;
            for to in &self.to {
                match linking::link(tx, cx, &ways, (&from, &tx.resolve(to)?), &kind)? {
                    true => done.linked += 1,
                    false => done.unchanged += 1,
                }
            }
        }
        Ok(done)
    }
}
