//! Processes that stand still for a while, as on a laptop that sleeps.

use std::time::Duration;

use serde_json::json;

use crate::support::agent::Answer;
use crate::support::team::Team;

/// How long others may be kept waiting before a test goes on without their answer.
const A_WHILE: Duration = Duration::from_millis(150);

#[test]
fn one_who_stood_still_in_the_middle_of_a_call_goes_on_where_it_was() {
    const CALLS: usize = 10;
    let team = Team::new();
    let names: Vec<String> = (0..CALLS).map(|n| format!("a{n}")).collect();
    team.has(&names.iter().map(String::as_str).collect::<Vec<_>>());
    let [mut ann, mut bob] = [team.agent("ann"), team.agent("bob")];
    bob.answer("connect", json!({}));

    for name in &names {
        ann.start("claim", json!({ "task": name }));
        ann.start("update", json!({ "task": name, "status": "completed" }));
        ann.pause();
        bob.start("create", json!({ "title": "By bob" }));
        // If ann stands at the head of the queue, bob waits until she goes on.
        let early = bob.finish_within(A_WHILE);
        ann.resume();
        let created: Answer = early.unwrap_or_else(|| bob.finish());

        created.unwrap();
        ann.finish().unwrap();
        // The two calls may have overtaken each other.
        if ann.finish().is_err() {
            ann.answer("update", json!({ "task": name, "status": "completed" }));
        }
    }

    assert_eq!(team.rows("select count(*) from tasks"), [[2 * CALLS]]);
    team.check();
}

#[test]
fn one_who_stands_still_keeps_its_task() {
    let team = Team::new();
    team.has(&["t"]);
    let [mut ann, mut bob] = [team.agent("ann"), team.agent("bob")];
    ann.answer("claim", json!({}));
    ann.pause();

    let refused = bob.refusal("claim", json!({ "task": "t" }));
    let nothing = bob.answer("claim", json!({}));
    ann.resume();

    assert_eq!((refused.code.as_str(), &refused.details["holder"]), ("held", &json!("ann")));
    assert!(nothing["task"].is_null());
    ann.answer("update", json!({ "task": "t", "status": "completed", "attempt": 1 }));
    team.check();
}

#[test]
fn one_whose_task_was_taken_while_it_stood_still_is_told_and_its_result_is_kept() {
    let team = Team::new();
    team.has(&["t"]);
    let [mut ann, mut bob] = [team.agent("ann"), team.agent("bob")];
    ann.answer("claim", json!({}));
    ann.pause();
    bob.answer("claim", json!({ "task": "t", "force": true }));
    ann.resume();

    let result = json!([{ "type": "result", "content": "all of it" }]);
    let finish = json!({ "task": "t", "status": "completed", "attempt": 1, "attachments": result });
    let fenced = ann.refusal("update", finish);

    assert_eq!((fenced.code.as_str(), &fenced.details["holder"]), ("fenced", &json!("bob")));
    let kept = "select attempt, content from attachments where attachment_type = 'result'";
    assert_eq!(team.rows(kept), [[json!(1), json!("all of it")]]);
    bob.answer("update", json!({ "task": "t", "status": "completed", "attempt": 2 }));
    team.check();
}
