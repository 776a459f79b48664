//! The files of a store: their locks, and their fate under a running server.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::thread::sleep;
use std::time::Duration;

use serde_json::json;
use task_graph::ops::CATALOGUE;

use crate::support::agent::Agent;
use crate::support::team::Team;

/// The thread that watches for commits ends within this time after its last listener.
const END_OF_WATCH: Duration = Duration::from_millis(300);

/// Returns whether a process has the lock by which SQLite knows that the `-shm` of a store is in use.
///
/// Without it another process takes the file for a leftover and cuts it off under its users.
fn holds_the_index(agent: &Agent, store: &Path) -> bool {
    const IN_USE: u64 = 128;
    let index = fs::metadata(store.with_extension("db-shm")).unwrap();
    let (pid, inode) = (agent.pid().to_string(), format!(":{}", index.ino()));
    let locks = fs::read_to_string("/proc/locks").unwrap();
    locks.lines().any(|line| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let [_, "POSIX", _, _, holder, file, first, last] = fields[..] else { return false };
        let bytes = first.parse().unwrap_or(0)..=last.parse().unwrap_or(u64::MAX);
        holder == pid && file.ends_with(&inode) && bytes.contains(&IN_USE)
    })
}

#[test]
fn every_operation_leaves_the_locks_of_sqlite_alone() {
    let team = Team::new();
    let mut agent = team.agent("ann");
    agent.answer("connect", json!({}));
    agent.answer("create", json!({ "id": "api", "title": "api" }));
    assert!(holds_the_index(&agent, &team.file()), "before any of them");

    for entry in CATALOGUE {
        let arguments = if entry.name == "wait" { json!({ "timeout": 1 }) } else { json!({}) };
        // Many are refused for want of an argument.
        let _ = agent.call(entry.name, arguments);
        assert!(holds_the_index(&agent, &team.file()), "after `{}`", entry.name);
    }
}

#[test]
fn a_wait_that_ends_leaves_the_locks_of_sqlite_alone() {
    let team = Team::new();
    let mut agent = team.agent("ann");
    agent.answer("create", json!({ "id": "api", "title": "api" }));

    agent.answer("wait", json!({ "task": "api", "timeout": 1 }));
    sleep(END_OF_WATCH);

    assert!(holds_the_index(&agent, &team.file()));
}

#[test]
fn a_subscription_that_ends_leaves_the_locks_of_sqlite_alone() {
    let team = Team::new();
    let mut agent = team.agent("ann");
    agent.answer("create", json!({ "id": "api", "title": "api" }));
    let resource = agent.request("resources/list", json!({}))["result"]["resources"][0]["uri"].clone();

    agent.request("resources/subscribe", json!({ "uri": resource }));
    agent.request("resources/unsubscribe", json!({ "uri": resource }));
    sleep(END_OF_WATCH);

    assert!(holds_the_index(&agent, &team.file()));
}
