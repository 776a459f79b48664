//! A call that has to wait for others holds up nothing else.

use std::fs::File;
use std::time::Duration;

use serde_json::json;

use crate::support::team::Team;

#[test]
fn a_call_that_waits_for_the_store_holds_up_no_other() {
    for held in ["-wal", "-queue"] {
        let team = Team::new();
        team.configure("server: { lock_wait_seconds: 600 }");
        team.has(&["t"]);
        let mut agent = team.server();
        agent.answer("connect", json!({ "worker_id": "ann" }));
        let writer = rusqlite::Connection::open(team.file()).unwrap();
        let queue = File::open(team.file().with_file_name("tasks.db-queue")).unwrap();
        match held {
            "-wal" => writer.execute_batch("begin immediate").unwrap(),
            _ => queue.lock().unwrap(),
        }

        agent.start("thinking", json!({ "worker_id": "ann", "thought": "I wait" }));
        let meanwhile = agent.request("ping", json!({}));

        assert_eq!(meanwhile["result"], json!({}));
        assert!(agent.finish_within(Duration::from_millis(20)).is_none(), "{held} is held by another");
        drop((writer, queue));
        assert!(agent.finish().is_ok());
    }
}
