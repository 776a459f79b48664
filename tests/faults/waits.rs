//! Servers that write after a wait, while commands open and close the store.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::json;

use super::answered::Fact;
use super::client::Server;
use super::place::Place;
use super::{Outcome, Result, check};

const SERVERS: usize = 4;

/// Runs `task-graph status-summary` again and again, at least `commands` times and at least for `time`.
pub fn commands_come_and_go(commands: usize, time: Duration) -> Result<Outcome> {
    let place = Place::new()?;
    let over = AtomicBool::new(false);
    let mut outcome = Outcome::default();
    let mut facts = Vec::new();
    // Creates the store, so that the first servers do not compete for that.
    place.command().arg("status-summary").output()?;
    thread::scope(|scope| -> Result<()> {
        let write = |n: usize| {
            let (place, over) = (&place, &over);
            move || write(place, n, over)
        };
        let writers: Vec<_> = (0..SERVERS).map(|n| scope.spawn(write(n))).collect();
        // Until each server has waited.
        thread::sleep(Duration::from_millis(2_000));
        let end = Instant::now() + time;
        let mut done = 0;
        while done < commands || Instant::now() < end {
            let ran = place.command().arg("status-summary").output();
            done += 1;
            match ran {
                Ok(ran) if ran.status.success() => {}
                ran => outcome.faults.push(format!("status-summary: {ran:?}")),
            }
        }
        over.store(true, Ordering::Relaxed);
        outcome.count("commands", done);
        for writer in writers {
            let (written, faults) = writer.join().map_err(|_| "a writer panicked")??;
            outcome.count("writes answered", written.len());
            facts.extend(written);
            outcome.count(
                "servers dead",
                faults.iter().filter(|fault| fault.starts_with("a server died")).count(),
            );
            outcome.find("a writer", faults);
        }
        Ok(())
    })?;
    outcome.find("the end", check::faults(&place.project(), &facts));
    Ok(outcome)
}

fn write(place: &Place, number: usize, over: &AtomicBool) -> Result<(Vec<Fact>, Vec<String>)> {
    let (mut facts, mut faults) = (Vec::new(), Vec::new());
    for life in 0.. {
        let mut server = Server::start(&mut place.command())?;
        // A server that dies is replaced, as clients do it.
        if let Err(error) = live(&mut server, &format!("w{number}-{life}"), over, &mut faults) {
            let signal = server.end()?;
            faults.push(format!("a server died, signal {signal:?}: {error}"));
        }
        facts.append(&mut server.facts);
        if over.load(Ordering::Relaxed) {
            break;
        }
    }
    Ok((facts, faults))
}

/// Waits once for a task that never ends, then writes until the work is over.
fn live(server: &mut Server, name: &str, over: &AtomicBool, faults: &mut Vec<String>) -> Result<()> {
    let mut refused = |asked: &str, answer: super::client::Answer| {
        faults.extend(answer.err().map(|refused| format!("{asked}: {}", refused.text)));
    };
    refused("connect", server.connect(name)?);
    let never = format!("{name}-never");
    refused("create", server.call("create", json!({ "id": never, "title": never }))?);
    refused("wait", server.call("wait", json!({ "worker_id": name, "task": never, "timeout": 1 }))?);
    for n in 0.. {
        if over.load(Ordering::Relaxed) {
            break;
        }
        let id = format!("{name}-{n}");
        refused("create", server.call("create", json!({ "id": id, "title": id }))?);
    }
    Ok(())
}
