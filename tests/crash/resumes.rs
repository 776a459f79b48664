//! A worker that is killed half-way, and a new one under its name that knows nothing else.

use serde_json::json;

use crate::support::team::Team;

#[test]
fn a_new_process_goes_on_from_the_answer_to_connect_alone() {
    let team = Team::new();
    let mut bob = team.agent("bob");
    let asked = json!({ "id": "api", "title": "Write the API", "workflow": "relay", "phase": "implement" });
    bob.answer("create", asked);
    let mut ann = team.agent("ann");
    ann.answer("connect", json!({}));
    ann.answer("claim", json!({}));
    ann.answer("thinking", json!({ "thought": "routes are done, errors are next" }));
    let note = json!({ "task": "api", "type": "gate/commit", "content": "abc" });
    ann.answer("attach", note);
    ann.start("thinking", json!({ "thought": "errors are RFC 9457" }));
    ann.kill();
    bob.answer("list_tasks", json!({}));
    bob.answer("send", json!({ "to": "ann", "task": "api", "kind": "redirect", "text": "skip the docs" }));

    let shell = team.run(&["--json", "resume", "ann"]).json();
    let back = team.agent("ann").answer("connect", json!({}));

    let held = &back["holds"][0];
    assert_eq!((&held["id"], &held["title"]), (&json!("api"), &json!("Write the API")));
    assert_eq!((&held["attempt"], &held["status"]), (&json!(1), &json!("working")));
    assert!(held["thought"].as_str().is_some_and(|thought| thought.contains("errors")), "{back}");
    assert_eq!(held["notes"], json!(["gate/commit: abc"]));
    assert_eq!(held["gates"], json!(["gate/impl-notes (or a reason)"]));
    assert_eq!(shell["holds"][0]["lost"], true);
    let redirect = json!(["#1 redirect from bob about api: skip the docs"]);
    assert_eq!(
        [&shell["messages"], &back["messages"]],
        [&redirect; 2],
        "a person who looks takes nothing away"
    );
    assert_eq!(
        shell["next"],
        "heed message #1 first; connect(worker_id=ann) gives you `api` back; then go on with it"
    );
    assert_eq!(
        back["next"],
        "heed message #1 first; go on with `api`, then update(task=api, status=completed, attachments=[{type: gate/impl-notes, content: …}])"
    );
    let changed = back["changed"][0].as_str().unwrap();
    assert!(changed.starts_with("api: pending (died)"), "{changed}");
    team.check();
}
