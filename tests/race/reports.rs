//! What many workers report at once.

use serde_json::{Value, json};

use crate::support::team::Team;

#[test]
fn no_report_is_lost() {
    const AGENTS: usize = 8;
    const REPORTS: usize = 300;
    let team = Team::new();
    team.has(&["t"]);
    let mut agents = team.agents(AGENTS);

    // Each sends all it has before it reads an answer.
    for agent in &mut agents {
        for _ in 0..REPORTS {
            agent
                .start("log_metrics", json!({ "task": "t", "cost_usd": 0.000001, "values": { "calls": 1 } }));
        }
    }
    for agent in &mut agents {
        for _ in 0..REPORTS {
            agent.finish().unwrap();
        }
    }

    let all = AGENTS * REPORTS;
    let of_task = team.server().answer("get_metrics", json!({ "task": "t" }));
    assert_eq!(of_task["cost_usd"].to_string(), "0.0024");
    assert_eq!(of_task["metrics"]["calls"], all);
    let of_all = team.server().answer("get_metrics", json!({ "by": "worker" }));
    assert_eq!(of_all["metrics"]["calls"], all);
    assert_eq!(of_all["groups_total"], AGENTS);
    assert_eq!(team.rows("select count(*) from metrics"), [[Value::from(all)]]);
    team.check();
}

#[test]
fn a_file_that_something_refers_to_is_never_swept() {
    const ROUNDS: usize = 60;
    let team = Team::new();
    team.has(&["a", "b"]);
    let mut agents = team.agents(4);

    // All attach the same bytes and take them away again, each from one of two tasks.
    for round in 0..ROUNDS {
        for (at, agent) in agents.iter_mut().enumerate() {
            let task = ["a", "b"][at % 2];
            let kind = format!("log{at}");
            match (round + at) % 2 {
                0 => agent.start(
                    "attach",
                    json!({ "task": task, "type": kind, "content": "the same", "store_as_file": true }),
                ),
                _ => agent.start("detach", json!({ "task": task, "type": kind })),
            }
        }
        for agent in &mut agents {
            // There is nothing to take away yet in the first round.
            if let Err(refused) = agent.finish() {
                assert_eq!(refused.code, "input", "{refused:?}");
            }
        }
        let media = team.file().with_file_name("tasks.db-media");
        for row in team.rows("select digest from attachments") {
            let digest = row[0].as_str().unwrap();
            assert!(media.join(&digest[..2]).join(digest).exists(), "round {round}");
        }
    }

    team.check();
}
