//! Two processes that attach the same bytes, one of them on a slow disk.

use std::fs;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::json;

use super::answered::digest;
use super::client::Server;
use super::place::Place;
use super::{Outcome, Result, power};

const CONTENT: &str = "the same bytes";
/// The time that each sync of a media file or folder takes in the first process.
const SLOW_MILLIS: u64 = 400;

/// Attaches bytes after another process has named their file but not yet synced its name, and cuts the power.
pub fn attach(points: usize, seed: usize) -> Result<Outcome> {
    let place = Place::new()?;
    let mut slow = place.recorded()?;
    slow.env("FAULTS", format!("delay:fsync:tasks.db-media:1-:{SLOW_MILLIS}"));
    let mut first = Server::start(&mut slow)?;
    first.connect("ann")?.map_err(|refused| refused.text)?;
    let mut second = Server::start(&mut place.recorded()?)?;
    second.connect("bob")?.map_err(|refused| refused.text)?;
    let attach = |server: &mut Server, task: &str| -> Result<()> {
        server.call("create", json!({ "id": task, "title": task }))?.map_err(|refused| refused.text)?;
        let asked = json!({ "task": task, "type": "log", "content": CONTENT, "store_as_file": true });
        server.call("attach", asked)?.map_err(|refused| refused.text)?;
        Ok(())
    };
    thread::scope(|scope| -> Result<()> {
        let slow = scope.spawn(|| attach(&mut first, "t1"));
        wait_for_name(&place)?;
        attach(&mut second, "t2")?;
        slow.join().map_err(|_| "the first process panicked")?
    })?;
    // Their records are complete once they have ended.
    first.end()?;
    second.end()?;
    let mut outcome = Outcome::default();
    power::replay(&place.log(), points, seed, &mut outcome)?;
    Ok(outcome)
}

fn wait_for_name(place: &Place) -> Result<()> {
    let digest = digest(CONTENT.as_bytes());
    let file = place.project().join(".task-graph/tasks.db-media").join(&digest[..2]).join(&digest);
    let begin = Instant::now();
    while fs::metadata(&file).is_err() {
        if begin.elapsed() > Duration::from_secs(60) {
            return Err("the media file never got its name".into());
        }
        thread::sleep(Duration::from_millis(1));
    }
    Ok(())
}
