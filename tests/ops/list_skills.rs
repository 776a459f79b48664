//! `list_skills`: which guides there are.

use std::fs;

use serde_json::json;

use crate::support::project::Project;
use crate::support::team::Team;

#[test]
fn the_guides_that_come_with_the_program_are_listed() {
    let project = Project::new();

    let list = project.answer("list_skills", json!({}));

    let names: Vec<_> = list["skills"].as_array().unwrap().iter().map(|row| &row["name"]).collect();
    assert_eq!(names, ["worker", "planning", "coordinator", "reporting", "repair", "migration", "queue"]);
    assert_eq!(list["total"], 7);
    assert!(list["skills"][0]["description"].as_str().unwrap().contains("claim"));
    assert_eq!(list["skills"][0].get("source"), None);
}

#[test]
fn a_long_list_goes_on() {
    let project = Project::new();

    let first = project.answer("list_skills", json!({ "limit": 4 }));
    let rest = project.answer("list_skills", json!({ "limit": 4, "offset": first["next_offset"] }));

    assert_eq!(first["skills"].as_array().unwrap().len(), 4);
    assert_eq!(rest["skills"][1]["name"], "migration");
    assert_eq!(rest.get("next_offset"), None);
}

#[test]
fn the_project_s_own_guides_are_listed_and_a_broken_one_is_told_of() {
    let team = Team::new();
    for (name, text) in [
        ("house-rules", "---\nname: house-rules\ndescription: How we do it here.\n---\n# Rules\n"),
        ("worker", "---\nname: worker\ndescription: Our own.\n---\n# Worker\n"),
        ("broken", "no front matter"),
    ] {
        let folder = team.folder().join(".task-graph/skills").join(name);
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("SKILL.md"), text).unwrap();
    }

    let list = team.run(&["list-skills", "--json"]).json();

    assert_eq!(list["total"], 8);
    assert_eq!(
        list["skills"][0],
        json!({ "name": "worker", "description": "Our own.", "source": "project" })
    );
    assert_eq!(list["skills"][7]["name"], "house-rules");
    let notice = list["notices"][0].as_str().unwrap();
    assert!(notice.contains("broken/SKILL.md: has no front matter"), "{notice}");
}

#[test]
fn long_descriptions_in_any_script_leave_the_list_short() {
    let team = Team::new();
    for number in 0..30 {
        let folder = team.folder().join(format!(".task-graph/skills/{number}-{}", "x".repeat(60)));
        fs::create_dir_all(&folder).unwrap();
        let text = match number {
            0..20 => format!("---\ndescription: {}\n---\n", "\u{6587}".repeat(1_000)),
            _ => "none".to_owned(),
        };
        fs::write(folder.join("SKILL.md"), text).unwrap();
    }

    let page = team.run(&["list-skills", "--json", "--offset", "6"]).json();

    assert_eq!(page["total"], 27);
    assert!(page.to_string().len() <= 4_000, "{}", page.to_string().len());
}
