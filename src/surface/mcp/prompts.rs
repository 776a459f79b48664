//! Prompts: frequent requests of people to their agents, ready to send.

use rmcp::model::{GetPromptResult, Prompt, PromptArgument, PromptMessage, Role};
use serde_json::{Map, Value};

use crate::ops::{Subject, nearest};
use crate::{Error, Result};

/// A prompt: a text in which arguments stand as `{{name}}`.
pub struct Recipe {
    name: &'static str,
    about: &'static str,
    arguments: &'static [Argument],
    text: &'static str,
}

pub struct Argument {
    name: &'static str,
    about: &'static str,
    /// The value if it is left out; `None` if it is required.
    default: Option<&'static str>,
    pub subject: Option<Subject>,
}

const WORKER: Argument = Argument {
    name: "worker_id",
    about: "The name to work under",
    default: Some("YOUR_NAME"),
    subject: Some(Subject::Worker),
};

static PROMPTS: &[Recipe] = &[
    Recipe {
        name: "work",
        about: "Work the queue off, task by task",
        arguments: &[WORKER],
        text: include_str!("prompts/work.md"),
    },
    Recipe {
        name: "plan",
        about: "Turn a goal into tasks with links",
        arguments: &[
            Argument { name: "goal", about: "What is to be reached", default: None, subject: None },
            Argument {
                name: "task",
                about: "The task to plan under; default: a new one",
                default: Some("none: make a new root"),
                subject: Some(Subject::Task),
            },
        ],
        text: include_str!("prompts/plan.md"),
    },
    Recipe {
        name: "review",
        about: "Check what was done against what was asked",
        arguments: &[
            Argument {
                name: "task",
                about: "The task to review, with all in it; default: the newest completed",
                default: Some("the newest that were completed"),
                subject: Some(Subject::Task),
            },
            WORKER,
        ],
        text: include_str!("prompts/review.md"),
    },
    Recipe {
        name: "standup",
        about: "Report what was done, what is under way, and what is stuck",
        arguments: &[Argument {
            name: "worker_id",
            about: "Report on this worker; default: on all",
            default: Some("everybody"),
            subject: Some(Subject::Worker),
        }],
        text: include_str!("prompts/standup.md"),
    },
];

pub fn find(name: &str) -> Result<&'static Recipe> {
    let found = PROMPTS.iter().find(|prompt| prompt.name == name);
    found.ok_or_else(|| unknown("prompt", name, PROMPTS.iter().map(|prompt| prompt.name)))
}

pub fn listed() -> Vec<Prompt> {
    let argument = |argument: &Argument| {
        PromptArgument::new(argument.name)
            .with_description(argument.about)
            .with_required(argument.default.is_none())
    };
    let prompt = |prompt: &Recipe| {
        let arguments = prompt.arguments.iter().map(argument).collect();
        Prompt::new(prompt.name, Some(prompt.about), Some(arguments))
    };
    PROMPTS.iter().map(prompt).collect()
}

impl Recipe {
    pub fn argument(&self, name: &str) -> Result<&'static Argument> {
        let found = self.arguments.iter().find(|argument| argument.name == name);
        found.ok_or_else(|| {
            unknown("argument of this prompt", name, self.arguments.iter().map(|argument| argument.name))
        })
    }

    /// Returns the prompt with the arguments filled in.
    pub fn filled_in(&self, arguments: &Map<String, Value>) -> Result<GetPromptResult> {
        for name in arguments.keys() {
            self.argument(name)?;
        }
        let mut values = Vec::new();
        for argument in self.arguments {
            let given = arguments.get(argument.name).and_then(Value::as_str).map(str::trim);
            let value = given.filter(|text| !text.is_empty()).or(argument.default);
            let missing =
                || Error::input(format!("`{}` needs `{}`", self.name, argument.name), argument.about);
            values.push((argument.name, value.ok_or_else(missing)?));
        }
        let text = filled(self.text.trim_end(), &values);
        let message = PromptMessage::new_text(Role::User, text);
        Ok(GetPromptResult::new(vec![message]).with_description(self.about))
    }
}

/// Replaces names by their values in one pass: braces in a value are left alone.
fn filled(text: &str, values: &[(&str, &str)]) -> String {
    let mut pieces = text.split("{{");
    let mut filled = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let (name, rest) = piece.split_once("}}").unwrap_or((piece, ""));
        let value = values.iter().find(|(known, _)| *known == name).map_or("", |(_, value)| *value);
        filled += value;
        filled += rest;
    }
    filled
}

fn unknown(what: &'static str, name: &str, names: impl Iterator<Item = &'static str>) -> Error {
    let names: Vec<&str> = names.collect();
    let near = match nearest(name, &names) {
        Some(near) => vec![near.to_owned()],
        None => names.into_iter().map(str::to_owned).collect(),
    };
    Error::NotFound { what, name: name.chars().take(60).collect(), near }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_in_a_prompt_is_an_argument_of_it_and_the_other_way_round() {
        for prompt in PROMPTS {
            let mut named: Vec<_> =
                prompt.text.split("{{").skip(1).map(|piece| piece.split_once("}}").unwrap().0).collect();
            named.sort_unstable();
            named.dedup();
            let mut arguments: Vec<_> = prompt.arguments.iter().map(|argument| argument.name).collect();
            arguments.sort_unstable();

            assert_eq!(named, arguments, "{}", prompt.name);
            assert!(prompt.text.len() <= 1_600, "{} has {} bytes", prompt.name, prompt.text.len());
        }
    }

    #[test]
    fn a_value_is_not_looked_into() {
        assert_eq!(filled("a {{x}} b {{y}}", &[("x", "{{y}}"), ("y", "1")]), "a {{y}} b 1");
    }
}
