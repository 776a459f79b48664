//! Clients that go, or are killed: their servers end, and nothing is left behind.

use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::channel;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::agent::Agent;
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
fn what_a_client_left_is_reserved_for_its_worker() {
    let team = Team::new();
    team.has(&["t"]);
    let mut ann = team.agent("ann");
    ann.answer("claim", json!({}));

    ann.hang_up();
    ann.end(SOON);

    let mut bob = team.agent("bob");
    let refused = bob.refusal("claim", json!({ "task": "t" }));
    assert_eq!(refused.code, "reserved");
    assert!(refused.message.starts_with("task `t` is reserved for `ann`"), "{}", refused.message);
    let mut back = team.agent("ann");
    assert_eq!(back.answer("connect", json!({}))["holds"][0]["id"], "t");
    back.answer("update", json!({ "task": "t", "status": "completed", "attempt": 1 }));
    team.check();
}

#[test]
fn what_a_client_left_is_free_at_once_where_nothing_is_reserved() {
    let team = Team::new();
    team.configure("server: { reserve_seconds: 0 }");
    team.has(&["t"]);
    let mut ann = team.agent("ann");
    ann.answer("claim", json!({}));

    ann.hang_up();
    ann.end(SOON);

    let taken = team.agent("bob").answer("claim", json!({}));
    assert_eq!((&taken["task"]["id"], &taken["task"]["attempt"]), (&json!("t"), &json!(2)));
    team.check();
}

#[test]
fn a_server_that_is_told_to_stop_leaves_as_if_its_client_went() {
    let team = Team::new();
    for (name, signal) in [("ann", "TERM"), ("bob", "INT"), ("carl", "HUP")] {
        team.has(&[name]);
        let mut agent = Agent::start_server(&mut beside_a_terminal(&team, "--default-signal=HUP", name));
        agent.answer("claim", json!({ "task": name }));

        agent.signal(signal);
        let (status, _) = agent.end(SOON);

        assert!(status.success(), "{signal}: {status}");
    }

    let reserved = "select worker_id from tasks join workers on workers.id = worker_id where reserved_ms > 0";
    assert_eq!(team.rows(reserved), [["ann"], ["bob"], ["carl"]]);
    team.check();
}

#[test]
fn a_server_that_was_started_to_outlive_its_terminal_does() {
    let team = Team::new();
    let mut agent = Agent::start_server(&mut beside_a_terminal(&team, "--ignore-signal=HUP", "ann"));
    agent.answer("create", json!({ "title": "One" }));

    agent.signal("HUP");

    agent.answer("create", json!({ "title": "Two" }));
}

/// Returns the program of a worker, started so that it heeds the end of its terminal, or not.
fn beside_a_terminal(team: &Team, how: &str, worker: &str) -> Command {
    let mut command = apart("env", &team.folder());
    command.env("TASK_GRAPH_WORKER_ID", worker).args([how, env!("CARGO_BIN_EXE_task-graph"), "-C"]);
    command.arg(team.folder()).arg("serve");
    command
}

#[test]
fn a_server_whom_nobody_hears_any_more_ends_though_its_input_stays_open() {
    let team = Team::new();
    let (mut server, _input, output) = raw(&team);

    drop(output);

    assert!(ends(&mut server).success());
}

#[test]
fn a_call_that_waits_for_others_does_not_keep_a_server_from_ending() {
    let team = Team::new();
    team.has(&["t"]);
    let queue = File::open(team.file().with_file_name("tasks.db-queue")).unwrap();
    queue.lock().unwrap();
    let mut ann = team.agent("ann");
    ann.start("create", json!({ "title": "One" }));

    ann.hang_up();
    let (status, said) = ann.end(SOON);

    queue.unlock().unwrap();
    assert!(status.success(), "{status}");
    assert_eq!(said.iter().filter(|said| said["result"]["content"].is_array()).count(), 0);
    assert_eq!(team.rows("select count(*) from tasks"), [[1]]);
    team.check();
}

#[test]
fn of_a_burst_of_writes_what_was_answered_is_stored_and_nothing_is_half_done() {
    const ROUNDS: usize = 8;
    const WRITES: usize = 120;
    let team = Team::new();
    let mut cut_off = 0;

    for round in 0..ROUNDS {
        let (mut server, mut input, output) = raw(&team);
        let mut output = BufReader::new(output);
        for n in 0..WRITES {
            let leaves = json!([{ "title": "One" }, { "title": "Two" }, { "title": "Three" }]);
            let tree = json!({ "id": format!("root{round}-{n}"), "title": "Root", "tasks": leaves });
            call(&mut input, n, "create_tree", json!({ "tree": tree }));
        }
        // Then the client is gone, later in each round: at first with all its ends, then only with its input.
        let mut answers = String::new();
        for _ in 0..=round * 10 {
            output.read_line(&mut answers).unwrap();
        }
        drop(input);
        if round % 2 == 1 {
            output.read_to_string(&mut answers).unwrap();
        }
        drop(output);
        assert!(ends(&mut server).success());

        let answered: Vec<Value> = answers.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        cut_off += WRITES - answered.len();
        let sizes = format!(
            "select tasks.id, count(*) from tasks join dependencies on from_task_id = tasks.id and vertical = 1
            where tasks.id like 'root{round}-%' group by tasks.id"
        );
        let stored = team.rows(&sizes);
        assert!(stored.iter().all(|tree| tree[1] == 3), "{stored:?}");
        for answer in answered {
            let root = json!(format!("root{round}-{}", answer["id"]));
            assert!(stored.iter().any(|tree| tree[0] == root), "{root} was answered and is lost");
        }
        team.check();
    }

    assert_ne!(cut_off, 0, "nothing was under way");
}

/// Starts a server whose ends of the pipes a test holds itself.
fn raw(team: &Team) -> (Child, ChildStdin, ChildStdout) {
    let mut command = team.program();
    let command = command.arg("serve").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut server = command.spawn().unwrap();
    // Nobody reads its log either.
    drop(server.stderr.take());
    let (input, output) = (server.stdin.take().unwrap(), server.stdout.take().unwrap());
    (server, input, output)
}

/// Waits for a server to end by itself.
fn ends(server: &mut Child) -> ExitStatus {
    let start = Instant::now();
    loop {
        if let Some(status) = server.try_wait().unwrap() {
            return status;
        }
        assert!(start.elapsed() < SOON, "the server goes on without a client");
        thread::yield_now();
    }
}

/// Starts a server with an input that is not its own, and waits for it.
const CLIENT: &str = r#""$1" serve < "$2" 2> /dev/null & wait"#;

#[test]
fn no_server_outlives_its_client_that_was_killed() {
    const SERVERS: usize = 50;
    let team = Team::new();
    team.configure("server: { reserve_seconds: 0 }");
    let names: Vec<String> = (0..SERVERS).map(|n| format!("t{n}")).collect();
    team.has(&names.iter().map(String::as_str).collect::<Vec<_>>());
    let inputs: Vec<_> = names.iter().map(|name| team.folder().join(name)).collect();
    assert!(Command::new("mkfifo").args(&inputs).status().unwrap().success());
    let client = |input| {
        let mut client = apart("sh", &team.folder());
        client.args(["-c", CLIENT, "client", env!("CARGO_BIN_EXE_task-graph")]).arg(input);
        client.stdout(Stdio::piped()).spawn().unwrap()
    };
    let mut clients: Vec<Child> = inputs.iter().map(client).collect();
    // These ends stay open: the servers see their parents die, and no end of input.
    let mut inputs: Vec<File> =
        inputs.iter().map(|input| OpenOptions::new().write(true).open(input).unwrap()).collect();
    for (n, input) in inputs.iter_mut().enumerate() {
        call(input, 1, "connect", json!({ "worker_id": format!("w{n}") }));
    }
    let mut outputs: Vec<_> =
        clients.iter_mut().map(|client| BufReader::new(client.stdout.take().unwrap())).collect();
    for output in &mut outputs {
        let mut line = String::new();
        output.read_line(&mut line).unwrap();
        assert!(line.contains(r#""isError":false"#), "{line}");
    }
    for (n, input) in inputs.iter_mut().enumerate() {
        call(input, 2, "claim", json!({ "worker_id": format!("w{n}") }));
    }

    for client in &mut clients {
        client.kill().unwrap();
        client.wait().unwrap();
    }

    // The output of a server ends when the server does.
    let (sender, ended) = channel();
    thread::spawn(move || {
        for mut output in outputs {
            let mut rest = String::new();
            output.read_to_string(&mut rest).unwrap();
            sender.send(rest).unwrap();
        }
    });
    for _ in 0..SERVERS {
        let rest = ended.recv_timeout(SOON).expect("a server goes on without a client");
        assert!(!rest.contains(r#""isError":true"#), "{rest}");
    }
    let mut other = team.agent("other");
    other.answer("connect", json!({ "max_claims": 0 }));
    for _ in 0..SERVERS {
        assert!(other.answer("claim", json!({ "count": 1 }))["tasks"][0]["id"].is_string());
    }
    team.check();
}

fn call(input: &mut impl Write, id: usize, tool: &str, arguments: Value) {
    let params = json!({ "name": tool, "arguments": arguments });
    let request = json!({ "jsonrpc": "2.0", "id": id, "method": "tools/call", "params": params });
    input.write_all(format!("{request}\n").as_bytes()).unwrap();
}

/// Starts a server whose client has not read anything yet.
fn unread(team: &Team) -> Child {
    let mut command = team.program();
    let command = command.arg("serve").stdin(Stdio::piped()).stdout(Stdio::piped());
    command.stderr(Stdio::null()).spawn().unwrap()
}

#[test]
fn requests_are_not_read_without_bound_while_answers_are_not() {
    const REQUESTS: usize = 30_000;
    /// Those that may be open, and what fits into the pipes and buffers between.
    const MOST_READ: usize = 10_000;
    let team = Team::new();
    let mut server = unread(&team);
    let (mut input, output) = (server.stdin.take().unwrap(), server.stdout.take().unwrap());
    let sent = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&sent);

    let sender = thread::spawn(move || {
        for id in 0..REQUESTS {
            let request = json!({ "jsonrpc": "2.0", "id": id, "method": "ping" });
            writeln!(input, "{request}").unwrap();
            counter.store(id + 1, Ordering::Relaxed);
        }
        input
    });
    let mut before = 0;
    while before == 0 || before != sent.load(Ordering::Relaxed) {
        before = sent.load(Ordering::Relaxed);
        thread::sleep(Duration::from_millis(300));
    }

    assert!(before < MOST_READ, "{before} requests were taken before one answer was read");
    let answers = BufReader::new(output).lines().take(REQUESTS).map_while(Result::ok).count();
    assert_eq!(answers, REQUESTS);
    drop(sender.join().unwrap());
    server.wait().unwrap();
}

#[test]
fn a_server_ends_though_its_client_left_answers_unread() {
    let team = Team::new();
    let text = "x".repeat(1_000_000);
    team.server().answer("create", json!({ "id": "big", "title": "Big", "description": text }));
    let mut server = unread(&team);
    let mut input = server.stdin.take().unwrap();

    for id in 0..1_500 {
        let call = json!({ "name": "get", "arguments": { "task": "big" } });
        writeln!(input, "{}", json!({ "jsonrpc": "2.0", "id": id, "method": "tools/call", "params": call }))
            .unwrap();
    }
    drop(input);
    let ended = (0..SOON.as_millis() / 100).any(|_| {
        thread::sleep(Duration::from_millis(100));
        server.try_wait().unwrap().is_some()
    });

    // It is not asked to end by the end of its output: that is open to the last.
    assert!(ended && server.stdout.is_some());
}
