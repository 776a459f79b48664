//! Reads the merged settings into a [`Config`].

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use indexmap::IndexMap;
use serde::Deserialize;

use super::section::{Section, suggestion};
use super::skill::Skills;
use super::source::{Source, mistake};
use super::tree::Node;
use super::workflow::{DEFAULT, Files, Recipe};
use super::{AutoAdvance, Config, Limits, Naming, shipped as compiled_in};
use crate::domain::{
    AttachmentRule, AttachmentType, AttachmentTypes, EdgeKindName, EdgeKinds, EdgeRule, Holds, Millis,
    Overlay, Shape, Status, Tag, Workflow, Workflows,
};
use crate::error::Result;

/// Returns the settings that are compiled in.
pub fn shipped() -> &'static Node {
    static SHIPPED: LazyLock<Node> = LazyLock::new(|| {
        let source = Source::shipped(include_str!(concat!(env!("OUT_DIR"), "/config.json")));
        match source.tree() {
            Ok(tree) => tree,
            Err(error) => unreachable!("this text is compiled in, and a test reads it: {error}"),
        }
    });
    &SHIPPED
}

impl Config {
    /// Returns the configuration without any settings of installation, user or project.
    pub fn builtin() -> Self {
        match Self::read(shipped().clone(), compiled_in::files().clone()) {
            Ok(config) => config,
            Err(error) => unreachable!("this text is compiled in, and a test reads it: {error}"),
        }
    }

    /// Reads complete settings, together with the workflows and overlays from files of their own.
    pub(super) fn read(written: Node, named: Files) -> Result<Self> {
        let written = Arc::new(written);
        let mut root = Section::of(&written)?;
        let mut server = root.section("server")?;
        let mut limits = root.section("limits")?;
        let mut tags = root.section("tags")?;
        let mut ids = root.section("ids")?;
        let workflows = workflows(Recipe::of(&mut root)?, &mut server, named)?;
        let config = Self {
            auto_advance: auto_advance(root.section("auto_advance")?, &workflows)?,
            workflows,
            edges: edges(root.section("dependencies")?)?,
            limits: Limits {
                text_bytes: limits.whole("text_bytes", 1)? as usize,
                tree_nodes: limits.whole("tree_nodes", 1)? as usize,
                ids: limits.whole("ids", 1)? as usize,
                query_ms: limits.whole("query_ms", 1)?.into(),
            },
            db_path: server.required("db_path")?,
            claim_limit: server.whole("claim_limit", 0)?,
            stale_timeout_ms: seconds(server.whole("stale_timeout_seconds", 1)?),
            reserve_ms: seconds(server.whole("reserve_seconds", 0)?),
            idle_after_ms: seconds(server.whole("idle_after_seconds", 1)?),
            page_size: server.whole("default_page_size", 1)? as usize,
            lock_wait_ms: seconds(server.whole("lock_wait_seconds", 0)?),
            durability: server.required("durability")?,
            toolset: server.required("toolset")?,
            attachments: attachments(root.section("attachments")?)?,
            unknown_tag: tags.required("unknown_tag")?,
            known_tags: known_tags(tags.section("definitions")?)?,
            worker_names: Naming { words: words(&mut ids)?, case: ids.required("agent_id_case")? },
            instructions: root.optional("instructions")?,
            descriptions: descriptions(root.section("tools")?)?,
            skills: Skills::default(),
            unheeded: None,
            written: Arc::clone(&written),
        };
        for section in [root, server, limits, tags, ids] {
            section.done()?;
        }
        Ok(config)
    }
}

fn words(ids: &mut Section) -> Result<u8> {
    const MOST: u32 = 4;
    match ids.whole("agent_id_words", 1)? {
        words @ 1..=MOST => Ok(words as u8),
        words => Err(ids.fault("agent_id_words", format!("is at most {MOST}, not {words}"), "")),
    }
}

fn descriptions(tools: Section) -> Result<BTreeMap<String, String>> {
    let tools = tools.named::<String>()?.into_iter();
    tools
        .map(|(name, mut section)| {
            let description = section.required("description")?;
            section.done()?;
            Ok((name, description))
        })
        .collect()
}

fn seconds(count: u32) -> Millis {
    Millis::from(count) * 1_000
}

fn workflows(own: Recipe, server: &mut Section, named: Files) -> Result<Workflows> {
    let Files { workflows: named, overlays } = named;
    let own = own.workflow(DEFAULT)?;
    let mut by_name: IndexMap<_, _> =
        std::iter::once(own).chain(named).map(|workflow| (workflow.name.clone(), workflow)).collect();
    let default: String = server.required("default_workflow")?;
    if !by_name.contains_key(&default) {
        let names: Vec<&str> = by_name.keys().map(String::as_str).collect();
        return Err(server.fault(
            "default_workflow",
            format!("is `{default}`, which is no workflow"),
            suggestion(&default, &names),
        ));
    }
    let overlays: IndexMap<_, _> =
        overlays.into_iter().map(|overlay| (overlay.name.clone(), overlay)).collect();
    for overlay in overlays.values() {
        fit(overlay, &mut by_name)?;
    }
    Ok(Workflows { default, by_name, overlays })
}

/// Adds the states of an overlay to the workflows. Refuses an overlay that fits none of them.
fn fit(overlay: &Overlay, workflows: &mut IndexMap<String, Workflow>) -> Result<()> {
    let added: Vec<_> = workflows.values().map(|workflow| overlay.states_for(workflow)).collect();
    let pairs = workflows.values().zip(&added);
    let faults: Vec<_> = pairs.map(|(workflow, added)| overlay.misfits(workflow, added)).collect();
    if let (Some(first), false) = (faults.first(), faults.iter().any(Vec::is_empty)) {
        let Overlay { name, .. } = overlay;
        return Err(mistake(format!("overlay `{name}` fits no workflow: {}", first.join("; ")), ""));
    }
    for (workflow, added) in workflows.values_mut().zip(added) {
        for (status, state) in added {
            workflow.overlaid.entry(status).or_insert(state);
        }
    }
    Ok(())
}

fn auto_advance(mut section: Section, workflows: &Workflows) -> Result<AutoAdvance> {
    let is_enabled: bool = section.required("enabled")?;
    let target: Option<Status> = section.optional("target_state")?;
    let rollup = section.required("auto_rollup")?;
    section.done()?;
    if is_enabled {
        check_target(&section, target.as_ref(), workflows)?;
    }
    Ok(AutoAdvance { target_state: target.filter(|_| is_enabled), rollup })
}

fn check_target(section: &Section, target: Option<&Status>, workflows: &Workflows) -> Result<()> {
    let Some(target) = target else {
        return Err(section.fault("enabled", "needs a `target_state`", ""));
    };
    let workflow = workflows.get(&workflows.default);
    let states = workflow.iter().flat_map(|own| own.states.keys());
    let states: Vec<&str> = states.map(Status::as_str).collect();
    if states.contains(&target.as_str()) {
        return Ok(());
    }
    let what = format!("is `{target}`, which is no state of `{}`", workflows.default);
    Err(section.fault("target_state", what, suggestion(target.as_str(), &states)))
}

/// The moment that an edge holds back, as files write it.
#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Blocks {
    None,
    Start,
    Completion,
}

fn edges(mut section: Section) -> Result<EdgeKinds> {
    let definitions = section.section("definitions")?;
    section.done()?;
    let kinds = definitions.named::<EdgeKindName>()?.into_iter();
    kinds.map(|(name, section)| Ok((name, rule(section)?))).collect::<Result<_>>().map(EdgeKinds)
}

fn rule(mut section: Section) -> Result<EdgeRule> {
    let shape: Shape = section.or_default("display")?;
    let holds = match section.optional("blocks")? {
        None | Some(Blocks::None) => None,
        Some(Blocks::Completion) => Some(Holds::Completion),
        Some(Blocks::Start) => Some(Holds::Start),
    };
    section.done()?;
    if shape == Shape::Vertical && holds == Some(Holds::Start) {
        return Err(section.fault(
            "blocks",
            "cannot be `start` where `display` is `vertical`: no child would start before its parent has ended",
            "make it `completion` or `none`, or display it `horizontal`",
        ));
    }
    Ok(EdgeRule { shape, holds })
}

fn attachments(mut section: Section) -> Result<AttachmentTypes> {
    let unknown = section.required("unknown_key")?;
    let definitions = section.section("definitions")?;
    section.done()?;
    let types = definitions.named::<AttachmentType>()?.into_iter();
    let by_name = types.map(|(name, mut section)| {
        let mime = section.optional::<String>("mime")?.map(|mime| mime.parse()).transpose();
        let mime = mime.map_err(|bad: String| section.fault("mime", format!("cannot be used: {bad}"), ""))?;
        let rule = AttachmentRule { mime: mime.unwrap_or_default(), mode: section.or_default("mode")? };
        section.done()?;
        Ok((name, rule))
    });
    Ok(AttachmentTypes { unknown, by_name: by_name.collect::<Result<_>>()? })
}

/// Returns the declared tags. Their descriptions are for people; `config` shows them.
fn known_tags(definitions: Section) -> Result<Vec<Tag>> {
    let tags = definitions.named()?.into_iter();
    tags.map(|(tag, mut section)| {
        section.optional::<String>("category")?;
        section.optional::<String>("description")?;
        section.done()?;
        Ok(tag)
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Origin;
    use crate::config::{Durability, Toolset};
    use crate::domain::{Mode, Policy};

    fn with(text: &str) -> Result<Config> {
        let mut settings = shipped().clone();
        let origin = Origin::ProjectFile(".task-graph/config.yaml".into());
        settings.lay(Source::new(origin, text).tree()?)?;
        Config::read(settings, compiled_in::files().clone())
    }

    #[test]
    fn the_shipped_states_are_those_of_the_diagram() {
        let config = Config::builtin();

        let workflow = config.workflows.get(&config.workflows.default).unwrap();
        let states: Vec<_> = workflow
            .states
            .iter()
            .map(|(name, state)| {
                let exits: Vec<_> = state.exits.iter().map(Status::as_str).collect();
                let is = |holds: bool, what| if holds { what } else { "" };
                let flags = is(state.timed, "timed ").to_owned()
                    + is(state.terminal, "terminal ")
                    + is(state.blocking, "blocking ");
                format!("{name}: {flags}-> {}", exits.join(" "))
            })
            .collect();
        assert_eq!(
            states,
            [
                "pending: blocking -> assigned working cancelled",
                "assigned: blocking -> working pending cancelled",
                "working: timed blocking -> completed failed pending cancelled",
                "completed: terminal -> ",
                "failed: terminal blocking -> pending",
                "cancelled: terminal -> ",
            ]
        );
        assert_eq!(workflow.phases.len(), 15);
        assert_eq!(workflow.assign.as_ref().map(Status::as_str), Some("assigned"));
        assert_eq!(workflow.cancel.as_ref().map(Status::as_str), Some("cancelled"));
    }

    #[test]
    fn the_shipped_edges_hold_back_what_the_table_says() {
        let EdgeKinds(kinds) = Config::builtin().edges;

        let shown: Vec<_> =
            kinds.iter().map(|(name, rule)| format!("{name} {:?} {:?}", rule.shape, rule.holds)).collect();

        assert_eq!(
            shown,
            [
                "blocks Horizontal Some(Start)",
                "follows Horizontal Some(Start)",
                "contains Vertical Some(Completion)",
                "duplicate Horizontal None",
                "see-also Horizontal None",
                "relates-to Horizontal None",
            ]
        );
    }

    #[test]
    fn the_shipped_numbers_are_the_documented_ones() {
        let config = Config::builtin();

        assert_eq!(config.db_path, ".task-graph/tasks.db");
        assert_eq!((config.page_size, config.claim_limit), (10, 5));
        assert_eq!(config.stale_timeout_ms, 300_000);
        assert_eq!(config.idle_after_ms, 1_800_000);
        assert_eq!(config.lock_wait_ms, 30_000);
        assert_eq!((config.durability, config.toolset), (Durability::Full, Toolset::Core));
        assert_eq!(
            (config.limits.text_bytes, config.limits.tree_nodes, config.limits.ids),
            (1 << 20, 10_000, 1_000)
        );
        assert_eq!(config.limits.query_ms, 5_000);
        assert_eq!((config.unknown_tag, config.known_tags), (Policy::Warn, Vec::new()));
        assert_eq!((config.auto_advance.target_state, config.auto_advance.rollup), (None, true));
    }

    #[test]
    fn the_shipped_attachments_are_those_of_the_table() {
        let AttachmentTypes { unknown, by_name } = Config::builtin().attachments;

        let replaced: Vec<_> = by_name
            .iter()
            .filter(|(_, rule)| rule.mode == Mode::Replace)
            .map(|(name, _)| name.as_str())
            .collect();

        assert_eq!((unknown, by_name.len()), (Policy::Warn, 17));
        assert_eq!(replaced, ["meta", "result", "plan", "context", "checkpoint"]);
        assert_eq!(by_name[&"diff".parse::<AttachmentType>().unwrap()].mime.as_str(), "text/x-diff");
    }

    #[test]
    fn a_project_may_add_attachments_and_change_those_there_are() {
        let config = with(
            "attachments: { unknown_key: reject, definitions: { result: { mode: append }, shot: { mime: image/png } } }",
        )
        .unwrap();

        let rule = |name: &str| config.attachments.rule(&name.parse().unwrap());
        assert_eq!(config.attachments.unknown, Policy::Reject);
        assert_eq!((rule("result").mime.as_str(), rule("result").mode), ("application/json", Mode::Append));
        assert_eq!((rule("shot").mime.as_str(), rule("shot").mode), ("image/png", Mode::Append));
    }

    #[test]
    fn a_project_may_add_states_edges_and_tags() {
        let config = with(
            "states: { pending: { exits: [ready, cancelled] }, ready: { exits: [working], blocking: true } }
auto_advance: { enabled: true, target_state: ready }
dependencies: { definitions: { motivates: { blocks: none }, part-of: { display: vertical, blocks: completion } } }
tags: { unknown_tag: reject, definitions: { rust: { category: language }, sql: } }
",
        )
        .unwrap();

        let workflow = config.workflows.get("default").unwrap();
        assert!(workflow.state(&workflow.initial).blocking, "what is not said again stays");
        assert_eq!(workflow.states.len(), 7);
        assert_eq!(config.auto_advance.target_state, Some("ready".parse().unwrap()));
        assert_eq!(config.edges.0.len(), 8);
        assert_eq!(config.known_tags, ["rust".parse().unwrap(), "sql".parse().unwrap()]);
    }

    /// The settings as written, the message after the file's name, and the hint.
    const MISTAKES: &[(&str, &str, &str)] = &[
        (
            "server:\n  claim_limt: 3",
            "2: `server.claim_limt` is not a setting",
            "did you mean `claim_limit`?",
        ),
        (
            "server:\n\n  zzz: 3\n",
            "3: `server.zzz` is not a setting",
            "there are `default_workflow`, `db_path`, `claim_limit`, `stale_timeout_seconds`, `reserve_seconds`, `idle_after_seconds`, `default_page_size`, `lock_wait_seconds`, `durability`, `toolset`",
        ),
        ("sever: {}", "1: `sever` is not a setting", "did you mean `server`?"),
        ("server: 5", "1: `server` is a section of settings, not 5", ""),
        ("server: { toolset: { core: 1 } }", "1: `server.toolset` is one value, not a section", ""),
        (
            "server: { toolset: fulll }",
            "1: `server.toolset` cannot be used: unknown variant `fulll`, expected one of `core`, `full`, `queue`",
            "",
        ),
        (
            "server: { claim_limit: many }",
            "1: `server.claim_limit` takes a whole number from 0 to 4294967295, not \"many\"",
            "",
        ),
        (
            "server: { default_page_size: 0 }",
            "1: `server.default_page_size` takes a whole number from 1 to 4294967295, not 0",
            "",
        ),
        ("limits:\n  ids: -1", "2: `limits.ids` takes a whole number from 1 to 4294967295, not -1", ""),
        (
            "server: { default_workflow: zzz }",
            "1: `server.default_workflow` is `zzz`, which is no workflow",
            "there are `default`, `solo`, `swarm`, `relay`, `hierarchical`, `push`, `kanban`, `sprint`",
        ),
        (
            "phases: [a b]",
            "1: `phases` cannot be used: `a b` is not a phase: 1 to 64 of letters, digits, `_`, `-`",
            "",
        ),
        (
            "auto_advance: { enabled: true,\n target_state: later }",
            "2: `auto_advance.target_state` is `later`, which is no state of `default`",
            "there are `pending`, `assigned`, `working`, `completed`, `failed`, `cancelled`",
        ),
        ("auto_advance: { enabled: true }", "1: `auto_advance.enabled` needs a `target_state`", ""),
        (
            "\ndependencies: { definitions: { x: { display: vertical, blocks: start } } }",
            "2: `dependencies.definitions.x.blocks` cannot be `start` where `display` is `vertical`: no child would start before its parent has ended",
            "make it `completion` or `none`, or display it `horizontal`",
        ),
        (
            "attachments: { definitions: { shot: { mime: png } } }",
            "1: `attachments.definitions.shot.mime` cannot be used: `png` is not a MIME type: one looks like `text/plain`, without parameters",
            "",
        ),
        (
            "attachments: { definitons: {} }",
            "1: `attachments.definitons` is not a setting",
            "did you mean `definitions`?",
        ),
        (
            "tags: { definitions: { a b: {} } }",
            "1: `tags.definitions.a b` cannot be used: `a b` is not a tag: 1 to 64 of letters, digits, `.`, `_`, `-`, `/`, `:`, `+`, `#`",
            "",
        ),
        (
            "tags: { definitions: { a.b: { colour: red } } }",
            "1: `tags.definitions.a.b.colour` is not a setting",
            "there are `category`, `description`",
        ),
    ];

    #[test]
    fn a_mistake_is_refused_with_its_place_and_the_next_step() {
        for (text, message, hint) in MISTAKES {
            let refused = with(text).unwrap_err();

            assert_eq!(refused.to_string(), format!(".task-graph/config.yaml:{message}"));
            assert_eq!(refused.hint().unwrap_or_default(), *hint, "{text}");
        }
    }

    #[test]
    fn what_the_parser_cannot_read_is_refused_with_its_line() {
        for (text, line) in [("server:\n  - a\n b: [", 3), ("a: 1\na: 2", 2), ("a: *b", 1)] {
            let refused = with(text).unwrap_err().to_string();

            assert!(refused.starts_with(&format!(".task-graph/config.yaml:{line}: ")), "{refused}");
        }
    }

    #[test]
    fn the_faults_of_the_default_workflow_are_those_of_the_file_that_changed_it() {
        let refused = with("settings: { initial_state: working }").unwrap_err();

        assert_eq!(
            refused.to_string(),
            ".task-graph/config.yaml: workflow `default` cannot be used: initial_state `working` must be neither timed nor terminal"
        );
    }

    #[test]
    fn the_fingerprint_changes_with_what_states_and_edges_mean() {
        let print = |text| with(text).unwrap().fingerprint();
        let before = Config::builtin().fingerprint();

        for same in ["", "server: { claim_limit: 9 }", "phases: [a]", "description: x"] {
            assert_eq!(print(same), before, "{same}");
        }
        for other in [
            "states: { failed: { blocking: false } }",
            "states: { review: {} }",
            "dependencies: { definitions: { follows: { blocks: none } } }",
        ] {
            assert_ne!(print(other), before, "{other}");
        }
    }
}
