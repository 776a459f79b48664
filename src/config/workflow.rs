//! Workflows: from settings, and from the files that hold one each.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::Origin;
use super::section::Section;
use super::source::{Source, unreadable};
use crate::domain::{Phase, State, Workflow};
use crate::error::Result;

/// What the workflow is called whose states are those of `config.yaml` itself.
pub const DEFAULT: &str = "default";

/// The settings that make a workflow.
pub struct Recipe<'a> {
    description: String,
    settings: Section<'a>,
    states: Section<'a>,
    phases: Vec<Phase>,
    /// Whom to blame for what is wrong with the whole.
    source: &'a Arc<Source>,
}

impl<'a> Recipe<'a> {
    pub fn of(file: &mut Section<'a>) -> Result<Self> {
        let description = file.or_default("description")?;
        let settings = file.section("settings")?;
        let states = file.section("states")?;
        let phases = file.or_default("phases")?;
        let (one, other) = (settings.newest_source(), states.newest_source());
        let source = std::cmp::max_by_key(one, other, |source| &source.origin);
        Ok(Self { description, settings, states, phases, source })
    }

    pub fn workflow(self, name: &str) -> Result<Workflow> {
        let Self { description, mut settings, states, phases, source } = self;
        let workflow = Workflow {
            name: name.to_owned(),
            description,
            initial: settings.required("initial_state")?,
            claim: settings.required("claim_state")?,
            disconnect: settings.required("disconnect_state")?,
            assign: settings.optional("assign_state")?,
            complete: settings.required("complete_state")?,
            cancel: settings.optional("cancel_state")?,
            states: states
                .named()?
                .into_iter()
                .map(|(status, section)| Ok((status, state(section)?)))
                .collect::<Result<_>>()?,
            phases,
            unknown_phase: settings.or_default("unknown_phase")?,
        };
        settings.done()?;
        let faults = workflow.faults();
        if faults.is_empty() {
            return Ok(workflow);
        }
        let what = format!("workflow `{name}` cannot be used: {}", faults.join("; "));
        Err(source.fault_of_all(what, ""))
    }
}

fn state(mut section: Section) -> Result<State> {
    let state = State {
        exits: section.or_default("exits")?,
        timed: section.or_default("timed")?,
        terminal: section.or_default("terminal")?,
        blocking: section.or_default("blocking")?,
    };
    section.done()?;
    Ok(state)
}

/// Reads each `workflow-<name>.yaml` of a folder, in the order of their names.
pub fn in_folder(folder: &Path, origin: impl Fn(PathBuf) -> Origin) -> Result<Vec<Workflow>> {
    let mut workflows = Vec::new();
    for (name, path) in files(folder).map_err(|error| unreadable(folder, &error))? {
        if let Some(source) = Source::read(&path, origin(path.clone()))? {
            workflows.push(from_file(&name, &source)?);
        }
    }
    Ok(workflows)
}

fn files(folder: &Path) -> std::io::Result<Vec<(String, PathBuf)>> {
    let entries = match std::fs::read_dir(folder) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut files = Vec::new();
    for entry in entries {
        let path = entry?.path();
        let file = path.file_name().unwrap_or_default().to_string_lossy();
        let name = file.strip_prefix("workflow-").and_then(|rest| rest.strip_suffix(".yaml"));
        if let Some(name) = name {
            files.push((name.to_owned(), path));
        }
    }
    files.sort();
    Ok(files)
}

fn from_file(name: &str, source: &Arc<Source>) -> Result<Workflow> {
    if name == DEFAULT {
        return Err(source.fault_of_all(
            format!("the workflow `{DEFAULT}` is the one in config.yaml"),
            "give the file another name, or move its settings there",
        ));
    }
    let tree = source.tree()?;
    let mut file = Section::of(&tree)?;
    let recipe = Recipe::of(&mut file)?;
    file.done()?;
    recipe.workflow(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Status;

    const REVIEWED: &str = "
description: Nothing ends unread.
settings: { initial_state: todo, claim_state: doing, disconnect_state: todo, complete_state: done }
states:
  todo: { exits: [doing], blocking: true }
  doing: { exits: [done, todo], timed: true, blocking: true }
  done: { terminal: true }
phases: [write, read]
";

    fn read(text: &str) -> Result<Workflow> {
        let origin = Origin::ProjectFile("workflow-reviewed.yaml".into());
        from_file("reviewed", &Source::new(origin, text))
    }

    #[test]
    fn a_file_holds_a_whole_workflow() {
        let workflow = read(REVIEWED).unwrap();

        let states: Vec<_> = workflow.states.keys().map(Status::as_str).collect();
        assert_eq!(states, ["todo", "doing", "done"]);
        assert_eq!((workflow.name.as_str(), workflow.claim.as_str()), ("reviewed", "doing"));
        assert_eq!((workflow.assign, workflow.cancel), (None, None));
        assert_eq!(workflow.phases.len(), 2);
    }

    #[test]
    fn a_file_with_a_mistake_is_refused_with_its_place() {
        let cases = [
            (
                "claim_state: doing, ",
                "",
                "workflow-reviewed.yaml:3: `settings.claim_state` is missing",
                "nothing is taken from other files here",
            ),
            (
                "claim_state",
                "claim_stat",
                "workflow-reviewed.yaml:3: `settings.claim_stat` is not a setting",
                "did you mean `claim_state`?",
            ),
            (
                "settings:",
                "setings:",
                "workflow-reviewed.yaml:3: `setings` is not a setting",
                "did you mean `settings`?",
            ),
            (
                "phases:",
                "gatez:",
                "workflow-reviewed.yaml:8: `gatez` is not a setting",
                "there are `description`, `settings`, `states`, `phases`",
            ),
            (
                "timed: true",
                "timer: true",
                "workflow-reviewed.yaml:6: `states.doing.timer` is not a setting",
                "did you mean `timed`?",
            ),
            (
                "timed: true",
                "timed: 3",
                "workflow-reviewed.yaml:6: `states.doing.timed` cannot be used: invalid type: integer `3`, expected a boolean",
                "",
            ),
            (
                "  done:",
                "  is done:",
                "workflow-reviewed.yaml:7: `states.is done` cannot be used: `is done` is not a state: 1 to 64 of letters, digits, `_`, `-`",
                "",
            ),
        ];
        for (right, wrong, message, hint) in cases {
            let refused = read(&REVIEWED.replacen(right, wrong, 1)).unwrap_err();

            assert_eq!(refused.to_string(), message);
            assert_eq!(refused.hint().unwrap_or_default(), hint);
        }
    }

    #[test]
    fn all_faults_of_a_workflow_are_told_at_once() {
        let text = REVIEWED.replace("exits: [doing]", "exits: [nowhere]").replace("timed: true, ", "");

        let refused = read(&text).unwrap_err();

        assert_eq!(
            refused.to_string(),
            "workflow-reviewed.yaml: workflow `reviewed` cannot be used: claim_state `doing` must be timed; state `todo` has the exit `nowhere`, which is not a state"
        );
    }

    #[test]
    fn the_name_of_the_default_workflow_is_taken() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("workflow-default.yaml"), REVIEWED).unwrap();

        let refused = in_folder(folder.path(), Origin::UserFile).unwrap_err();

        assert!(refused.to_string().contains("the workflow `default` is the one in config.yaml"));
    }
}
