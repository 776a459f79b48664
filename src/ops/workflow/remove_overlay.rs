use schemars::JsonSchema;
use serde::Deserialize;

use super::overlaying::{self, Difference, Overlaid};
use crate::error::{Error, Result};
use crate::ops::{Actor, Operation};
use crate::store::Tx;
use crate::{Context, Effect};

/// Remove an overlay; answers the rules lost with it.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RemoveOverlay {
    overlay: String,
}

impl Operation for RemoveOverlay {
    const NAME: &'static str = "remove_overlay";
    const EFFECT: Effect = Effect::Write;
    const ACTOR: Actor = Actor::Required;
    const POSITIONAL: &'static [&'static str] = &["overlay"];

    type Output = Overlaid;

    fn run(&self, tx: &Tx, cx: &Context) -> Result<Overlaid> {
        let worker = cx.actor()?;
        let mut overlays = worker.overlays.clone();
        overlays.retain(|name| *name != self.overlay);
        if overlays.len() == worker.overlays.len() {
            let near = worker.overlays.clone();
            return Err(Error::NotFound { what: "overlay of yours", name: self.overlay.clone(), near });
        }
        overlaying::refuse_way_round(tx, cx, worker, &overlays)?;
        let own = cx.workflow(&worker.workflow)?;
        let (before, after) = (cx.overlaid(own, &worker.overlays), cx.overlaid(own, &overlays));
        overlaying::set(tx, worker, &overlays, &cx.because("remove_overlay"))?;
        let difference = Difference::between(&after, &before);
        Ok(Overlaid { worker_id: worker.id.clone(), overlays, difference })
    }
}
