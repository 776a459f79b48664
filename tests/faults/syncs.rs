//! A disk that fails to sync the log: no later success is lost in a power cut.

use serde_json::json;

use super::client::Server;
use super::place::Place;
use super::{Outcome, Result, power};

const CREATES: usize = 30;
/// The number of refusals after which a client tries another server.
const PATIENCE: usize = 3;

/// Syncs of the log that fail, in the form of `disk.c`.
pub const FAILING: [&str; 5] =
    ["fdatasync:-wal:6", "sync:-wal:9-", "sync:-wal:7-8", "fdatasync:-wal:%5", "fsync:-wal:1"];

/// Fails these syncs with EIO, lets work go on, and cuts the power at `points` moments.
pub fn fail(failing: &str, points: usize, seed: usize) -> Result<Outcome> {
    let place = Place::new()?;
    let mut outcome = Outcome::default();
    let mut command = place.recorded()?;
    command.env("FAULTS", format!("fail:{failing}:5"));
    let mut server = Server::start(&mut command)?;
    // This may be refused.
    server.connect("ann")?.ok();
    let mut refusals = 0;
    for n in 0..CREATES {
        let id = format!("t{n}");
        let gone = match server.call("create", json!({ "id": id, "title": id })) {
            Ok(Ok(_)) => {
                outcome.count("creates answered", 1);
                false
            }
            Ok(Err(_)) => {
                outcome.count("creates refused", 1);
                refusals += 1;
                refusals % PATIENCE == 0
            }
            Err(_) => true,
        };
        if gone {
            outcome.count("servers replaced, on a sound disk", 1);
            server.end()?;
            server = Server::start(&mut place.recorded()?)?;
            server.connect("ann")?.map_err(|refused| refused.text)?;
        }
    }
    // The server is killed, so that the record ends with all answers, but without the tidying at the end.
    let between = place.between_steps()?;
    server.kill()?;
    drop(between);
    power::replay(&place.log(), points, seed, &mut outcome)?;
    if outcome.figures.contains(&("syncs failed", 0)) {
        outcome.faults.push("no sync failed, so nothing was shown".to_owned());
    }
    Ok(outcome)
}
