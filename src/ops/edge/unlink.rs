use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::linking;
use crate::domain::{EdgeKind, TaskId};
use crate::error::{Error, Result};
use crate::ops::passage::{self, Consequences};
use crate::ops::task::words;
use crate::ops::{Actor, Operation};
use crate::store::{Edge, Shift, Tx};
use crate::{Context, Effect};

/// Remove links; `*`: all on that side.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Unlink {
    from: Vec<String>,
    to: Vec<String>,
    #[serde(rename = "type")]
    kind: Option<String>,
}

#[derive(Serialize)]
pub struct Unlinked {
    unlinked: usize,
    #[serde(flatten)]
    consequences: Consequences,
}

impl Operation for Unlink {
    const NAME: &'static str = "unlink";
    const EFFECT: Effect = Effect::Destroy;
    const ACTOR: Actor = Actor::Optional;
    const POSITIONAL: &'static [&'static str] = &["from", "to"];

    type Output = Unlinked;

    fn run(&self, tx: &Tx, cx: &Context) -> Result<Unlinked> {
        let kind = linking::kind(cx, self.kind.as_deref().unwrap_or("blocks"))?;
        let mut unlinked = 0;
        let mut shift = Shift::default();
        for (from, to) in pairs(tx, cx, (&self.from, &self.to), &kind)? {
            if let Some(freed) = linking::unlink(tx, cx, &from, &to, &kind)? {
                unlinked += 1;
                shift.freed.extend(freed.freed);
                shift.may_end.extend(freed.may_end);
            }
        }
        Ok(Unlinked { unlinked, consequences: passage::follow(tx, cx, shift)? })
    }
}

/// Returns both ends of each link that the arguments select.
pub fn pairs(
    tx: &Tx,
    cx: &Context,
    (from, to): (&[String], &[String]),
    kind: &EdgeKind,
) -> Result<Vec<(TaskId, TaskId)>> {
    words::check_number("links", from.len() * to.len(), cx.config.limits.ids)?;
    let all = |names: &[String]| names.iter().any(|name| name == "*");
    let edges = match (all(from), all(to)) {
        (true, true) => {
            return Err(Error::input("`from` and `to` cannot both be `*`", "name one side"));
        }
        (false, false) => return crossed(tx, from, to),
        (false, true) => from.iter().map(|name| tx.edges_from(&named(tx, name)?, Some(&kind.name))).collect(),
        (true, false) => {
            to.iter().map(|name| tx.edges_to(&named(tx, name)?, Some(&kind.name))).collect::<Result<Vec<_>>>()
        }
    };
    Ok(edges?.into_iter().flatten().map(|Edge { from, to, .. }| (from, to)).collect())
}

fn crossed(tx: &Tx, from: &[String], to: &[String]) -> Result<Vec<(TaskId, TaskId)>> {
    let mut pairs = Vec::new();
    for from in from {
        for to in to {
            pairs.push((named(tx, from)?, named(tx, to)?));
        }
    }
    Ok(pairs)
}

fn named(tx: &Tx, name: &str) -> Result<TaskId> {
    let name = name.parse().map_err(|bad: crate::domain::BadName| Error::input(bad.to_string(), ""))?;
    tx.resolve(&name)
}
