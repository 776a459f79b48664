//! Types of attachments, and the defaults of each.

use std::fmt;
use std::str::FromStr;

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{AttachmentType, Policy};

/// The types of attachments that a project knows.
#[derive(Clone, Debug)]
pub struct AttachmentTypes {
    /// Policy for a type that is not in `by_name`.
    pub unknown: Policy,
    pub by_name: IndexMap<AttachmentType, AttachmentRule>,
}

/// Defaults for attachments of one type.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AttachmentRule {
    pub mime: Mime,
    pub mode: Mode,
}

// Whether a new attachment joins or replaces those of its type. Not a doc comment, since it
// would stand in the schema, which every agent reads.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub enum Mode {
    #[default]
    Append,
    Replace,
}

impl AttachmentTypes {
    /// Returns the rule for a type; for an undefined type, the rule for plain notes.
    pub fn rule(&self, name: &AttachmentType) -> AttachmentRule {
        self.by_name.get(name).cloned().unwrap_or_default()
    }
}

/// A MIME type, such as `text/plain`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mime(String);

impl Mime {
    const LONGEST: usize = 127;

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns true if such bytes are text that people and agents read.
    pub fn is_text(&self) -> bool {
        const TEXTS: &[&str] = &[
            "json",
            "x-ndjson",
            "jsonl",
            "xml",
            "yaml",
            "x-yaml",
            "toml",
            "sql",
            "javascript",
            "x-sh",
            "x-diff",
            "x-patch",
            "graphql",
        ];
        let Some((kind, subtype)) = self.0.split_once('/') else {
            return false;
        };
        let suffix = subtype.rsplit_once('+').map(|(_, suffix)| suffix);
        kind == "text"
            || matches!(suffix, Some("json" | "xml" | "yaml"))
            || (kind == "application" && TEXTS.contains(&subtype))
    }
}

impl Default for Mime {
    fn default() -> Self {
        Self("text/plain".into())
    }
}

impl fmt::Display for Mime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Mime {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let is_name = |name: &str| {
            name.starts_with(|c: char| c.is_ascii_alphanumeric())
                && name.chars().all(|c| c.is_ascii_alphanumeric() || "!#$&-^_.+".contains(c))
        };
        let parts = text.split_once('/').filter(|_| text.len() <= Self::LONGEST);
        if parts.is_some_and(|(kind, subtype)| is_name(kind) && is_name(subtype)) {
            return Ok(Self(text.to_ascii_lowercase()));
        }
        let shown: String = text.chars().take(60).collect();
        Err(format!("`{shown}` is not a MIME type: one looks like `text/plain`, without parameters"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mime_type_has_two_names() {
        for good in ["text/plain", "text/git.hash", "application/vnd.api+json", "image/png", "Text/X-Diff"] {
            assert!(good.parse::<Mime>().is_ok(), "{good}");
        }
        for bad in ["", "text", "/", "text/", "/plain", "a/b/c", "text/plain; charset=utf-8", "te xt/plain"] {
            assert!(bad.parse::<Mime>().is_err(), "{bad}");
        }
        assert!(format!("text/{}", "x".repeat(123)).parse::<Mime>().is_err());
    }

    #[test]
    fn what_people_read_is_text() {
        let is_text = |mime: &str| mime.parse::<Mime>().unwrap().is_text();

        for text in ["text/plain", "text/p4.changelist", "application/json", "image/svg+xml", "TEXT/HTML"] {
            assert!(is_text(text), "{text}");
        }
        for binary in ["image/png", "application/zip", "application/octet-stream", "audio/json"] {
            assert!(!is_text(binary), "{binary}");
        }
    }
}
