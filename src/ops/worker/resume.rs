use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::packet::Packet;
use crate::domain::WorkerId;
use crate::error::Result;
use crate::ops::{Actor, Operation};
use crate::store::Tx;
use crate::{Context, Effect};

/// Get all you need to go on after a loss of context.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Resume {}

#[derive(Serialize)]
pub struct Resumed {
    worker_id: WorkerId,
    #[serde(flatten)]
    packet: Packet,
}

impl Operation for Resume {
    const NAME: &'static str = "resume";
    const EFFECT: Effect = Effect::Read;
    const ACTOR: Actor = Actor::Required;
    const POSITIONAL: &'static [&'static str] = &["worker_id"];
    const SWEEPS: bool = true;

    type Output = Resumed;

    fn run(&self, tx: &Tx, cx: &Context) -> Result<Resumed> {
        let worker = cx.actor()?;
        let lost = tx.lost_by(&worker.id)?;
        Ok(Resumed { worker_id: worker.id.clone(), packet: Packet::of(tx, cx, worker, &lost)? })
    }
}
