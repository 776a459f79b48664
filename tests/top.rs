//! What a person sees who looks on, and what the keys bring about.

use std::fs;
use std::path::Path;

use serde_json::json;
use task_graph::surface::top::{Colours, Order, Target, WIDTH, give, once};

use crate::support::command::{Ran, program};
use crate::support::project::Project;

/// A worker of the picture: its task, the minute of the hour in which it claims it, what it thinks,
/// and the second in which it says so for the last time.
type Hand = (&'static str, &'static str, u32, &'static str, u32);

const HANDS: [Hand; 10] = [
    ("ann", "cart-api", 41, "prices are integers now, the cart adds them up", 51),
    ("bob", "checkout", 44, "waits for the payment sandbox to answer", 12),
    ("cleo", "payments", 38, "the webhook comes twice: needs a key", 40),
    ("dan", "search-index", 49, "titles first, descriptions later", 33),
    ("eve", "login", 52, "sessions live in the database", 58),
    ("finn", "emails", 53, "templates are plain text", 20),
    ("gus", "images", 55, "thumbnails at three sizes", 47),
    ("hana", "reviews", 56, "stars are halves", 55),
    ("ivo", "tax", 57, "rounding by line, not by sum", 5),
    ("juno", "docs", 58, "the API as it is, not as it was meant", 59),
];

/// A web shop in the making, five minutes past one.
fn shop() -> Project {
    let mut shop = Project::new();
    for (task, title) in [
        ("cart-api", "Serve the cart"),
        ("checkout", "Lead through the checkout"),
        ("payments", "Take payments"),
        ("search-index", "Find products by what they are called"),
        ("login", "Log customers in"),
        ("emails", "Send confirmations"),
        ("images", "Show pictures of products"),
        ("reviews", "Let customers rate products"),
        ("tax", "Reckon taxes"),
        ("docs", "Describe the API"),
        ("load-test", "Bear a thousand customers"),
        ("launch", "Open the shop"),
        ("blog", "Tell the world"),
        ("css", "Make it beautiful"),
    ] {
        shop.has_one(task, json!({ "title": title }));
    }
    shop.linked("checkout", "load-test").linked("load-test", "launch").linked("payments", "launch");
    for minute in [5, 6, 11, 17, 18, 19, 26, 31, 33, 34, 35] {
        shop.at(&format!("12:{minute:02}"));
        ends(&shop, "ann", minute);
    }
    for minute in 38..60 {
        shop.at(&format!("12:{minute:02}"));
        if [43, 50, 51, 57].contains(&minute) {
            ends(&shop, "kim", minute);
        }
        for (worker, task, since, thought, _) in HANDS.into_iter().filter(|hand| hand.2 <= minute) {
            if since == minute {
                shop.worker(worker, json!({})).claim(worker, task);
            }
            shop.does("thinking", json!({ "worker_id": worker, "thought": thought }));
        }
    }
    shop.at("13:00").worker("kim", json!({})).worker("lea", json!({}));
    shop.does(
        "mark_file",
        json!({ "worker_id": "cleo", "files": ["src/db/schema.sql"], "reason": "keys for webhooks" }),
    );
    shop.does("mark_file", json!({ "worker_id": "ann", "files": ["src/cart/mod.rs", "src/cart/price.rs"] }));
    shop.does("mark_file", json!({ "worker_id": "gus", "files": ["assets/**"], "reason": "new sizes" }));
    for worker in ["bob", "ivo"] {
        shop.does("mark_file", json!({ "worker_id": worker, "files": ["src/db/schema.sql"] }));
    }
    shop.at("13:01");
    ends(&shop, "lea", 61);
    shop.does("send", json!({
        "worker_id": "bob", "to": ["cleo"], "kind": "question", "text": "which currency do the prices have?",
    }));
    shop.at("13:02").does(
        "send",
        json!({
            "worker_id": "cleo", "reply_to": 1, "text": "euros, in cents",
        }),
    );
    shop.at("13:03")
        .does("send", json!({ "task": "docs", "kind": "redirect", "text": "describe the cart first" }));
    let mut last = HANDS;
    last.sort_by_key(|(.., second)| *second);
    for (worker, _, _, thought, second) in last {
        shop.at(&format!("13:03:{second:02}"));
        shop.does("thinking", json!({ "worker_id": worker, "thought": thought }));
    }
    shop.at("13:04:05");
    shop
}

/// Has a worker do a task that takes no time.
fn ends(shop: &Project, worker: &str, minute: u32) {
    let task = format!("step-{minute}");
    shop.worker(worker, json!({})).has_one(&task, json!({})).claim(worker, &task);
    let _ = shop.moves(worker, &task, "completed");
}

fn picture(project: &Project) -> String {
    once(&project.app, "web-shop", WIDTH, Colours::No).unwrap()
}

#[test]
fn the_picture_in_the_readme_is_what_twelve_workers_look_like() {
    let readme = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).unwrap();

    let picture = picture(&shop());

    assert!(picture.lines().count() <= 30, "{picture}");
    assert!(picture.lines().all(|line| line.chars().count() <= 100), "{picture}");
    let is_there = readme.contains(&format!("```text\n{picture}```\n"));
    assert!(is_there, "put this into the README:\n{picture}");
}

fn target(worker: &str, task: &str, attempt: i64) -> Target {
    Target { worker: worker.into(), task: Some(task.into()), attempt }
}

#[test]
fn looking_on_changes_nothing() {
    let shop = shop();
    let before = shop.contents();

    let _ = picture(&shop);

    assert_eq!(before, shop.contents());
}

#[test]
fn a_worker_is_told_to_stop_and_what_to_do_instead() {
    let project = Project::new();
    project.has(["t"]).claim("ann", "t");

    let told = give(&project.app, Order::Stop, &target("ann", "t", 1), "it is not needed").unwrap();
    give(&project.app, Order::Redirect, &target("ann", "t", 1), "do the docs").unwrap();

    assert_eq!(told, "told ann: it is in the next answer that ann gets");
    let inbox = project.answer("inbox", json!({ "worker_id": "ann" }));
    assert_eq!(inbox["total"], 2);
    assert_eq!(inbox["messages"][0]["kind"], "stop");
    assert_eq!(inbox["messages"][0]["task"], "t");
    assert_eq!(inbox["messages"][1]["text"], "do the docs");
}

#[test]
fn a_released_task_is_ready_and_its_worker_is_told() {
    let project = Project::new();
    project.has(["t"]).claim("ann", "t");

    let said = give(&project.app, Order::Release, &target("ann", "t", 1), "too slow").unwrap();

    assert_eq!(said, "t is pending again, ann is told so");
    assert_eq!(project.ready(), ["t"]);
    let inbox = project.answer("inbox", json!({ "worker_id": "ann" }));
    assert_eq!(inbox["messages"][0]["kind"], "stop");
    assert!(inbox["messages"][0]["text"].as_str().unwrap().ends_with("too slow"), "{inbox}");
    let here = project.answer("list_agents", json!({}));
    assert_eq!(here["total"], 2, "nobody stays who came for that only: {here}");
}

#[test]
fn a_task_that_is_in_other_hands_by_now_is_not_released() {
    let project = Project::new();
    project.has(["t", "u"]).claim("ann", "t");
    let _ = project.moves("ann", "t", "pending");
    project.claim("bob", "t");
    project.claim("ann", "u");
    let _ = project.moves("ann", "u", "pending");
    project.claim("ann", "u");

    let from_bob = give(&project.app, Order::Release, &target("ann", "t", 1), "too slow").unwrap_err();
    let again = give(&project.app, Order::Release, &target("ann", "u", 1), "too slow").unwrap_err();

    assert_eq!(from_bob.to_string(), "ann does not hold `t` any more");
    assert_eq!(again.code(), "fenced", "{again}");
    assert_eq!(project.list(json!({ "claimed": true })).len(), 2);
    assert_eq!(project.answer("list_agents", json!({}))["total"], 2);
}

#[test]
fn in_a_pipe_it_is_printed_without_escapes_unless_they_are_asked_for() {
    let shop = shop();
    let folder = shop.file().parent().unwrap().parent().unwrap().to_owned();
    let top = |words: &[&str]| {
        let mut command = program(&folder);
        // Somebody who is a worker too looks on as anybody does.
        command.env("TASK_GRAPH_NOW", "2026-01-31T13:04:05Z").env("TASK_GRAPH_WORKER_ID", "cleo");
        Ran::of(command.arg("top").args(words).output().unwrap())
    };
    let before = shop.contents();

    let [piped, once, coloured] = [&[][..], &["--once"], &["--once", "--color"]].map(top);

    assert_eq!((piped.code, piped.err.as_str()), (0, ""));
    assert_eq!(
        piped.out.lines().skip(1).collect::<Vec<_>>(),
        picture(&shop).lines().skip(1).collect::<Vec<_>>()
    );
    assert_eq!(piped.out, once.out);
    assert!(!once.out.contains('\u{1b}'));
    assert!(coloured.out.contains("\u{1b}["), "{}", coloured.out);
    assert_eq!(before, shop.contents());
}

#[test]
fn where_there_is_no_store_none_is_made() {
    let folder = tempfile::tempdir().unwrap();

    let ran = Ran::of(program(folder.path()).args(["--json", "top", "--once"]).output().unwrap());

    assert_eq!((ran.code, ran.error()["code"].as_str()), (3, Some("not_found")));
    assert!(!folder.path().join(".task-graph").exists());
}
