//! A process that is killed between its writes, and what the next one finds.

use serde_json::{Value, json};

use crate::support::agent::Agent;
use crate::support::team::Team;

#[test]
fn the_first_look_of_a_new_process_finds_what_a_killed_one_held() {
    let team = Team::new();
    team.has(&["t"]);
    let mut ann = team.agent("ann");
    ann.answer("claim", json!({}));
    ann.kill();

    let taken = team.agent("bob").answer("claim", json!({}));

    assert_eq!((&taken["task"]["id"], &taken["task"]["attempt"]), (&json!("t"), &json!(2)));
    team.check();
}

#[test]
fn whoever_asks_next_gets_what_a_killed_one_held() {
    let questions = [
        json!({ "worker_id": "bob" }),
        json!({ "worker_id": "bob", "task": "t" }),
        json!({ "worker_id": "bob", "task": "t", "request_id": "one" }),
    ];
    for question in questions {
        let team = Team::new();
        team.has(&["t"]);
        let [mut ann, mut bob] = [team.agent("ann"), team.agent("bob")];
        ann.answer("claim", json!({}));
        // He has looked just now.
        bob.answer("claim", json!({}));
        ann.kill();

        let taken = bob.answer("claim", question);

        assert_eq!((&taken["task"]["id"], &taken["task"]["attempt"]), (&json!("t"), &json!(2)));
        let feed = bob.answer("events", json!({ "task": "t" })).to_string();
        assert!(feed.contains(&format!("its process {} is gone", ann.pid())), "{feed}");
        team.check();
    }
}

#[test]
fn whoever_lists_next_sees_what_a_killed_one_held() {
    let team = Team::new();
    team.has(&["t"]);
    let [mut ann, mut bob] = [team.agent("ann"), team.agent("bob")];
    ann.answer("claim", json!({}));
    assert_eq!(bob.answer("list_tasks", json!({ "ready": true }))["total"], 0);
    ann.kill();

    assert_eq!(bob.answer("list_tasks", json!({ "ready": true }))["tasks"][0]["id"], "t");
    team.check();
}

#[test]
fn a_process_that_is_killed_among_thousands_of_writes_leaves_no_half_of_one() {
    const ROUNDS: usize = 12;
    const UNDER_WAY: usize = 60;
    let team = Team::new();
    let mut cut_off = 0;

    for round in 0..ROUNDS {
        let mut agent = team.agent(&format!("w{round}"));
        agent.answer("create", json!({ "title": "One to hold" }));
        agent.answer("claim", json!({}));
        // One write further each time.
        for n in 0..200 + round {
            write(&mut agent, round, n);
            if n >= UNDER_WAY {
                let answer = agent.finish();
                // A call may overtake the one that makes what it is about.
                assert!(answer.is_ok() || answer.is_err_and(|refused| refused.code == "not_found"));
            }
        }
        cut_off += agent.kill().iter().filter(|told| told.is_none()).count();
        team.check();
    }

    assert_ne!(cut_off, 0, "nothing was under way");
    let leaves = team.rows(
        "select count(child.to_task_id)
        from tasks left join dependencies as child on from_task_id = id and vertical = 1
        where id like 'root%' group by id",
    );
    assert!(!leaves.is_empty() && leaves.iter().all(|leaves| leaves[0] == 4), "{leaves:?}");
}

#[test]
fn what_was_answered_before_the_kill_is_there_after_it() {
    let team = Team::new();
    let mut told = Vec::new();

    for round in 0..10 {
        let mut agent = team.agent("ann");
        for n in 0..60 {
            let id = format!("t{round}-{n}");
            agent.start("create", json!({ "id": id, "title": id }));
        }
        agent.finish().unwrap();
        let answers = agent.kill();
        let ids = answers.into_iter().flatten().map(|answer| answer.unwrap()["id"].clone());
        told.extend(ids);
    }

    let there: Vec<Value> = team.rows("select id from tasks").concat();
    assert!(told.iter().all(|id| there.contains(id)), "{told:?} {there:?}");
    team.check();
}

/// Starts one of several kinds of writes, each of which changes many rows.
fn write(agent: &mut Agent, round: usize, n: usize) {
    let root = format!("root{round}-{}", n - n % 3);
    match n % 3 {
        0 => {
            let leaf = |n: usize| json!({ "title": format!("Leaf {n}") });
            let tree = json!({ "id": root, "title": root, "tasks": [leaf(1), leaf(2), leaf(3), leaf(4)] });
            agent.start("create_tree", json!({ "tree": tree, "sibling_type": "follows" }));
        }
        1 => agent.start("thinking", json!({ "thought": format!("write {n}") })),
        _ => agent.start("delete", json!({ "task": root, "cascade": true })),
    }
}

#[test]
fn no_attachment_lacks_its_file_whenever_its_maker_was_killed() {
    let team = Team::new();
    team.has(&["t"]);
    let mut cut_off = 0;

    for round in 0..10 {
        let mut agent = team.agent("ann");
        for n in 0..60 {
            let content = format!("{round}-{n}");
            let kind = format!("log{}", n % 3);
            let asked = match n % 4 {
                3 => json!({ "task": "t", "type": "log*" }),
                _ => json!({ "task": "t", "type": kind, "content": content, "store_as_file": true }),
            };
            agent.start(if n % 4 == 3 { "detach" } else { "attach" }, asked);
        }
        // One answer more is waited for each time.
        for _ in 0..=round {
            let _ = agent.finish();
        }
        cut_off += agent.kill().iter().filter(|told| told.is_none()).count();

        let media = team.file().with_file_name("tasks.db-media");
        for row in team.rows("select digest, bytes from attachments") {
            let digest = row[0].as_str().unwrap();
            let file = std::fs::metadata(media.join(&digest[..2]).join(digest)).unwrap();
            assert_eq!(row[1], file.len(), "round {round}");
        }
        team.check();
    }

    assert_ne!(cut_off, 0, "nothing was under way");
}
