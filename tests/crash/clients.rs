//! Clients that go, or are killed: their servers end, and nothing is left behind.

use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Command, Stdio};
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

use crate::support::agent::PATIENCE;
use crate::support::command::apart;
use crate::support::team::Team;

/// A server is to be gone in a second; this is for machines that are busy.
const SOON: Duration = Duration::from_secs(10);

#[test]
fn the_end_of_its_input_ends_a_server() {
    let team = Team::new();
    let mut agent = team.agent("ann");
    agent.answer("create", json!({ "title": "One" }));

    agent.hang_up();
    let (status, _) = agent.end(SOON);

    assert!(status.success(), "{status}");
}

#[test]
fn calls_that_are_under_way_when_the_input_ends_are_answered() {
    let team = Team::new();
    let mut agent = team.agent("ann");

    for n in 0..20 {
        agent.start("create", json!({ "id": format!("t{n}"), "title": "One" }));
    }
    agent.hang_up();
    let (status, said) = agent.end(SOON);

    assert!(status.success(), "{status}");
    assert_eq!(said.iter().filter(|said| said["result"]["isError"] == false).count(), 20);
    assert_eq!(team.rows("select count(*) from tasks"), [[20]]);
    team.check();
}

#[test]
fn what_the_worker_of_a_client_that_went_held_comes_back() {
    let team = Team::new();
    team.has(&["t"]);
    let mut ann = team.agent("ann");
    ann.answer("claim", json!({}));

    ann.hang_up();
    ann.end(SOON);

    let taken = team.agent("bob").answer("claim", json!({}));
    assert_eq!((&taken["task"]["id"], &taken["task"]["attempt"]), (&json!("t"), &json!(2)));
    team.check();
}

/// Starts as many servers as it gets names, each with an input of its own.
const CLIENT: &str = r#"
server=$1; shift
for input in "$@"; do
    "$server" serve < "$input" 2> /dev/null &
done
wait"#;

#[test]
fn no_server_outlives_a_client_that_was_killed() {
    const SERVERS: usize = 20;
    let team = Team::new();
    let names: Vec<String> = (0..SERVERS).map(|n| format!("t{n}")).collect();
    team.has(&names.iter().map(String::as_str).collect::<Vec<_>>());
    let inputs: Vec<_> = names.iter().map(|name| team.folder().join(name)).collect();
    assert!(Command::new("mkfifo").args(&inputs).status().unwrap().success());
    let mut client = apart("sh", &team.folder())
        .args(["-c", CLIENT, "client", env!("CARGO_BIN_EXE_task-graph")])
        .args(&inputs)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    // These ends stay open: the servers see their parent die, and no end of input.
    let mut inputs: Vec<File> =
        inputs.iter().map(|input| OpenOptions::new().write(true).open(input).unwrap()).collect();
    for (n, input) in inputs.iter_mut().enumerate() {
        let worker = format!("w{n}");
        call(input, 1, "connect", json!({ "worker_id": worker }));
    }
    let mut output = BufReader::new(client.stdout.take().unwrap());
    for _ in 0..SERVERS {
        let mut line = String::new();
        output.read_line(&mut line).unwrap();
        assert!(line.contains(r#""isError":false"#), "{line}");
    }
    for (n, input) in inputs.iter_mut().enumerate() {
        call(input, 2, "claim", json!({ "worker_id": format!("w{n}") }));
    }

    client.kill().unwrap();
    client.wait().unwrap();

    // All servers write to one pipe, which ends when the last of them does.
    let (sender, ended) = channel();
    thread::spawn(move || {
        let mut rest = String::new();
        output.read_to_string(&mut rest).unwrap();
        sender.send(rest)
    });
    let rest = ended.recv_timeout(PATIENCE).expect("a server goes on without a client");
    assert!(!rest.contains(r#""isError":true"#), "{rest}");
    let agents = team.server().answer("list_agents", json!({}));
    assert_eq!(agents["total"], 0, "{agents}");
    assert_eq!(team.rows("select count(*) from tasks where ready"), [[SERVERS]]);
    team.check();
}

fn call(input: &mut File, id: usize, tool: &str, arguments: Value) {
    let params = json!({ "name": tool, "arguments": arguments });
    let request = json!({ "jsonrpc": "2.0", "id": id, "method": "tools/call", "params": params });
    input.write_all(format!("{request}\n").as_bytes()).unwrap();
}
