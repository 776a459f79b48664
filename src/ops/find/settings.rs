use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::config::{Origin, Setting};
use crate::error::Result;
use crate::ops::Operation;
use crate::store::Tx;
use crate::{Context, Effect};

/// Show explicit settings and their origin; with `key`, all with that prefix.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// As `states.`.
    key: Option<String>,
}

#[derive(Serialize)]
pub struct Shown {
    /// A problem with the settings files, if there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<String>,
    settings: Vec<Setting>,
    /// The keys of the settings that have their defaults.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    defaults: Vec<String>,
}

impl Operation for Settings {
    const NAME: &'static str = "config";
    const EFFECT: Effect = Effect::Read;
    const POSITIONAL: &'static [&'static str] = &["key"];

    type Output = Shown;

    fn run(&self, _tx: &Tx, cx: &Context) -> Result<Shown> {
        let all = cx.config.settings();
        let problem = cx.problem.clone();
        let Some(key) = &self.key else {
            let (defaults, settings): (Vec<_>, Vec<_>) =
                all.into_iter().partition(|setting| matches!(setting.origin, Origin::Default));
            let defaults = defaults.into_iter().map(|setting| setting.key).collect();
            return Ok(Shown { problem, settings, defaults });
        };
        let settings = all.into_iter().filter(|setting| setting.key.starts_with(key.as_str())).collect();
        Ok(Shown { problem, settings, defaults: Vec::new() })
    }
}
