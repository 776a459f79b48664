//! `update`: finish a task, release it, assign it, edit it.

use serde_json::{Value, json};
use task_graph::domain::{EdgeRule, Holds, Shape};

use crate::support::project::Project;

/// The states of the default workflow and where they lead.
const EXITS: &[(&str, &[&str])] = &[
    ("pending", &["assigned", "working", "cancelled"]),
    ("assigned", &["working", "pending", "cancelled"]),
    ("working", &["completed", "failed", "pending", "cancelled"]),
    ("completed", &[]),
    ("failed", &["pending"]),
    ("cancelled", &[]),
];

/// A project with a task `api` in a state, held by `ann` where somebody has to.
fn with_task_in(status: &str) -> Project {
    let project = Project::new();
    project.has(["api"]);
    match status {
        "pending" => {}
        "assigned" => {
            project.does("update", json!({ "worker_id": "ann", "task": "api", "assignee": "ann" }));
        }
        "cancelled" => {
            let _ = project.moves("ann", "api", "cancelled");
        }
        _ => {
            project.claim("ann", "api");
            let _ = project.moves("ann", "api", status);
        }
    }
    project
}

#[test]
fn a_task_goes_where_its_state_leads_and_nowhere_else() {
    for (from, exits) in EXITS {
        for (to, _) in EXITS.iter().filter(|(to, _)| to != from) {
            let project = with_task_in(from);

            let asked = json!({ "worker_id": "ann", "task": "api", "status": to });

            if exits.contains(to) {
                assert_eq!(project.answer("update", asked)["status"], *to, "{from} to {to}");
            } else {
                let refused = project.refusal("update", asked);
                assert_eq!(refused.code, "no_exit", "{from} to {to}");
                assert_eq!(refused.details["allowed"], json!(exits), "{from} to {to}");
            }
        }
    }
}

#[test]
fn a_step_to_where_a_task_stands_changes_nothing() {
    for (status, _) in EXITS {
        let project = with_task_in(status);
        let events = project.rows("select * from events");

        let _ = project.moves("ann", "api", status);

        assert_eq!(project.rows("select * from events"), events, "{status}");
    }
}

#[test]
fn a_word_that_is_no_state_is_refused_with_the_valid_ones() {
    let project = Project::new();
    project.has(["api"]);

    let asked = json!({ "worker_id": "ann", "task": "api", "status": "complete" });
    let refused = project.refusal("update", asked);

    assert_eq!(refused.code, "input");
    let hint = refused.hint.unwrap();
    assert!(hint.starts_with("did you mean `completed`? valid are `pending`, `assigned`"), "{hint}");
}

#[test]
fn finishing_a_task_frees_the_ones_that_wait() {
    let project = Project::new();
    project.has(["schema", "queries"]).linked("schema", "queries");

    let done = project.finish("schema");

    assert_eq!(done.unblocked, ["queries"]);
    assert_eq!(project.ready(), ["queries"]);
}

#[test]
fn finishing_a_task_frees_everything_under_the_one_that_waits() {
    let project = Project::new();
    project.has(["first", "second", "part", "detail"]);
    project.inside("second", ["part"]).inside("part", ["detail"]).linked("first", "second");

    let done = project.finish("first");

    assert_eq!(done.unblocked, ["detail"]);
    assert_eq!(project.ready(), ["detail"]);
}

#[test]
fn what_waits_for_two_is_freed_by_the_second() {
    let project = Project::new();
    project.has(["one", "two", "both"]).linked("one", "both").linked("two", "both");

    assert!(project.finish("one").unblocked.is_empty());
    assert_eq!(project.finish("two").unblocked, ["both"]);
}

#[test]
fn cancelling_says_what_it_unblocks() {
    let project = Project::new();
    project.has(["first", "second"]).linked("first", "second");

    assert_eq!(project.moves("ann", "first", "cancelled").unblocked, ["second"]);
}

#[test]
fn a_failed_task_that_is_retried_and_finished_unblocks() {
    let project = Project::new();
    project.has(["first", "second"]).linked("first", "second").claim("ann", "first");

    assert!(project.moves("ann", "first", "failed").unblocked.is_empty());
    let _ = project.moves("ann", "first", "pending");

    assert_eq!(project.finish("first").unblocked, ["second"]);
}

#[test]
fn releasing_gives_a_task_back() {
    let project = Project::new();
    project.has(["api"]).claim("ann", "api");

    let asked = json!({ "worker_id": "ann", "task": "api", "status": "pending", "reason": "too hard" });
    let released = project.answer("update", asked);

    assert_eq!(released, json!({ "id": "api", "status": "pending" }));
    assert_eq!(project.ready(), ["api"]);
    assert_eq!(project.last_event("api")["reason"], "too hard");
}

#[test]
fn another_cannot_touch_what_somebody_holds() {
    let project = Project::new();
    project.has(["api"]).claim("ann", "api");

    for change in [
        json!({ "status": "completed" }),
        json!({ "title": "mine" }),
        json!({ "assignee": "bob" }),
        json!({ "attachments": [{ "type": "note", "content": "hello" }] }),
    ] {
        let mut asked = change;
        asked["worker_id"] = "bob".into();
        asked["task"] = "api".into();

        let refused = project.refusal("update", asked);

        assert_eq!(refused.code, "held");
    }
}

#[test]
fn force_overrides_a_holder_and_is_recorded() {
    let project = Project::new();
    project.has(["api"]).claim("ann", "api");

    let asked = json!({ "worker_id": "bob", "task": "api", "status": "completed", "force": true });
    project.does("update", asked);

    let event = project.last_event("api");
    assert_eq!((&event["cause"], &event["worker_id"]), (&json!("force"), &json!("bob")));
}

#[test]
fn starting_by_update_is_checked_like_a_claim() {
    let project = Project::new();
    project.has(["first", "second", "free"]).linked("first", "second");
    project.has_one("styled", json!({ "needed_tags": ["css"] }));
    let start = |task: &str| json!({ "worker_id": "ann", "task": task, "status": "working" });

    assert_eq!(project.refusal("update", start("second")).code, "blocked");
    assert_eq!(project.refusal("update", start("styled")).code, "lacks_tags");
    project.does("update", start("free"));
    assert_eq!(project.task("free")["attempt"], 1);
}

#[test]
fn assigning_gives_a_task_to_a_worker_who_has_not_started() {
    let project = Project::new();
    project.has(["api"]);

    let asked = json!({ "worker_id": "ann", "task": "api", "assignee": "bob", "reason": "knows it" });
    let assigned = project.answer("update", asked);

    assert_eq!(assigned, json!({ "id": "api", "status": "assigned", "worker_id": "bob" }));
    assert_eq!(project.task("api").get("claimed_at"), None);
    assert!(project.ready().is_empty());
    assert_eq!(project.last_event("api")["reason"], "knows it");
}

#[test]
fn an_assignment_survives_edits() {
    let project = with_task_in("assigned");

    let asked = json!({ "worker_id": "ann", "task": "api", "title": "Better", "priority": 7 });
    let edited = project.answer("update", asked);

    assert_eq!(edited["changed"], json!(["title", "priority"]));
    assert_eq!(edited["worker_id"], "ann");
    assert_eq!(project.status("api"), "assigned");
}

#[test]
fn an_assignee_can_be_replaced_by_force() {
    let project = with_task_in("assigned");

    let asked = json!({ "worker_id": "bob", "task": "api", "assignee": "bob" });
    assert_eq!(project.refusal("update", asked.clone()).code, "held");
    let mut forced = asked;
    forced["force"] = true.into();

    assert_eq!(project.answer("update", forced)["worker_id"], "bob");
}

#[test]
fn an_assignee_starts_only_when_nothing_speaks_against_it() {
    let project = Project::new();
    project.has(["first", "second"]).linked("first", "second");
    project.does("update", json!({ "worker_id": "bob", "task": "second", "assignee": "ann" }));

    let start = json!({ "worker_id": "ann", "task": "second", "status": "working" });

    assert_eq!(project.refusal("update", start.clone()).code, "blocked");
    let claim = json!({ "worker_id": "ann", "task": "second" });
    assert_eq!(project.refusal("claim", claim).code, "blocked");
    let _ = project.finish("first");
    assert_eq!(project.answer("update", start)["status"], "working");
}

#[test]
fn an_assignee_must_have_the_tags() {
    let project = Project::new();
    project.has_one("page", json!({ "needed_tags": ["css"] }));

    let asked = json!({ "worker_id": "ann", "task": "page", "assignee": "bob" });

    assert_eq!(project.refusal("update", asked).code, "lacks_tags");
}

#[test]
fn an_assignee_must_be_known() {
    let project = Project::new();
    project.has(["api"]);

    let asked = json!({ "worker_id": "ann", "task": "api", "assignee": "carl" });

    assert_eq!(project.refusal("update", asked).code, "not_found");
}

#[test]
fn nobody_can_be_made_to_work_or_given_what_has_ended() {
    for status in ["working", "completed", "cancelled"] {
        let project = Project::new();
        project.has(["api"]);

        let asked = json!({
            "worker_id": "ann", "task": "api", "assignee": "bob", "status": status,
        });

        assert_eq!(project.refusal("update", asked).code, "no_exit", "{status}");
    }
}

#[test]
fn a_workflow_without_such_a_state_knows_no_assignment() {
    let project = Project::with(|config| config.workflows.by_name["default"].assign = None);
    project.has(["api"]);

    let asked = json!({ "worker_id": "ann", "task": "api", "assignee": "bob" });

    assert_eq!(project.refusal("update", asked).code, "no_state");
}

#[test]
fn a_task_cannot_be_done_before_what_is_in_it() {
    let project = Project::new();
    project.has(["whole"]).claim("ann", "whole");
    project.has_one("part", json!({ "parent": "whole" }));

    let asked = json!({ "worker_id": "ann", "task": "whole", "status": "completed" });
    let refused = project.refusal("update", asked);

    assert_eq!(refused.code, "open_children");
    assert_eq!(refused.details["open"], 1);
}

#[test]
fn a_container_may_fail_or_be_cancelled_while_something_in_it_is_open() {
    for end in ["failed", "cancelled"] {
        let project = Project::new();
        project.has(["whole"]).claim("ann", "whole");
        project.has_one("part", json!({ "parent": "whole" }));

        let _ = project.moves("ann", "whole", end);

        assert_eq!(project.status("whole"), end);
        assert_eq!(project.status("part"), "pending");
    }
}

#[test]
fn cascade_cancels_what_is_below() {
    let project = Project::new();
    project.has(["whole", "part", "detail", "done"]);
    project.inside("whole", ["part", "done"]).inside("part", ["detail"]);
    let _ = project.finish("done");

    let asked = json!({ "worker_id": "ann", "task": "whole", "status": "cancelled", "cascade": true });
    let cancelled = project.answer("update", asked);

    assert_eq!(cancelled["cancelled_below"], 2);
    let states = ["whole", "part", "detail", "done"].map(|task| project.status(task));
    assert_eq!(states, ["cancelled", "cancelled", "cancelled", "completed"]);
    assert_eq!(project.last_event("detail")["cause"], "cascade");
}

#[test]
fn cascade_stops_at_what_others_hold() {
    let project = Project::new();
    project.has(["whole", "part", "other"]).inside("whole", ["part", "other"]);
    project.claim("bob", "part");

    let asked = json!({ "worker_id": "ann", "task": "whole", "status": "cancelled", "cascade": true });

    assert_eq!(project.refusal("update", asked).code, "held");
}

#[test]
fn a_container_completes_itself_with_the_last_task_in_it() {
    let project = Project::new();
    project.has(["whole", "one", "two"]).inside("whole", ["one", "two"]);

    assert!(project.finish("one").completed_above.is_empty());
    let done = project.finish("two");

    assert_eq!(done.completed_above, ["whole"]);
    let event = project.last_event("whole");
    assert_eq!(event["cause"], "rollup");
    assert_eq!(event["reason"], "the last of the tasks in it has ended");
    assert_eq!(event.get("worker_id"), None);
}

#[test]
fn completion_rolls_up_through_all_levels_and_frees_what_waits() {
    let project = Project::new();
    project.has(["all", "whole", "part", "after"]);
    project.inside("all", ["whole"]).inside("whole", ["part"]).linked("all", "after");

    let done = project.finish("part");

    assert_eq!(done.completed_above, ["whole", "all"]);
    assert_eq!(done.unblocked, ["after"]);
}

#[test]
fn a_container_stays_open_while_a_task_in_it_has_failed() {
    let project = Project::new();
    project.has(["whole", "one", "two"]).inside("whole", ["one", "two"]).claim("ann", "one");
    let _ = project.moves("ann", "one", "failed");

    assert!(project.finish("two").completed_above.is_empty());
    assert_eq!(project.status("whole"), "pending");
}

#[test]
fn a_container_does_not_complete_itself_if_all_in_it_was_cancelled() {
    let project = Project::new();
    project.has(["whole", "one", "two"]).inside("whole", ["one", "two"]);
    let _ = project.moves("ann", "one", "cancelled");

    assert!(project.moves("ann", "two", "cancelled").completed_above.is_empty());
    assert_eq!(project.ready(), ["whole"]);
}

#[test]
fn a_container_that_somebody_holds_is_for_them_to_complete() {
    let project = Project::new();
    project.has(["whole"]).claim("bob", "whole");
    project.has_one("part", json!({ "parent": "whole" }));

    assert!(project.finish("part").completed_above.is_empty());
    assert_eq!(project.finish("whole").completed_above, [""; 0]);
}

#[test]
fn rollup_can_be_turned_off() {
    let project = Project::with(|config| config.auto_advance.rollup = false);
    project.has(["whole", "part"]).inside("whole", ["part"]);

    assert!(project.finish("part").completed_above.is_empty());
    assert_eq!(project.ready(), ["whole"]);
}

#[test]
fn what_is_freed_moves_on_where_the_project_wants_that() {
    let project = Project::with(|config| {
        config.auto_advance.target_state = Some("assigned".parse().unwrap());
    });
    project.has(["first", "second"]).linked("first", "second");

    let done = project.finish("first");

    assert_eq!(done.auto_advanced, ["second"]);
    let event = project.last_event("second");
    assert_eq!(event["cause"], "auto_advance");
    assert_eq!(event["after"], json!({ "status": "assigned" }));
    assert_eq!(project.ready(), ["second"]);
}

#[test]
fn moving_on_cascades() {
    let project = Project::with(|config| {
        config.auto_advance.target_state = Some("cancelled".parse().unwrap());
    });
    project.has(["a", "b", "c", "d"]).linked("a", "b").linked("b", "c").linked("c", "d");

    let done = project.finish("a");

    assert_eq!(done.auto_advanced, ["b", "c", "d"]);
}

#[test]
fn an_end_may_wait_for_another_end() {
    let awaits = EdgeRule { shape: Shape::Horizontal, holds: Some(Holds::Completion) };
    let project = Project::with(|config| {
        config.edges.0.insert("awaits".parse().unwrap(), awaits);
    });
    project.has(["review", "release"]).claim("ann", "release");
    project.does("link", json!({ "from": "review", "to": "release", "type": "awaits" }));

    let asked = json!({ "worker_id": "ann", "task": "release", "status": "completed" });
    let refused = project.refusal("update", asked.clone());

    assert_eq!(refused.code, "ends_too_soon");
    assert_eq!(refused.details["blockers"], json!([{ "id": "review", "status": "pending" }]));
    let _ = project.finish("review");
    assert_eq!(project.answer("update", asked)["status"], "completed");
}

#[test]
fn finishing_and_taking_the_next_is_one_call() {
    let project = Project::new();
    project.has(["one", "two"]).claim("ann", "one");

    let asked = json!({ "worker_id": "ann", "task": "one", "status": "completed", "next": true });
    let done = project.answer("update", asked);

    assert_eq!(done["next"]["id"], "two");
    assert_eq!(done["next"]["attempt"], 1);
    assert_eq!(project.task("two")["worker_id"], "ann");
}

#[test]
fn the_next_may_be_the_one_that_was_freed() {
    let project = Project::new();
    project.has(["one", "two"]).linked("one", "two").claim("ann", "one");

    let asked = json!({ "worker_id": "ann", "task": "one", "status": "completed", "next": true });

    assert_eq!(project.answer("update", asked)["next"]["id"], "two");
}

#[test]
fn with_nothing_ready_the_next_is_null() {
    let project = Project::new();
    project.has(["one"]).claim("ann", "one");

    let asked = json!({ "worker_id": "ann", "task": "one", "status": "completed", "next": true });
    let done = project.answer("update", asked);

    assert_eq!(done.get("next"), Some(&Value::Null));
}

#[test]
fn who_is_at_the_limit_finishes_without_a_next() {
    let project = Project::new();
    project.has(["one", "two", "three"]).worker("ann", json!({ "max_claims": 1 }));
    project.claim("ann", "one");
    project.does("claim", json!({ "worker_id": "ann", "task": "two", "force": true }));

    let asked = json!({ "worker_id": "ann", "task": "one", "status": "completed", "next": true });
    let done = project.answer("update", asked);

    assert_eq!(done["status"], "completed");
    assert_eq!(done["next"], Value::Null);
    assert_eq!(done["notices"], json!(["worker `ann` holds 1 and may hold 1"]));
}

#[test]
fn edits_say_what_changed_and_are_recorded() {
    let project = Project::new();
    project.has_one("api", json!({ "description": "old", "tags": ["a"] }));

    let asked = json!({
        "worker_id": "ann", "task": "api", "title": "New", "description": "", "priority": 5,
        "phase": "build", "tags": ["b"], "needed_tags": ["c"], "wanted_tags": ["d"],
        "points": 3, "time_estimate_ms": 1000,
    });
    let edited = project.answer("update", asked);

    let changed =
        ["title", "description", "phase", "points", "time_estimate_ms", "tags", "needed_tags", "wanted_tags"];
    assert_eq!(edited["changed"], json!(changed));
    let task = project.task("api");
    assert_eq!(task["title"], "New");
    assert_eq!(task.get("description"), None);
    assert_eq!(task["tags"], json!(["b"]));
    let event = project.last_event("api");
    assert_eq!(event["before"]["title"], "api");
    assert_eq!(event["after"]["title"], "New");
    assert_eq!(event["worker_id"], "ann");
}

#[test]
fn an_edit_to_the_same_is_none() {
    let project = Project::new();
    project.has(["api"]);

    let asked = json!({ "worker_id": "ann", "task": "api", "title": "api", "tags": [] });
    let edited = project.answer("update", asked);

    assert_eq!(edited, json!({ "id": "api", "status": "pending" }));
}

#[test]
fn a_change_of_tags_changes_who_may_claim() {
    let project = Project::new();
    project.has(["page"]);

    project.does("update", json!({ "worker_id": "ann", "task": "page", "needed_tags": ["css"] }));

    let refused = project.refusal("claim", json!({ "worker_id": "bob", "task": "page" }));
    assert_eq!(refused.code, "lacks_tags");
}

#[test]
fn a_change_of_tags_counts_for_a_start_in_the_same_call() {
    let project = Project::new();
    project.has(["page"]);
    let start = |tags: &[&str]| json!({ "worker_id": "ann", "task": "page", "needed_tags": tags, "status": "working" });

    assert_eq!(project.refusal("update", start(&["css"])).code, "lacks_tags");
    project.does("update", json!({ "worker_id": "ann", "task": "page", "needed_tags": ["css"] }));
    assert_eq!(project.answer("update", start(&[]))["status"], "working");
}

#[test]
fn titles_and_texts_have_limits() {
    let project = Project::with(|config| config.limits.text_bytes = 10);
    project.has(["api"]);
    let long = "x".repeat(501);
    let big = "x".repeat(11);

    for change in [
        json!({ "title": long }),
        json!({ "title": " " }),
        json!({ "title": "two\nlines" }),
        json!({ "description": big }),
        json!({ "priority": 11 }),
        json!({ "priority": -1 }),
        json!({ "attachments": [{ "type": "note", "content": big }] }),
        json!({ "attachments": [{ "type": "", "content": "x" }] }),
        json!({ "attachments": [{ "type": "note", "content": "" }] }),
        json!({ "attachments": [{ "type": "note" }] }),
        json!({ "attachments": [{ "type": "note", "content": "x", "mime": "text" }] }),
        json!({ "attachments": [{ "type": "note", "content": "x", "name": "x".repeat(256) }] }),
    ] {
        let mut asked = change.clone();
        asked["worker_id"] = "ann".into();
        asked["task"] = "api".into();

        assert_eq!(project.refusal("update", asked).code, "input", "{change}");
    }
}

#[test]
fn attachments_are_kept_with_their_attempt() {
    let project = Project::new();
    project.has(["api"]).claim("ann", "api");

    let evidence = json!([
        { "type": "result", "content": "42" },
        { "type": "result", "content": "{}", "name": "out", "mode": "append" },
    ]);
    let asked = json!({
        "worker_id": "ann", "task": "api", "status": "completed", "attachments": evidence,
    });
    let done = project.answer("update", asked);

    assert_eq!(done["attached"], json!(["result#0", "result#1"]));
    let attached = &project.task("api")["attachments"];
    assert_eq!(attached[0]["attempt"], 1);
    assert_eq!(attached[0]["worker_id"], "ann");
    assert_eq!(attached[1]["name"], "out");
    assert_eq!(attached[1]["bytes"], 2);
}

#[test]
fn an_attachment_can_replace_those_of_its_type() {
    let project = Project::new();
    project.has(["api"]);
    let attach = |content: &str, mode: &str| {
        let evidence = json!([{ "type": "note", "content": content, "mode": mode }]);
        project.does("update", json!({ "worker_id": "ann", "task": "api", "attachments": evidence }));
    };

    attach("one", "append");
    attach("two", "append");
    attach("three", "replace");

    let kept = project.rows("select content from attachments");
    assert_eq!(kept.len(), 1);
    assert_eq!(kept[0]["content"], "three");
}

#[test]
fn a_refused_update_leaves_no_attachment() {
    let project = Project::new();
    project.has(["api"]);

    let asked = json!({
        "worker_id": "ann", "task": "api", "status": "completed",
        "attachments": [{ "type": "note", "content": "hello", "mode": "replace" }],
    });

    assert_eq!(project.refusal("update", asked).code, "no_exit");
}

#[test]
fn a_refused_update_leaves_no_file() {
    let project = Project::new();
    project.has(["api"]);

    let bytes = json!({ "type": "log", "content": "hello", "store_as_file": true });
    let asked = |more: Value| json!({ "worker_id": "ann", "task": "api", "status": "completed", "attachments": [bytes, more] });
    let by_rule = project.refusal("update", asked(json!({ "type": "note", "content": "x" })));
    let unreadable = project.refusal("update", asked(json!({ "type": "note", "content": "" })));

    assert_eq!((by_rule.code.as_str(), unreadable.code.as_str()), ("no_exit", "input"));
    assert_eq!(project.media(), [b""; 0]);
}

#[test]
fn an_update_attaches_whatever_attach_does() {
    let project = Project::new();
    project.has(["api"]).writes("a.rs", "x").claim("ann", "api");

    let evidence = json!([
        { "type": "log", "content": "YWJj", "mime": "image/png" },
        { "type": "output", "file": "a.rs" },
        { "type": "plan", "content": "one" },
        { "type": "plan", "content": "two" },
        { "type": "odd", "content": "x" },
    ]);
    let asked = json!({ "worker_id": "ann", "task": "api", "attachments": evidence });
    let done = project.answer("update", asked);

    assert_eq!(done["attached"], json!(["log#0", "output#0", "plan#0", "plan#1", "odd#0"]));
    assert_eq!(done["notices"], json!(["the project does not know attachments of type `odd`"]));
    assert_eq!(project.media(), [b"abc"]);
    let plans = project.rows("select content from attachments where attachment_type = 'plan'");
    assert_eq!(json!(plans), json!([{ "content": "two" }]));
}

#[test]
fn the_bytes_of_a_late_result_are_kept() {
    let mut project = Project::new();
    project.has(["api"]).claim("ann", "api");
    project.at("12:06").worker("bob", json!({})).claim("bob", "api");

    let asked = json!({
        "worker_id": "ann", "task": "api", "status": "completed", "attempt": 1,
        "attachments": [{ "type": "result", "content": "42", "store_as_file": true }],
    });
    let refused = project.call("update", asked).unwrap_err();

    assert_eq!(refused.code, "fenced");
    assert_eq!(project.media(), [b"42"]);
}

#[test]
fn the_late_result_of_a_lost_worker_counts_if_nobody_took_the_task() {
    let mut project = Project::new();
    project.has(["api"]).claim("ann", "api");
    project.at("12:06").does("cleanup_stale", json!({}));
    assert_eq!(project.status("api"), "pending");

    let asked = json!({
        "worker_id": "ann", "task": "api", "status": "completed", "attempt": 1,
        "attachments": [{ "type": "result", "content": "42" }],
    });
    let done = project.answer("update", asked);

    assert_eq!(done["status"], "completed");
    let history = project.answer("task_history", json!({ "task": "api" }));
    assert_eq!(history["attempts_total"], 1);
    assert_eq!(history["attempts"][0]["outcome"], "ended");
    assert_eq!(project.task("api")["attachments"][0]["attempt"], 1);
}

#[test]
fn the_late_result_of_a_lost_worker_is_kept_if_somebody_took_the_task() {
    for attempt in [json!(1), Value::Null] {
        let mut project = Project::new();
        project.has(["api"]).claim("ann", "api");
        project.at("12:06").worker("bob", json!({})).claim("bob", "api");

        let asked = json!({
            "worker_id": "ann", "task": "api", "status": "completed", "attempt": attempt,
            "reason": "it was easy", "attachments": [{ "type": "result", "content": "42" }],
        });
        let refused = project.call("update", asked).unwrap_err();

        assert_eq!(refused.code, "fenced");
        assert_eq!(*refused.details, json!({ "task": "api", "attempt": 2, "holder": "bob" }));
        let kept =
            project.rows("select attachment_type, content, attempt, worker_id from attachments order by 1");
        let told = json!({ "status": "completed", "reason": "it was easy" }).to_string();
        assert_eq!(
            json!(kept),
            json!([
                { "attachment_type": "late-result", "content": told, "attempt": 1, "worker_id": "ann" },
                { "attachment_type": "result", "content": "42", "attempt": 1, "worker_id": "ann" },
            ])
        );
        let task = project.task("api");
        assert_eq!((&task["status"], &task["worker_id"]), (&json!("working"), &json!("bob")));
    }
}

#[test]
fn an_old_attempt_is_fenced_even_after_its_follower_ended() {
    let mut project = Project::new();
    project.has(["api"]).claim("ann", "api");
    project.at("12:06").worker("bob", json!({})).claim("bob", "api");
    let _ = project.moves("bob", "api", "pending");

    let asked = json!({ "worker_id": "ann", "task": "api", "status": "completed", "attempt": 1 });

    assert_eq!(project.call("update", asked).unwrap_err().code, "fenced");
}

#[test]
fn a_deleted_task_cannot_be_changed() {
    let project = Project::new();
    project.has(["api"]).does("delete", json!({ "worker_id": "ann", "task": "api" }));

    let asked = json!({ "worker_id": "ann", "task": "api", "title": "New", "force": true });

    assert_eq!(project.refusal("update", asked).code, "deleted");
}

#[test]
fn time_is_counted_per_attempt() {
    let mut project = Project::new();
    project.has(["api", "docs"]).claim("ann", "api");
    project.at("12:02").claim("bob", "docs");
    let _ = project.at("12:03").moves("ann", "api", "pending");
    project.at("12:04").claim("bob", "api");
    let _ = project.moves("bob", "docs", "completed");
    let _ = project.at("12:05").moves("bob", "api", "completed");

    let history = project.answer("task_history", json!({ "task": "api" }));

    assert_eq!(history["time_per_worker_ms"], json!({ "ann": 180_000, "bob": 60_000 }));
    assert_eq!(history["time_actual_ms"], 240_000);
    assert_eq!(project.task("docs")["time_actual_ms"], 120_000);
}

#[test]
fn the_clock_of_a_dead_worker_stops_at_its_last_sign_of_life() {
    let mut project = Project::new();
    project.has(["api"]).claim("ann", "api");
    project.at("12:02").does("thinking", json!({ "worker_id": "ann", "thought": "hm" }));

    project.at("13:00").does("cleanup_stale", json!({}));

    assert_eq!(project.task("api")["time_actual_ms"], 120_000);
    project.at("14:00").worker("bob", json!({})).claim("bob", "api");
    let _ = project.at("14:01").moves("bob", "api", "completed");
    assert_eq!(project.task("api")["time_actual_ms"], 180_000);
}

#[test]
fn the_files_of_a_task_can_be_changed() {
    let project = Project::new();
    project.has_one("api", json!({ "files": ["src/a.rs", "./src//a.rs"] }));
    assert_eq!(project.task("api")["files"], json!(["src/a.rs"]));

    let update = |files: Value| json!({ "worker_id": "ann", "task": "api", "files": files });
    let changed = project.answer("update", update(json!(["src/b.rs", "src/a.rs"])));
    let same = project.answer("update", update(json!(["src/a.rs", "src/b.rs"])));

    assert_eq!(changed["changed"], json!(["files"]));
    assert_eq!(same.get("changed"), None);
    assert_eq!(project.task("api")["files"], json!(["src/a.rs", "src/b.rs"]));
    project.does("update", update(json!([])));
    assert_eq!(project.task("api").get("files"), None);
    assert_eq!(project.last_event("api")["after"], json!({ "files": [] }));
}
