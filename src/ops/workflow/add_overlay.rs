use schemars::JsonSchema;
use serde::Deserialize;

use super::overlaying::{self, Difference, Overlaid};
use crate::error::Result;
use crate::ops::{Actor, Operation};
use crate::store::Tx;
use crate::{Context, Effect};

/// Add an overlay to the workflow of the tasks you hold.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AddOverlay {
    overlay: String,
}

impl Operation for AddOverlay {
    const NAME: &'static str = "add_overlay";
    const EFFECT: Effect = Effect::Write;
    const ACTOR: Actor = Actor::Required;
    const POSITIONAL: &'static [&'static str] = &["overlay"];

    type Output = Overlaid;

    fn run(&self, tx: &Tx, cx: &Context) -> Result<Overlaid> {
        let worker = cx.actor()?;
        let own = cx.workflow(&worker.workflow)?;
        overlaying::check(cx, own, std::slice::from_ref(&self.overlay))?;
        let before = cx.overlaid(own, &worker.overlays);
        let mut overlays = worker.overlays.clone();
        if !overlays.contains(&self.overlay) {
            overlays.push(self.overlay.clone());
            overlaying::set(tx, worker, &overlays, &cx.because("add_overlay"))?;
            overlaying::lay_over_work(tx, &worker.id, &overlays)?;
        }
        let difference = Difference::between(&before, &cx.overlaid(own, &overlays));
        Ok(Overlaid { worker_id: worker.id.clone(), overlays, difference })
    }
}
