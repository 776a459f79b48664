//! The files of a store: their locks, and their fate under a running server.

use std::fs::{self, File};
use std::os::unix::fs::{MetadataExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread::sleep;
use std::time::Duration;

use serde_json::json;
use task_graph::ops::CATALOGUE;

use crate::support::agent::{Agent, Refused};
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

/// Runs git in a folder, without the settings of this machine.
#[track_caller]
fn git(folder: &Path, words: &[&str]) -> String {
    let mut git = Command::new("git");
    git.env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_SYSTEM", "/dev/null");
    for role in ["AUTHOR", "COMMITTER"] {
        git.env(format!("GIT_{role}_NAME"), "t").env(format!("GIT_{role}_EMAIL"), "t@example.org");
    }
    let ran = git.current_dir(folder).args(words).output().unwrap();
    assert!(ran.status.success(), "{words:?}: {ran:?}");
    String::from_utf8(ran.stdout).unwrap()
}

/// A repository with one commit, in which an agent has made a task.
fn repository() -> (Team, Agent) {
    let team = Team::new();
    git(&team.folder(), &["init", "-q"]);
    git(&team.folder(), &["commit", "-q", "--allow-empty", "-m", "begin"]);
    let agent = with_a_task(&team);
    (team, agent)
}

fn with_a_task(team: &Team) -> Agent {
    let mut agent = team.agent("ann");
    agent.answer("create", json!({ "id": "before", "title": "before" }));
    agent
}

/// Creates a task, which the store has to refuse.
#[track_caller]
fn refused(agent: &mut Agent) -> Refused {
    let refused = agent.refusal("create", json!({ "id": "after", "title": "after" }));
    assert_eq!(refused.code, "unusable_store", "{refused:?}");
    assert!(refused.hint.contains("start this server again"), "{refused:?}");
    refused
}

#[test]
fn git_neither_shows_nor_removes_a_store() {
    let (team, mut agent) = repository();

    let status = git(&team.folder(), &["status", "--porcelain"]);
    fs::write(team.folder().join("new.txt"), "").unwrap();
    git(&team.folder(), &["stash", "-u"]);
    agent.answer("create", json!({ "id": "stashed", "title": "stashed" }));
    git(&team.folder(), &["stash", "pop"]);
    git(&team.folder(), &["clean", "-fdq"]);
    agent.answer("create", json!({ "id": "cleaned", "title": "cleaned" }));

    assert_eq!(status, "");
    assert!(!team.folder().join("new.txt").exists());
    assert_eq!(team.server().answer("list_tasks", json!({}))["total"], 3);
}

#[test]
fn settings_beside_a_store_can_be_committed() {
    let (team, _agent) = repository();

    team.configure("# ours");

    assert_eq!(git(&team.folder(), &["status", "--porcelain"]), "?? .task-graph/\n");
    git(&team.folder(), &["add", "-A"]);
    assert_eq!(git(&team.folder(), &["diff", "--cached", "--name-only"]), ".task-graph/config.yaml\n");
}

#[test]
fn a_store_that_was_removed_is_refused() {
    let team = Team::new();
    let mut agent = with_a_task(&team);

    fs::remove_dir_all(team.file().parent().unwrap()).unwrap();

    let refused = refused(&mut agent);
    assert!(refused.message.ends_with("the file was removed under this process"), "{refused:?}");
    assert!(refused.message.contains("tasks.db"), "{refused:?}");
    let sign_of_life = agent.refusal("thinking", json!({ "thought": "hm" }));
    assert_eq!(sign_of_life.code, "unusable_store");
}

#[test]
fn a_store_that_was_replaced_is_refused() {
    let team = Team::new();
    let mut agent = with_a_task(&team);
    let folder = team.file().parent().unwrap().to_owned();

    fs::rename(&folder, folder.with_extension("aside")).unwrap();
    team.has(["other"].as_slice());

    let refused = refused(&mut agent);
    assert!(refused.message.ends_with("was replaced by another file under this process"), "{refused:?}");
    assert_eq!(team.server().answer("list_tasks", json!({}))["total"], 1);
}

#[test]
fn a_store_that_was_put_back_is_used_again() {
    let team = Team::new();
    let mut agent = with_a_task(&team);
    let folder = team.file().parent().unwrap().to_owned();

    fs::rename(&folder, folder.with_extension("aside")).unwrap();
    refused(&mut agent);
    fs::rename(folder.with_extension("aside"), &folder).unwrap();

    agent.answer("create", json!({ "id": "after", "title": "after" }));
}

#[test]
fn a_store_without_its_log_or_index_is_refused() {
    for file in ["db-wal", "db-shm"] {
        let team = Team::new();
        let mut agent = with_a_task(&team);

        fs::remove_file(team.file().with_extension(file)).unwrap();

        let refused = refused(&mut agent);
        assert!(refused.message.ends_with("was removed under this process"), "{refused:?}");
    }
}

#[test]
fn a_store_that_was_cut_off_is_refused() {
    for file in ["db", "db-wal"] {
        let team = Team::new();
        let mut agent = with_a_task(&team);

        File::options().write(true).open(team.file().with_extension(file)).unwrap().set_len(0).unwrap();

        let refused = refused(&mut agent);
        assert!(refused.message.ends_with("was cut off under this process"), "{refused:?}");
    }
}

#[test]
fn a_store_behind_a_link_is_one_store_by_either_name() {
    let team = Team::new();
    fs::create_dir_all(team.file().parent().unwrap()).unwrap();
    let elsewhere = team.folder().join("elsewhere");
    fs::create_dir(&elsewhere).unwrap();
    symlink(elsewhere.join("s.db"), team.file()).unwrap();

    let mut server = team.program();
    let mut agent = Agent::start_server(server.env("TASK_GRAPH_DURABILITY", "full").arg("serve"));
    agent.answer("create", json!({ "id": "api", "title": "api" }));
    drop(agent);
    let direct = team.run(&["--database", elsewhere.join("s.db").to_str().unwrap(), "--json", "list-tasks"]);

    assert_eq!(direct.json()["total"], 1);
    let mut beside: Vec<PathBuf> =
        fs::read_dir(elsewhere).unwrap().map(|file| file.unwrap().path()).collect();
    beside.sort();
    let names: Vec<_> = beside.iter().map(|file| file.file_name().unwrap().to_str().unwrap()).collect();
    assert_eq!(names, ["s.db", "s.db-checkpoint", "s.db-queue"]);
}

#[test]
fn a_running_server_refuses_a_schema_that_became_newer() {
    let team = Team::new();
    let mut agent = with_a_task(&team);

    rusqlite::Connection::open(team.file()).unwrap().pragma_update(None, "user_version", 99).unwrap();

    assert_eq!(agent.refusal("create", json!({ "title": "after" })).code, "newer");
}

#[test]
fn a_schema_that_is_not_the_one_it_says_is_told_in_a_line() {
    let team = Team::new();
    with_a_task(&team);
    rusqlite::Connection::open(team.file()).unwrap().pragma_update(None, "user_version", 0).unwrap();

    let ran = team.run(&["--json", "list-tasks"]);

    assert_eq!(ran.code, 6, "{ran:?}");
    assert_eq!(ran.error()["code"], "unusable_store");
    assert!(ran.err.len() < 600, "{ran:?}");
}
