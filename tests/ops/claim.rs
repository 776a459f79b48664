//! `claim`: take a task and start on it.

use serde_json::json;

use crate::support::project::{Project, ids};

#[test]
fn a_claimed_task_is_held_by_its_worker() {
    let project = Project::new();
    project.has_one("api", json!({ "title": "Write the API", "description": "All of it" }));

    let taken = project.answer("claim", json!({ "worker_id": "ann", "task": "api" }));

    let task = json!({
        "id": "api", "title": "Write the API", "status": "working", "attempt": 1,
        "description": "All of it",
    });
    assert_eq!(taken, json!({ "task": task }));
    assert_eq!(project.task("api")["worker_id"], "ann");
}

#[test]
fn a_held_task_cannot_be_claimed_by_another() {
    let project = Project::new();
    project.has(["api"]).claim("ann", "api");
    project.does("thinking", json!({ "worker_id": "ann", "thought": "almost" }));

    let refused = project.refusal("claim", json!({ "worker_id": "bob", "task": "api" }));

    assert_eq!(refused.code, "held");
    assert_eq!(refused.details["holder"], "ann");
    assert_eq!(refused.details["thought"], "almost");
}

#[test]
fn a_task_that_waits_cannot_be_claimed() {
    let project = Project::new();
    project.has(["schema", "queries"]).linked("schema", "queries");

    let refused = project.refusal("claim", json!({ "worker_id": "ann", "task": "queries" }));

    assert_eq!(refused.code, "blocked");
    assert_eq!(refused.details["blockers"], json!([{ "id": "schema", "status": "pending" }]));
}

#[test]
fn a_task_waits_with_everything_it_is_in() {
    let project = Project::new();
    project.has(["first", "second", "part", "detail"]);
    project.inside("second", ["part"]).inside("part", ["detail"]).linked("first", "second");

    let refused = project.refusal("claim", json!({ "worker_id": "ann", "task": "detail" }));

    assert_eq!(refused.code, "blocked");
    let blocker = json!({ "id": "first", "status": "pending", "above": "second" });
    assert_eq!(refused.details["blockers"], json!([blocker]));
}

#[test]
fn a_failed_task_goes_on_blocking_and_a_cancelled_one_does_not() {
    for (end, code) in [("failed", Some("blocked")), ("cancelled", None)] {
        let project = Project::new();
        project.has(["first", "second"]).linked("first", "second").claim("ann", "first");
        let _ = project.moves("ann", "first", end);

        let answer = project.call("claim", json!({ "worker_id": "bob", "task": "second" }));

        assert_eq!(answer.err().map(|refused| refused.code).as_deref(), code, "{end}");
    }
}

#[test]
fn a_container_is_not_work_itself() {
    let project = Project::new();
    project.has(["whole", "part"]).inside("whole", ["part"]);

    let refused = project.refusal("claim", json!({ "worker_id": "ann", "task": "whole" }));

    assert_eq!(refused.code, "container");
    assert_eq!(refused.details["open"], 1);
}

#[test]
fn a_task_may_need_tags() {
    let project = Project::new();
    project.has_one("page", json!({ "needed_tags": ["css", "html"] }));
    project.worker("bob", json!({ "tags": ["css"] }));

    let refused = project.refusal("claim", json!({ "worker_id": "bob", "task": "page" }));

    assert_eq!(refused.code, "lacks_tags");
    assert_eq!(refused.details["missing"], json!(["html"]));
    project.worker("bob", json!({ "tags": ["css", "html", "sql"] }));
    assert_eq!(project.claim("bob", "page"), 1);
}

#[test]
fn a_task_may_want_any_of_some_tags() {
    let project = Project::new();
    project.has_one("page", json!({ "wanted_tags": ["css", "html"] }));

    let refused = project.refusal("claim", json!({ "worker_id": "bob", "task": "page" }));

    assert_eq!(refused.code, "lacks_tags");
    assert_eq!(refused.details["missing_any_of"], json!(["css", "html"]));
    project.worker("bob", json!({ "tags": ["html"] }));
    assert_eq!(project.claim("bob", "page"), 1);
}

#[test]
fn tags_cannot_be_overridden() {
    let project = Project::new();
    project.has_one("page", json!({ "needed_tags": ["css"] }));

    let asked = json!({ "worker_id": "ann", "task": "page", "force": true });

    assert_eq!(project.refusal("claim", asked).code, "lacks_tags");
}

#[test]
fn a_worker_holds_at_most_as_many_as_it_may() {
    let project = Project::new();
    project.has(["one", "two", "three"]).worker("ann", json!({ "max_claims": 2 }));
    project.claim("ann", "one");
    project.claim("ann", "two");

    let refused = project.refusal("claim", json!({ "worker_id": "ann", "task": "three" }));

    assert_eq!(refused.code, "at_limit");
    assert_eq!(*refused.details, json!({ "limit": 2, "held": 2 }));
}

#[test]
fn who_connects_without_a_number_gets_the_configured_limit() {
    let project = Project::with(|config| config.claim_limit = 1);
    project.has(["one", "two"]).claim("ann", "one");

    let refused = project.refusal("claim", json!({ "worker_id": "ann", "task": "two" }));

    assert_eq!(refused.code, "at_limit");
}

#[test]
fn a_limit_of_0_is_none() {
    let project = Project::with(|config| config.claim_limit = 1);
    project.has(["one", "two"]).worker("ann", json!({ "max_claims": 0 }));
    project.claim("ann", "one");

    assert_eq!(project.claim("ann", "two"), 1);
}

#[test]
fn what_has_ended_cannot_be_claimed() {
    let project = Project::new();
    project.has(["api"]);
    let _ = project.finish("api");

    let refused = project.refusal("claim", json!({ "worker_id": "bob", "task": "api" }));

    assert_eq!(refused.code, "no_exit");
    assert_eq!(refused.details["allowed"], json!([]));
}

#[test]
fn a_deleted_task_cannot_be_claimed_even_by_force() {
    let project = Project::new();
    project.has(["api"]).does("delete", json!({ "worker_id": "ann", "task": "api" }));

    for force in [false, true] {
        let asked = json!({ "worker_id": "ann", "task": "api", "force": force });
        assert_eq!(project.refusal("claim", asked).code, "deleted");
    }
}

#[test]
fn force_takes_a_task_from_its_holder_and_is_recorded() {
    let project = Project::new();
    project.has(["api"]).claim("ann", "api");

    let asked = json!({ "worker_id": "bob", "task": "api", "force": true });
    let taken = project.answer("claim", asked);

    assert_eq!(taken["task"]["attempt"], 2);
    let event = project.last_event("api");
    assert_eq!(event["worker_id"], "bob");
    assert_eq!(event["cause"], "force");
    assert_eq!(event["reason"], "overrode `held`");
    let history = project.answer("task_history", json!({ "task": "api" }));
    assert_eq!(history["attempts"][0]["outcome"], "taken");
}

#[test]
fn force_overrides_what_a_task_waits_for_and_says_so() {
    let project = Project::new();
    project.has(["first", "second", "part"]).linked("first", "second");
    project.inside("second", ["part"]).worker("ann", json!({ "max_claims": 1 }));
    project.claim("ann", "first");

    let asked = json!({ "worker_id": "ann", "task": "second", "force": true });
    project.does("claim", asked);

    let reason = "overrode `container`, `blocked`, `at_limit`";
    assert_eq!(project.last_event("second")["reason"], reason);
}

#[test]
fn claiming_what_i_hold_goes_on_with_it() {
    let project = Project::new();
    project.has(["api"]).claim("ann", "api");

    let again = project.answer("claim", json!({ "worker_id": "ann", "task": "api" }));

    assert_eq!(again["task"]["attempt"], 1);
    assert_eq!(again["task"]["resumed"], true);
}

#[test]
fn without_a_task_it_returns_what_i_hold() {
    let project = Project::new();
    project.has(["one", "two"]).claim("ann", "two");

    let mine = project.answer("claim", json!({ "worker_id": "ann" }));

    assert_eq!(mine["task"]["id"], "two");
    assert_eq!(mine["task"]["resumed"], true);
}

#[test]
fn without_a_task_it_returns_all_that_i_hold() {
    let project = Project::new();
    project.has(["one", "two", "three"]).claim("ann", "two");
    project.claim("ann", "one");

    let mine = project.answer("claim", json!({ "worker_id": "ann" }));

    assert_eq!(ids(&mine["tasks"]), ["one", "two"]);
}

#[test]
fn without_a_task_it_takes_the_best_ready_one() {
    let project = Project::new();
    project.has_one("old", json!({})).has_one("urgent", json!({ "priority": 9 }));
    project.has_one("blocked", json!({ "priority": 10, "blocked_by": "old" }));
    project.has_one("other", json!({ "priority": 10, "needed_tags": ["css"] }));

    let taken = project.answer("claim", json!({ "worker_id": "ann" }));

    assert_eq!(taken["task"]["id"], "urgent");
}

#[test]
fn among_equals_the_oldest_is_taken() {
    let project = Project::new();
    project.has(["z-first", "a-second"]);

    let taken = project.answer("claim", json!({ "worker_id": "ann" }));

    assert_eq!(taken["task"]["id"], "z-first");
}

#[test]
fn the_best_of_several_queues_is_taken() {
    let project = Project::new();
    project.has(["plain"]).has_one("styled", json!({ "needed_tags": ["css"], "priority": 6 }));
    project.has_one("wanted", json!({ "wanted_tags": ["css"], "priority": 7 }));
    project.worker("ann", json!({ "tags": ["css"] }));

    let taken = project.answer("claim", json!({ "worker_id": "ann", "count": 3 }));

    assert_eq!(ids(&taken["tasks"]), ["wanted", "styled", "plain"]);
}

#[test]
fn what_was_given_to_me_comes_first() {
    let project = Project::new();
    project.has_one("urgent", json!({ "priority": 10 })).has(["mine"]);
    project.does("update", json!({ "worker_id": "bob", "task": "mine", "assignee": "ann" }));

    let taken = project.answer("claim", json!({ "worker_id": "ann" }));

    assert_eq!(taken["task"]["id"], "mine");
}

#[test]
fn what_was_given_to_me_and_waits_is_left_for_later() {
    let project = Project::new();
    project.has(["first", "mine"]).linked("first", "mine");
    project.does("update", json!({ "worker_id": "bob", "task": "mine", "assignee": "ann" }));

    let taken = project.answer("claim", json!({ "worker_id": "ann" }));

    assert_eq!(taken["task"]["id"], "first");
}

#[test]
fn several_are_taken_at_once_up_to_the_limit() {
    let project = Project::new();
    project.has(["one", "two", "three", "four"]).worker("ann", json!({ "max_claims": 3 }));

    let taken = project.answer("claim", json!({ "worker_id": "ann", "count": 4 }));

    assert_eq!(ids(&taken["tasks"]), ["one", "two", "three"]);
}

#[test]
fn who_may_hold_no_more_is_told_so_when_asking_for_new_ones() {
    let project = Project::new();
    project.has(["one", "two"]).worker("ann", json!({ "max_claims": 1 }));
    project.claim("ann", "one");

    let refused = project.refusal("claim", json!({ "worker_id": "ann", "count": 1 }));

    assert_eq!(refused.code, "at_limit");
}

#[test]
fn too_many_at_once_are_refused() {
    let project = Project::new();

    let refused = project.refusal("claim", json!({ "worker_id": "ann", "count": 21 }));

    assert_eq!(refused.code, "input");
}

#[test]
fn with_nothing_ready_it_says_why() {
    let project = Project::new();
    project.has(["first", "second"]).linked("first", "second").claim("bob", "first");
    project.has_one("styled", json!({ "needed_tags": ["css"] }));

    let nothing = project.answer("claim", json!({ "worker_id": "ann" }));

    assert_eq!(nothing["task"], json!(null));
    let why = "nothing is ready for you: 1 blocked, 1 ready only for workers with other tags, 1 held";
    assert_eq!(nothing["why"], why);
}

#[test]
fn with_everything_ended_it_says_so() {
    let project = Project::new();
    project.has(["api"]);
    let _ = project.finish("api");

    let nothing = project.answer("claim", json!({ "worker_id": "ann" }));

    assert_eq!(nothing["why"], "no task is open");
}

#[test]
fn each_claim_has_the_next_number() {
    let project = Project::new();
    project.has(["api"]);

    let numbers: Vec<i64> = ["ann", "bob", "ann"]
        .map(|worker| {
            let number = project.claim(worker, "api");
            let _ = project.moves(worker, "api", "pending");
            number
        })
        .into();

    assert_eq!(numbers, [1, 2, 3]);
}

#[test]
fn a_task_of_a_dead_worker_can_be_claimed_at_once() {
    let mut project = Project::new();
    project.has(["api"]).claim("ann", "api");

    project.at("12:06").worker("bob", json!({}));

    assert_eq!(project.claim("bob", "api"), 2);
}

#[test]
fn a_task_that_is_not_there_is_named() {
    let project = Project::new();
    project.has(["login-form"]);

    let refused = project.refusal("claim", json!({ "worker_id": "ann", "task": "login-page" }));

    assert_eq!(refused.code, "not_found");
    assert_eq!(refused.details["near"], json!(["login-form"]));
}

#[test]
fn a_claim_marks_files_for_its_task() {
    let project = Project::new();
    project.has_one("api", json!({ "files": ["src/api/**"] }));
    project.does("mark_file", json!({ "worker_id": "bob", "file": "src/b.rs", "reason": "mine" }));

    let asked = json!({ "worker_id": "ann", "task": "api", "files": ["src/a.rs", "src/b.rs"] });
    let taken = project.answer("claim", asked);

    assert_eq!(taken["marked"], json!(["src/api/**", "src/a.rs"]));
    assert_eq!(taken["conflicts"][0]["worker_id"], "bob");
    assert_eq!(taken["conflicts"][0]["reason"], "mine");
    let _ = project.finish("api");
    assert_eq!(project.answer("list_marks", json!({}))["total"], 1);
}

#[test]
fn what_one_holds_already_can_be_given_files() {
    let project = Project::new();
    project.has(["one", "two"]).claim("ann", "one");

    let again = project.answer("claim", json!({ "worker_id": "ann", "files": "a" }));
    project.claim("ann", "two");
    let several = project.answer("claim", json!({ "worker_id": "ann", "files": "b" }));

    assert_eq!(again["marked"], json!(["a"]));
    assert_eq!(several["notices"].as_array().map(Vec::len), Some(1));
    assert_eq!(project.answer("list_marks", json!({ "task": "one" }))["total"], 1);
}

#[test]
fn an_exclusive_name_that_is_held_keeps_from_the_claim() {
    let project = Project::new();
    project.has(["api"]);
    project.does("mark_file", json!({ "worker_id": "bob", "file": "lock:db" }));

    let asked = json!({ "worker_id": "ann", "task": "api", "files": ["a", "lock:db"] });
    let refused = project.refusal("claim", asked);

    assert_eq!(refused.code, "lock_conflict");
}

#[test]
fn work_whose_files_others_have_is_passed_over() {
    let project = Project::new();
    project.has_one("first", json!({ "files": ["src/**"], "priority": 9 }));
    project.has_one("second", json!({ "files": ["web/**"] })).has(["third"]);
    project.does("mark_file", json!({ "worker_id": "bob", "file": ["src/a.rs", "web/x"] }));

    let best = project.answer("explain", json!({ "worker_id": "ann" }));
    let taken = project.answer("claim", json!({ "worker_id": "ann" }));
    let own = project.answer("claim", json!({ "worker_id": "bob" }));

    assert_eq!(best["best"]["id"], "third");
    assert_eq!(taken["task"]["id"], "third");
    assert_eq!(own["task"]["id"], "first");
}

#[test]
fn if_the_files_of_all_are_taken_the_first_is_taken_anyway() {
    let project = Project::new();
    for n in 0..12 {
        project.has_one(&format!("t{n:02}"), json!({ "files": ["src/**"] }));
    }
    project.has(["free"]);
    project.does("mark_file", json!({ "worker_id": "bob", "file": "src/a.rs" }));

    let taken = project.answer("claim", json!({ "worker_id": "ann" }));

    assert_eq!(taken["task"]["id"], "t00", "nobody looks through a whole queue");
    assert_eq!(taken["conflicts"][0]["worker_id"], "bob");
    assert_eq!(project.answer("list_marks", json!({}))["marks"][0]["wanted_by"], json!(["ann"]));
}

#[test]
fn several_at_once_are_told_of_conflicts_beside_the_answer() {
    let project = Project::new();
    project.has_one("one", json!({ "files": ["a"] })).has_one("two", json!({ "files": ["b"] }));
    project.does("mark_file", json!({ "worker_id": "bob", "file": "b", "reason": "mine" }));

    let taken = project.answer("claim", json!({ "worker_id": "ann", "count": 2 }));

    let notice = "`b` is marked by `bob` (mine); that you want it is noted";
    assert_eq!(taken["notices"], json!([notice]));
}
