use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::linking;
use super::unlink::pairs;
use crate::error::Result;
use crate::ops::passage::{self, Consequences};
use crate::ops::{Actor, Operation};
use crate::store::{Shift, Tx, Ways};
use crate::{Context, Effect};

/// Replace links in one step, for instance to change a parent.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Relink {
    prev_from: Vec<String>,
    prev_to: Vec<String>,
    from: Vec<String>,
    to: Vec<String>,
    #[serde(rename = "type")]
    kind: Option<String>,
}

#[derive(Serialize)]
pub struct Relinked {
    unlinked: usize,
    linked: usize,
    #[serde(flatten)]
    consequences: Consequences,
}

impl Operation for Relink {
    const NAME: &'static str = "relink";
    const EFFECT: Effect = Effect::Write;
    const ACTOR: Actor = Actor::Optional;

    type Output = Relinked;

    fn run(&self, tx: &Tx, cx: &Context) -> Result<Relinked> {
        let kind = linking::kind(cx, self.kind.as_deref().unwrap_or("contains"))?;
        let (mut unlinked, mut linked) = (0, 0);
        let mut shift = Shift::default();
        for (from, to) in pairs(tx, cx, (&self.prev_from, &self.prev_to), &kind)? {
            if let Some(freed) = linking::unlink(tx, cx, &from, &to, &kind)? {
                unlinked += 1;
                shift.freed.extend(freed.freed);
                shift.may_end.extend(freed.may_end);
            }
        }
        let ways = Ways::default();
        for (from, to) in pairs(tx, cx, (&self.from, &self.to), &kind)? {
            linked += usize::from(linking::link(tx, cx, &ways, (&from, &to), &kind)?);
        }
        // Tasks that were released by the removal may be held back again.
        shift.freed.retain(|id| tx.task(id).is_ok_and(|task| task.ready));
        Ok(Relinked { unlinked, linked, consequences: passage::follow(tx, cx, shift)? })
    }
}
