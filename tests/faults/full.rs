//! A disk that is full for a while.

use std::fs;
use std::process::Output;

use serde_json::{Value, json};

use super::client::{Answer, Server};
use super::place::Place;
use super::{Outcome, Result, check};

const NO_SPACE: i32 = 28;

/// Fills the disk, tries writes and reads, and frees the disk again.
pub fn then_room_again() -> Result<Outcome> {
    let place = Place::new()?;
    let mut outcome = Outcome::default();
    let rules = format!("fail:pwrite::1-:{NO_SPACE};fail:write:.task-graph:1-:{NO_SPACE}");
    let program = || -> Result<_> {
        let mut command = place.faulty(&rules)?;
        command.env("FAULTS_SWITCH", place.switch());
        Ok(command)
    };
    let mut server = Server::start(&mut program()?)?;
    server.connect("ann")?.map_err(|refused| refused.text)?;
    let create = |id: &str| ("create", json!({ "id": id, "title": id }));
    let attach = |content: &str| {
        ("attach", json!({ "task": "t1", "type": "log", "content": content, "store_as_file": true }))
    };
    let mut ask = |(tool, arguments): (&str, Value)| -> Result<Answer> { server.call(tool, arguments) };
    let mut faults = Vec::new();
    faults.extend(must_succeed("before", &ask(create("t1"))?));
    faults.extend(must_succeed("before", &ask(attach("before"))?));

    fs::write(place.switch(), "")?;
    faults.extend(must_be_refused("create", &ask(create("t2"))?));
    faults.extend(must_be_refused("attach", &ask(attach("meanwhile"))?));
    faults.extend(must_succeed("a read", &ask(("list_tasks", json!({})))?));
    faults.extend(code_6(&program()?.args(["create", "t3", "--id", "t3", "--json"]).output()?));
    let media = place.project().join(".task-graph/tasks.db-media");
    for shard in fs::read_dir(media)? {
        for file in fs::read_dir(shard?.path())? {
            let name = file?.file_name().to_string_lossy().into_owned();
            if name.len() != 64 {
                faults.push(format!("a draft was left in the media folder: {name}"));
            }
        }
    }
    fs::remove_file(place.switch())?;

    faults.extend(must_succeed("after", &ask(create("t4"))?));
    faults.extend(must_succeed("after", &ask(attach("after"))?));
    server.end()?;
    faults.extend(check::faults(&place.project(), &server.facts));
    outcome.count("answered facts", server.facts.len());
    outcome.find("full disk", faults);
    Ok(outcome)
}

fn must_succeed(when: &str, answer: &Answer) -> Option<String> {
    answer.as_ref().err().map(|refused| format!("{when}: {}", refused.text))
}

fn must_be_refused(tool: &str, answer: &Answer) -> Option<String> {
    match answer {
        Err(refused) if refused.code == "unusable_store" => None,
        Err(refused) => Some(format!("`{tool}` was refused with `{}`: {}", refused.code, refused.text)),
        Ok(_) => Some(format!("`{tool}` was answered although the disk is full")),
    }
}

fn code_6(ran: &Output) -> Option<String> {
    let said = String::from_utf8_lossy(&ran.stderr);
    (ran.status.code() != Some(6)).then(|| format!("`task-graph create` ended with {}: {said}", ran.status))
}
