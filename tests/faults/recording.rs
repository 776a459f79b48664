//! The record that `disk.c` writes; its format is described there.

use std::fs;
use std::path::Path;

use super::Result;

/// An event, and its place in the record.
pub struct Record {
    pub at: u64,
    pub process: u32,
    pub event: Event,
}

pub enum Event {
    Start { root: u64, line: Vec<u8> },
    Input(Vec<u8>),
    Output(Vec<u8>),
    Open { inode: u64, cut: bool, name: String },
    Write { inode: u64, offset: u64, bytes: Vec<u8> },
    Truncate { inode: u64, length: u64 },
    Rename { from: String, to: String },
    Unlink { name: String },
    MakeFolder { inode: u64, name: String },
    Sync { inode: u64, begin: u64 },
    Lost { inode: u64, begin: u64 },
}

const HEADER: usize = 32;

pub fn read(log: &Path) -> Result<Vec<Record>> {
    let bytes = fs::read(log)?;
    let mut records = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let size = u32::from_ne_bytes(field(&bytes, at)?) as usize;
        let record = bytes.get(at..at + size).ok_or("the record ends in the middle")?;
        records.push(parse(record, at as u64)?);
        at += size;
    }
    Ok(records)
}

fn parse(record: &[u8], at: u64) -> Result<Record> {
    let process = u32::from_ne_bytes(field(record, 4)?);
    let inode = u64::from_ne_bytes(field(record, 8)?);
    let offset = u64::from_ne_bytes(field(record, 16)?);
    let kind = u16::from_ne_bytes(field(record, 24)?);
    let first = HEADER + usize::from(u16::from_ne_bytes(field(record, 26)?));
    let second = first + usize::from(u16::from_ne_bytes(field(record, 28)?));
    let name = || String::from_utf8_lossy(&record[HEADER..first]).into_owned();
    let bytes = || record[second..].to_vec();
    let event = match kind {
        1 => Event::Start { root: inode, line: bytes() },
        2 => Event::Input(bytes()),
        3 => Event::Output(bytes()),
        4 => Event::Open { inode, cut: offset == 1, name: name() },
        5 => Event::Write { inode, offset, bytes: bytes() },
        6 => Event::Truncate { inode, length: offset },
        7 => Event::Rename { from: name(), to: String::from_utf8_lossy(&record[first..second]).into_owned() },
        8 => Event::Unlink { name: name() },
        9 => Event::MakeFolder { inode, name: name() },
        10 => Event::Sync { inode, begin: offset },
        11 => Event::Lost { inode, begin: offset },
        other => return Err(format!("a record of the unknown kind {other}").into()),
    };
    Ok(Record { at, process, event })
}

fn field<const N: usize>(bytes: &[u8], at: usize) -> Result<[u8; N]> {
    Ok(bytes.get(at..at + N).ok_or("the record ends in the middle")?.try_into()?)
}
