//! The simulated disk: the bytes and names that a power cut leaves.

use std::fs;

use crate::faults::disk::{Disk, Survives};
use crate::faults::recording::{Event, Record};
use crate::support::dice::Dice;

const FOLDER: u64 = 1;
const FILE: u64 = 2;

/// Returns what is left of a file after these events, or nothing if it has no name.
fn left<const N: usize>(survives: Survives, events: [Event; N]) -> Option<Vec<u8>> {
    let mut disk = Disk::default();
    let start = Event::Start { root: FOLDER, line: Vec::new() };
    let open = Event::Open { inode: FILE, cut: false, name: "file".to_owned() };
    for (at, event) in [start, open].into_iter().chain(events).enumerate() {
        disk.take(Record { at: at as u64, process: 1, event }).unwrap();
    }
    let folder = tempfile::tempdir().unwrap();
    disk.write(survives, &mut Dice::new(1), folder.path()).unwrap();
    fs::read(folder.path().join("file")).ok()
}

fn write(byte: u8) -> Event {
    Event::Write { inode: FILE, offset: 0, bytes: vec![byte] }
}

#[test]
fn a_name_lasts_once_its_folder_is_synced() {
    let sync = |inode| Event::Sync { inode, begin: 10 };

    assert_eq!(left(Survives::Synced, [write(1), sync(FILE)]), None);
    assert_eq!(left(Survives::Synced, [write(1), sync(FILE), sync(FOLDER)]), Some(vec![1]));
    assert_eq!(left(Survives::Names, [write(1)]), Some(vec![]));
}

#[test]
fn a_sync_covers_the_bytes_before_it_began() {
    let sync = |begin| Event::Sync { inode: FILE, begin };

    assert_eq!(left(Survives::Names, [write(1), write(2), sync(4)]), Some(vec![2]));
    assert_eq!(left(Survives::Names, [write(1), write(2), sync(3)]), Some(vec![1]));
}

#[test]
fn a_sync_that_failed_drops_its_bytes_for_good() {
    let lost = Event::Lost { inode: FILE, begin: 3 };
    let sync = Event::Sync { inode: FILE, begin: 4 };

    assert_eq!(left(Survives::Names, [write(1), lost, sync]), Some(vec![]));
}
