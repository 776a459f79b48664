//! Calls that cannot be done: each is refused with what helps, and nothing is stored.

use serde_json::{Value, json};

use crate::support::agent::{Agent, Refused};
use crate::support::team::Team;

/// A store in which `ann` holds `held` and `blocked` waits for it.
fn team() -> (Team, Agent) {
    let team = Team::new();
    let mut agent = team.server();
    for worker in ["ann", "bob"] {
        agent.answer("connect", json!({ "worker_id": worker }));
    }
    agent.answer(
        "create",
        json!({ "tasks": [
            { "id": "held", "title": "Held" }, { "id": "blocked", "title": "Blocked", "blocked_by": "held" },
        ]}),
    );
    agent.answer("claim", json!({ "worker_id": "ann", "task": "held" }));
    (team, agent)
}

/// Makes a call that has to be refused, and returns what it was told.
fn refused(tool: &str, arguments: Value) -> Refused {
    let (team, mut agent) = team();
    let before = contents(&team);
    let refused = agent.refusal(tool, arguments);
    assert_eq!(contents(&team), before, "{tool} left something behind");
    assert!(refused.message.len() < 1_000, "{}", refused.message);
    agent.answer("status_summary", json!({}));
    refused
}

fn contents(team: &Team) -> Vec<Vec<Value>> {
    team.rows(
        "select 'task', id, title, status, worker_id, attempt, updated_at from tasks
        union all select 'link', from_task_id, to_task_id, dep_type, 0, 0, 0 from dependencies
        union all select 'event', id, event, task_id, 0, 0, 0 from events
        union all select 'attempt', task_id, attempt, worker_id, outcome, 0, 0 from attempts
        union all select 'attachment', task_id, sequence, 0, 0, 0, 0 from attachments
        union all select 'worker', id, left_how, 0, 0, 0, 0 from workers
        union all select 'answer', request_id, 0, 0, 0, 0, 0 from answers",
    )
}

#[test]
fn words_that_are_nearly_right_are_refused_with_the_right_ones() {
    for (tool, arguments, right) in [
        ("clam", json!({ "worker_id": "ann" }), "`claim`"),
        ("create", json!({ "titel": "T" }), "`title`"),
        ("create", json!({ "tasks": [{ "title": "T", "blockd_by": ["held"] }] }), "`blocked_by`"),
        ("update", json!({ "worker_id": "ann", "task": "held", "status": "complete" }), "`completed`"),
        ("list_tasks", json!({ "status": ["pendin"] }), "`pending`"),
        ("link", json!({ "from": "held", "to": "blocked", "type": "block" }), "`blocks`"),
        ("get", json!({ "task": "blocker" }), "`blocked`"),
        ("more", json!({ "name": "renam", "arguments": {} }), "`rename`"),
    ] {
        let refused = refused(tool, arguments);
        assert!(["input", "not_found"].contains(&&*refused.code), "{refused:?}");
        assert!(refused.hint.contains(right), "{tool}: {refused:?}");
    }
}

#[test]
fn a_wrong_type_is_refused_with_the_right_one() {
    for (tool, arguments, right) in [
        ("get", json!({ "task": 7 }), "takes string, not number"),
        ("create", json!({ "title": ["T"] }), "takes string, not array"),
        ("create", json!({ "title": "T", "priority": "high" }), "takes integer, not string"),
        ("list_tasks", json!({ "ready": "yes" }), "takes boolean, not string"),
        ("create", json!({ "title": "T", "blocked_by": { "id": "held" } }), "takes array"),
        ("create", json!({ "title": "T", "priority": 11 }), "between 0 and 10"),
        ("update", json!({ "worker_id": "ann" }), "needs `task`"),
        ("claim", json!({ "task": "held" }), "needs `worker_id`"),
    ] {
        let refused = refused(tool, arguments);
        assert_eq!(refused.code, "input");
        assert!(refused.message.contains(right), "{tool}: {refused:?}");
    }
}

#[test]
fn what_a_rule_forbids_is_refused_with_the_facts() {
    let bob = |task: &str| json!({ "worker_id": "bob", "task": task });
    for (tool, arguments, code, fact) in [
        ("claim", bob("held"), "held", "held by `ann`"),
        ("claim", bob("blocked"), "blocked", "waits for `held`"),
        ("claim", bob("none"), "not_found", "`none`"),
        ("link", json!({ "from": "blocked", "to": "held" }), "cycle", "`held` → `blocked` → `held`"),
        ("link", json!({ "from": "held", "to": "held" }), "cycle", "`held` → `held`"),
        ("create", json!({ "title": "T", "id": "held" }), "exists", "called `held`"),
        ("claim", json!({ "worker_id": "cal", "task": "held" }), "not_found", "`cal`"),
    ] {
        let refused = refused(tool, arguments);
        assert_eq!(refused.code, code, "{refused:?}");
        assert_ne!(refused.hint, "", "{refused:?}");
        assert!(refused.message.contains(fact), "{refused:?}");
    }
}

#[test]
fn a_name_that_leads_elsewhere_is_refused() {
    for name in ["../../x", "/etc/passwd", "a/../b", "", "a b", "x\u{0}", "ä", &"x".repeat(10_000)] {
        for (tool, arguments) in [
            ("create", json!({ "title": "T", "id": name })),
            ("rename", json!({ "task": "held", "new_id": name })),
            ("get", json!({ "task": name })),
        ] {
            let refused = refused(tool, arguments);
            assert_eq!(refused.code, "input", "{refused:?}");
        }
    }
    for name in ["a b", "", "w\n", &"x".repeat(65)] {
        assert_eq!(refused("connect", json!({ "worker_id": name })).code, "input");
    }
}

#[test]
fn what_is_too_long_is_refused_with_the_limit() {
    let title = refused("create", json!({ "title": "t".repeat(10_000) }));
    let text = refused("create", json!({ "title": "T", "description": "d".repeat(2 << 20) }));
    let tasks = vec![json!({ "title": "T" }); 10_001];
    let many = refused("create", json!({ "tasks": tasks }));
    let named = refused(
        "bulk_update",
        json!({
            "worker_id": "ann", "status": "cancelled", "tasks": vec!["held"; 1_001],
        }),
    );

    for (refused, limit) in [(title, "500"), (text, "1048576"), (many, "10000"), (named, "1000")] {
        assert_eq!(refused.code, "input");
        assert!(refused.message.contains(limit), "{refused:?}");
    }
}

#[test]
fn a_nest_of_tasks_may_be_deep_but_not_bottomless() {
    let nest = |depth: usize| {
        (0..depth).fold(json!({ "title": "Leaf" }), |inner, _| json!({ "title": "T", "tasks": [inner] }))
    };
    let (team, mut agent) = team();

    agent.answer("create", nest(40));
    // What the parser gives up on never gets as far as the call.
    agent.start("create", nest(200));

    assert_eq!(agent.hear()["error"]["code"], -32700);
    assert_eq!(team.rows("select count(*) from tasks"), [[2 + 41]]);
    team.check();
}

#[test]
fn a_call_that_fails_half_way_leaves_nothing() {
    let tasks = json!([
        { "title": "One" }, { "title": "Two", "blocked_by": ["nobody"] },
    ]);
    let circle = json!([
        { "title": "One", "label": "a", "blocked_by": ["b"] }, { "title": "Two", "label": "b", "blocked_by": ["a"] },
    ]);
    let attachments = json!([{ "type": "note", "content": "x" }, { "type": "two words", "content": "x" }]);

    assert_eq!(refused("create", json!({ "tasks": tasks })).code, "not_found");
    assert_eq!(refused("create", json!({ "tasks": circle })).code, "cycle");
    let update = json!({ "worker_id": "ann", "task": "held", "title": "New", "attachments": attachments });
    assert_eq!(refused("update", update).code, "input");
    let link = json!({ "from": "held", "to": ["blocked", "nobody"], "type": "relates-to" });
    assert_eq!(refused("link", link).code, "not_found");
}
