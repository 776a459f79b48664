//! Limits: tags and phases that the configuration declares, and sizes of texts and lists.

use std::collections::BTreeSet;

use crate::Context;
use crate::config::Config;
use crate::domain::{Phase, Policy, Tag, Workflow, listed};
use crate::error::{Error, Result};

/// Refuses too many tags. Warns of, or refuses, undeclared tags, if the project declares any.
pub fn check_tags<'a>(cx: &Context, tags: impl IntoIterator<Item = &'a Tag>) -> Result<()> {
    const MOST: usize = 100;
    let tags: Vec<&Tag> = tags.into_iter().collect();
    check_number("tags", tags.len(), MOST)?;
    let known = &cx.config.known_tags;
    if known.is_empty() || cx.config.unknown_tag == Policy::Allow {
        return Ok(());
    }
    let unknown: BTreeSet<&Tag> = tags.into_iter().filter(|tag| !known.contains(tag)).collect();
    if unknown.is_empty() {
        return Ok(());
    }
    let message = format!("the project does not know the tags {}", listed(&unknown));
    complain(cx, cx.config.unknown_tag, message, format!("it knows {}", listed(known)))
}

/// Warns of, or refuses, a phase that the workflow does not declare.
pub fn check_phase(cx: &Context, workflow: &Workflow, phase: &Phase) -> Result<()> {
    if workflow.phases.contains(phase) || workflow.unknown_phase == Policy::Allow {
        return Ok(());
    }
    let message = format!("workflow `{}` does not know the phase `{phase}`", workflow.name);
    complain(cx, workflow.unknown_phase, message, format!("it knows {}", listed(&workflow.phases)))
}

fn complain(cx: &Context, policy: Policy, message: String, hint: String) -> Result<()> {
    if policy == Policy::Reject {
        return Err(Error::input(message, hint));
    }
    cx.notify(format!("{message}; {hint}"));
    Ok(())
}

/// Refuses a text that is longer than the project allows.
pub fn check_text(cx: &Context, what: &str, text: &str) -> Result<()> {
    check_size(cx.config, what, text.len())
}

/// Refuses a number of bytes above the project's limit.
pub fn check_size(config: &Config, what: &str, bytes: usize) -> Result<()> {
    let most = config.limits.text_bytes;
    if bytes <= most {
        return Ok(());
    }
    Err(Error::input(
        format!("the {what} has {bytes} bytes, the limit is {most}"),
        "put it into a file and name the file, or raise `limits.text_bytes`",
    ))
}

/// Refuses a call whose texts, with all copies, exceed the limit.
pub fn check_copies(config: &Config, bytes: usize) -> Result<()> {
    let most = most_copied(config);
    if bytes <= most {
        return Ok(());
    }
    Err(Error::input(
        format!("the texts of this call add up to more than {most} bytes with all copies"),
        "make several calls, or put what they share into a file and name the file",
    ))
}

/// Returns how many bytes one call may write where it copies texts.
pub fn most_copied(config: &Config) -> usize {
    /// As a multiple of the longest text.
    const COPIES: usize = 10;
    config.limits.text_bytes.saturating_mul(COPIES)
}

/// Refuses a list that is longer than its limit.
pub fn check_number(what: &str, number: usize, most: usize) -> Result<()> {
    if number <= most {
        return Ok(());
    }
    Err(Error::input(format!("{number} {what} are too many, the limit is {most}"), "make several calls"))
}
