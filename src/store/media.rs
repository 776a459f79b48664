//! The media folder beside the store: files named by the digest of their content.
//!
//! A file that exists is not written again, so storing it twice, or from two processes at once, does no harm. Rows
//! refer to files. A file is removed in a write transaction that found no such row, so that no new row can refer to
//! a file that is being removed.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, SystemTime};

use sha2::{Digest as _, Sha256};

use super::{Effect, Patience, Store, folder};
use crate::domain::Digest;
use crate::error::{Error, Result, Trouble};

#[derive(Debug)]
pub struct Media {
    folder: PathBuf,
    synced: bool,
}

/// The number of folders for the files: one for each first byte of a digest.
const SHARDS: u64 = 256;
/// The age after which no call can still be about to refer to a file.
const ABANDONED: Duration = Duration::from_secs(3_600);

impl Media {
    pub(super) fn beside(store: &Path, synced: bool) -> Self {
        let mut name = store.as_os_str().to_owned();
        name.push("-media");
        Self { folder: name.into(), synced }
    }

    /// Stores bytes unless they are there already, and returns their digest.
    pub fn put(&self, bytes: &[u8]) -> Result<Digest> {
        let digest = digest(bytes)?;
        let place = self.place(&digest);
        self.settle(&place, bytes).map_err(|error| Error::unusable(&self.folder, error))?;
        Ok(digest)
    }

    /// Makes sure that a file is complete and on the disk.
    fn settle(&self, place: &Path, bytes: &[u8]) -> io::Result<()> {
        // A power cut or a failing disk may have left other bytes under the name.
        if fs::read(place).is_ok_and(|present| present == bytes) {
            if self.synced {
                // Its writer may not have synced it yet, or may not sync at all.
                File::open(place)?.sync_all()?;
            }
        } else {
            self.write(place, bytes)?;
        }
        if self.synced {
            // From its shard to the folder of the store: each of them may be as new as the file.
            place.ancestors().skip(1).take(3).try_for_each(folder::sync)?;
        }
        Ok(())
    }

    fn write(&self, place: &Path, bytes: &[u8]) -> io::Result<()> {
        static DRAFTS: AtomicUsize = AtomicUsize::new(0);
        let shard = place.parent().unwrap_or(&self.folder);
        folder::make(shard, self.synced)?;
        let number = DRAFTS.fetch_add(1, Ordering::Relaxed);
        let draft = place.with_extension(format!("{}-{number}", std::process::id()));
        let written = self.write_draft(&draft, bytes).and_then(|()| fs::rename(&draft, place));
        if written.is_err() {
            // On a full disk it would take room from everything else.
            let _ = fs::remove_file(&draft);
        }
        written
    }

    fn write_draft(&self, draft: &Path, bytes: &[u8]) -> io::Result<()> {
        let mut file = File::create(draft)?;
        file.write_all(bytes)?;
        if self.synced {
            file.sync_all()?;
        }
        Ok(())
    }

    pub fn has(&self, digest: &Digest) -> bool {
        self.place(digest).exists()
    }

    /// Returns the path of a file, for callers that read it themselves.
    pub fn place(&self, digest: &Digest) -> PathBuf {
        let (shard, _) = digest.as_str().split_at(2);
        self.folder.join(shard).join(digest.as_str())
    }

    /// Returns at most `most` bytes of a file. Refuses a file whose bytes do not match its digest any more.
    pub fn read(&self, digest: &Digest, offset: u64, most: usize) -> Result<Vec<u8>> {
        let place = self.place(digest);
        let bytes = match fs::read(&place) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(Error::not_found("file of the media folder", digest));
            }
            bytes => bytes.map_err(|error| Error::unusable(&place, error))?,
        };
        if self::digest(&bytes)? != *digest {
            let damaged = Trouble::Damaged("its bytes are not those that were attached".into());
            return Err(Error::unusable(&place, damaged));
        }
        let from = usize::try_from(offset).unwrap_or(usize::MAX).min(bytes.len());
        Ok(bytes[from..bytes.len().min(from.saturating_add(most))].to_vec())
    }

    /// Removes a file.
    pub(super) fn remove(&self, digest: &Digest) -> Result<()> {
        match fs::remove_file(self.place(digest)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error.into()),
            _ => Ok(()),
        }
    }

    /// Returns files that were stored long ago, another part of the folder for each `turn`.
    ///
    /// It removes the old drafts of killed processes itself.
    pub(super) fn old_files(&self, turn: u64) -> Result<Vec<Digest>> {
        let shard = self.folder.join(format!("{:02x}", turn % SHARDS));
        let files = match fs::read_dir(shard) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            files => files?,
        };
        let mut old = Vec::new();
        for file in files {
            let file = file?;
            let age = file.metadata()?.modified()?;
            if SystemTime::now().duration_since(age).unwrap_or_default() < ABANDONED {
                continue;
            }
            match file.file_name().to_string_lossy().parse() {
                Ok(digest) => old.push(digest),
                Err(_) => fs::remove_file(file.path())?,
            }
        }
        Ok(old)
    }
}

impl Store {
    /// Removes media files that lost their last reference.
    pub fn sweep_media(&self, patience: Patience) -> Result<()> {
        if self.transact(patience, Effect::Read, |tx| tx.has_loose_media())? {
            self.transact(patience, Effect::Note, |tx| tx.sweep_media(&self.media))?;
        }
        Ok(())
    }

    /// Removes old media files that never had a reference because their calls were interrupted: another part of the
    /// folder for each `turn`.
    pub fn sweep_abandoned_media(&self, patience: Patience, turn: u64) -> Result<()> {
        let old = self.media.old_files(turn)?;
        if !old.is_empty() {
            self.transact(patience, Effect::Note, |tx| tx.remove_media(&self.media, &old))?;
        }
        Ok(())
    }
}

pub fn digest(bytes: &[u8]) -> Result<Digest> {
    let digits: String = Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    digits.parse().map_err(Error::internal)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn media() -> (tempfile::TempDir, Media) {
        let folder = tempfile::tempdir().unwrap();
        let media = Media::beside(&folder.path().join("tasks.db"), true);
        (folder, media)
    }

    #[test]
    fn the_same_bytes_are_one_file() {
        let (folder, media) = media();

        let [one, same, other] = [b"abc", b"abc", b"xyz"].map(|bytes| media.put(bytes).unwrap());

        assert_eq!(one, same);
        assert_ne!(one, other);
        assert_eq!(one.as_str(), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        assert!(media.place(&one).starts_with(folder.path().join("tasks.db-media/ba")));
        assert_eq!(media.read(&one, 1, 10).unwrap(), b"bc");
    }

    #[test]
    fn a_file_that_was_cut_short_is_written_again() {
        let (_folder, media) = media();
        let digest = media.put(b"abc").unwrap();
        fs::write(media.place(&digest), "").unwrap();

        media.put(b"abc").unwrap();

        assert_eq!(media.read(&digest, 0, 10).unwrap(), b"abc");
    }

    #[test]
    fn damaged_bytes_are_refused_and_can_be_put_again() {
        let (_folder, media) = media();
        let digest = media.put(b"abc").unwrap();
        fs::write(media.place(&digest), "abd").unwrap();

        assert_eq!(media.read(&digest, 0, 10).unwrap_err().code(), "unusable_store");
        media.put(b"abc").unwrap();

        assert_eq!(media.read(&digest, 0, 10).unwrap(), b"abc");
    }

    #[test]
    fn a_file_that_could_not_be_written_leaves_no_draft() {
        let (_folder, media) = media();
        let digest = digest(b"abc").unwrap();
        // Nothing can be renamed onto a folder that is not empty.
        fs::create_dir_all(media.place(&digest).join("in the way")).unwrap();

        media.put(b"abc").unwrap_err();

        assert_eq!(fs::read_dir(media.place(&digest).parent().unwrap()).unwrap().count(), 1);
    }

    #[test]
    fn a_folder_that_cannot_be_written_is_told() {
        let (folder, media) = media();
        fs::write(folder.path().join("tasks.db-media"), "in the way").unwrap();

        let refused = media.put(b"abc").unwrap_err();

        assert_eq!(refused.code(), "unusable_store");
        assert!(refused.to_string().contains("tasks.db-media"), "{refused}");
    }

    #[test]
    fn what_is_gone_is_gone() {
        let (_folder, media) = media();
        let digest = media.put(b"abc").unwrap();

        media.remove(&digest).unwrap();
        media.remove(&digest).unwrap();

        assert!(!media.has(&digest));
        assert_eq!(media.read(&digest, 0, 1).unwrap_err().code(), "not_found");
    }

    #[test]
    fn only_old_files_are_looked_at_and_old_drafts_go() {
        let (_folder, media) = media();
        let digest = media.put(b"abc").unwrap();
        let draft = media.place(&digest).with_extension("77");
        fs::write(&draft, b"a").unwrap();
        assert_eq!(media.old_files(0xba).unwrap(), []);

        for file in [&draft, &media.place(&digest)] {
            let long_ago = SystemTime::now() - 2 * ABANDONED;
            File::options().write(true).open(file).unwrap().set_modified(long_ago).unwrap();
        }

        assert_eq!(media.old_files(0xba).unwrap(), [digest]);
        assert!(!draft.exists());
    }
}
