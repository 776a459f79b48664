//! Figures of the system about a process.

use std::fs;
use std::process::Command;
use std::time::Duration;

use crate::Result;

/// Returns the time that the living threads of a process have run, to the nanosecond.
///
/// For short measurements only: the time of a thread is gone when it ends. Over many
/// seconds use [`cpu_in_all`].
pub fn cpu(pid: u32) -> Result<Duration> {
    let mut nanos = 0;
    for text in of_threads(pid, "schedstat")? {
        let run = text.split_whitespace().next().unwrap_or_default();
        nanos += run.parse::<u64>()?;
    }
    Ok(Duration::from_nanos(nanos))
}

/// Returns the time that a process has run, its ended threads included, to a hundredth of a second.
pub fn cpu_in_all(pid: u32) -> Result<Duration> {
    const TICK: Duration = Duration::from_millis(10);
    let stat = fs::read_to_string(format!("/proc/{pid}/stat"))?;
    let (_, after_name) = stat.rsplit_once(')').ok_or("a strange /proc/pid/stat")?;
    let used = after_name.split_whitespace().skip(11).take(2);
    let ticks = used.map(str::parse::<u32>).sum::<std::result::Result<u32, _>>()?;
    Ok(TICK * ticks)
}

/// Returns the memory that a process has in RAM, in bytes.
pub fn resident(pid: u32) -> Result<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    Ok(field(&status, "VmRSS:")? * 1024)
}

/// Returns how often the threads of a process have gone to sleep.
pub fn sleeps(pid: u32) -> Result<u64> {
    let statuses = of_threads(pid, "status")?;
    let sleeps = statuses.iter().map(|status| field(status, "voluntary_ctxt_switches:"));
    sleeps.sum()
}

/// Ends a process as a power cut would: without a chance to tidy up.
pub fn kill(pid: u32) -> Result<()> {
    let killed = Command::new("kill").args(["-9", &pid.to_string()]).status()?;
    match killed.success() {
        true => Ok(()),
        false => Err(format!("process {pid} could not be killed").into()),
    }
}

/// Returns the contents of a file in `/proc` for each thread. A thread that ends meanwhile is left out.
fn of_threads(pid: u32, file: &str) -> Result<Vec<String>> {
    let threads = fs::read_dir(format!("/proc/{pid}/task"))?;
    let texts = threads.map(|thread| fs::read_to_string(thread?.path().join(file)));
    Ok(texts.filter_map(std::io::Result::ok).collect())
}

fn field(status: &str, name: &str) -> Result<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    let number = line.and_then(|line| line.split_whitespace().next());
    Ok(number.ok_or(name.to_owned())?.parse()?)
}
