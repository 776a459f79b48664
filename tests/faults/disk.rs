//! A simulated disk that a power cut can hit at any moment of a recording.
//!
//! A file keeps the synced bytes, and the unsynced changes in their order. A folder does the
//! same with its names: a name is durable only if its folder was synced after the name was
//! created, strictly as POSIX has it. The folder in which the recording began must be empty
//! then; only its name counts as durable.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::path::Path;

use super::Result;
use super::recording::{Event, Record};
use crate::dice::Dice;

/// The part of the unsynced changes that reached the disk.
#[derive(Clone, Copy, Debug)]
pub enum Survives {
    /// None.
    Synced,
    /// A random half of the bytes, some torn within a page, and names up to a random moment.
    Half,
    /// All names, and none of the bytes.
    Names,
}

pub const DISKS: [Survives; 3] = [Survives::Synced, Survives::Half, Survives::Names];
/// The number of bytes that a disk writes whole.
const SECTOR: usize = 512;
const ROOT: usize = 0;

/// A power cut.
struct Cut<'d> {
    survives: Survives,
    /// The moment after which changed names did not reach the disk, unless they were synced.
    until: u64,
    dice: &'d mut Dice,
}

#[derive(Default)]
pub struct Disk {
    nodes: Vec<Node>,
    /// The node that has an inode number now. The number of a deleted file is used again.
    inodes: HashMap<u64, usize>,
    /// The node that each name means to running programs.
    names: HashMap<String, usize>,
}

/// A file or a folder.
#[derive(Default)]
struct Node {
    bytes: Vec<u8>,
    names: Option<BTreeMap<String, usize>>,
    unsynced: Vec<(u64, Change)>,
}

enum Change {
    Write {
        offset: usize,
        bytes: Vec<u8>,
    },
    Truncate(usize),
    /// Names in this folder that were added or removed in one step.
    Names(Vec<(String, Option<usize>)>),
}

impl Disk {
    /// Processes the next record.
    pub fn take(&mut self, record: Record) -> Result<()> {
        let Record { at, event, .. } = record;
        match event {
            Event::Start { root, .. } if self.nodes.is_empty() => {
                self.add(root, Some(BTreeMap::new()));
                self.names.insert(String::new(), ROOT);
            }
            Event::Start { .. } | Event::Input(_) | Event::Output(_) => {}
            Event::Open { inode, cut, name } => self.open(at, inode, cut, &name)?,
            Event::Write { inode, offset, bytes } => {
                self.change(at, inode, Change::Write { offset: offset as usize, bytes })?;
            }
            Event::Truncate { inode, length } => self.change(at, inode, Change::Truncate(length as usize))?,
            Event::Rename { from, to } => {
                let node = self.names.remove(&from).ok_or("a file was renamed that is not known")?;
                self.names.insert(to.clone(), node);
                let (folder, old) = split(&from);
                let (other, new) = split(&to);
                if folder != other {
                    return Err("files that move between folders are not simulated".into());
                }
                self.name(at, folder, vec![(old, None), (new, Some(node))])?;
            }
            Event::Unlink { name } => {
                self.names.remove(&name);
                let (folder, last) = split(&name);
                self.name(at, folder, vec![(last, None)])?;
            }
            Event::MakeFolder { inode, name } => {
                let node = self.add(inode, Some(BTreeMap::new()));
                self.appear(at, &name, node)?;
            }
            Event::Sync { inode, begin } => self.node(inode)?.sync(begin),
            Event::Lost { inode, begin } => self.node(inode)?.lose(begin),
        }
        Ok(())
    }

    /// Writes the files that a power cut now leaves into an empty folder.
    pub fn write(&self, survives: Survives, dice: &mut Dice, folder: &Path) -> Result<()> {
        let until = match survives {
            Survives::Synced => 0,
            Survives::Half => *dice.pick(&self.moments()),
            Survives::Names => u64::MAX,
        };
        self.write_folder(ROOT, &mut Cut { survives, until, dice }, folder)
    }

    /// Returns the moments after which another name was unsynced.
    fn moments(&self) -> Vec<u64> {
        let folders = self.nodes.iter().filter(|node| node.names.is_some());
        let changes = folders.flat_map(|node| &node.unsynced).map(|(at, _)| at + 1);
        std::iter::once(0).chain(changes).collect()
    }

    fn write_folder(&self, node: usize, cut: &mut Cut<'_>, folder: &Path) -> Result<()> {
        let node = &self.nodes[node];
        let mut names = node.names.clone().unwrap_or_default();
        for (_, change) in node.unsynced.iter().filter(|(at, _)| *at < cut.until) {
            change.rename(&mut names);
        }
        for (name, node) in names {
            let place = folder.join(name);
            if self.nodes[node].names.is_some() {
                fs::create_dir(&place)?;
                self.write_folder(node, cut, &place)?;
            } else {
                fs::write(place, self.nodes[node].left(cut))?;
            }
        }
        Ok(())
    }

    fn open(&mut self, at: u64, inode: u64, cut: bool, name: &str) -> Result<()> {
        if !self.names.contains_key(name) {
            let node = self.add(inode, None);
            return self.appear(at, name, node);
        }
        match cut {
            true => self.change(at, inode, Change::Truncate(0)),
            false => Ok(()),
        }
    }

    fn add(&mut self, inode: u64, names: Option<BTreeMap<String, usize>>) -> usize {
        let node = self.nodes.len();
        self.nodes.push(Node { names, ..Node::default() });
        self.inodes.insert(inode, node);
        node
    }

    fn appear(&mut self, at: u64, name: &str, node: usize) -> Result<()> {
        self.names.insert(name.to_owned(), node);
        let (folder, last) = split(name);
        self.name(at, folder, vec![(last, Some(node))])
    }

    fn name(&mut self, at: u64, folder: &str, names: Vec<(String, Option<usize>)>) -> Result<()> {
        let folder = *self.names.get(folder).ok_or("a name in a folder that is not known")?;
        self.nodes[folder].unsynced.push((at, Change::Names(names)));
        Ok(())
    }

    fn change(&mut self, at: u64, inode: u64, change: Change) -> Result<()> {
        self.node(inode)?.unsynced.push((at, change));
        Ok(())
    }

    fn node(&mut self, inode: u64) -> Result<&mut Node> {
        let node = *self.inodes.get(&inode).ok_or("a file that is not known was changed")?;
        Ok(&mut self.nodes[node])
    }
}

impl Node {
    fn sync(&mut self, begin: u64) {
        let synced = self.unsynced.partition_point(|(at, _)| *at < begin);
        for (_, change) in self.unsynced.drain(..synced) {
            match &mut self.names {
                Some(names) => change.rename(names),
                None => change.apply(&mut self.bytes),
            }
        }
    }

    /// Drops bytes that the system gave up after it failed to write them.
    fn lose(&mut self, begin: u64) {
        self.unsynced.retain(|(at, change)| *at >= begin || !matches!(change, Change::Write { .. }));
    }

    /// Returns the bytes of a file after the cut.
    fn left(&self, cut: &mut Cut<'_>) -> Vec<u8> {
        let dice = &mut *cut.dice;
        let mut bytes = self.bytes.clone();
        if !matches!(cut.survives, Survives::Half) {
            return bytes;
        }
        for (_, change) in &self.unsynced {
            match (change, dice.below(4)) {
                (_, 0 | 1) => {}
                (Change::Write { offset, bytes: data }, 2) if data.len() > SECTOR => {
                    let torn = SECTOR * (1 + dice.below(data.len() / SECTOR));
                    put(&mut bytes, *offset, &data[..torn.min(data.len())]);
                }
                _ => change.apply(&mut bytes),
            }
        }
        bytes
    }
}

impl Change {
    fn apply(&self, file: &mut Vec<u8>) {
        match self {
            Self::Write { offset, bytes } => put(file, *offset, bytes),
            Self::Truncate(length) => file.resize(*length, 0),
            Self::Names(_) => {}
        }
    }

    fn rename(&self, names: &mut BTreeMap<String, usize>) {
        let Self::Names(changes) = self else { return };
        for (name, node) in changes {
            match node {
                Some(node) => names.insert(name.clone(), *node),
                None => names.remove(name),
            };
        }
    }
}

fn put(file: &mut Vec<u8>, offset: usize, bytes: &[u8]) {
    let end = offset + bytes.len();
    if file.len() < end {
        file.resize(end, 0);
    }
    file[offset..end].copy_from_slice(bytes);
}

/// Returns the folder of a name, and the name in it.
fn split(name: &str) -> (&str, String) {
    let (folder, last) = name.rsplit_once('/').unwrap_or(("", name));
    (folder, last.to_owned())
}
