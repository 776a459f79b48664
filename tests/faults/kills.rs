//! Kills a process at a certain system call, and checks the store with the next process.

use serde_json::{Value, json};

use super::answered::Fact;
use super::client::Server;
use super::place::Place;
use super::{Outcome, Result, check};

/// The calls at which a process is killed.
pub const CALLS: [&str; 11] = [
    "pwrite",
    "fdatasync",
    "fsync",
    "rename",
    "ftruncate",
    "unlink",
    "mkdir",
    "flock",
    "fcntl",
    "open",
    "write",
];

/// The store at the start of the process.
#[derive(Clone, Copy, Debug)]
pub enum Found {
    NoStore,
    Closed,
    /// A store whose last process was killed, so that its log has to be recovered.
    Log,
}

pub const FOUND: [Found; 3] = [Found::NoStore, Found::Closed, Found::Log];

/// Kills a process at the given occurrences of each call, if the work makes so many, in copies of one store.
pub fn at_each(found: Found, calls: &[&str], numbers: &[usize]) -> Result<Outcome> {
    let mut outcome = Outcome::default();
    let (before, known) = prepare(found)?;
    for call in calls {
        for number in numbers {
            let place = before.copy()?;
            let rule = format!("kill:{call}::{number}:0");
            let mut facts = known.clone();
            let mut server = Server::start(&mut place.faulty(&rule)?)?;
            // The server is not killed if it makes fewer such calls.
            let refused = work(&mut server, "a").ok();
            facts.append(&mut server.facts);
            let killed = server.end()? == Some(9);
            drop(server);
            let moment = format!("{found:?}, {call} {number}");
            outcome.find(&moment, refused.unwrap_or_default());
            outcome.find(&moment, after(&place, &mut facts)?);
            if !killed {
                break;
            }
            outcome.count("kills", 1);
        }
    }
    Ok(outcome)
}

fn prepare(found: Found) -> Result<(Place, Vec<Fact>)> {
    let place = Place::new()?;
    if matches!(found, Found::NoStore) {
        return Ok((place, Vec::new()));
    }
    let mut server = Server::start(&mut place.command())?;
    let refused = work(&mut server, "earlier")?;
    match found {
        Found::Log => server.kill()?,
        _ => drop(server.end()?),
    }
    match refused.is_empty() {
        true => Ok((place, std::mem::take(&mut server.facts))),
        false => Err(refused.join(", ").into()),
    }
}

/// Makes calls of each kind that writes; returns the refused ones.
fn work(server: &mut Server, name: &str) -> Result<Vec<String>> {
    let mut refused = Vec::new();
    refused.extend(server.connect(name)?.err());
    let tree =
        json!({ "id": name, "title": name, "tasks": [{ "id": format!("{name}-1"), "title": "A leaf" }] });
    let task = format!("{name}-1");
    let calls: [(&str, Value); 7] = [
        ("create_tree", json!({ "tree": tree })),
        ("create", json!({ "id": format!("{name}-2"), "title": "Next", "blocked_by": task })),
        ("claim", json!({ "worker_id": name, "task": task })),
        ("mark_file", json!({ "worker_id": name, "file": format!("src/{name}.rs") })),
        (
            "attach",
            json!({ "worker_id": name, "task": task, "type": "log", "content": format!("Of {name}"), "store_as_file": true }),
        ),
        ("send", json!({ "worker_id": name, "to": name, "text": format!("From {name}") })),
        ("update", json!({ "worker_id": name, "task": task, "status": "completed" })),
    ];
    for (tool, arguments) in calls {
        refused.extend(server.call(tool, arguments)?.err());
    }
    Ok(refused.into_iter().map(|refused| refused.text).collect())
}

/// Lets the next process work; returns the faults after that.
fn after(place: &Place, facts: &mut Vec<Fact>) -> Result<Vec<String>> {
    let mut next = Server::start(&mut place.command())?;
    let mut faults = match work(&mut next, "next") {
        Ok(refused) => refused,
        Err(error) => vec![format!("the next process: {error}")],
    };
    next.end()?;
    facts.append(&mut next.facts);
    faults.extend(check::faults(&place.project(), facts));
    faults.extend(check::miscounts(&place.project())?);
    Ok(faults)
}
