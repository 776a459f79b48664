use std::collections::HashSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::brief::Brief;
use crate::domain::{EdgeKindName, TaskId, TaskRef};
use crate::error::Result;
use crate::ops::Operation;
use crate::store::{Reach, Tx};
use crate::{Context, Effect};

/// Follow a task's links to a depth: `before` finds blockers, `above` parents; -1: no limit.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Scan {
    task: TaskRef,
    #[serde(default)]
    before: i64,
    #[serde(default)]
    after: i64,
    #[serde(default)]
    above: i64,
    #[serde(default)]
    below: i64,
    /// Rows in each direction; default 10.
    limit: Option<usize>,
}

#[derive(Serialize)]
pub struct Surroundings {
    root: Brief,
    #[serde(skip_serializing_if = "Option::is_none")]
    before: Option<Direction>,
    #[serde(skip_serializing_if = "Option::is_none")]
    after: Option<Direction>,
    #[serde(skip_serializing_if = "Option::is_none")]
    above: Option<Direction>,
    #[serde(skip_serializing_if = "Option::is_none")]
    below: Option<Direction>,
}

#[derive(Serialize)]
struct Direction {
    tasks: Vec<Found>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    more: bool,
}

#[derive(Serialize)]
struct Found {
    #[serde(flatten)]
    task: Brief,
    /// The distance in links.
    depth: usize,
    /// The task nearer to the root to which it is linked; `link` is the type.
    via: TaskId,
    link: EdgeKindName,
}

impl Operation for Scan {
    const NAME: &'static str = "scan";
    const EFFECT: Effect = Effect::Read;
    const POSITIONAL: &'static [&'static str] = &["task"];

    type Output = Surroundings;

    fn run(&self, tx: &Tx, _cx: &Context) -> Result<Surroundings> {
        let id = tx.resolve(&self.task)?;
        let look = |reach, depth| {
            if depth == 0 { Ok(None) } else { self.look(tx, &id, reach, depth).map(Some) }
        };
        Ok(Surroundings {
            before: look(Reach::Before, self.before)?,
            after: look(Reach::After, self.after)?,
            above: look(Reach::Above, self.above)?,
            below: look(Reach::Below, self.below)?,
            root: Brief::of(&tx.task(&id)?),
        })
    }
}

impl Scan {
    /// Walks outwards in one direction and returns each task once, by its shortest path.
    fn look(&self, tx: &Tx, root: &TaskId, reach: Reach, depth: i64) -> Result<Direction> {
        let limit = self.limit.unwrap_or(10).clamp(1, 500);
        let mut seen = HashSet::from([root.clone()]);
        let mut rim = vec![root.clone()];
        let mut tasks = Vec::new();
        let mut level = 0;
        while !rim.is_empty() && (depth < 0 || level < depth) {
            level += 1;
            for via in std::mem::take(&mut rim) {
                for (neighbour, link) in tx.reached(&via, reach)? {
                    if !seen.insert(neighbour.id.clone()) {
                        continue;
                    }
                    if tasks.len() == limit {
                        return Ok(Direction { tasks, more: true });
                    }
                    rim.push(neighbour.id.clone());
                    tasks.push(Found {
                        task: Brief::from(neighbour),
                        depth: level as usize,
                        via: via.clone(),
                        link,
                    });
                }
            }
        }
        Ok(Direction { tasks, more: false })
    }
}
