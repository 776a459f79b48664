//! Files of many rows through the shell: read into the store, and whole lists written out of it.

use std::fs;
use std::io::Write;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use task_graph::ops::{CATALOGUE, Entry};

use crate::support::command::Ran;
use crate::support::team::Team;

fn write(team: &Team, name: &str, text: &str) {
    fs::write(team.folder().join(name), text).unwrap();
}

/// Returns lines of tasks, one for each number.
fn jobs(numbers: std::ops::Range<usize>) -> String {
    numbers.map(|number| format!("{}\n", json!({ "id": format!("job-{number}"), "title": "x" }))).collect()
}

fn number_of_tasks(team: &Team) -> Value {
    team.rows("select count(*) from tasks")[0][0].clone()
}

#[test]
fn a_table_becomes_tasks_with_what_the_flags_say_for_all() {
    let team = Team::new();
    team.has(&["batch"]);
    write(&team, "jobs.csv", "id,title,tags,priority\na,\"One, two\",\"css,html\",7\nb,Three,,\n");

    let made =
        team.run(&["--json", "create", "--from", "jobs.csv", "--parent", "batch", "--priority", "3"]).json();

    assert_eq!(made, json!({ "created": 2, "ids": ["a", "b"] }));
    let (a, b) = (team.run(&["--json", "get", "a"]).json(), team.run(&["--json", "get", "b"]).json());
    assert_eq!(
        (&a["title"], &a["tags"], &a["priority"]),
        (&json!("One, two"), &json!(["css", "html"]), &json!(7))
    );
    assert_eq!((&b["priority"], &b["parent"]["id"]), (&json!(3), &json!("batch")));
    team.check();
}

#[test]
fn a_long_file_is_read_in_parts_that_add_up() {
    let team = Team::new();
    team.has(&["batch"]);
    write(&team, "jobs.jsonl", &jobs(0..2_500));

    let made = team.run(&["--json", "create", "--from", "jobs.jsonl", "--parent", "batch"]).json();

    assert_eq!(made, json!({ "created": 2_500, "first": "job-0", "last": "job-2499" }));
    let batch = team.run(&["--json", "get", "batch"]).json();
    assert_eq!(batch["children"], json!({ "pending": 2_500 }));
    team.check();
}

#[test]
fn what_is_wrong_is_named_by_its_line_and_the_rest_goes_on_where_it_stopped() {
    let team = Team::new();
    let run = || team.run(&["--json", "create", "--from", "jobs.jsonl", "--request-id", "r"]);
    let bad = r#"{"title": "x", "priority": 77}"#;
    write(&team, "jobs.jsonl", &format!("{}{bad}\n{}", jobs(0..1_500), jobs(1_501..3_000)));

    let stopped = run();
    write(&team, "jobs.jsonl", &jobs(0..3_000));
    let finished = run();

    assert_eq!(stopped.code, 2, "{stopped:?}");
    assert!(stopped.err.contains("line 1501, priority: "), "{stopped:?}");
    let done: Value = serde_json::from_str(&stopped.out).unwrap();
    assert_eq!((&done["created"], &done["stopped_after_line"]), (&json!(1_000), &json!(1_000)));
    assert_eq!(finished.json()["created"], 3_000);
    assert_eq!(number_of_tasks(&team), 3_000);
    team.check();
}

#[test]
fn each_line_for_itself_if_so_asked() {
    let team = Team::new();
    write(&team, "jobs.csv", "id,title,priority\na,x,\nb,x,high\na,y,\nc\nd,x,1\n");

    let made = team.run(&["--json", "create", "--from", "jobs.csv", "--partial"]).json();

    assert_eq!((&made["created"], &made["ids"]), (&json!(2), &json!(["a", "d"])));
    let failed: Vec<_> =
        made["failed"].as_array().unwrap().iter().map(|row| (&row["line"], &row["code"])).collect();
    assert_eq!(
        failed,
        [(&json!(3), &json!("input")), (&json!(4), &json!("exists")), (&json!(5), &json!("input"))]
    );
}

#[test]
fn a_line_that_is_no_row_is_one_that_failed() {
    let team = Team::new();
    write(&team, "jobs.jsonl", &format!("{}nonsense\n{}", jobs(0..2), jobs(2..3)));

    let made = team.run(&["--json", "create", "--from", "jobs.jsonl", "--partial"]).json();

    assert_eq!((&made["created"], &made["failed"][0]["line"]), (&json!(3), &json!(3)));
}

#[test]
fn files_that_cannot_be_read_are_refused() {
    let team = Team::new();
    write(&team, "broken.jsonl", "{\"title\": \"x\"}\n{\"title\": \n");
    write(&team, "other.csv", "titel\nx\ny\n");

    for (file, told) in [
        ("nowhere.csv", "`nowhere.csv` cannot be read"),
        ("broken.jsonl", "line 2 is no JSON object"),
        ("other.csv", "`titel`"),
    ] {
        let ran = team.run(&["create", "--from", file]);

        assert_eq!(ran.code, 2, "{ran:?}");
        assert!(ran.err.contains(told), "{ran:?}");
    }
    let titled = team.run(&["create", "A batch", "--from", "other.csv"]);
    let formless = team.run(&["create", "A batch", "--format", "csv"]);
    assert!(titled.err.contains("`title` and a file do not go together"), "{titled:?}");
    assert!(formless.err.contains("--from"), "{formless:?}");
}

#[test]
fn whoever_breaks_off_is_told_how_far_it_came() {
    let team = Team::new();
    team.run(&["list-tasks"]);
    let mut command = team.program();
    command.args(["--json", "create", "--from", "-", "--format", "jsonl", "--request-id", "r"]);
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    input.write_all(jobs(0..1_010).as_bytes()).unwrap();
    // More than one part is there, and its input does not end.
    input.flush().unwrap();
    let start = Instant::now();
    while number_of_tasks(&team) == 0 {
        assert!(start.elapsed() < Duration::from_secs(60));
        std::thread::yield_now();
    }

    let told = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    let ran = Ran::of(child.wait_with_output().unwrap());

    assert!(told.success());
    assert_eq!(ran.code, 130, "{ran:?}");
    let done: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!((&done["created"], &done["stopped_after_line"]), (&json!(1_000), &json!(1_000)));
    drop(input);
    team.check();
}

#[test]
fn a_list_is_written_whole_and_can_be_read_again() {
    let team = Team::new();
    write(&team, "jobs.jsonl", &jobs(0..2_300));
    team.run(&["create", "--from", "jobs.jsonl", "--tags", "a,b"]);

    let lines = team.run(&["list-tasks", "--format", "jsonl"]).out;
    let table = team.run(&["list-tasks", "--format", "csv"]).out;
    let some = team.run(&["list-tasks", "--format", "jsonl", "--limit", "7"]).out;
    let feed = team.run(&["events", "--format", "csv"]).out;

    assert_eq!((lines.lines().count(), table.lines().count(), some.lines().count()), (2_300, 2_301, 7));
    assert_eq!(feed.lines().count(), 2_301);
    let mut read = csv::Reader::from_reader(table.as_bytes());
    let row = read.records().next().unwrap().unwrap();
    assert_eq!((&row[0], &row[6]), ("job-2299", "a,b"));
}

#[test]
fn nothing_is_cut_short_in_what_is_written() {
    let team = Team::new();
    team.has(&["t"]);
    let (reason, result) = ("because ".repeat(100), "line\n".repeat(1_000));
    let attached = json!([{ "type": "result", "content": result }]).to_string();
    team.run_as("ann", &["claim", "t"]);
    let ended =
        team.run_as("ann", &["update", "t", "completed", "--reason", &reason, "--attachments", &attached]);
    assert_eq!(ended.code, 0, "{ended:?}");

    let results = team.run(&["results", "--format", "csv"]).out;
    let events = team.run(&["events", "--format", "jsonl"]).out;

    let mut read = csv::Reader::from_reader(results.as_bytes());
    let row = read.records().next().unwrap().unwrap();
    assert_eq!((&row[3], &row[4]), (reason.as_str(), result.as_str()));
    assert!(events.lines().any(|line| line.contains(&reason)), "{events}");
}

#[test]
fn a_table_has_a_column_for_all_that_its_rows_tell() {
    let team = Team::new();
    let lists: Vec<_> = CATALOGUE.iter().filter(|entry| !entry.columns.is_empty()).collect();
    assert!(lists.iter().any(|entry| entry.name == "results"));
    let mut ann = team.agent("ann");
    ann.answer(
        "create",
        json!({ "title": "x", "id": "t", "tags": ["a"], "needed_tags": ["b"], "points": 3 }),
    );
    ann.answer("connect", json!({ "tags": ["b"] }));
    ann.answer("claim", json!({}));
    ann.answer("mark_file", json!({ "file": "src", "reason": "because" }));
    ann.answer("thinking", json!({ "thought": "hm" }));
    ann.answer("give_feedback", json!({ "message": "good" }));
    ann.answer("project", json!({ "name": "p" }));
    let all = |entry: &Entry| if entry.is_of_queue() { json!({ "project": "p" }) } else { json!({}) };
    let shown: Vec<_> = lists.iter().map(|entry| (entry, ann.answer(entry.name, all(entry)))).collect();
    ann.answer("update", json!({ "task": "t", "status": "completed", "reason": "done" }));
    let ended = lists.iter().map(|entry| (entry, ann.answer(entry.name, all(entry)))).collect::<Vec<_>>();

    for (entry, answer) in shown.iter().chain(&ended) {
        let rows = answer.as_object().unwrap().values().find_map(Value::as_array).unwrap();
        for name in rows.iter().flat_map(|row| row.as_object().unwrap().keys()) {
            assert!(entry.columns.contains(&name.as_str()), "`{name}` of {}", entry.name);
        }
    }
}

#[test]
fn a_monitor_can_read_the_figures() {
    let team = Team::new();
    team.run_as("ann", &["create", "T", "--id", "t"]);
    team.run_as("ann", &["claim", "t"]);
    team.run_as("ann", &["update", "t", "failed", "--reason", "no \"luck\""]);

    let ran = team.run(&["metrics"]);

    assert_eq!(ran.code, 0, "{ran:?}");
    let mut described = String::new();
    for line in ran.out.lines() {
        if let Some(rest) = line.strip_prefix("# HELP ").or(line.strip_prefix("# TYPE ")) {
            described = rest.split(' ').next().unwrap().to_owned();
            continue;
        }
        let (series, value) = line.rsplit_once(' ').unwrap();
        let (name, labels) = series.split_once('{').unwrap_or((series, "}"));
        assert_eq!(name, described, "{line}");
        assert!(name.starts_with("task_graph_") && value.parse::<f64>().is_ok(), "{line}");
        assert!(labels.ends_with('}'), "{line}");
    }
    assert!(ran.out.contains("task_graph_tasks{status=\"failed\"} 1\n"), "{}", ran.out);
}

#[test]
fn what_a_spreadsheet_would_run_is_guarded_in_a_table_and_read_back() {
    const FORMULAS: [&str; 5] = ["=1+1", "@sum(a1)", "+cmd|' /C calc'!A0", "-2+3", "'=1"];
    let team = Team::new();
    let mut agent = team.server();
    let tasks: Vec<_> = FORMULAS.iter().map(|title| json!({ "title": title })).collect();
    agent.answer("create", json!({ "tasks": tasks }));
    let columns = json!(["list-tasks", "--format", "csv"]);
    let words: Vec<&str> = columns.as_array().unwrap().iter().filter_map(Value::as_str).collect();

    let table = team.run(&words).out;
    let mut lines = csv::Reader::from_reader(table.as_bytes());
    let at = lines.headers().unwrap().iter().position(|name| name == "title").unwrap();
    let titles: Vec<String> = lines.records().map(|line| line.unwrap()[at].to_owned()).collect();
    write(
        &team,
        "again.csv",
        &format!("title\n{}\n", titles.iter().map(|t| format!("\"{t}\"\n")).collect::<String>()),
    );
    let other = Team::new();
    write(&other, "again.csv", &fs::read_to_string(team.folder().join("again.csv")).unwrap());
    other.run(&["create", "--from", "again.csv"]);

    assert_eq!(titles.len(), FORMULAS.len());
    assert!(titles.iter().all(|title| title.starts_with('\'')), "{titles:?}");
    let read = other.rows("select title from tasks order by title");
    assert_eq!(read, team.rows("select title from tasks order by title"));
}

#[test]
fn characters_that_steer_a_terminal_are_escaped_in_tables_and_in_json() {
    const SIGNS: &str = "\u{1b}]52;c;\u{7}\u{9b}31m\u{7f}";
    let team = Team::new();
    let mut agent = team.server();
    agent.answer("connect", json!({ "worker_id": "ann" }));
    agent.answer("create", json!({ "id": "t", "title": "T", "description": SIGNS }));
    agent.answer("claim", json!({ "worker_id": "ann", "task": "t" }));
    agent.answer("thinking", json!({ "worker_id": "ann", "thought": SIGNS }));

    for words in [
        vec!["--json", "get", "t"],
        vec!["task-history", "t", "--format", "csv"],
        vec!["task-history", "t", "--format", "jsonl"],
        vec!["query", "select description from tasks", "--format", "csv"],
        vec!["--json", "query", "select description from tasks", "--format", "csv"],
    ] {
        let out = team.run(&words).out;

        let steers = |letter: char| letter.is_control() && letter != '\n';
        assert!(!out.contains(steers), "{words:?}: {out:?}");
    }
    assert_eq!(team.run(&["--json", "get", "t"]).json()["description"], SIGNS);
}
