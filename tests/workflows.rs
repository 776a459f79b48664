//! Every shipped workflow and overlay, driven from its first state to its last.

use std::collections::{BTreeMap, VecDeque};

use serde_json::{Value, json};
use task_graph::config::Config;
use task_graph::domain::{Status, Workflow};

use crate::support::history::History;
use crate::support::project::Project;

/// Returns the shortest way from the initial state to each that its exits lead to.
fn ways(workflow: &Workflow) -> BTreeMap<Status, Vec<Status>> {
    let mut ways = BTreeMap::from([(workflow.initial.clone(), Vec::new())]);
    let mut ahead = VecDeque::from([workflow.initial.clone()]);
    while let Some(status) = ahead.pop_front() {
        for exit in &workflow.states[&status].exits {
            if !ways.contains_key(exit) {
                let mut way = ways[&status].clone();
                way.push(exit.clone());
                ways.insert(exit.clone(), way);
                ahead.push_back(exit.clone());
            }
        }
    }
    ways
}

/// Who may do everything.
fn tags(workflow: &Workflow) -> Vec<String> {
    let roles = workflow.roles.values().rev();
    let mut tags: Vec<_> = roles.flat_map(|role| &role.tags).map(ToString::to_string).collect();
    tags.dedup();
    tags
}

/// Takes a task a step further: first as it is, and if that is refused for lack of evidence, with what is missing.
fn step(project: &Project, workflow: &Workflow, task: &str, to: &Status) {
    let checked = project.answer("check_gates", json!({ "task": task }));
    let steps = checked["steps"].as_array().unwrap();
    let missing: Vec<Value> = steps
        .iter()
        .filter(|step| step["to"] == to.as_str())
        .flat_map(|step| step["missing"].as_array().cloned().unwrap_or_default())
        .collect();
    let binding = missing.iter().filter(|gate| gate["enforcement"] != "allow").count();
    let mut asked = json!({ "worker_id": "eve", "task": task, "status": to });
    if Some(to) == workflow.assign.as_ref() {
        asked["assignee"] = "eve".into();
    }
    if binding > 0 {
        assert_eq!(project.refusal("update", asked.clone()).code, "gate");
    }
    let attach = missing.iter().map(|gate| json!({ "type": gate["type"], "content": "as asked" }));
    asked["attachments"] = attach.collect();
    project.does("update", asked);
    assert_eq!(project.status(task), to.as_str(), "{}", workflow.name);
}

fn drive(project: &Project, workflow: &Workflow, overlays: &[&str]) {
    let name = &workflow.name;
    let about = json!({ "workflow": name, "tags": tags(workflow), "overlays": overlays, "max_claims": 0 });
    project.worker("eve", about);
    for (status, way) in ways(workflow) {
        let task = format!("{name}-{}-{status}", overlays.len());
        project.has_one(&task, json!({ "workflow": name }));
        for to in &way {
            step(project, workflow, &task, to);
        }
        assert_eq!(project.status(&task), status.as_str());
    }
}

#[test]
fn every_state_of_every_shipped_workflow_is_come_to() {
    for (name, workflow) in &Config::builtin().workflows.by_name {
        let ways = ways(workflow);

        let lost: Vec<_> = workflow.states.keys().filter(|status| !ways.contains_key(*status)).collect();

        assert!(lost.is_empty(), "{name}: {lost:?}");
        assert!(workflow.states.values().all(|state| state.terminal || !state.exits.is_empty()), "{name}");
    }
}

#[test]
fn a_task_goes_through_every_shipped_workflow() {
    let project = Project::new();

    for workflow in Config::builtin().workflows.by_name.values() {
        drive(&project, workflow, &[]);
    }

    History::check(&project.file(), project.config());
}

#[test]
fn a_task_goes_through_every_shipped_workflow_under_every_overlay() {
    let project = Project::new();
    let shipped = Config::builtin().workflows;

    for workflow in shipped.by_name.values() {
        let laid = shipped.overlays.values().fold(workflow.clone(), |rules, overlay| rules.with(overlay));
        let names: Vec<_> = shipped.overlays.keys().map(String::as_str).collect();
        drive(&project, &laid, &names);
    }
}

#[test]
fn a_task_goes_through_the_phases_of_the_relay_with_their_evidence() {
    let project = Project::new();
    project.has_one("api", json!({ "workflow": "relay", "phase": "design" }));

    for (phase, next, kinds) in [
        ("design", Some("implement"), vec!["gate/spec"]),
        ("implement", Some("review"), vec!["gate/commit", "gate/impl-notes"]),
        ("review", Some("test"), vec!["gate/approval"]),
        ("test", None, vec!["gate/test-results"]),
    ] {
        assert_eq!(project.task("api")["phase"], phase);
        project.claim("ann", "api");
        let mut on = match next {
            Some(next) => json!({ "worker_id": "ann", "task": "api", "phase": next, "status": "pending" }),
            None => json!({ "worker_id": "ann", "task": "api", "status": "completed" }),
        };
        assert_eq!(project.refusal("update", on.clone()).code, "gate", "{phase}");
        on["attachments"] = kinds.iter().map(|kind| json!({ "type": kind, "content": "x" })).collect();
        project.does("update", on);
    }

    assert_eq!(project.status("api"), "completed");
}

#[test]
fn the_risk_that_a_tag_names_asks_for_its_evidence() {
    let project = Project::new();
    project.worker("ann", json!({ "overlays": ["governance"] }));
    for (tag, kind, is_waivable) in [
        ("security", "gate/security-review", false),
        ("breaking", "gate/migration", false),
        ("data-loss", "gate/backup", false),
        ("release", "gate/approval", true),
        ("dependency", "gate/licence", true),
        ("public-api", "gate/docs", true),
        ("performance", "gate/measurement", true),
    ] {
        project.has_one(tag, json!({ "tags": [tag] })).claim("ann", tag);
        let done = json!({ "worker_id": "ann", "task": tag, "status": "completed" });
        let mut waived = done.clone();
        (waived["force"], waived["reason"]) = (true.into(), "not now".into());

        let refused = project.refusal("update", done.clone());
        assert!(refused.code == "gate" && refused.message.contains(kind), "{tag}: {refused:?}");
        if !is_waivable {
            assert_eq!(project.refusal("update", waived).code, "gate", "{tag}");
        }
        let mut proven = done;
        proven["attachments"] = json!([{ "type": kind, "content": "as asked" }]);
        project.does("update", proven);
    }
}

#[test]
fn a_patch_is_made_in_the_claim_of_its_task() {
    let project = Project::new();
    project.worker("ann", json!({ "overlays": ["git-worktree"], "tags": ["integrate"] })).has(["api"]);
    project.claim("ann", "api");
    let to = |status: &str| json!({ "worker_id": "ann", "task": "api", "status": status });

    project.does("update", to("patching"));
    assert_eq!(project.task("api")["worker_id"], "ann");
    assert_eq!(project.refusal("update", to("completed")).code, "no_exit");
    project.does("update", to("working"));
    assert_eq!(project.refusal("update", to("completed")).code, "gate");

    let prompts = project.answer("get_prompts", json!({ "worker_id": "ann", "role": "integrator" }));
    assert_eq!(prompts["prompts"].as_object().unwrap().len(), 2);
}

#[test]
fn what_waits_for_an_answer_is_not_handed_out() {
    for (name, workflow) in &Config::builtin().workflows.by_name {
        for status in ["consult", "blocked", "backlog"] {
            let status: Status = status.parse().unwrap();
            if let Some(state) = workflow.states.get(&status) {
                assert!(state.blocking && !workflow.is_waiting(&status), "{name}: {status}");
            }
        }
        assert!(workflow.is_waiting(&workflow.disconnect), "{name}");
        assert!(workflow.states[&workflow.complete].exits.len() == usize::from(name != "default"), "{name}");
    }
}

#[test]
fn every_text_is_short() {
    let workflows = Config::builtin().workflows;
    let of_overlays = workflows.overlays.values().flat_map(|overlay| &overlay.told_at);
    let of_overlays = of_overlays.map(|(_, _, text)| text.as_str());
    let guidance = workflows.by_name.values().map(|workflow| &workflow.guidance);
    let guidance = guidance.chain(workflows.overlays.values().map(|overlay| &overlay.guidance));
    for text in guidance.flat_map(|guidance| guidance.all()).chain(of_overlays) {
        assert!((10..=200).contains(&text.len()), "{text}");
    }
    for workflow in workflows.by_name.values() {
        assert!((10..=100).contains(&workflow.description.len()), "{}", workflow.name);
        assert!(
            workflow.gates.iter().all(|gate| (5..=60).contains(&gate.description.len())),
            "{}",
            workflow.name
        );
    }
}
