//! `get_skill`: a guide, whole or in parts.

use std::fs;

use serde_json::{Value, json};

use crate::support::command::Ran;
use crate::support::project::Project;
use crate::support::team::Team;

fn content(answer: &Value) -> &str {
    answer["content"].as_str().unwrap()
}

#[test]
fn a_guide_is_shown_whole_under_either_of_its_names() {
    let project = Project::new();

    let short = project.answer("get_skill", json!({ "name": "worker" }));
    let long = project.answer("get_skill", json!({ "name": "task-graph-worker" }));

    assert_eq!(short, long);
    assert!(content(&short).starts_with("# Worker\n"), "{short}");
    assert_eq!(short.as_object().unwrap().keys().collect::<Vec<_>>(), ["name", "content"]);
}

#[test]
fn a_section_is_shown_alone() {
    let project = Project::new();

    let section = project.answer("get_skill", json!({ "name": "worker", "section": "refusals" }));

    assert!(content(&section).starts_with("## Refusals\n"), "{section}");
    assert_eq!(content(&section).matches("## ").count(), 1);
}

#[test]
fn what_is_not_there_is_refused_with_what_is() {
    let project = Project::new();

    let guide = project.refusal("get_skill", json!({ "name": "wrker" }));
    let other = project.refusal("get_skill", json!({ "name": "../../etc/passwd" }));
    let section = project.refusal("get_skill", json!({ "name": "worker", "section": "Refusal codes" }));

    assert_eq!((guide.code.as_str(), guide.hint.as_deref()), ("not_found", Some("did you mean `worker`?")));
    assert!(other.hint.unwrap().contains("`repair`"));
    assert!(section.hint.unwrap().contains("`Refusals`"));
}

#[test]
fn a_long_guide_is_shown_page_by_page_and_names_its_sections() {
    let team = Team::new();
    let folder = team.folder().join(".task-graph/skills/long");
    let text: String = (0..200).map(|n| format!("## Part {n}\u{6587}\u{6587}\u{6587}\u{6587}\u{6587}\u{6587}\u{6587}\u{6587}\u{6587}\n\nSay \"ä\" {n} times.\n")).collect();
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("SKILL.md"), format!("---\nname: long\ndescription: x\n---\n{text}")).unwrap();

    let first = team.run(&["get-skill", "long", "--json"]).json();
    let mut whole = content(&first).to_owned();
    let mut next = first["next_offset"].clone();
    while let Some(offset) = next.as_u64() {
        let page = team.run(&["get-skill", "long", "--json", "--offset", &offset.to_string()]).json();
        whole += content(&page);
        next = page["next_offset"].clone();
    }

    assert!(first.to_string().len() <= 4_000, "{}", first.to_string().len());
    assert_eq!(first["source"], "project file .task-graph/skills/long/SKILL.md");
    assert_eq!(
        first["sections"][1],
        "Part 1\u{6587}\u{6587}\u{6587}\u{6587}\u{6587}\u{6587}\u{6587}\u{6587}…"
    );
    assert_eq!(whole, text);
}

#[test]
fn the_folder_of_the_project_s_guides_may_be_named() {
    let team = Team::new();
    let folder = team.folder().join("guides/worker");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("SKILL.md"), "---\nname: worker\ndescription: x\n---\n# Ours\n").unwrap();

    let mut command = team.program();
    command.env("TASK_GRAPH_SKILLS_DIR", "guides").args(["get-skill", "worker", "--json"]);
    let guide = Ran::of(command.output().unwrap()).json();

    assert_eq!(content(&guide), "# Ours\n");
    assert_eq!(guide["source"], "project file guides/worker/SKILL.md");
}
