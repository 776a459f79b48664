use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::create::{Create, Many};
use super::kinds::TreeKinds;
use super::plant::plant;
use crate::domain::{TaskId, TaskRef};
use crate::error::{Error, Result};
use crate::ops::edge::linking;
use crate::ops::{Actor, Operation, Staging};
use crate::store::Tx;
use crate::{Context, Effect};

/// Create a tree of tasks: all or none.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateTree {
    /// A task as in `create`; `tasks` are its subtasks, `ref` puts an existing task there.
    #[schemars(extend("x-like" = "create"))]
    tree: Create,
    parent: Option<TaskRef>,
    /// Links parents to children; default contains.
    #[schemars(extend("x-rare" = true))]
    child_type: Option<String>,
    /// Links each to the next, as `follows`.
    sibling_type: Option<String>,
    /// List all ids.
    #[serde(default)]
    #[schemars(extend("x-rare" = true))]
    return_ids: bool,
}

#[derive(Serialize)]
pub struct Grown {
    root: TaskId,
    #[serde(flatten)]
    rest: Many,
}

impl Operation for CreateTree {
    const NAME: &'static str = "create_tree";
    const EFFECT: Effect = Effect::Write;
    const ACTOR: Actor = Actor::Optional;
    const POSITIONAL: &'static [&'static str] = &["tree"];

    type Output = Grown;

    fn prepare(&mut self, staging: &Staging) -> Result<()> {
        Error::items(self.tree.spread(&staging.config().limits)?)?;
        self.tree.locate_files(staging.places())
    }

    fn run(&self, tx: &Tx, cx: &Context) -> Result<Grown> {
        let named = |name: &Option<String>| name.as_ref().map(|name| linking::kind(cx, name)).transpose();
        let kinds = TreeKinds {
            child: named(&self.child_type)?.or_else(|| cx.config.edges.containing()),
            sibling: named(&self.sibling_type)?,
        };
        let parent = self.parent.as_ref().map(|parent| tx.resolve(parent)).transpose()?;
        let planted = plant(tx, cx, std::slice::from_ref(&self.tree), parent.as_ref(), &kinds)?;
        let root = planted.ids[0].clone();
        Ok(Grown { root, rest: Many::of(planted, self.return_ids) })
    }
}
