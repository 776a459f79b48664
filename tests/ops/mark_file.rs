//! `mark_file`: say that one works on files, or learn who does.

use serde_json::{Value, json};
use task_graph::domain::MarkPath;

use crate::support::agent::Agent;
use crate::support::command::program;
use crate::support::dice::Dice;
use crate::support::project::Project;
use crate::support::team::Team;

fn mark(worker: &str, file: impl Into<Value>) -> Value {
    json!({ "worker_id": worker, "file": file.into() })
}

/// Returns what the feed tells of marks, oldest first: what, file, whose, why.
fn story(project: &Project) -> Vec<String> {
    let rows =
        project.rows("select event, file_path, agent_id, reason, cause from claim_sequence order by id");
    let told = rows.iter().map(|row| {
        let words = ["event", "file_path", "agent_id", "reason", "cause"];
        words.map(|word| row[word].as_str().unwrap_or("-")).join(" ")
    });
    told.collect()
}

#[test]
fn a_claim_and_its_release_know_each_other() {
    let mut project = Project::new();
    project.does("mark_file", mark("ann", "a")).does("mark_file", mark("bob", "a"));
    project.at("12:01").does("unmark_file", mark("ann", "a"));
    project.does("mark_file", mark("ann", "a"));

    let told = project.rows(
        "select event, end_timestamp - timestamp as lasted, claim_id - min(id) over () as of_first
        from claim_sequence order by id",
    );

    let story: Vec<_> =
        told.iter().map(|row| json!([row["event"], row["lasted"], row["of_first"]])).collect();
    let claimed = json!(["claimed", 60_000, null]);
    let expected = [
        claimed,
        json!(["wanted", null, null]),
        json!(["released", null, 0]),
        json!(["claimed", null, null]),
    ];
    assert_eq!(story, expected);
}

#[test]
fn a_free_file_is_marked() {
    let project = Project::new();

    let asked = json!({ "worker_id": "ann", "file": "src/main.rs", "reason": "refactoring auth" });
    let marked = project.answer("mark_file", asked);

    assert_eq!(marked, json!({ "marked": ["src/main.rs"] }));
    assert_eq!(story(&project), ["claimed src/main.rs ann refactoring auth mark_file"]);
}

#[test]
fn who_comes_second_learns_who_was_first_and_is_noted() {
    let mut project = Project::new();
    project.has(["auth"]);
    let asked = json!({ "worker_id": "ann", "file": "src/main.rs", "reason": "refactoring", "task": "auth" });
    project.does("mark_file", asked);

    let answer = project.at("12:03").answer("mark_file", mark("bob", ["src/main.rs", "src/b.rs"]));

    assert_eq!(answer["marked"], json!(["src/b.rs"]));
    let conflict = json!({
        "file": "src/main.rs", "worker_id": "ann", "reason": "refactoring", "task": "auth", "for_minutes": 3,
    });
    assert_eq!(answer["conflicts"], json!([conflict]));
    assert!(answer["next"].is_string());
    let listed = project.answer("list_marks", json!({ "files": "src/main.rs" }));
    assert_eq!(listed["marks"][0]["wanted_by"], json!(["bob"]));
    assert!(story(&project).contains(&"wanted src/main.rs bob - mark_file".to_owned()));
}

#[test]
fn a_pattern_keeps_others_from_what_it_stands_for() {
    let project = Project::new();
    project.does("mark_file", mark("ann", "src/db/**"));

    let inside = project.answer("mark_file", mark("bob", "src/db/pool.rs"));
    let across = project.answer("mark_file", mark("bob", "**/*.rs"));
    let beside = project.answer("mark_file", mark("bob", "src/dbx/pool.rs"));

    assert_eq!(inside["conflicts"][0]["marked_as"], "src/db/**");
    assert_eq!(across["conflicts"][0]["worker_id"], "ann");
    assert_eq!(beside["marked"], json!(["src/dbx/pool.rs"]));
}

#[test]
fn a_file_keeps_others_from_patterns_that_stand_for_it() {
    let project = Project::new();
    project.does("mark_file", mark("ann", ["src/db/pool.rs", "web/app/x.css"]));

    for (pattern, is_free) in [
        ("src/**", false),
        ("src/db/*.rs", false),
        ("src/*.rs", true),
        ("**/x.css", false),
        ("{docs,web}/*", true),
    ] {
        let answer = project.answer("mark_file", mark("bob", pattern));
        assert_eq!(answer.get("conflicts").is_none(), is_free, "{pattern}: {answer}");
        project.does("unmark_file", mark("bob", "*"));
    }
}

#[test]
fn one_keeps_nobody_from_ones_own() {
    let project = Project::new();
    project.does("mark_file", mark("ann", "src/**"));

    let answer = project.answer("mark_file", mark("ann", "src/a.rs"));

    assert_eq!(answer, json!({ "marked": ["src/a.rs"] }));
}

#[test]
fn marking_again_says_what_one_does_now_without_an_event() {
    let project = Project::new();
    project.does("mark_file", json!({ "worker_id": "ann", "file": "a", "reason": "reading" }));

    project.does("mark_file", json!({ "worker_id": "ann", "file": "a", "reason": "writing" }));
    project.does("mark_file", mark("ann", "a"));

    assert_eq!(project.answer("list_marks", json!({}))["marks"][0]["reason"], "writing");
    assert_eq!(story(&project).len(), 1);
}

#[test]
fn wanting_again_is_no_event() {
    let project = Project::new();
    project.does("mark_file", mark("ann", "a"));

    project.does("mark_file", mark("bob", "a")).does("mark_file", mark("bob", "a"));

    assert_eq!(story(&project), ["claimed a ann - mark_file", "wanted a bob - mark_file"]);
}

#[test]
fn who_waited_gets_it_when_it_is_free() {
    let project = Project::new();
    project.does("mark_file", mark("ann", "a")).does("mark_file", mark("bob", "a"));
    project.does("unmark_file", mark("ann", "a"));

    let answer = project.answer("mark_file", mark("bob", "a"));

    assert_eq!(answer["marked"], json!(["a"]));
    assert_eq!(project.rows("select * from file_wants").len(), 0);
}

#[test]
fn exclusive_names_are_taken_all_or_none() {
    let project = Project::new();
    project.does("mark_file", json!({ "worker_id": "ann", "file": "lock:deploy", "reason": "release 2" }));

    let refused = project.refusal("mark_file", mark("bob", ["lock:build", "lock:deploy", "src/a.rs"]));

    assert_eq!(refused.code, "lock_conflict");
    assert_eq!(refused.message, "`lock:deploy` is held by `ann`: release 2");
    assert_eq!(refused.details["holder"], "ann");
    assert_eq!(refused.details["reason"], "release 2");
    assert_eq!(refused.details["for_minutes"], 0);
}

#[test]
fn what_is_marked_for_a_task_ends_with_it() {
    let project = Project::new();
    project.has(["api", "other"]).claim("ann", "api");
    project.does("mark_file", json!({ "worker_id": "ann", "file": ["a", "lock:b"], "task": "api" }));
    project.does("mark_file", mark("ann", "c"));

    let _ = project.finish("api");

    let left = project.answer("list_marks", json!({}));
    assert_eq!((&left["total"], &left["marks"][0]["file"]), (&json!(1), &json!("c")));
    let story = story(&project);
    assert!(story.contains(&"released a ann - task".to_owned()), "{story:?}");
}

#[test]
fn what_is_marked_for_a_task_goes_with_the_one_who_gives_it_back_or_loses_it() {
    let project = Project::new();
    project.has(["api", "web"]).claim("ann", "api");
    project.claim("ann", "web");
    project.does("mark_file", json!({ "worker_id": "ann", "file": "a", "task": "api" }));
    project.does("mark_file", json!({ "worker_id": "ann", "file": "w", "task": "web" }));
    project.does("mark_file", json!({ "worker_id": "bob", "file": "b", "task": "api" }));

    let _ = project.moves("ann", "api", "pending");
    project.does("claim", json!({ "worker_id": "bob", "task": "web", "force": true }));

    let left = project.answer("list_marks", json!({}));
    assert_eq!((&left["total"], &left["marks"][0]["file"]), (&json!(1), &json!("b")));
}

#[test]
fn a_deleted_task_keeps_no_marks() {
    let project = Project::new();
    project.has(["api"]);
    project.does("mark_file", json!({ "worker_id": "ann", "file": "a", "task": "api" }));

    project.does("delete", json!({ "worker_id": "ann", "task": "api" }));

    assert_eq!(project.answer("list_marks", json!({}))["total"], 0);
}

#[test]
fn a_renamed_task_keeps_its_marks_and_files() {
    let project = Project::new();
    project.has_one("api", json!({ "files": ["a"] }));
    project.does("mark_file", json!({ "worker_id": "ann", "file": "a", "task": "api" }));
    project.does("mark_file", json!({ "worker_id": "bob", "file": "a", "task": "api" }));

    project.does("rename", json!({ "task": "api", "new_id": "new" }));

    assert_eq!(project.answer("list_marks", json!({ "task": "new" }))["total"], 1);
    assert_eq!(project.task("new")["files"], json!(["a"]));
    assert_eq!(project.rows("select * from file_wants where task_id = 'new'").len(), 1);
    assert_eq!(project.rows("select * from claim_sequence where task_id = 'new'").len(), 2);
}

#[test]
fn an_obliterated_task_leaves_nothing_dangling() {
    let project = Project::new();
    project.has_one("api", json!({ "files": ["a"] }));
    project.does("mark_file", json!({ "worker_id": "ann", "file": "a", "task": "api" }));

    project.does("delete", json!({ "worker_id": "ann", "task": "api", "obliterate": true }));

    assert_eq!(project.rows("pragma foreign_key_check").len(), 0);
    assert_eq!(project.rows("select * from task_files").len(), 0);
}

#[test]
fn what_a_dead_worker_had_marked_is_free() {
    let mut project = Project::new();
    project.does("mark_file", mark("ann", ["a", "lock:b"])).does("mark_file", mark("bob", "c"));
    project.does("mark_file", mark("ann", "c"));

    let answer = project.at("12:06").answer("mark_file", mark("bob", ["a", "lock:b"]));

    assert_eq!(answer["marked"], json!(["a", "lock:b"]));
    let story = story(&project);
    for told in ["released a", "released lock:b", "withdrawn c"] {
        let told = format!("{told} ann it gave no sign of life for 360 s expired");
        assert!(story.contains(&told), "{story:?}");
    }
}

#[test]
fn a_task_that_has_ended_takes_no_marks() {
    let project = Project::new();
    project.has(["done", "gone"]).does("delete", json!({ "worker_id": "ann", "task": "gone" }));
    let _ = project.finish("done");
    let asked = |task: &str| json!({ "worker_id": "ann", "file": "a", "task": task });

    assert_eq!(project.refusal("mark_file", asked("done")).code, "ended");
    assert_eq!(project.refusal("mark_file", asked("gone")).code, "deleted");
    assert_eq!(project.refusal("mark_file", asked("nowhere")).code, "not_found");
}

#[test]
fn what_is_no_file_is_refused() {
    let project = Project::new();

    for bad in [json!(""), json!("a\nb"), json!("../x"), json!("x".repeat(600)), json!(7)] {
        assert_eq!(project.refusal("mark_file", mark("ann", bad.clone())).code, "input", "{bad}");
    }
    let many: Vec<String> = (0..101).map(|n| format!("f{n}")).collect();
    assert_eq!(project.refusal("mark_file", mark("ann", many)).code, "input");
    assert_eq!(project.refusal("mark_file", mark("eve", "a")).code, "not_found");
}

/// The store looks where an overlap can be; this looks everywhere.
#[test]
fn marks_of_two_workers_never_overlap_and_nothing_else_is_refused() {
    const NAMES: [&str; 16] = [
        "a", "a/b", "a/b/c", "a/b/c.rs", "ab/c", "b/c.rs", "a/*", "a/**", "a/b/*.rs", "**/c.rs", "**",
        "*/b/*", "a/?/c", "/a/b", "/a/**", "lock:a",
    ];
    let project = Project::new();
    project.worker("carl", json!({}));
    let mut dice = Dice::new(7);
    let mut model: Vec<(MarkPath, &str)> = Vec::new();

    for _ in 0..400 {
        let worker = *dice.pick(&["ann", "bob", "carl"]);
        let name = *dice.pick(&NAMES);
        let path: MarkPath = name.parse().unwrap();
        if dice.below(3) == 0 {
            project.does("unmark_file", mark(worker, [name]));
            let is_meant = |file: &MarkPath| *file == path || !file.is_pattern() && file.overlaps(&path);
            model.retain(|(file, holder)| *holder != worker || !is_meant(file));
        } else {
            let free = model.iter().all(|(file, holder)| *holder == worker || !file.overlaps(&path));
            let answer = project.call("mark_file", mark(worker, [name]));
            let granted = answer.is_ok_and(|answer| answer["marked"] == json!([name]));
            assert_eq!(granted, free, "{worker} {name} {model:?}");
            if free && !model.iter().any(|(file, _)| *file == path) {
                model.push((path, worker));
            }
        }
    }

    assert!(model.len() > 1);
    assert_eq!(project.rows("select * from file_locks").len(), model.len());
}

#[test]
fn ten_thousand_marks_slow_nobody_down() {
    let project = Project::new();
    for n in 0..100 {
        let files: Vec<String> = (0..100).map(|m| format!("src/f{n}/{m}.rs")).collect();
        project.does("mark_file", mark("ann", files));
    }

    let plan = project.rows(
        "explain query plan select * from file_locks where file_path > 'src/f1/' and file_path < 'src/f10'",
    );
    let stems = project.rows("explain query plan select * from file_locks where stem = 'src'");

    for row in plan.iter().chain(&stems) {
        assert!(row["detail"].as_str().unwrap().starts_with("SEARCH"), "{row:?}");
    }
    assert_eq!(project.answer("mark_file", mark("bob", "src/f7/7.rs"))["conflicts"][0]["worker_id"], "ann");
}

#[cfg(unix)]
#[test]
fn the_same_file_is_one_from_every_worktree_and_through_links() {
    let team = Team::new();
    let folder = team.folder().canonicalize().unwrap();
    let git_folder = folder.join(".git/worktrees/w");
    for path in [&git_folder, &folder.join("src"), &folder.join("trees/w/src")] {
        std::fs::create_dir_all(path).unwrap();
    }
    std::fs::write(git_folder.join("commondir"), "../..\n").unwrap();
    let link = format!("gitdir: {}\n", git_folder.display());
    std::fs::write(folder.join("trees/w/.git"), link).unwrap();
    std::fs::write(folder.join("src/a.rs"), "").unwrap();
    std::os::unix::fs::symlink("src", folder.join("alias")).unwrap();
    let mut ann = team.agent("ann");
    let mut there = program(&folder.join("trees/w"));
    let mut bob = Agent::start_server(there.env("TASK_GRAPH_WORKER_ID", "bob").arg("serve"));
    ann.answer("mark_file", json!({ "file": "src/a.rs", "reason": "mine" }));

    for name in ["src/a.rs", "alias/a.rs", &format!("{}/trees/w/src/a.rs", folder.display())] {
        let answer = bob.answer("mark_file", json!({ "file": name }));
        assert_eq!(answer["conflicts"][0]["file"], "src/a.rs", "{name}: {answer}");
        assert_eq!(answer["conflicts"][0]["reason"], "mine", "{name}");
    }
}
