//! Whatever is called, in whatever order, some things stay true.
//!
//! After every call of a random sequence the file is read beside the program,
//! and everything it counts is counted again by hand. `PROPTEST_CASES` says how
//! many sequences.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use proptest::test_runner::Config as Runs;
use rusqlite::{Connection, OpenFlags};
use serde_json::{Value, json};
use task_graph::config::Config;
use task_graph::domain::{Dollars, Status};

use crate::support::history::History;
use crate::support::project::{Project, ids};
use crate::support::rows::{Row, rows_of};

/// An operation and its arguments; `pass` lets minutes pass.
type Call = (&'static str, Value);

const STATES: [&str; 6] = ["pending", "assigned", "working", "completed", "failed", "cancelled"];
const LINKS: [&str; 4] = ["blocks", "follows", "contains", "see-also"];

fn task() -> impl Strategy<Value = String> {
    (0..8u8).prop_map(|number| format!("t{number}"))
}

fn worker() -> impl Strategy<Value = &'static str> {
    prop::sample::select(&["any", "css", "one"])
}

fn rarely() -> impl Strategy<Value = bool> {
    prop::bool::weighted(0.15)
}

fn creation() -> impl Strategy<Value = Value> {
    let place = (prop::option::of(task()), prop::option::weighted(0.3, task()));
    let demand = (rarely(), rarely(), 0..=10u8);
    let estimate = prop::option::of(0..1_000u32);
    (task(), place, demand, estimate).prop_map(|(id, (parent, blocker), demand, estimate)| {
        let (needed, wanted, priority) = demand;
        let mut asked = json!({ "id": id, "title": id, "priority": priority });
        if let Some(estimate) = estimate {
            asked["time_estimate_ms"] = estimate.into();
            asked["points"] = (estimate % 7).into();
        }
        if let Some(parent) = parent {
            asked["parent"] = parent.into();
        }
        if let Some(blocker) = blocker {
            asked["blocked_by"] = blocker.into();
        }
        if needed {
            asked["needed_tags"] = json!(["css"]);
        }
        if wanted {
            asked["wanted_tags"] = json!(["css", "html"]);
        }
        asked
    })
}

/// A task that is tried again, has its time, a lease, or a group of which few may be at work.
fn job() -> impl Strategy<Value = Value> {
    let group = prop::option::of(prop::sample::select(&["few", "one"][..]));
    let times = (rarely(), rarely(), prop::option::of(0..3u8));
    (creation(), group, times, prop::option::of(1..3u8)).prop_map(|(mut asked, group, times, limit)| {
        let (later, leased, retries) = times;
        let mut job = json!({});
        if let Some(group) = group {
            job["group"] = group.into();
            if let Some(limit) = limit {
                job["group_limit"] = limit.into();
            }
        }
        if let Some(retries) = retries {
            job["max_retries"] = retries.into();
            job["base"] = "1m".into();
        }
        if leased {
            job["lease"] = "3m".into();
        }
        if later {
            asked["not_before"] = "2m".into();
        }
        asked["tags"] = json!(["queued"]);
        asked["job"] = job;
        asked
    })
}

fn rejob() -> impl Strategy<Value = Value> {
    (worker(), job(), rarely()).prop_map(|(worker, job, later)| {
        let mut asked = json!({
            "worker_id": worker, "task": job["id"], "job": job["job"], "priority": job["priority"],
        });
        if later {
            asked["not_before"] = "4m".into();
        }
        asked
    })
}

fn tree() -> impl Strategy<Value = Value> {
    let kind = prop::option::of(prop::sample::select(&LINKS[..]));
    let leaf = prop_oneof![4 => creation(), 1 => task().prop_map(|task| json!({ "ref": task }))];
    let leaves = prop::collection::vec(leaf, 0..4);
    (creation(), leaves, kind).prop_map(|(mut root, leaves, kind)| {
        root["tasks"] = leaves.into();
        match kind {
            Some(kind) => json!({ "tree": root, "sibling_type": kind }),
            None => json!({ "tree": root }),
        }
    })
}

fn linking() -> impl Strategy<Value = Value> {
    (task(), task(), prop::sample::select(&LINKS[..]))
        .prop_map(|(from, to, kind)| json!({ "from": from, "to": to, "type": kind }))
}

fn relinking() -> impl Strategy<Value = Value> {
    (task(), task()).prop_map(
        |(parent, child)| json!({ "prev_from": "*", "prev_to": child, "from": parent, "to": child }),
    )
}

fn update() -> impl Strategy<Value = Value> {
    let state = prop_oneof![prop::sample::select(&STATES[..]), Just("working"), Just("completed")];
    (worker(), task(), state, rarely(), any::<bool>(), any::<bool>()).prop_map(
        |(worker, task, status, force, cascade, next)| {
            json!({
                "worker_id": worker, "task": task, "status": status, "force": force,
                "cascade": cascade, "next": next,
            })
        },
    )
}

fn assignment() -> impl Strategy<Value = Value> {
    let state = prop::option::weighted(0.2, prop::sample::select(&STATES[..]));
    (worker(), task(), worker(), state, rarely()).prop_map(|(worker, task, to, status, force)| {
        json!({
            "worker_id": worker, "task": task, "assignee": to, "status": status, "force": force,
        })
    })
}

fn deletion() -> impl Strategy<Value = Value> {
    (worker(), task(), any::<bool>(), rarely(), rarely()).prop_map(
        |(worker, task, cascade, obliterate, force)| {
            json!({
                "worker_id": worker, "task": task, "cascade": cascade, "obliterate": obliterate,
                "force": force,
            })
        },
    )
}

fn attaching() -> impl Strategy<Value = Value> {
    (worker(), task(), prop::sample::select(&["plan", "log"][..]), 0..3u8, any::<bool>()).prop_map(
        |(worker, task, kind, content, file)| {
            json!({
                "worker_id": worker, "task": task, "type": kind, "content": content.to_string(),
                "store_as_file": file,
            })
        },
    )
}

fn reporting() -> impl Strategy<Value = Value> {
    (worker(), task(), -5_000_000..5_000_000i64, 0..9u8).prop_map(|(worker, task, micros, calls)| {
        let cost = serde_json::to_value(Dollars { micros }).unwrap();
        json!({
            "worker_id": worker, "task": task, "cost_usd": cost, "values": { "calls": calls }, "reason": "x",
        })
    })
}

fn message() -> impl Strategy<Value = Value> {
    let to = prop::option::of(prop::sample::select(&["any", "css", "one", "tag:css", "all"][..]));
    let kind = prop::sample::select(&["note", "stop"][..]);
    (worker(), to, prop::option::of(task()), kind, any::<bool>()).prop_map(
        |(worker, to, task, kind, long)| {
            let text = "x".repeat(if long { 300 } else { 3 });
            json!({ "worker_id": worker, "to": to, "task": task, "kind": kind, "text": text })
        },
    )
}

fn call() -> impl Strategy<Value = Call> {
    prop_oneof![
        5 => creation().prop_map(|asked| ("create", asked)),
        4 => job().prop_map(|asked| ("create", asked)),
        3 => rejob().prop_map(|asked| ("update", asked)),
        1 => any::<bool>().prop_map(|dry| ("redrive", json!({ "dry_run": dry }))),
        2 => worker().prop_map(|worker| {
            ("claim", json!({ "worker_id": worker, "tags_any": ["queued"], "count": 1 }))
        }),
        2 => (worker(), task()).prop_map(|(worker, under)| {
            ("claim", json!({ "worker_id": worker, "under": under, "count": 2 }))
        }),
        2 => tree().prop_map(|asked| ("create_tree", asked)),
        5 => linking().prop_map(|asked| ("link", asked)),
        2 => linking().prop_map(|asked| ("unlink", asked)),
        2 => relinking().prop_map(|asked| ("relink", asked)),
        5 => worker().prop_map(|worker| ("claim", json!({ "worker_id": worker }))),
        3 => (worker(), task(), rarely()).prop_map(|(worker, task, force)| {
            ("claim", json!({ "worker_id": worker, "task": task, "force": force }))
        }),
        9 => update().prop_map(|asked| ("update", asked)),
        2 => assignment().prop_map(|asked| ("update", asked)),
        2 => deletion().prop_map(|asked| ("delete", asked)),
        2 => (task(), any::<bool>()).prop_map(|(task, cascade)| {
            ("undelete", json!({ "task": task, "cascade": cascade }))
        }),
        1 => (task(), task()).prop_map(|(task, new)| ("rename", json!({ "task": task, "new_id": new }))),
        1 => worker().prop_map(|worker| ("disconnect", json!({ "worker_id": worker }))),
        1 => worker().prop_map(|worker| ("connect", json!({ "worker_id": worker }))),
        1 => (task(), prop::sample::select(&["active", "paused", "closed"][..])).prop_map(|(name, state)| {
            ("project", json!({ "name": name, "state": state }))
        }),
        1 => (worker(), prop_oneof![task(), Just("null".to_owned())]).prop_map(|(worker, project)| {
            ("connect", json!({ "worker_id": worker, "project": project }))
        }),
        1 => Just(("cleanup_stale", json!({}))),
        2 => attaching().prop_map(|asked| ("attach", asked)),
        1 => (worker(), task()).prop_map(|(worker, task)| {
            ("detach", json!({ "worker_id": worker, "task": task, "type": "*" }))
        }),
        3 => message().prop_map(|asked| ("send", asked)),
        1 => worker().prop_map(|worker| ("inbox", json!({ "worker_id": worker }))),
        2 => reporting().prop_map(|asked| ("log_metrics", asked)),
        1 => (1..8u8).prop_map(|minutes| ("pass", json!(minutes))),
    ]
}

/// A project on which calls are made, and what has to stay true of it.
struct World {
    project: Project,
    minutes: u64,
    beside: Connection,
    attempts: BTreeMap<String, i64>,
}

impl World {
    fn new(moving: bool) -> Self {
        let project = Project::with(|config| {
            let target = moving.then(|| "assigned".parse().unwrap());
            config.auto_advance.target_state = target;
        });
        project.worker("any", json!({ "max_claims": 0 }));
        project.worker("css", json!({ "tags": ["css"], "max_claims": 0 }));
        project.worker("one", json!({ "max_claims": 1 }));
        project.has(["t0", "t1", "t2", "t3"]);
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY;
        let beside = Connection::open_with_flags(project.file(), flags).unwrap();
        Self { project, minutes: 0, beside, attempts: BTreeMap::new() }
    }

    /// Makes a call, which may be refused but not break, and looks at what it left.
    fn make(&mut self, (operation, arguments): &Call) {
        match *operation {
            "pass" => self.pass(arguments.as_u64().unwrap()),
            "claim" if arguments.get("count").is_some() => self.claim_of_a_kind(arguments),
            "claim" if arguments.get("task").is_none() => self.claim_best(arguments),
            // The feed could not tell the two apart.
            "rename" if self.is_in_feed(&arguments["new_id"]) => {}
            operation => self.call(operation, arguments.clone()),
        }
        if matches!(*operation, "rename" | "delete") {
            // The name may go on to another task.
            self.attempts.clear();
        }
        self.check_sums();
        self.check_messages();
        self.check_media();
        let file = File::read(&self.beside, self.project.config());
        file.check();
        for (task, attempt) in file.attempts() {
            let before = self.attempts.insert(task.clone(), attempt);
            assert!(before <= Some(attempt), "the attempts of {task} went back");
        }
    }

    fn call(&self, operation: &str, arguments: Value) {
        if let Err(refused) = self.project.call(operation, arguments) {
            assert_ne!(refused.code, "internal", "{refused:?}");
        }
    }

    /// Adds up again what is kept as a sum.
    fn check_sums(&self) {
        let estimates = rows_of(
            &self.beside,
            "select
                count(time_estimate_ms) as tasks,
                coalesce(sum(time_estimate_ms), 0) as time_estimate_ms,
                coalesce(sum(iif(time_estimate_ms is null, 0, time_actual_ms)), 0) as time_actual_ms,
                coalesce(sum(points), 0) as points
            from tasks where deleted_at is null",
        );
        let kept = "select tasks, time_estimate_ms, time_actual_ms, points from estimates";
        assert_eq!(rows_of(&self.beside, kept), estimates);
        let reported = rows_of(
            &self.beside,
            "select worker_id, name, sum(value) as value
            from metrics join metric_values on metric_id = id group by 1, 2 order by 1, 2",
        );
        let kept = "select worker_id, name, value from metric_totals order by 1, 2";
        assert_eq!(rows_of(&self.beside, kept), reported);
        let micros = reported.iter().filter(|row| row["name"] == "cost_usd").map(|row| row["value"].as_i64());
        let cost = Dollars { micros: micros.map(Option::unwrap).sum() };
        assert_eq!(self.project.answer("get_metrics", json!({}))["cost_usd"].to_string(), cost.to_string());
    }

    /// Counts again what each worker was not told of.
    fn check_messages(&self) {
        let counted =
            "select id, (select count(*) from deliveries where worker_id = id and told_at is null) as untold
            from workers order by id";
        let kept = "select id, untold_messages as untold from workers order by id";
        assert_eq!(rows_of(&self.beside, kept), rows_of(&self.beside, counted));
    }

    /// Looks for every file that something refers to, and for those that nothing does once it is tidied up.
    fn check_media(&self) {
        self.project.app.tidy().unwrap();
        let wanted =
            rows_of(&self.beside, "select distinct digest from attachments where digest is not null");
        assert_eq!(self.project.media().len(), wanted.len());
    }

    fn is_in_feed(&self, task: &Value) -> bool {
        let known = rows_of(&self.beside, "select distinct task_id from events");
        known.iter().any(|row| row["task_id"] == *task)
    }

    fn pass(&mut self, minutes: u64) {
        self.minutes += minutes;
        let time = format!("{}:{:02}", 12 + self.minutes / 60, self.minutes % 60);
        self.project.at(&time);
    }

    /// Claims without naming a task, which takes the first that the list shows.
    fn claim_best(&self, arguments: &Value) {
        let mut ready = arguments.clone();
        ready["ready"] = true.into();
        let Ok(list) = self.project.call("list_tasks", ready) else {
            return;
        };
        let holds = self.project.list(json!({ "owner": arguments["worker_id"] }));
        match self.project.call("claim", arguments.clone()) {
            Ok(taken) if holds.is_empty() => {
                let first = ids(&list["tasks"]).first().cloned();
                assert_eq!(taken["task"]["id"].as_str(), first.as_deref());
            }
            Ok(_) => {}
            Err(refused) => assert_eq!(refused.code, "at_limit", "{refused:?}"),
        }
    }

    /// Claims work of one kind, which takes the first of it that the list shows.
    fn claim_of_a_kind(&self, arguments: &Value) {
        let mut ready = json!({ "worker_id": arguments["worker_id"], "ready": true });
        if let Some(under) = arguments.get("under") {
            ready["parent"] = under.clone();
            ready["recursive"] = true.into();
        }
        if let Some(tags) = arguments.get("tags_any") {
            ready["tags_any"] = tags.clone();
        }
        let given =
            rows_of(&self.beside, "select 1 from tasks where worker_id is not null and claimed_at is null");
        let Ok(list) = self.project.call("list_tasks", ready) else {
            return;
        };
        let Ok(taken) = self.project.call("claim", arguments.clone()) else {
            return;
        };
        if given.is_empty() {
            let first = taken["tasks"][0]["id"].as_str();
            assert_eq!(first, ids(&list["tasks"]).first().map(String::as_str), "{arguments} {taken} {list}");
        }
    }

    /// Has the program count everything anew, which changes nothing.
    fn recount(&self) {
        let counted = |project: &Project| {
            (
                project.rows("select * from tasks order by id"),
                project.rows("select * from dependencies order by 1, 2, 3"),
                project.rows("select * from tallies where tasks > 0 order by 1, 2, 3"),
            )
        };
        let before = counted(&self.project);
        let connection = Connection::open(self.project.file()).unwrap();
        connection.execute("update facts set value = '' where name = 'rules'", []).unwrap();

        let after = counted(&self.project.reconfigured(|_| {}));

        assert_eq!(before, after);
    }
}

/// What is in the file, and what should be.
struct File<'a> {
    config: &'a Config,
    tasks: BTreeMap<String, Row>,
    links: Vec<(String, String, String)>,
    attempts: Vec<Row>,
    tallies: Vec<Row>,
    /// What is said of tasks as jobs.
    jobs: BTreeMap<String, Row>,
    /// How many of each group may be at work.
    limits: BTreeMap<String, usize>,
    ready_tags: Vec<Row>,
    projects: BTreeSet<i64>,
}

impl<'a> File<'a> {
    fn read(connection: &Connection, config: &'a Config) -> Self {
        let read = |sql: &str| rows_of(connection, sql);
        let word = |row: &Row, column: &str| row[column].as_str().unwrap().to_owned();
        Self {
            config,
            tasks: read("select * from tasks").into_iter().map(|row| (word(&row, "id"), row)).collect(),
            links: read("select from_task_id, to_task_id, dep_type from dependencies")
                .iter()
                .map(|row| {
                    let [from, to] = ["from_task_id", "to_task_id"].map(|end| word(row, end));
                    (from, to, word(row, "dep_type"))
                })
                .collect(),
            attempts: read("select * from attempts order by task_id, attempt"),
            tallies: read("select * from tallies where tasks > 0"),
            jobs: read("select * from jobs").into_iter().map(|row| (word(&row, "task_id"), row)).collect(),
            limits: read("select * from task_groups")
                .into_iter()
                .map(|row| (word(&row, "name"), row["most_at_work"].as_u64().unwrap() as usize))
                .collect(),
            ready_tags: read("select * from ready_tags order by 1, 2, 3, 4"),
            projects: read("select task from projects").iter().map(|row| number(row, "task")).collect(),
        }
    }

    fn check(&self) {
        for (id, row) in &self.tasks {
            self.check_holder(id, row);
            self.check_attempts(id, row);
            self.check_counts(id, row);
        }
        self.check_tallies();
        self.check_ready_tags();
        let at_work = |group: &String| {
            self.tasks
                .values()
                .filter(|row| row["group_key"] == **group && !row["claimed_at"].is_null())
                .count()
        };
        for (group, limit) in &self.limits {
            let open =
                self.tasks.values().filter(|row| row["group_key"] == **group && row["ready"] == 1).count();
            assert!(open == 0 || at_work(group) < *limit, "{group} has no room and {open} on offer");
        }
        assert!(!has_circle(&self.moments()), "a deadlock: {:?}", self.links);
    }

    fn attempts(&self) -> impl Iterator<Item = (String, i64)> {
        let number = |row: &Row| row["attempt"].as_i64().unwrap();
        self.tasks.iter().map(move |(id, row)| (id.clone(), number(row)))
    }

    fn check_holder(&self, id: &str, row: &Row) {
        let held = !row["worker_id"].is_null();
        let state = self.state(row);
        assert!(!(state.terminal && held), "{id} has ended and is held: {row:?}");
        assert!(!state.timed || held, "nobody works on {id}: {row:?}");
        assert_eq!(state.timed, !row["timed_since"].is_null(), "the clock of {id}: {row:?}");
        assert_eq!(state.terminal, !row["completed_at"].is_null(), "the end of {id}: {row:?}");
        assert!(!held || row["deleted_at"].is_null(), "{id} is deleted and held");
        let parts = self.open_children(id);
        assert!(row["status"] != "completed" || parts == 0, "{id} is completed, {parts} in it not");
    }

    /// One row for each number, one of them under way at most, and that one the holder's.
    fn check_attempts(&self, id: &str, row: &Row) {
        let made = self.attempts.iter().filter(|attempt| attempt["task_id"] == id);
        let numbers: Vec<_> = made.clone().map(|attempt| attempt["attempt"].as_i64()).collect();
        let all: Vec<_> = (1..=row["attempt"].as_i64().unwrap()).map(Some).collect();
        assert_eq!(numbers, all, "the attempts at {id}");
        let under_way: Vec<_> = made.filter(|attempt| attempt["ended_at"].is_null()).collect();
        assert_eq!(under_way.len(), usize::from(!row["claimed_at"].is_null()), "{id}");
        for attempt in under_way {
            assert_eq!(attempt["worker_id"], row["worker_id"], "the holder of {id}");
            assert_eq!(attempt["attempt"], row["attempt"], "the newest attempt at {id}");
        }
    }

    fn check_counts(&self, id: &str, row: &Row) {
        let waiting = {
            let state = self.state(row);
            !state.timed && !state.terminal && state.exits.iter().any(|exit| exit.as_str() == "working")
        };
        let (blockers, children) = (self.open_blockers(id), self.open_children(id));
        let above = self.blocked_above(id);
        let there = row["deleted_at"].is_null();
        let free = row["worker_id"].is_null() && there;
        let withheld = self.withheld(id, row);
        let held_back = blockers + children + above;
        let ready = waiting && free && held_back == 0 && withheld.is_none() && !self.is_project(row);
        assert_eq!(row["project"].as_i64(), self.project_of(id), "the project of {id}: {:?}", self.links);
        for (column, counted) in [
            ("open_blockers", blockers),
            ("open_children", children),
            ("blocked_above", above),
            ("ready", usize::from(ready)),
            ("is_waiting", usize::from(waiting)),
            ("is_blocking", usize::from(self.is_blocking(id))),
            ("is_ended", usize::from(self.state(row).terminal)),
        ] {
            assert_eq!(row[column], counted, "{column} of {id}: {row:?} {:?}", self.links);
        }
    }

    /// Says why a task is not handed out that nothing blocks, as the jobs and the others of its group say.
    fn withheld(&self, id: &str, row: &Row) -> Option<&'static str> {
        let job = self.jobs.get(id);
        assert_eq!(row["is_job"] == 1, job.is_some(), "{id}");
        let leased = job.is_some_and(|job| !job["lease_until"].is_null());
        assert!(!leased || !row["claimed_at"].is_null(), "a lease of nobody on {id}");
        if job.is_some_and(|job| !job["not_before"].is_null()) {
            return Some("scheduled");
        }
        let group = row["group_key"].as_str()?;
        let others = || self.tasks.iter().filter(|(_, other)| other["group_key"] == group);
        let room = self.limits[group]
            .saturating_sub(others().filter(|(_, row)| !row["claimed_at"].is_null()).count());
        let rank = |row: &Row| (-row["priority"].as_i64().unwrap(), row["n"].as_i64().unwrap());
        let ahead = others().filter(|(other, candidate)| {
            candidate["queue"] == row["queue"]
                && candidate["parent"] == row["parent"]
                && rank(candidate) < rank(row)
                && self.jobs[*other]["not_before"].is_null()
                && self.could_be_handed_out(other, candidate)
        });
        (ahead.count() >= room).then_some("limited")
    }

    /// Says whether nothing but its turn could keep a task from being handed out.
    fn could_be_handed_out(&self, id: &str, row: &Row) -> bool {
        let state = self.state(row);
        let waiting =
            !state.timed && !state.terminal && state.exits.iter().any(|exit| exit.as_str() == "working");
        waiting
            && row["worker_id"].is_null()
            && row["deleted_at"].is_null()
            && self.open_blockers(id) + self.open_children(id) + self.blocked_above(id) == 0
    }

    fn check_ready_tags(&self) {
        let mut counted: BTreeSet<(String, String, i64, i64)> = BTreeSet::new();
        for row in self.tasks.values().filter(|row| row["ready"] == 1) {
            let tags: Vec<String> = serde_json::from_str(row["tags"].as_str().unwrap()).unwrap();
            let number = |column: &str| row[column].as_i64().unwrap();
            let demand = row["queue"].as_str().unwrap();
            counted.extend(
                tags.into_iter().map(|tag| (tag, demand.to_owned(), number("priority"), number("n"))),
            );
        }
        let word = |row: &Row, column: &str| row[column].as_str().unwrap().to_owned();
        let number = |row: &Row, column: &str| row[column].as_i64().unwrap();
        let stored = self.ready_tags.iter();
        let stored = stored
            .map(|row| (word(row, "tag"), word(row, "queue"), number(row, "priority"), number(row, "n")));
        assert_eq!(stored.collect::<BTreeSet<_>>(), counted);
    }

    fn check_tallies(&self) {
        let mut counted: BTreeMap<(i64, &str, &str), usize> = BTreeMap::new();
        for (id, row) in &self.tasks {
            if row["deleted_at"].is_null() {
                let status = row["status"].as_str().unwrap();
                let project = self.project_of(id).unwrap_or_default();
                *counted.entry((project, status, self.standing(id, row))).or_default() += 1;
            }
        }
        let word = |row: &'_ Row, column: &str| row[column].as_str().unwrap().to_owned();
        let stored: BTreeSet<String> = self
            .tallies
            .iter()
            .map(|row| {
                let (status, standing) = (word(row, "status"), word(row, "standing"));
                format!("{} {status} {standing} {}", row["project"], row["tasks"])
            })
            .collect();
        let counted: BTreeSet<String> = counted
            .into_iter()
            .map(|((project, status, standing), tasks)| format!("{project} {status} {standing} {tasks}"))
            .collect();
        assert_eq!(stored, counted);
    }

    fn standing(&self, id: &str, row: &Row) -> &'static str {
        let state = self.state(row);
        let waiting = !state.timed && state.exits.iter().any(|exit| exit.as_str() == "working");
        if state.terminal {
            "ended"
        } else if !row["worker_id"].is_null() {
            "held"
        } else if !waiting {
            "paused"
        } else if self.open_blockers(id) + self.blocked_above(id) > 0 {
            "blocked"
        } else if self.open_children(id) > 0 || self.is_project(row) {
            "container"
        } else {
            self.withheld(id, row).unwrap_or("ready")
        }
    }

    fn is_project(&self, row: &Row) -> bool {
        self.projects.contains(&number(row, "n"))
    }

    /// Returns the project at the top of what a task is in.
    fn project_of(&self, id: &str) -> Option<i64> {
        match self.parent(id) {
            Some(parent) => self.project_of(parent),
            None => Some(number(&self.tasks[id], "n")).filter(|n| self.projects.contains(n)),
        }
    }

    fn state(&self, row: &Row) -> &'a task_graph::domain::State {
        let status: Status = row["status"].as_str().unwrap().parse().unwrap();
        &self.config.workflows.by_name["default"].states[&status]
    }

    fn is_blocking(&self, id: &str) -> bool {
        let row = &self.tasks[id];
        row["deleted_at"].is_null() && self.state(row).blocking
    }

    fn open_blockers(&self, id: &str) -> usize {
        let blockers: BTreeSet<&str> = self
            .links
            .iter()
            .filter(|(from, to, kind)| to == id && holds_start(kind) && self.is_blocking(from))
            .map(|(from, ..)| from.as_str())
            .collect();
        blockers.len()
    }

    fn open_children(&self, id: &str) -> usize {
        let children = self
            .links
            .iter()
            .filter(|(from, to, kind)| from == id && kind == "contains" && self.is_blocking(to));
        children.count()
    }

    fn blocked_above(&self, id: &str) -> usize {
        let mut up = std::iter::successors(self.parent(id), |id| self.parent(id));
        let above: Vec<&str> = up.by_ref().take(self.tasks.len() + 1).collect();
        above.into_iter().filter(|id| self.open_blockers(id) > 0).count()
    }

    fn parent(&self, id: &str) -> Option<&str> {
        let link = self.links.iter().find(|(_, to, kind)| to == id && kind == "contains");
        link.map(|(from, ..)| from.as_str())
    }

    /// Returns what has to be before what: `true` is when a task ends, `false` when it opens.
    fn moments(&self) -> Vec<[(&str, bool); 2]> {
        let lives = self.tasks.keys().map(|id| [(id.as_str(), false), (id.as_str(), true)]);
        let orders = self.links.iter().flat_map(|(from, to, kind)| {
            let (from, to) = (from.as_str(), to.as_str());
            match kind.as_str() {
                "contains" => vec![[(from, false), (to, false)], [(to, true), (from, true)]],
                kind if holds_start(kind) => vec![[(from, true), (to, false)]],
                _ => Vec::new(),
            }
        });
        lives.chain(orders).collect()
    }
}

fn holds_start(kind: &str) -> bool {
    matches!(kind, "blocks" | "follows")
}

/// Takes away what nothing comes before, until nothing is left, or only a circle.
fn has_circle(orders: &[[(&str, bool); 2]]) -> bool {
    let mut left = orders.to_vec();
    loop {
        let later: BTreeSet<_> = left.iter().map(|[_, later]| *later).collect();
        let before = left.len();
        left.retain(|[earlier, _]| later.contains(earlier));
        if left.is_empty() || left.len() == before {
            return !left.is_empty();
        }
    }
}

proptest! {
    #![proptest_config(Runs { failure_persistence: None, ..Runs::default() })]

    #[test]
    fn whatever_is_called_some_things_stay_true(
        calls in prop::collection::vec(call(), 1..30),
        moving in rarely(),
    ) {
        let mut world = World::new(moving);

        for call in &calls {
            world.make(call);
        }

        world.recount();
        History::check(&world.project.file(), world.project.config());
    }
}

fn number(row: &Row, column: &str) -> i64 {
    row[column].as_i64().unwrap()
}
