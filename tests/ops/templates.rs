//! `templates`: which there are.

use serde_json::json;

use crate::support::project::Project;

#[test]
fn templates_are_listed_by_name_in_their_newest_versions() {
    let project = Project::new();
    project.does("project", json!({ "name": "web" }));
    project.does("define_template", json!({ "name": "test", "body": "x" }));
    project.does("define_template", json!({ "name": "test", "body": "y" }));
    project.does("define_template", json!({ "name": "fix", "steps": [{ "ref": "a" }], "project": "web" }));

    let all = project.answer("templates", json!({}));

    let templates = json!([{ "name": "fix", "version": 1, "project": "web", "steps": 1 }, { "name": "test", "version": 2 }]);
    assert_eq!(all, json!({ "templates": templates, "total": 2 }));
    let page = project.answer("templates", json!({ "limit": 1, "offset": 1 }));
    assert_eq!((&page["templates"][0]["name"], page.get("next_offset")), (&json!("test"), None));
}

#[test]
fn one_is_shown_in_full() {
    let project = Project::new();
    let about = json!({
        "name": "fix", "title": "Fix {{what}}", "body": "x".repeat(1_300),
        "vars": { "what": "string", "size": ["s", "l"], "days": { "type": "integer", "default": 3 } },
        "steps": [{ "ref": "find", "body": "Find {{what}}." }, { "ref": "mend", "title": "Mend it", "needs": ["find"] }],
        "defaults": { "priority": 7 }, "duplicates": { "on": "existing", "key": ["what"], "window": "7d" },
    });
    project.does("define_template", about);

    let whole = project.answer("templates", json!({ "name": "fix" }));

    assert_eq!(
        whole["vars"],
        json!({
            "what": { "type": "string" }, "size": { "type": "enum", "values": ["s", "l"] },
            "days": { "type": "integer", "default": 3 },
        })
    );
    assert_eq!(
        whole["steps"],
        json!([{ "ref": "find" }, { "ref": "mend", "title": "Mend it", "needs": ["find"] }])
    );
    assert_eq!((&whole["title"], &whole["body_goes_on_at"]), (&json!("Fix {{what}}"), &json!(600)));
    assert_eq!(whole["duplicates"], json!({ "on": "existing", "key": ["what"], "window": "1w" }));
    let rest = project.answer("templates", json!({ "name": "fix", "from": 700 }));
    assert_eq!(rest["body"].as_str().unwrap().len(), 600);
    let step = project.answer("templates", json!({ "name": "fix", "step": "find" }));
    assert_eq!(step["body"], "Find {{what}}.");
    assert_eq!(project.refusal("templates", json!({ "name": "fxi" })).hint.unwrap(), "did you mean `fix`?");
    assert_eq!(project.refusal("templates", json!({ "name": "fix", "step": "no" })).code, "not_found");
}
