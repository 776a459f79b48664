//! Test: the cost of a call grows in proportion to the number of tasks that it names.
//!
//! The cost is the number of steps of SQLite's virtual machine, triggers included. It is the same on every computer.

use serde_json::{Value, json};

use super::{Input, find};
use crate::App;
use crate::config::Config;
use crate::store::{Options, Store};

/// Returns the steps of a call in a store of its own that has the tasks `one` and `t0`, `t1`, …
fn cost(tasks: usize, before: &[(&str, Value)], (name, arguments): (&str, &Value)) -> u64 {
    let folder = tempfile::tempdir().unwrap();
    let options = Options { lock_wait: std::time::Duration::from_secs(10), synced: false };
    let store = Store::open(&folder.path().join("tasks.db"), options).unwrap();
    let app = App::new(store, Config::builtin(), Default::default()).unwrap();
    let call = |name: &str, arguments: &Value| {
        let input = Input::of(arguments.as_object().unwrap().clone());
        find(name).unwrap().call(&app, input).unwrap_or_else(|error| panic!("{name}: {error}"))
    };
    call("create", &json!({ "id": "one", "title": "one" }));
    let rows: Vec<Value> = ids(tasks).into_iter().map(|id| json!([id, "task"])).collect();
    call("create", &json!({ "columns": ["id", "title"], "rows": rows }));
    before.iter().for_each(|(name, arguments)| drop(call(name, arguments)));
    app.store.counting(|| call(name, arguments)).1
}

fn ids(tasks: usize) -> Vec<String> {
    (0..tasks).map(|at| format!("t{at}")).collect()
}

#[test]
fn many_links_of_one_task_take_as_many_times_longer() {
    type Case = (&'static str, Vec<(&'static str, Value)>, Value);
    let cases = |tasks: usize| -> Vec<Case> {
        let many = ids(tasks);
        let joins = json!({ "from": many, "to": "one" });
        let holds = json!({ "from": "one", "to": many, "type": "contains" });
        vec![
            ("create", vec![], json!({ "title": "join", "blocked_by": many })),
            ("create", vec![], json!({ "title": "fork", "blocks": many })),
            ("create", vec![], json!({ "title": "both", "blocked_by": ["one"], "blocks": many })),
            ("link", vec![], joins.clone()),
            ("link", vec![("create", json!({ "title": "a", "blocked_by": ["one"] }))], joins.clone()),
            ("link", vec![], holds.clone()),
            ("unlink", vec![("link", joins)], json!({ "from": "*", "to": "one" })),
            ("unlink", vec![("link", holds)], json!({ "from": "one", "to": "*", "type": "contains" })),
        ]
    };
    let [small, middle, large] = [250, 500, 1_000].map(|tasks| {
        let cost = |(name, before, arguments): &Case| cost(tasks, before, (name, arguments));
        cases(tasks).iter().map(cost).collect::<Vec<_>>()
    });

    for (at, (name, before, _)) in cases(1).iter().enumerate() {
        let grown = [small[at], middle[at], large[at]];
        assert!(
            grown.windows(2).all(|pair| pair[1] * 10 <= pair[0] * 22),
            "{at} {name} {before:?}: {grown:?}"
        );
    }
}
