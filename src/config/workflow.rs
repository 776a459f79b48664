//! Workflows, read from the settings and from a file each.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use indexmap::IndexMap;

use super::Origin;
use super::gates;
use super::guidance::{self, Prompts, advice, check_blanks, combos, role_prompts};
use super::overlay;
use super::section::Section;
use super::source::{Source, unreadable};
use crate::domain::{Cue, Gate, Guidance, Overlay, Phase, Role, State, Status, Workflow};
use crate::error::Result;

/// Name of the workflow whose states are those of `config.yaml` itself.
pub const DEFAULT: &str = "default";

/// The settings of a workflow.
pub struct Recipe<'a> {
    description: String,
    settings: Section<'a>,
    states: Section<'a>,
    phases: Vec<Phase>,
    gates: Vec<Gate>,
    roles: IndexMap<String, Role>,
    guidance: Guidance,
    /// The source to name in errors about the whole workflow.
    source: &'a Arc<Source>,
}

impl<'a> Recipe<'a> {
    pub fn of(file: &mut Section<'a>) -> Result<Self> {
        let description = file.or_default("description")?;
        let settings = file.section("settings")?;
        let states = file.section("states")?;
        let mut guidance =
            Guidance { roles: role_prompts(file)?, advice: advice(file)?, ..Guidance::default() };
        let phases = phases(file, &mut guidance)?;
        combos(file, &mut guidance)?;
        let gates = gates::read(file, &phases)?;
        let roles = roles(file)?;
        let (one, other) = (settings.newest_source(), states.newest_source());
        let source = std::cmp::max_by_key(one, other, |source| &source.origin);
        Ok(Self { description, settings, states, phases, gates, roles, guidance, source })
    }

    pub fn workflow(self, name: &str) -> Result<Workflow> {
        let Self { description, mut settings, states, phases, gates, roles, mut guidance, source } = self;
        let mut read_states = IndexMap::new();
        for (status, section) in states.named::<Status>()? {
            read_states.insert(status.clone(), state(section, &status, &mut guidance)?);
        }
        check_blanks(&guidance, source)?;
        let workflow = Workflow {
            name: name.to_owned(),
            description,
            initial: settings.required("initial_state")?,
            claim: settings.required("claim_state")?,
            disconnect: settings.required("disconnect_state")?,
            assign: settings.optional("assign_state")?,
            complete: settings.required("complete_state")?,
            cancel: settings.optional("cancel_state")?,
            states: read_states,
            phases,
            unknown_phase: settings.or_default("unknown_phase")?,
            gates,
            roles,
            guidance,
            overlaid: IndexMap::new(),
        };
        settings.done()?;
        let mut faults = workflow.faults();
        faults.extend(gates::faults(&workflow));
        faults.extend(guidance::faults(&workflow));
        if faults.is_empty() {
            return Ok(workflow);
        }
        let what = format!("workflow `{name}` cannot be used: {}", faults.join("; "));
        Err(source.fault_of_all(what, ""))
    }
}

fn state(mut section: Section, status: &Status, guidance: &mut Guidance) -> Result<State> {
    let state = State {
        exits: section.or_default("exits")?,
        timed: section.or_default("timed")?,
        terminal: section.or_default("terminal")?,
        blocking: section.or_default("blocking")?,
    };
    let Prompts { enter, leave } = Prompts::of(&mut section)?;
    section.done()?;
    guidance.texts.extend(enter.map(|text| (Cue::entering(Some(status), None), text)));
    guidance.texts.extend(leave.map(|text| (Cue::leaving(Some(status), None), text)));
    Ok(state)
}

/// Reads phases: a list of names, or a section of texts for each.
pub fn phases(file: &mut Section, guidance: &mut Guidance) -> Result<Vec<Phase>> {
    if !file.has_section("phases") {
        return file.or_default("phases");
    }
    let mut phases = Vec::new();
    for (phase, mut section) in file.optional_section("phases")?.named::<Phase>()? {
        let Prompts { enter, leave } = Prompts::of(&mut section)?;
        section.done()?;
        guidance.texts.extend(enter.map(|text| (Cue::entering(None, Some(&phase)), text)));
        guidance.texts.extend(leave.map(|text| (Cue::leaving(None, Some(&phase)), text)));
        phases.push(phase);
    }
    Ok(phases)
}

pub fn roles(file: &mut Section) -> Result<IndexMap<String, Role>> {
    let mut roles = IndexMap::new();
    for (name, mut section) in file.optional_section("roles")?.named::<String>()? {
        let role = Role {
            description: section.or_default("description")?,
            tags: section.or_default("tags")?,
            max_claims: section.optional("max_claims")?,
            can_assign: section.or_default("can_assign")?,
        };
        section.done()?;
        roles.insert(name, role);
    }
    Ok(roles)
}

/// The workflows and overlays that have files of their own.
#[derive(Clone, Debug, Default)]
pub struct Files {
    pub workflows: Vec<Workflow>,
    pub overlays: Vec<Overlay>,
}

impl Files {
    /// Reads each `workflow-<name>.yaml` and `overlay-<name>.yaml` of a folder, in the order of their names.
    pub fn add_folder(&mut self, folder: &Path, origin: impl Fn(PathBuf) -> Origin) -> Result<()> {
        for (name, path) in files(folder).map_err(|error| unreadable(folder, &error))? {
            if let Some(source) = Source::read(&path, origin(path.clone()))? {
                self.add(&name, &source)?;
            }
        }
        Ok(())
    }

    /// Reads the content of a file of this name. A later tier replaces a workflow or overlay of the same name.
    pub fn add(&mut self, name: &str, source: &Arc<Source>) -> Result<()> {
        if let Some(name) = name.strip_prefix(WORKFLOW) {
            self.workflows.push(from_file(name, source)?);
        } else if let Some(name) = name.strip_prefix(OVERLAY) {
            self.overlays.push(overlay::from_file(name, source)?);
        }
        Ok(())
    }
}

const WORKFLOW: &str = "workflow-";
const OVERLAY: &str = "overlay-";

/// Returns the files of workflows and overlays in a folder, each with its name without the extension.
pub fn files(folder: &Path) -> std::io::Result<Vec<(String, PathBuf)>> {
    let entries = match std::fs::read_dir(folder) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut files = Vec::new();
    for entry in entries {
        let path = entry?.path();
        let file = path.file_name().unwrap_or_default().to_string_lossy();
        let is_one = file.starts_with(WORKFLOW) || file.starts_with(OVERLAY);
        if let Some(name) = file.strip_suffix(".yaml").filter(|_| is_one) {
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
                "zzz:",
                "workflow-reviewed.yaml:8: `zzz` is not a setting",
                "there are `description`, `settings`, `states`, `role_prompts`, `advisories`, `phases`, `combos`, `gates`, `roles`",
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

    fn gates(written: &str) -> Result<Vec<String>> {
        let workflow = read(&format!("{REVIEWED}{written}"))?;
        let shown = |gate: &Gate| serde_json::to_string(gate).unwrap().replace('"', "");
        Ok(workflow.gates.iter().map(shown).collect())
    }

    #[test]
    fn gates_are_a_list_or_lists_by_what_they_stand_on() {
        let list = "
gates:
  - { type: a }
  - { on: doing, to: todo, type: b, enforcement: allow }
  - { on: read, type: c, enforcement: reject, description: who read it }
  - { on: 'phase:write', to: read, type: d }
  - { on: 'tag:risky', type: e }";
        let lists = "
gates:
  'status:doing': [{ type: a }, { type: b, to: done }]
  'phase:read': [{ type: c }]
  'tag:risky': [{ type: d }]";

        // `todo` is the state of tasks whose worker is gone.
        assert!(gates(list).unwrap_err().to_string().contains("the gate `b` is on the way to `todo`"));
        assert_eq!(
            gates(&list.replace("to: todo", "to: done")).unwrap(),
            [
                "{on:*,type:a,enforcement:warn}",
                "{on:doing,to:done,type:b,enforcement:allow}",
                "{on:phase:read,type:c,enforcement:reject,description:who read it}",
                "{on:phase:write,to:read,type:d,enforcement:warn}",
                "{on:tag:risky,type:e,enforcement:warn}",
            ]
        );
        assert_eq!(
            gates(lists).unwrap(),
            [
                "{on:doing,type:a,enforcement:warn}",
                "{on:doing,to:done,type:b,enforcement:warn}",
                "{on:phase:read,type:c,enforcement:warn}",
                "{on:tag:risky,type:d,enforcement:warn}",
            ]
        );
    }

    #[test]
    fn a_gate_where_nobody_comes_by_and_a_text_that_nobody_can_fill_are_refused() {
        for (written, problem) in [
            ("gates: [{ on: doign, type: a }]", "the gate `a` names `doign`, which is not a state"),
            ("gates: [{ on: 'phase:raed', type: a }]", "the gate `a` names `raed`, which is not a phase"),
            ("gates: [{ on: doing }]", "`gates` cannot be used: missing field `type`"),
            ("gates: [{ on: doing, type: a b }]", "`a b` is not the type of an attachment"),
            ("gates: [{ type: a, enforcement: maybe }]", "unknown variant `maybe`"),
            ("role_prompts: { lead: { claiming: 'take {{taks_id}}' } }", "the blank `{{taks_id}}`"),
            ("combos: { doing: { enter: x } }", "`doing` is not a state and a phase"),
            (
                "advisories: { a: { text: x, phases: [raed] } }",
                "the advice `a` names `raed`, which is not a phase",
            ),
            (
                "advisories: { a: { text: x, roles: [led] } }",
                "the advice `a` names `led`, which is not a role",
            ),
            ("advisories: { a: { text: '{{x}}' } }", "the blank `{{x}}`"),
            ("advisories: { a: { txt: x } }", "`advisories.a.txt` is not a setting"),
            ("roles: { lead: { can_asign: true } }", "`roles.lead.can_asign` is not a setting"),
        ] {
            let refused = gates(written).unwrap_err().to_string();

            assert!(refused.starts_with("workflow-reviewed.yaml") && refused.contains(problem), "{refused}");
        }
    }

    #[test]
    fn texts_are_read_from_states_phases_and_both() {
        let text = REVIEWED
            .replace("timed: true,", "timed: true, prompts: { enter: go, exit: ' stop ' },")
            .replace("[write, read]", "{ write: , read: { prompts: { enter: look } } }");

        let workflow = read(&format!("{text}combos: {{ doing+read: {{ enter: both }} }}")).unwrap();

        let told: Vec<_> =
            workflow.guidance.texts.iter().map(|(cue, text)| format!("{cue}: {text}")).collect();
        assert_eq!(
            told,
            ["enter phase read: look", "enter doing+read: both", "enter doing: go", "leave doing: stop"]
        );
        assert_eq!(workflow.phases.len(), 2);
    }

    #[test]
    fn an_overlay_has_to_fit_some_workflow() {
        let source = |text: &str| Source::new(Origin::ProjectFile("overlay-x.yaml".into()), text);
        let mut files = Files::default();

        files.add("overlay-x", &source("states: { lost: { exits: [$claim], timed: true } }")).unwrap();
        let lost = crate::config::Config::read(super::super::read::shipped().clone(), files).unwrap_err();

        assert_eq!(lost.to_string(), "overlay `x` fits no workflow: no state leads to `lost`");
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

        let refused = Files::default().add_folder(folder.path(), Origin::UserFile).unwrap_err();

        assert!(refused.to_string().contains("the workflow `default` is the one in config.yaml"));
    }
}
