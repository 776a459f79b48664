//! The identity of this process, the state of others, and a monotonic clock.
//!
//! All of this works on Linux only. Elsewhere processes have identities, but their state cannot be read.

use std::fs;
use std::io::ErrorKind;
use std::sync::OnceLock;
use std::time::{SystemTime, UNIX_EPOCH};

use crate::domain::{Awake, Life, Process};

/// Returns the identity of this process.
pub fn this() -> &'static Process {
    static THIS: OnceLock<Process> = OnceLock::new();
    THIS.get_or_init(|| look_at_myself().unwrap_or_else(unseen))
}

/// Returns the resident memory of this process in bytes, where it can be read.
pub fn resident() -> Option<u64> {
    let sizes = fs::read_to_string("/proc/self/status").ok()?;
    let line = sizes.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kilobytes: u64 = line.trim().trim_end_matches("kB").trim().parse().ok()?;
    Some(kilobytes * 1_024)
}

fn look_at_myself() -> Option<Process> {
    let pid = std::process::id();
    // If /proc is that of another namespace, its numbers are those of other processes.
    let shown = fs::read_link("/proc/self").ok()?;
    if shown.to_str() != Some(&pid.to_string()) {
        return None;
    }
    let Seen::Running { start, .. } = see(pid) else {
        return None;
    };
    Some(Process { pid, start, boot: boot()?.to_owned(), host: host()? })
}

/// Returns a unique identity, for systems that show nothing of processes.
fn unseen() -> Process {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let start = since.as_nanos() as u64 >> 1;
    Process { pid: std::process::id(), start, boot: String::new(), host: String::new() }
}

/// Returns the state of a process, as far as this one can see it.
pub fn life(process: &Process) -> Life {
    let here = this();
    if here.host.is_empty() || process.host != here.host {
        return Life::Unseen;
    }
    if process.boot != here.boot {
        return Life::Over;
    }
    match see(process.pid) {
        Seen::Running { start, .. } if start != process.start => Life::Over,
        Seen::Running { stopped: false, .. } => Life::Runs,
        Seen::Running { stopped: true, .. } => Life::Stopped,
        Seen::Gone => Life::Over,
        Seen::Hidden => Life::Unseen,
    }
}

/// Returns true if this process was started with a signal ignored, as `nohup` does with the hangup of a terminal.
pub fn ignores(signal: u32) -> bool {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let ignored = ignored.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    ignored.is_some_and(|mask| mask >> (signal - 1) & 1 == 1)
}

/// Returns how long this machine has been awake since it booted: a monotonic clock that
/// stands still while the machine sleeps.
pub fn awake() -> Option<Awake> {
    Some(Awake { boot: boot()?.into(), millis: monotonic()? })
}

#[cfg(target_os = "linux")]
fn monotonic() -> Option<i64> {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
    Some(time.tv_sec * 1_000 + time.tv_nsec / 1_000_000)
}

#[cfg(not(target_os = "linux"))]
fn monotonic() -> Option<i64> {
    None
}

/// A process number, as the system shows it.
enum Seen {
    /// `start` is in clock ticks since boot.
    Running {
        start: u64,
        stopped: bool,
    },
    Gone,
    Hidden,
}

fn see(pid: u32) -> Seen {
    // If the process ends just after the file was opened, reading it fails with this error.
    const NO_SUCH_PROCESS: i32 = 3;
    match fs::read_to_string(format!("/proc/{pid}/stat")) {
        Ok(stat) => read(&stat).unwrap_or(Seen::Hidden),
        Err(error) if error.raw_os_error() == Some(NO_SUCH_PROCESS) => Seen::Gone,
        Err(error) if error.kind() == ErrorKind::NotFound && !is_hidden(pid) => Seen::Gone,
        // Any other error says nothing about the process.
        Err(_) => Seen::Hidden,
    }
}

/// Reads a line of `stat`. A zombie counts as gone.
fn read(stat: &str) -> Option<Seen> {
    let after_name = &stat[stat.rfind(')')? + 1..];
    let mut fields = after_name.split_whitespace();
    let state = fields.next()?;
    if matches!(state, "Z" | "X" | "x") {
        return Some(Seen::Gone);
    }
    let start = fields.nth(18)?.parse().ok()?;
    Some(Seen::Running { start, stopped: matches!(state, "T" | "t") })
}

/// Returns true if there is a process that `/proc` does not show to this user.
#[cfg(target_os = "linux")]
fn is_hidden(pid: u32) -> bool {
    use rustix::process::{Pid, test_kill_process};
    let pid = i32::try_from(pid).ok().and_then(Pid::from_raw);
    pid.is_some_and(|pid| test_kill_process(pid) != Err(rustix::io::Errno::SRCH))
}

#[cfg(not(target_os = "linux"))]
fn is_hidden(_pid: u32) -> bool {
    false
}

fn boot() -> Option<&'static str> {
    static BOOT: OnceLock<Option<String>> = OnceLock::new();
    let read = || {
        let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
        Some(boot.trim().to_owned())
    };
    BOOT.get_or_init(read).as_deref()
}

/// Returns the name of the host and of its process namespace. Outside of it, pids have no meaning.
fn host() -> Option<String> {
    let name = fs::read_to_string("/proc/sys/kernel/hostname").ok()?;
    let namespace = fs::read_link("/proc/self/ns/pid").ok()?;
    Some(format!("{} {}", name.trim(), namespace.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identity(pid: u32) -> Process {
        let Seen::Running { start, .. } = see(pid) else { panic!("{pid} does not run") };
        Process { pid, start, ..this().clone() }
    }

    #[test]
    fn a_process_is_gone_once_it_ended() {
        let mut child = std::process::Command::new("sleep").arg("60").spawn().unwrap();
        let process = identity(child.id());

        assert_eq!(life(this()), Life::Runs);
        assert_eq!(life(&process), Life::Runs);
        child.kill().unwrap();
        child.wait().unwrap();
        assert_eq!(life(&process), Life::Over);
    }

    #[test]
    fn a_reused_pid_and_another_boot_are_not_mistaken_for_the_process() {
        let here = this();

        assert_eq!(life(&Process { start: here.start + 1, ..here.clone() }), Life::Over);
        assert_eq!(life(&Process { boot: "another".into(), ..here.clone() }), Life::Over);
        assert_eq!(life(&Process { host: "another".into(), start: 0, ..here.clone() }), Life::Unseen);
    }

    #[test]
    fn one_that_the_system_does_not_tell_of_is_told_from_others_and_is_never_seen() {
        assert_ne!(&unseen(), this());
        assert_eq!(life(&unseen()), Life::Unseen);
    }

    #[test]
    fn a_line_of_stat_is_read_whatever_the_program_is_called() {
        let line = |state: &str| format!("7 (a) b ( c) {state} 1{} 99 0", " 0".repeat(17));
        let read = |state: &str| match read(&line(state)) {
            Some(Seen::Running { start: 99, stopped: true }) => "stopped",
            Some(Seen::Running { start: 99, stopped: false }) => "running",
            Some(Seen::Gone) => "gone",
            _ => "unknown",
        };

        let states: Vec<_> = ["R", "S", "D", "I", "T", "t", "Z", "X"].map(read).into();

        let expected = ["running", "running", "running", "running", "stopped", "stopped", "gone", "gone"];
        assert_eq!(states, expected);
        assert!(super::read("7 (a").is_none());
    }

    #[test]
    fn the_clock_of_the_machine_goes_on() {
        let (first, second) = (awake().unwrap(), awake().unwrap());

        assert!(first.boot == second.boot && first.millis <= second.millis && first.millis > 0);
    }
}
