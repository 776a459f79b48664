//! Which process this is, and whether another one still runs.

use std::fs;
use std::sync::OnceLock;

use crate::domain::Process;

/// Returns the identity of this process, where the system tells it.
pub fn this() -> Option<&'static Process> {
    static THIS: OnceLock<Option<Process>> = OnceLock::new();
    THIS.get_or_init(look_at_myself).as_ref()
}

fn look_at_myself() -> Option<Process> {
    let pid = std::process::id();
    Some(Process { pid, start: start_of(pid)?, boot: boot()?, host: host()? })
}

/// Says whether `process` runs, or ran, where this one can see it.
pub fn is_here(process: &Process) -> bool {
    this().is_some_and(|here| here.host == process.host)
}

/// Says whether `process` is surely gone: it could be seen here, and runs no more.
pub fn is_gone(process: &Process) -> bool {
    let Some(here) = this() else {
        return false;
    };
    if process.host != here.host {
        return false;
    }
    process.boot != here.boot || start_of(process.pid) != Some(process.start)
}

/// Returns when a process started, in clock ticks since boot. A zombie counts as gone.
fn start_of(pid: u32) -> Option<u64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let after_name = &stat[stat.rfind(')')? + 1..];
    let mut fields = after_name.split_whitespace();
    let state = fields.next()?;
    if matches!(state, "Z" | "X") {
        return None;
    }
    fields.nth(18)?.parse().ok()
}

fn boot() -> Option<String> {
    let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
    Some(boot.trim().to_owned())
}

/// Returns the name of the host and of its process namespace: pids mean nothing outside of it.
fn host() -> Option<String> {
    let name = fs::read_to_string("/proc/sys/kernel/hostname").ok()?;
    let namespace = fs::read_link("/proc/self/ns/pid").ok()?;
    Some(format!("{} {}", name.trim(), namespace.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_is_gone_once_it_ended() {
        let mut child = std::process::Command::new("sleep").arg("60").spawn().unwrap();
        let here = this().unwrap();
        let process = Process { pid: child.id(), start: start_of(child.id()).unwrap(), ..here.clone() };

        assert!(!is_gone(here));
        assert!(!is_gone(&process));
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(is_gone(&process));
    }

    #[test]
    fn a_reused_pid_and_another_boot_are_not_mistaken_for_the_process() {
        let here = this().unwrap();

        assert!(is_gone(&Process { start: here.start + 1, ..here.clone() }));
        assert!(is_gone(&Process { boot: "another".into(), ..here.clone() }));
        assert!(!is_gone(&Process { host: "another".into(), start: 0, ..here.clone() }));
    }
}
