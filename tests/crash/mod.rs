//! Processes that are killed or stopped at the worst moment.

mod clients;
#[cfg(target_os = "linux")]
mod disks;
mod drains;
mod jobs;
mod kills;
mod pauses;
mod resumes;
#[cfg(target_os = "linux")]
mod simulator;

#[cfg(not(target_os = "linux"))]
#[test]
#[ignore = "left out: disks that fail or lose their power need the loader of Linux"]
fn disks() {}
