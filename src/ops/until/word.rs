//! The kinds of events that a call can wait for.

use schemars::JsonSchema;
use serde::Deserialize;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Word {
    Work,
    Messages,
    Tasks,
    Marks,
    Events,
}
