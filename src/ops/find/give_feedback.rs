use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::opinion::{Category, Sentiment};
use crate::domain::TaskRef;
use crate::error::{Error, Result};
use crate::ops::{Actor, Operation};
use crate::store::{Event, Feedback, Tx};
use crate::{Context, Effect};

/// Report problems or praise for these tools.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GiveFeedback {
    message: String,
    #[schemars(extend("x-rare" = true))]
    category: Option<Category>,
    #[schemars(extend("x-rare" = true))]
    sentiment: Option<Sentiment>,
    #[schemars(extend("x-rare" = true))]
    tool_name: Option<String>,
    #[schemars(extend("x-rare" = true))]
    task: Option<TaskRef>,
}

#[derive(Serialize)]
pub struct Kept {
    id: i64,
}

impl Operation for GiveFeedback {
    const NAME: &'static str = "give_feedback";
    const EFFECT: Effect = Effect::Write;
    const ACTOR: Actor = Actor::Optional;
    const POSITIONAL: &'static [&'static str] = &["message"];

    type Output = Kept;

    fn run(&self, tx: &Tx, cx: &Context) -> Result<Kept> {
        const LONGEST: usize = 2_000;
        const LONGEST_NAME: usize = 64;
        let message = self.message.trim();
        let length = message.chars().count();
        if !(1..=LONGEST).contains(&length) {
            return Err(Error::input(
                format!("`message` has 1 to {LONGEST} characters, this one has {length}"),
                "say the most important thing; more fits into another call",
            ));
        }
        if self.tool_name.as_ref().is_some_and(|name| name.chars().count() > LONGEST_NAME) {
            return Err(Error::input(format!("`tool_name` has at most {LONGEST_NAME} characters"), ""));
        }
        let said = Feedback {
            at: cx.now,
            worker: cx.worker.as_ref().map(|worker| worker.id.clone()),
            message: message.replace('\0', " "),
            category: self.category.unwrap_or(Category::General).as_str().to_owned(),
            sentiment: self.sentiment.map(|sentiment| sentiment.as_str().to_owned()),
            tool: self.tool_name.clone(),
            task: self.task.as_ref().map(|task| tx.resolve(task)).transpose()?,
        };
        let id = tx.add_feedback(&said)?;
        let after = Some(json!({ "id": id, "category": said.category }));
        let because = cx.because(Self::NAME);
        tx.record(&Event { task: said.task.as_ref(), after, ..Event::of("feedback", &because) })?;
        Ok(Kept { id })
    }
}
