use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::opinion::Category;
use crate::domain::{TaskId, Timestamp, WorkerId};
use crate::error::Result;
use crate::ops::Operation;
use crate::ops::task::shortened;
use crate::store::{Feedback, FeedbackRow, Tx};
use crate::{Context, Effect};

/// Read the feedback of agents, the newest first.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ListFeedback {
    #[schemars(extend("x-like" = "give_feedback"))]
    #[schemars(extend("x-rare" = true))]
    category: Option<Category>,
    /// Show messages in full.
    #[serde(default)]
    #[schemars(extend("x-rare" = true))]
    whole: bool,
    limit: Option<usize>,
    offset: Option<usize>,
}

#[derive(Serialize)]
pub struct Said {
    feedback: Vec<Item>,
    total: usize,
    /// The value of `offset` for the next page.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_offset: Option<usize>,
}

#[derive(Serialize)]
struct Item {
    id: i64,
    at: Timestamp,
    category: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    sentiment: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    worker_id: Option<WorkerId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tool: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    task: Option<TaskId>,
    text: String,
}

impl Operation for ListFeedback {
    const NAME: &'static str = "list_feedback";
    const EFFECT: Effect = Effect::Read;

    const COLUMNS: &'static [&'static str] =
        &["id", "at", "category", "sentiment", "worker_id", "tool", "task", "text"];

    type Output = Said;

    fn run(&self, tx: &Tx, cx: &Context) -> Result<Said> {
        const MOST: usize = 100;
        let limit = cx.page(self.limit.unwrap_or(cx.config.page_size), MOST);
        let offset = self.offset.unwrap_or(0);
        let category = self.category.map(Category::as_str);
        let rows = tx.feedback(category, limit, offset)?;
        let total = tx.count_feedback(category)?;
        let next = offset.saturating_add(limit);
        Ok(Said {
            feedback: rows.into_iter().map(|row| item(row, self.whole || cx.whole)).collect(),
            total,
            next_offset: (next < total).then_some(next),
        })
    }
}

fn item(FeedbackRow { id, said }: FeedbackRow, whole: bool) -> Item {
    const BEGINNING: usize = 160;
    let Feedback { at, worker, message, category, sentiment, tool, task } = said;
    let text = if whole { message } else { shortened(&message, BEGINNING) };
    Item { id, at, category, sentiment, worker_id: worker, tool, task, text }
}
