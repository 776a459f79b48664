use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Happening;
use crate::domain::{ProjectName, TaskRef, WorkerId};
use crate::error::{Error, Result};
use crate::ops::Operation;
use crate::store::{FeedFilter, Tx};
use crate::{Context, Effect};

/// Read the event feed: the newest events, or those after a cursor.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Events {
    /// Cursor of the last answer; 0: all.
    since: Option<i64>,
    task: Option<TaskRef>,
    worker: Option<WorkerId>,
    #[schemars(extend("x-rare" = true))]
    project: Option<ProjectName>,
    /// created, status, edited, linked, …
    kinds: Option<Vec<String>>,
    /// Default 10.
    limit: Option<usize>,
}

#[derive(Serialize)]
pub struct Feed {
    events: Vec<Happening>,
    /// The value of `since` for the next call.
    cursor: i64,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    more: bool,
}

impl Operation for Events {
    const NAME: &'static str = "events";
    const EFFECT: Effect = Effect::Read;

    const COLUMNS: &'static [&'static str] = Happening::COLUMNS;

    type Output = Feed;

    fn run(&self, tx: &Tx, cx: &Context) -> Result<Feed> {
        let limit = cx.page(self.limit.unwrap_or(10), 500);
        let newest = tx.newest_event()?;
        let filter = FeedFilter {
            task: self.task.as_ref().map(|task| tx.resolve(task)).transpose()?,
            project: self
                .project
                .as_ref()
                .map(|name| Ok::<_, Error>(tx.project_named(name)?.key))
                .transpose()?,
            worker: self.worker.clone(),
            kinds: self.kinds.clone(),
        };
        let mut rows = match self.since.or(cx.whole.then_some(0)) {
            Some(since) => tx.feed_after(&filter, since, limit + 1)?,
            None => tx.feed_newest(&filter, limit)?,
        };
        let more = rows.len() > limit;
        rows.truncate(limit);
        let cursor = match rows.last() {
            Some(last) if more => last.id,
            _ => newest,
        };
        Ok(Feed { events: rows.into_iter().map(|row| Happening::told(row, cx)).collect(), cursor, more })
    }
}
