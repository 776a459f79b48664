//! The completions of a partly typed name.

use rmcp::model::{CompleteRequestParams, CompletionInfo, Reference};

use super::prompts;
use super::resources::RESOURCES;
use crate::ops::{self, Names, Subject};
use crate::{App, Error, Patience, Result};

/// The most names in an answer.
const MOST: usize = 50;

/// The text to complete.
pub struct Begun {
    /// None if it is free text.
    subject: Option<Subject>,
    start: String,
}

impl Begun {
    pub fn read(request: CompleteRequestParams) -> Result<Self> {
        let argument = request.argument.name;
        let subject = match &request.r#ref {
            Reference::Resource(resource) => of_resource(&resource.uri, &argument)?,
            Reference::Prompt(prompt) => prompts::find(&prompt.name)?.argument(&argument)?.subject,
            _ => return Err(Error::input("only resources and prompts have names to complete", "")),
        };
        Ok(Self { subject, start: request.argument.value })
    }

    pub fn completed(&self, app: &App, patience: Patience) -> Result<CompletionInfo> {
        let Names { names, more } = match self.subject {
            Some(subject) => ops::names(app, patience, subject, &self.start, MOST)?,
            None => Names::default(),
        };
        CompletionInfo::with_pagination(names, None, more).map_err(Error::internal)
    }
}

fn of_resource(template: &str, argument: &str) -> Result<Option<Subject>> {
    let row = RESOURCES.iter().find(|row| row.address == template && row.variable() == Some(argument));
    row.map(|row| row.subject).ok_or_else(|| Error::NotFound {
        what: "argument of a resource",
        name: format!("{template} {argument}").chars().take(200).collect(),
        near: RESOURCES.iter().filter(|row| row.variable().is_some()).map(|row| row.address.into()).collect(),
    })
}
