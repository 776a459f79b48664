//! The attachments of a call to `update`.

use std::cell::OnceCell;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::domain::{AttachmentType, Mode, Text};
use crate::ops::attachment::{Piece, Staged};

/// An attachment.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Evidence {
    /// `note`, `result`, `commit`, …
    #[serde(rename = "type")]
    kind: AttachmentType,
    content: Option<Text>,
    file: Option<String>,
    name: Option<String>,
    #[schemars(extend("x-rare" = true))]
    mime: Option<String>,
    #[schemars(extend("x-rare" = true))]
    mode: Option<Mode>,
    #[serde(default)]
    #[schemars(extend("x-rare" = true))]
    store_as_file: bool,
    #[serde(skip)]
    staged: OnceCell<Staged>,
}

impl Evidence {
    pub fn piece(&self) -> Piece<'_> {
        Piece {
            kind: &self.kind,
            content: self.content.as_ref().map(|text| text.0.as_str()),
            name: self.name.as_deref(),
            mime: self.mime.as_deref(),
            mode: self.mode,
            file: self.file.as_deref(),
            store_as_file: self.store_as_file,
            staged: &self.staged,
        }
    }
}
