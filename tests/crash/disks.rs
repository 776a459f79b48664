//! Disks that fail, fill up or lose their power, and processes that die at a system call.
//!
//! These are samples; `cargo bench -- power waits kills` runs the long forms.
//! They need a C compiler and the loader of Linux.

use std::time::Duration;

use crate::faults::{Outcome, full, kills, power, seed, syncs, twins, waits};

/// Fails with the figures, if there are faults.
#[track_caller]
fn is_clean(outcome: &Outcome) {
    assert!(outcome.faults.is_empty(), "{outcome}");
}

#[test]
fn what_was_answered_survives_a_power_cut() {
    let seed = seed().unwrap();
    eprintln!("TASK_GRAPH_SEED={seed}");
    let cuts = power::Cuts { work: Duration::from_millis(700), servers: 2, commands: 3, points: 30, seed };

    is_clean(&cuts.run().unwrap());
}

#[test]
fn what_is_answered_after_a_failed_sync_survives_a_power_cut() {
    let seed = seed().unwrap();
    eprintln!("TASK_GRAPH_SEED={seed}");

    for failing in &syncs::FAILING[..2] {
        is_clean(&syncs::fail(failing, 30, seed).unwrap());
    }
}

#[test]
fn bytes_that_another_process_is_about_to_sync_survive_a_power_cut() {
    let seed = seed().unwrap();
    eprintln!("TASK_GRAPH_SEED={seed}");

    is_clean(&twins::attach(40, seed).unwrap());
}

#[test]
fn servers_that_have_waited_survive_commands_that_come_and_go() {
    is_clean(&waits::commands_come_and_go(60, Duration::ZERO).unwrap());
}

#[test]
fn a_process_that_is_killed_at_a_system_call_harms_nothing() {
    for found in kills::FOUND {
        is_clean(&kills::at_each(found, &kills::CALLS, &[2]).unwrap());
    }
}

#[test]
fn a_full_disk_is_told_and_work_goes_on_when_there_is_room() {
    is_clean(&full::then_room_again().unwrap());
}
