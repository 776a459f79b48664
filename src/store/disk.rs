//! Refuses stores on disks where SQLite's log cannot be shared between processes.

use std::fs;
use std::path::Path;

use crate::error::{Error, Result};

/// Network file systems: memory that processes share does not reach across the network.
const NETWORK: &[&str] = &[
    "9p",
    "afs",
    "beegfs",
    "ceph",
    "cifs",
    "coda",
    "davfs",
    "fuse.sshfs",
    "fuse.s3fs",
    "fuse.rclone",
    "fuse.glusterfs",
    "glusterfs",
    "gpfs",
    "lustre",
    "ncpfs",
    "nfs",
    "nfs3",
    "nfs4",
    "smb2",
    "smb3",
    "smbfs",
];

/// Refuses `path` if its folder is on a network file system.
pub fn refuse_network(path: &Path) -> Result<()> {
    let Ok(mounts) = fs::read_to_string("/proc/self/mountinfo") else {
        return Ok(());
    };
    let folder = path.parent().unwrap_or(Path::new("."));
    let folder = fs::canonicalize(folder)?;
    match kind_of(&folder, &mounts) {
        Some(kind) if NETWORK.contains(&kind) => {
            Err(Error::NetworkDisk { path: path.to_owned(), kind: kind.to_owned() })
        }
        _ => Ok(()),
    }
}

/// Returns the type of the file system of `folder`, according to the mount table.
fn kind_of<'m>(folder: &Path, mounts: &'m str) -> Option<&'m str> {
    let longest = mounts
        .lines()
        .filter_map(|line| {
            let (mount, filesystem) = line.split_once(" - ")?;
            let point = mount.split(' ').nth(4)?.replace("\\040", " ");
            Some((point, filesystem.split(' ').next()?))
        })
        .filter(|(point, _)| folder.starts_with(point));
    // The last of several mounts on one point covers the others, so later ones win.
    longest.max_by_key(|(point, _)| point.len()).map(|(_, kind)| kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOUNTS: &str = "\
22 1 8:1 / / rw - ext4 /dev/a rw
30 22 0:40 / /mnt/team\\040disk rw,relatime shared:1 - nfs4 server:/x rw
31 30 8:2 / /mnt/team\\040disk/local rw - xfs /dev/b rw";

    #[test]
    fn the_innermost_mount_decides() {
        let kind = |path: &str| kind_of(Path::new(path), MOUNTS);

        assert_eq!(kind("/home/ann/project"), Some("ext4"));
        assert_eq!(kind("/mnt/team disk/project"), Some("nfs4"));
        assert_eq!(kind("/mnt/team disk/local/x"), Some("xfs"));
        assert_eq!(kind("/mnt/team diskette"), Some("ext4"));
    }
}
