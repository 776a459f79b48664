//! Attachments of tasks: results, evidence, context.

use rusqlite::{OptionalExtension, Row, named_params};

use super::Tx;
use super::media::Media;
use crate::domain::{AttachmentType, Digest, Mime, TaskId, Timestamp, WorkerId};
use crate::error::Result;

/// An attachment to add.
#[derive(Clone, Debug)]
pub struct NewAttachment<'a> {
    pub task: &'a TaskId,
    pub kind: &'a AttachmentType,
    pub name: &'a str,
    pub mime: &'a Mime,
    pub matter: Matter<'a>,
    /// The attempt in which it was made; 0 if in none.
    pub attempt: i64,
    /// The attempt for which it is evidence, if any.
    pub counts_for: Option<i64>,
    /// The digest of its content, if it is evidence.
    pub sha256: Option<&'a Digest>,
    pub worker: Option<&'a WorkerId>,
}

/// The content of an attachment.
#[derive(Clone, Copy, Debug)]
pub enum Matter<'a> {
    /// A text, stored in the database.
    Text(&'a str),
    /// A file of the media folder, and its size.
    Media(&'a Digest, i64),
    /// A file of the project, stored by name only.
    File(&'a str),
}

/// An attachment without its content.
#[derive(Clone, Debug)]
pub struct AttachmentRow {
    pub kind: String,
    pub sequence: i64,
    pub name: String,
    pub mime: String,
    pub bytes: i64,
    pub digest: Option<Digest>,
    pub file: Option<String>,
    pub attempt: i64,
    pub counts_for: Option<i64>,
    pub sha256: Option<Digest>,
    pub worker: Option<WorkerId>,
    pub created_at: Timestamp,
}

impl AttachmentRow {
    /// Returns its type and number.
    pub fn label(&self) -> String {
        format!("{}#{}", self.kind, self.sequence)
    }
}

/// Selects attachments of a task.
#[derive(Clone, Debug, Default)]
pub struct AttachmentFilter {
    /// `*` stands for any number of characters, `?` for one.
    pub kind: Option<String>,
    pub mime_prefix: Option<String>,
    pub name: Option<String>,
    pub sequence: Option<i64>,
}

/// A part of a list or of bytes.
#[derive(Clone, Copy, Debug)]
pub struct Slice {
    pub offset: usize,
    pub limit: usize,
}

impl<'a> Matter<'a> {
    /// Returns the columns that hold it: the text, the media file with its size, the project's file.
    fn parts(&self) -> (&'a str, Option<(&'a Digest, i64)>, Option<&'a str>) {
        match *self {
            Matter::Text(text) => (text, None, None),
            Matter::Media(digest, bytes) => ("", Some((digest, bytes)), None),
            Matter::File(path) => ("", None, Some(path)),
        }
    }
}

impl AttachmentFilter {
    /// Returns the pattern in SQLite's syntax, where a bracket would open a list of characters.
    fn glob(&self) -> Option<String> {
        self.kind.as_ref().map(|kind| kind.replace('[', "[[]"))
    }
}

impl Tx<'_> {
    /// Adds an attachment after the others of its type, and returns its number.
    pub fn attach(&self, new: &NewAttachment<'_>, now: Timestamp) -> Result<i64> {
        const NEXT: &str = "
            select coalesce(max(sequence) + 1, 0)
            from attachments
            where task_id = :task and attachment_type = :kind";
        const SQL: &str = "
            insert into attachments (task_id, attachment_type, sequence, name, mime_type, content,
                file_path, digest, bytes, attempt, counts_for, sha256, worker_id, created_at)
            values (:task, :kind, :sequence, :name, :mime, :content,
                :file, :digest, :bytes, :attempt, :counts_for, :sha256, :worker, :now)";
        let NewAttachment { task, kind, name, mime, matter, attempt, counts_for, sha256, worker } = new;
        let (content, media, file) = matter.parts();
        let keys = named_params! { ":task": task, ":kind": kind };
        let sequence = self.0.prepare_cached(NEXT)?.query_row(keys, |row| row.get(0))?;
        self.0.prepare_cached(SQL)?.execute(named_params! {
            ":task": task,
            ":kind": kind,
            ":sequence": sequence,
            ":name": name,
            ":mime": mime.as_str(),
            ":content": content,
            ":file": file,
            ":digest": media.map(|(digest, _)| digest),
            ":bytes": media.map(|(_, bytes)| bytes),
            ":attempt": attempt,
            ":counts_for": counts_for,
            ":sha256": sha256,
            ":worker": worker,
            ":now": now,
        })?;
        Ok(sequence)
    }

    /// Returns the number of the same attachment from the same attempt, if there is one.
    pub fn same_attached(&self, new: &NewAttachment<'_>) -> Result<Option<i64>> {
        const SQL: &str = "
            select sequence
            from attachments
            where task_id = :task and attachment_type = :kind and attempt = :attempt and name = :name
                and content = :content and file_path is :file and digest is :digest
            order by sequence
            limit 1";
        let NewAttachment { task, kind, name, matter, attempt, .. } = new;
        let (content, media, file) = matter.parts();
        let found = self.0.prepare_cached(SQL)?.query_row(
            named_params! {
                ":task": task,
                ":kind": kind,
                ":attempt": attempt,
                ":name": name,
                ":content": content,
                ":file": file,
                ":digest": media.map(|(digest, _)| digest),
            },
            |row| row.get(0),
        );
        Ok(found.optional()?)
    }

    /// Returns the types of the attachments that are evidence for an attempt at a task.
    pub fn evidence(&self, task: &TaskId, attempt: i64) -> Result<Vec<String>> {
        const SQL: &str = "
            select attachment_type
            from attachments
            where task_id = :task and counts_for = :attempt
                and (file_path is not null or digest is not null or trim(content, char(9, 10, 13, 32)) <> '')
            order by attachment_type, sequence";
        let mut statement = self.0.prepare_cached(SQL)?;
        let keys = named_params! { ":task": task, ":attempt": attempt };
        let rows = statement.query_map(keys, |row| row.get(0))?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// Makes all attachments of a task evidence for no attempt.
    pub fn void_evidence(&self, task: &TaskId) -> Result<()> {
        const SQL: &str = "
            update attachments
            set counts_for = null
            where task_id = :task and counts_for is not null";
        self.0.prepare_cached(SQL)?.execute(named_params! { ":task": task })?;
        Ok(())
    }

    /// Removes one attachment of a task.
    pub fn detach(&self, task: &TaskId, kind: &str, sequence: i64) -> Result<()> {
        const SQL: &str = "
            delete from attachments
            where task_id = :task and attachment_type = :kind and sequence = :sequence";
        let keys = named_params! { ":task": task, ":kind": kind, ":sequence": sequence };
        self.0.prepare_cached(SQL)?.execute(keys)?;
        Ok(())
    }

    /// Returns a page of a task's attachments, by type and number, and their total number.
    pub fn attachments(
        &self,
        task: &TaskId,
        filter: &AttachmentFilter,
        slice: Slice,
    ) -> Result<(Vec<AttachmentRow>, usize)> {
        const COUNT: &str = "
            select count(*)
            from attachments
            where task_id = :task
                and (:kind is null or attachment_type glob :kind)
                and (:mime is null or substr(mime_type, 1, length(:mime)) = :mime)
                and (:name is null or name = :name)
                and (:sequence is null or sequence = :sequence)";
        const ROWS: &str = "
            select attachment_type, sequence, name, mime_type,
                coalesce(bytes, octet_length(content)) as bytes,
                digest, file_path, attempt, counts_for, sha256, worker_id, created_at
            from attachments
            where task_id = :task
                and (:kind is null or attachment_type glob :kind)
                and (:mime is null or substr(mime_type, 1, length(:mime)) = :mime)
                and (:name is null or name = :name)
                and (:sequence is null or sequence = :sequence)
            order by attachment_type, sequence
            limit :limit offset :offset";
        let (kind, AttachmentFilter { mime_prefix, name, sequence, .. }) = (filter.glob(), filter);
        let Slice { offset, limit } = slice;
        let mut statement = self.0.prepare_cached(ROWS)?;
        let rows = statement.query_map(
            named_params! {
                ":task": task, ":kind": kind, ":mime": mime_prefix, ":name": name, ":sequence": sequence,
                ":limit": limit as i64, ":offset": offset as i64,
            },
            attachment,
        )?;
        let rows: Vec<AttachmentRow> = rows.collect::<rusqlite::Result<_>>()?;
        if offset == 0 && rows.len() < limit {
            let total = rows.len();
            return Ok((rows, total));
        }
        let keys = named_params! {
            ":task": task, ":kind": kind, ":mime": mime_prefix, ":name": name, ":sequence": sequence,
        };
        let total = self.0.prepare_cached(COUNT)?.query_row(keys, |row| row.get::<_, i64>(0))?;
        Ok((rows, total as usize))
    }

    /// Returns the beginnings of the newest attachments of a task, each after its type; of bytes and files the
    /// name.
    pub fn newest_texts(&self, task: &TaskId, limit: usize, longest: usize) -> Result<Vec<String>> {
        const SQL: &str = "
            select attachment_type || ': ' || case
                when digest is not null then name
                when file_path is not null then file_path
                else substr(content, 1, :longest + 1) end
            from attachments
            where task_id = :task
            order by created_at desc, sequence desc, attachment_type
            limit :limit";
        let mut statement = self.0.prepare_cached(SQL)?;
        let keys = named_params! { ":task": task, ":limit": limit as i64, ":longest": longest as i64 };
        let rows = statement.query_map(keys, |row| row.get(0))?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// Returns a part of the text of an attachment that is stored in the database.
    pub fn attached_text(&self, task: &TaskId, row: &AttachmentRow, slice: Slice) -> Result<Vec<u8>> {
        const SQL: &str = "
            select substr(cast(content as blob), :offset + 1, :limit)
            from attachments
            where task_id = :task and attachment_type = :kind and sequence = :sequence";
        Ok(self.0.prepare_cached(SQL)?.query_row(
            named_params! {
                ":task": task,
                ":kind": row.kind,
                ":sequence": row.sequence,
                ":offset": slice.offset as i64,
                ":limit": slice.limit as i64,
            },
            |row| row.get(0),
        )?)
    }

    /// Removes up to 100 media files that lost their last reference, and returns how many it removed.
    pub fn sweep_media(&self, media: &Media) -> Result<usize> {
        const AT_ONCE: usize = 100;
        const LOOSE: &str = "select digest from loose_media limit :limit";
        const FORGET: &str = "delete from loose_media where digest = :digest";
        let mut statement = self.0.prepare_cached(LOOSE)?;
        let rows = statement.query_map(named_params! { ":limit": AT_ONCE as i64 }, |row| row.get(0))?;
        let loose: Vec<Digest> = rows.collect::<rusqlite::Result<_>>()?;
        for digest in &loose {
            self.0.prepare_cached(FORGET)?.execute(named_params! { ":digest": digest })?;
        }
        self.remove_media(media, &loose)
    }

    /// Removes those of the media files that no attachment refers to, and returns how many.
    pub fn remove_media(&self, media: &Media, digests: &[Digest]) -> Result<usize> {
        const SQL: &str = "select 1 from attachments where digest = :digest";
        let mut removed = 0;
        for digest in digests {
            if !self.0.prepare_cached(SQL)?.exists(named_params! { ":digest": digest })? {
                media.remove(digest)?;
                removed += 1;
            }
        }
        Ok(removed)
    }

    /// Returns true if there are media files that lost their last reference.
    pub fn has_loose_media(&self) -> Result<bool> {
        const SQL: &str = "select 1 from loose_media limit 1";
        Ok(self.0.prepare_cached(SQL)?.exists([])?)
    }
}

fn attachment(row: &Row<'_>) -> rusqlite::Result<AttachmentRow> {
    Ok(AttachmentRow {
        kind: row.get("attachment_type")?,
        sequence: row.get("sequence")?,
        name: row.get("name")?,
        mime: row.get("mime_type")?,
        bytes: row.get("bytes")?,
        digest: row.get("digest")?,
        file: row.get("file_path")?,
        attempt: row.get("attempt")?,
        counts_for: row.get("counts_for")?,
        sha256: row.get("sha256")?,
        worker: row.get("worker_id")?,
        created_at: row.get("created_at")?,
    })
}
