//! The category and the sentiment of feedback.

use schemars::JsonSchema;
use serde::Deserialize;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub enum Category {
    Tool,
    Workflow,
    Config,
    Ux,
    General,
}

impl Category {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Tool => "tool",
            Self::Workflow => "workflow",
            Self::Config => "config",
            Self::Ux => "ux",
            Self::General => "general",
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub enum Sentiment {
    Positive,
    Negative,
    Neutral,
    Suggestion,
}

impl Sentiment {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Positive => "positive",
            Self::Negative => "negative",
            Self::Neutral => "neutral",
            Self::Suggestion => "suggestion",
        }
    }
}
