//! Processes that start at the same moment, where there is no store yet.

use std::process::Stdio;

use serde_json::json;

use crate::support::agent::Agent;
use crate::support::command::Ran;
use crate::support::team::Team;

#[test]
fn sixty_four_processes_that_start_at_once_all_connect() {
    const OF_EACH: usize = 32;
    let team = Team::new();

    let mut servers = Vec::new();
    let mut commands = Vec::new();
    for n in 0..OF_EACH {
        let mut server = team.agent(&format!("agent{n}"));
        server.start("connect", json!({}));
        servers.push(server);
        let mut command = team.program();
        command.args(["--json", "connect", &format!("shell{n}")]);
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        commands.push(command.spawn().unwrap());
    }
    let answers: Vec<_> = servers.iter_mut().map(Agent::finish).collect();
    let ran = commands.into_iter().map(|command| Ran::of(command.wait_with_output().unwrap()));

    for (n, ran) in ran.enumerate() {
        assert_eq!(ran.json()["worker_id"], format!("shell{n}"));
    }
    assert!(answers.iter().all(Result::is_ok), "{answers:?}");
    let present = "select count(*) from workers where left_at is null";
    assert_eq!(team.rows(present), [[2 * OF_EACH]]);
    team.check();
}

#[test]
fn the_first_calls_to_a_new_store_may_all_be_writes() {
    const PROCESSES: usize = 24;
    let team = Team::new();
    let mut agents = team.agents(PROCESSES);

    for agent in &mut agents {
        agent.start("create", json!({ "title": "First" }));
    }
    let answers: Vec<_> = agents.iter_mut().map(Agent::finish).collect();

    assert!(answers.iter().all(Result::is_ok), "{answers:?}");
    assert_eq!(team.rows("select count(*) from tasks"), [[PROCESSES]]);
    team.check();
}
