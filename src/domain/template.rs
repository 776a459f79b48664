//! Templates: texts with placeholders, and the key by which duplicates are found.
//!
//! A text is parsed once, from left to right: `{{ name }}` is a placeholder, `\{{` stands
//! for two braces. An inserted value is data and is never parsed.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::variable::Variable;
use super::window::Window;
use super::{Defaults, ProjectKey, TaskRef, TemplateName, VariableName, listed, nearest};

/// A version of a template.
#[derive(Clone, Debug)]
pub struct Template {
    pub id: i64,
    /// The project that it creates tasks for; none if it serves all projects.
    pub project: Option<ProjectKey>,
    pub name: TemplateName,
    pub version: i64,
    pub recipe: Recipe,
}

/// The content of a template.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Recipe {
    pub title: Option<String>,
    pub body: Option<String>,
    pub vars: IndexMap<VariableName, Variable>,
    /// The tasks in it. Without any, the template makes one task.
    pub steps: Vec<RecipeStep>,
    pub defaults: Defaults,
    pub duplicates: Duplicates,
}

/// A task within a template.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecipeStep {
    #[serde(rename = "ref")]
    pub name: TaskRef,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<String>,
    /// The steps that must end first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub needs: Vec<TaskRef>,
    #[serde(default)]
    pub defaults: Defaults,
}

/// Duplicates: their key, their window, and how they are handled.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Duplicates {
    #[serde(default)]
    pub on: OnDuplicate,
    /// The variables whose values form the key; all, if none are named.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub key: Vec<VariableName>,
    #[serde(default)]
    pub window: Window,
}

// How a duplicate is handled: it is made anyway, answered with the earlier tasks, or refused.
// Not a doc comment, since every agent that lists the tools would pay for it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub enum OnDuplicate {
    #[default]
    Allow,
    Existing,
    Error,
}

/// The values given for a template's variables, each of its variable's type.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Values(pub BTreeMap<String, Value>);

/// A problem with a value.
#[derive(Clone, Debug, PartialEq)]
pub enum Problem {
    Missing(String),
    Unknown { name: String, near: Option<String> },
    Mistyped { name: String, wanted: String, given: Value },
}

/// Why the placeholders of a text are not filled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unfilled {
    /// The text cannot be parsed.
    Broken(String),
    /// The filled text has more bytes than it may have.
    TooLong { what: &'static str, most: usize },
}

/// The texts of a task that was made from a template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rendered {
    pub title: String,
    pub body: Option<String>,
}

impl Recipe {
    /// Maximum number of variables, and of steps.
    const MOST: usize = 200;

    /// Declares each undeclared variable that the texts use, as a required text.
    ///
    /// Removes the variables of this kind that neither the texts nor the key use any more.
    pub fn declare(&mut self) -> Result<(), String> {
        let used = self.used()?;
        let key = &self.duplicates.key;
        self.vars.retain(|name, variable| {
            !variable.is_plain() || used.contains(name.as_str()) || key.contains(name)
        });
        for name in used {
            let name = name.parse().map_err(|bad: super::BadName| bad.to_string())?;
            self.vars.entry(name).or_default();
        }
        Ok(())
    }

    /// Returns all faults of the recipe.
    pub fn faults(&self) -> Vec<String> {
        let mut faults: Vec<String> = self.texts().filter_map(|text| pieces(text).err()).collect();
        let undeclared: Vec<String> = match self.used() {
            Ok(used) => used.into_iter().filter(|name| !self.declares(name)).collect(),
            Err(_) => Vec::new(),
        };
        if !undeclared.is_empty() {
            faults.push(format!("the texts name {}, which `vars` does not have", listed(&undeclared)));
        }
        let strange = self.duplicates.key.iter().filter(|name| !self.vars.contains_key(*name));
        faults.extend(strange.map(|name| format!("`duplicates.key` names `{name}`, which is no variable")));
        faults.extend(self.vars.iter().filter_map(|(name, variable)| variable.fault(name)));
        faults.extend(self.faults_of_steps());
        if self.vars.len().max(self.steps.len()) > Self::MOST {
            faults.push(format!("there are more than {} variables or steps", Self::MOST));
        }
        faults
    }

    fn faults_of_steps(&self) -> Vec<String> {
        let mut faults = Vec::new();
        let mut seen = BTreeSet::new();
        for step in &self.steps {
            if !seen.insert(step.name.as_str()) {
                faults.push(format!("two steps are called `{}`", step.name));
            }
        }
        for step in &self.steps {
            let strange = step.needs.iter().filter(|need| !seen.contains(need.as_str()));
            faults
                .extend(strange.map(|need| format!("step `{}` needs `{need}`, which is no step", step.name)));
        }
        // Steps leave the list once they need none that is left. The steps that remain wait for each other.
        let mut left: Vec<&RecipeStep> = self.steps.iter().collect();
        loop {
            let names: BTreeSet<&str> = left.iter().map(|step| step.name.as_str()).collect();
            let before = left.len();
            left.retain(|step| step.needs.iter().any(|need| names.contains(need.as_str())));
            if left.len() == before {
                break;
            }
        }
        if !left.is_empty() {
            let names = left.iter().map(|step| &step.name);
            faults.push(format!("the steps {} wait for each other", listed(names)));
        }
        faults
    }

    fn declares(&self, name: &str) -> bool {
        self.vars.keys().any(|declared| declared.as_str() == name)
    }

    fn texts(&self) -> impl Iterator<Item = &str> {
        let steps = self.steps.iter().flat_map(|step| [&step.title, &step.body]);
        [&self.title, &self.body].into_iter().chain(steps).filter_map(|text| text.as_deref())
    }

    /// Returns the variables that the texts use.
    fn used(&self) -> Result<BTreeSet<String>, String> {
        let mut used = BTreeSet::new();
        for text in self.texts() {
            used.extend(pieces(text)?.into_iter().filter_map(|piece| match piece {
                Piece::Blank(name) => Some(name.to_owned()),
                Piece::Text(_) => None,
            }));
        }
        Ok(used)
    }

    /// Reads the given values, or returns all problems with them.
    pub fn read(&self, given: &Map<String, Value>) -> Result<Values, Vec<Problem>> {
        let mut values = BTreeMap::new();
        let mut problems = Vec::new();
        let names: Vec<&str> = self.vars.keys().map(VariableName::as_str).collect();
        for (name, variable) in &self.vars {
            let name = name.as_str().to_owned();
            match given.get(&name).filter(|value| !value.is_null()) {
                None if variable.must_be_given() => problems.push(Problem::Missing(name)),
                None => {}
                Some(value) => match variable.read(value) {
                    Ok(value) => {
                        values.insert(name, value);
                    }
                    Err(wanted) => {
                        problems.push(Problem::Mistyped { name, wanted, given: value.clone() });
                    }
                },
            }
        }
        for name in given.keys().filter(|name| !names.contains(&name.as_str())) {
            let near = nearest(name, &names).map(str::to_owned);
            problems.push(Problem::Unknown { name: name.clone(), near });
        }
        if problems.is_empty() { Ok(Values(values)) } else { Err(problems) }
    }

    /// Returns the given value of each variable, or else its default.
    fn values<'a>(&'a self, values: &'a Values) -> BTreeMap<&'a str, Option<&'a Value>> {
        let value = |(name, variable): (&'a VariableName, &'a Variable)| {
            let given = values.0.get(name.as_str());
            (name.as_str(), given.or(variable.default.as_ref()))
        };
        self.vars.iter().map(value).collect()
    }

    /// Fills the placeholders of a text, and fails if the result has more than `most` bytes.
    fn fill(&self, what: &'static str, text: &str, values: &Values, most: usize) -> Result<String, Unfilled> {
        let written = |value: &Value| match value {
            Value::String(text) => text.clone(),
            value => value.to_string(),
        };
        let values: BTreeMap<&str, String> = self
            .values(values)
            .into_iter()
            .map(|(name, value)| (name, value.map(written).unwrap_or_default()))
            .collect();
        let mut filled = String::new();
        for piece in pieces(text).map_err(Unfilled::Broken)? {
            let part = match piece {
                Piece::Text(text) => text,
                Piece::Blank(name) => values.get(name).map_or("", String::as_str),
            };
            if filled.len() + part.len() > most {
                return Err(Unfilled::TooLong { what, most });
            }
            filled.push_str(part);
        }
        Ok(filled)
    }

    /// Returns the texts of the task, or of the task that contains the steps, each of at most `most` bytes.
    pub fn render(&self, name: &TemplateName, values: &Values, most: usize) -> Result<Rendered, Unfilled> {
        self.rendered((self.title.as_deref(), self.body.as_deref()), name.as_str(), values, most)
    }

    /// Returns the texts of a step, each of at most `most` bytes.
    pub fn render_step(&self, step: &RecipeStep, values: &Values, most: usize) -> Result<Rendered, Unfilled> {
        self.rendered((step.title.as_deref(), step.body.as_deref()), step.name.as_str(), values, most)
    }

    fn rendered(
        &self,
        (title, body): (Option<&str>, Option<&str>),
        name: &str,
        values: &Values,
        most: usize,
    ) -> Result<Rendered, Unfilled> {
        let body = body.map(|body| self.fill("description", body, values, most)).transpose()?;
        let title = title.map(|title| self.fill("title", title, values, most)).transpose()?;
        let said = title.as_deref().map(one_line).filter(|title| !title.is_empty());
        let title = said.unwrap_or_else(|| one_line(name));
        Ok(Rendered { title, body: body.filter(|body| !body.is_empty()) })
    }

    /// Returns the key for duplicates. In one project, two sets of values have the same key
    /// if and only if they agree on all variables of the key.
    pub fn key(&self, template: &Template, place: Option<ProjectKey>, values: &Values) -> String {
        let chosen =
            |name: &&VariableName| self.duplicates.key.is_empty() || self.duplicates.key.contains(name);
        let names: BTreeSet<&str> = self.vars.keys().filter(chosen).map(VariableName::as_str).collect();
        let mut values = self.values(values);
        values.retain(|name, _| names.contains(name));
        let [own, place] = [template.project, place].map(|project| project.map(|project| project.0));
        json!([template.name, own, place, values]).to_string()
    }
}

impl Values {
    /// Returns the number of bytes of the texts among them.
    pub fn bytes(&self) -> usize {
        self.0.values().filter_map(Value::as_str).map(str::len).sum()
    }
}

impl Rendered {
    pub fn bytes(&self) -> usize {
        self.title.len() + self.body.as_ref().map_or(0, String::len)
    }
}

/// Returns a text as a title: one line of limited length.
fn one_line(text: &str) -> String {
    const LONGEST: usize = 500;
    let line: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let line = line.trim();
    match line.char_indices().nth(LONGEST) {
        None => line.to_owned(),
        Some(_) => line.chars().take(LONGEST - 1).chain(['…']).collect(),
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Piece<'a> {
    Text(&'a str),
    Blank(&'a str),
}

/// Parses a text with placeholders.
fn pieces(text: &str) -> Result<Vec<Piece<'_>>, String> {
    const OPEN: &str = "{{";
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find(OPEN) {
        let before = &rest[..at];
        let slashes = before.len() - before.trim_end_matches('\\').len();
        // Each pair of backslashes before braces stands for one; an odd one makes the braces literal.
        pieces.push(Piece::Text(&before[..at - slashes.div_ceil(2)]));
        let inside = &rest[at + OPEN.len()..];
        if slashes % 2 == 1 {
            pieces.push(Piece::Text(OPEN));
            rest = inside;
            continue;
        }
        let name = inside.split_once("}}").map(|(name, after)| (name.trim(), after));
        let Some((name, after)) = name.filter(|(name, _)| name.parse::<VariableName>().is_ok()) else {
            let shown: String = inside.chars().take(30).collect();
            return Err(format!("`{{{{{shown}` is no variable; plain braces are written `\\{{{{`"));
        };
        pieces.push(Piece::Blank(name));
        rest = after;
    }
    pieces.push(Piece::Text(rest));
    Ok(pieces)
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing(name) => write!(f, "`{name}` is missing"),
            Self::Unknown { name, near } => {
                let name: String = name.chars().take(60).collect();
                write!(f, "`{name}` is unknown")?;
                near.as_ref().map_or(Ok(()), |near| write!(f, " (`{near}`?)"))
            }
            Self::Mistyped { name, wanted, given } => {
                let given: String = given.to_string().chars().take(40).collect();
                write!(f, "`{name}` takes {wanted}, not {given}")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn recipe(body: &str) -> Recipe {
        let mut recipe = Recipe { body: Some(body.to_owned()), ..Recipe::default() };
        recipe.declare().unwrap();
        recipe
    }

    fn filled(body: &str, given: &Value) -> String {
        let recipe = recipe(body);
        let values = recipe.read(given.as_object().unwrap()).unwrap();
        recipe.fill("description", body, &values, 1_000).unwrap()
    }

    #[test]
    fn blanks_are_filled_and_plain_braces_stay() {
        for (body, text) in [
            ("{{a}}", "x"),
            ("{{ a }}-{{a}}{{  b}}", "x-xy"),
            (r"\{{a}}", "{{a}}"),
            (r"\\{{a}}", r"\x"),
            (r"\\\{{a}}", r"\{{a}}"),
            (r"C:\a\{{a}} {{b}}", r"C:\a{{a}} y"),
            ("} {a} }} { {", "} {a} }} { {"),
            ("$& {a}{{b}}", "$& {a}y"),
            ("", ""),
        ] {
            let names = recipe(body).vars;
            let mut given = json!({ "a": "x", "b": "y" });
            given.as_object_mut().unwrap().retain(|name, _| names.keys().any(|known| known.as_str() == name));

            assert_eq!(filled(body, &given), text, "{body}");
        }
    }

    #[test]
    fn a_text_is_not_filled_beyond_its_bound() {
        let body = "{{x}}".repeat(1_000_000);
        let recipe = recipe(&body);
        let value = |bytes| Values([("x".to_owned(), json!("v".repeat(bytes)))].into());
        let name = "t".parse().unwrap();

        // A terabyte, for which there is no memory.
        let refused = recipe.render(&name, &value(1_000_000), 2_000_000);

        assert_eq!(refused, Err(Unfilled::TooLong { what: "description", most: 2_000_000 }));
        assert!(recipe.render(&name, &value(2), 2_000_000).is_ok());
        assert!(recipe.render(&name, &value(2), 1_999_999).is_err());
    }

    #[test]
    fn what_is_no_variable_is_refused() {
        for body in ["{{", "{{}}", "{{ }}", "{{a b}}", "{{a", "x {{{a}}}", "{{a}} {{{{b}}", "{{$x}}"] {
            let bad = Recipe { body: Some(body.to_owned()), ..Recipe::default() };

            assert!(!bad.faults().is_empty(), "{body}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn any_value_arrives_unchanged(
            first in any::<String>(),
            second in "[{}a-b$&\\\\ ]{0,40}",
            before in "[^{\\\\]{0,20}",
            after in "[^{\\\\]{0,20}",
        ) {
            let body = format!("{before}{{{{a}}}}{after}{{{{ b }}}}");

            let text = filled(&body, &json!({ "a": first, "b": second }));

            prop_assert_eq!(text, format!("{before}{first}{after}{second}"));
        }

        #[test]
        fn any_text_is_read_or_refused(text in "[{}a\\\\ ]{0,30}") {
            let _ = pieces(&text);
        }

        #[test]
        fn values_share_a_key_if_they_are_the_same(a in any::<String>(), b in any::<String>()) {
            let recipe = recipe("{{a}}{{b}}");
            let template = Template {
                id: 1, project: None, name: "t".parse().unwrap(), version: 1, recipe: recipe.clone(),
            };
            let key = |a: &str, b: &str| {
                let values = recipe.read(json!({ "b": b, "a": a }).as_object().unwrap()).unwrap();
                recipe.key(&template, None, &values)
            };

            prop_assert_eq!(key(&a, &b), key(&a.clone(), &b.clone()));
            prop_assert_eq!(key(&a, &b) == key(&b, &a), a == b);
        }
    }
}
