//! Full-text search over tasks, thoughts and attachments.
//!
//! Each of the three has an index. Searches bring the indexes up to date, a part at a time, so that writers do not
//! pay for them.

use rusqlite::types::FromSql;
use rusqlite::{OptionalExtension, ToSql, named_params};

use super::filter::{Filter, filters};
use super::{Effect, Patience, Store, Tx};
use crate::domain::{Column, TaskId};
use crate::error::Result;

/// The kind of text in which a hit was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Source {
    Task,
    Attachment,
    Thought,
}

/// A search hit.
#[derive(Clone, Debug)]
pub struct Hit {
    pub source: Source,
    /// Its number in the index of its source.
    pub document: i64,
    pub task: TaskId,
    /// How well it matches; higher is better.
    pub score: f64,
}

/// An excerpt of a text, with marks around the words that were found.
#[derive(Clone, Debug)]
pub struct Passage {
    pub column: Column,
    pub text: String,
}

/// The marks before and after a word that was found, in an excerpt.
pub const MARKS: [char; 2] = ['\u{1}', '\u{2}'];

impl Source {
    pub const ALL: [Self; 3] = [Self::Task, Self::Attachment, Self::Thought];

    /// Returns the columns that can be searched.
    pub fn columns(self) -> &'static [Column] {
        match self {
            Self::Task => &[Column::Id, Column::Title, Column::Description],
            Self::Attachment => &[Column::Attachment],
            Self::Thought => &[Column::Thought],
        }
    }
}

/// Finds the tasks whose `$document` matches the expression in the index `$index`, the youngest first.
///
/// Only the youngest hits are read, so that a frequent word costs no more than a rare one.
macro_rules! hits {
    ($index:literal, $score:literal, $tasks:literal) => {
        concat!(
            "select hit.document, tasks.id, hit.score
            from (
                select rowid as document, ",
            $score,
            " as score
                from ",
            $index,
            "
                where ",
            $index,
            " match :expression
                order by rowid desc
                limit :most
            ) as hit
            cross join ",
            $tasks,
            " where ",
            filters!()
        )
    };
}

impl Store {
    /// Indexes the texts that were written since the last search, a part at a time while `more` returns true.
    /// Returns true if all of them are indexed.
    pub fn index_news(&self, patience: Patience, more: impl Fn() -> bool) -> Result<bool> {
        while self.transact(patience, Effect::Read, |tx| tx.is_indexing_due())? {
            if !more() {
                return Ok(false);
            }
            self.transact(patience, Effect::Note, |tx| tx.index_piece())?;
        }
        Ok(true)
    }
}

impl Tx<'_> {
    /// Returns true if there are texts that are not indexed.
    fn is_indexing_due(&self) -> Result<bool> {
        const SQL: &str = "
            select exists (select 1 from tasks
                    where n > (select until from search_progress where source = 'tasks'))
                or exists (select 1 from search_due)
                or exists (select 1 from attachment_numbers where is_indexed = 0)
                or exists (select 1 from events
                    where event = 'thought'
                        and id > (select until from search_progress where source = 'thoughts'))
                or :seldom < (select max(id) from events)
                    - (select until from search_progress where source = 'thoughts')";
        // Otherwise events that are no thoughts would be read again and again.
        const SELDOM: i64 = 1_000;
        Ok(self.0.prepare_cached(SQL)?.query_row(named_params! { ":seldom": SELDOM }, |row| row.get(0))?)
    }

    /// Returns the approximate number of tasks that are not indexed.
    pub fn unindexed(&self) -> Result<i64> {
        const SQL: &str = "
            select coalesce(max(n), 0) - (select until from search_progress where source = 'tasks')
            from tasks";
        self.index_value(SQL, &[])
    }

    /// Indexes a part of the new texts.
    fn index_piece(&self) -> Result<()> {
        self.index_changed_tasks()?;
        self.index_new_tasks()?;
        self.index_thoughts()?;
        self.index_attachments()
    }

    fn index_changed_tasks(&self) -> Result<()> {
        const LAST: &str = "select max(n) from (select n from search_due order by n limit 1000)";
        const ADD: &str = "
            insert into tasks_fts (rowid, id, title, description)
            select task_texts.n, id, title, description
            from search_due join task_texts on task_texts.n = search_due.n
            where search_due.n <= :last";
        const DONE: &str = "delete from search_due where n <= :last";
        if let Some(last) = self.index_value::<Option<i64>>(LAST, &[])? {
            self.index_step(ADD, last)?;
            self.index_step(DONE, last)?;
        }
        Ok(())
    }

    fn index_new_tasks(&self) -> Result<()> {
        const LAST: &str = "
            select max(n) from (
                select n from tasks
                where n > (select until from search_progress where source = 'tasks')
                order by n
                limit 1000)";
        const ADD: &str = "
            insert into tasks_fts (rowid, id, title, description)
            select n, id, title, description
            from task_texts
            where n > (select until from search_progress where source = 'tasks') and n <= :last";
        const DONE: &str = "update search_progress set until = :last where source = 'tasks'";
        if let Some(last) = self.index_value::<Option<i64>>(LAST, &[])? {
            self.index_step(ADD, last)?;
            self.index_step(DONE, last)?;
        }
        Ok(())
    }

    fn index_thoughts(&self) -> Result<()> {
        const READ: i64 = 10_000;
        const LAST: &str = "
            select min(until + :read, (select coalesce(max(id), 0) from events))
            from search_progress
            where source = 'thoughts'";
        const ADD: &str = "
            insert into thoughts_fts (rowid, thought)
            select id, thought
            from thought_texts
            where id > (select until from search_progress where source = 'thoughts') and id <= :last";
        const DONE: &str = "update search_progress set until = :last where source = 'thoughts'";
        let last = self.index_value::<i64>(LAST, &[(":read", &READ)])?;
        self.index_step(ADD, last)?;
        self.index_step(DONE, last)
    }

    fn index_attachments(&self) -> Result<()> {
        const LAST: &str = "
            select max(n) from (
                select n from attachment_numbers where is_indexed = 0 order by n limit 20)";
        const ADD: &str = "
            insert into attachments_fts (rowid, name, content)
            select texts.n, name, content
            from attachment_numbers as due join attachment_texts as texts on texts.n = due.n
            where due.is_indexed = 0 and due.n <= :last";
        const DONE: &str = "update attachment_numbers set is_indexed = 1 where is_indexed = 0 and n <= :last";
        if let Some(last) = self.index_value::<Option<i64>>(LAST, &[])? {
            self.index_step(ADD, last)?;
            self.index_step(DONE, last)?;
        }
        Ok(())
    }

    fn index_value<T: FromSql>(&self, sql: &'static str, names: &[(&str, &dyn ToSql)]) -> Result<T> {
        Ok(self.0.prepare_cached(sql)?.query_row(names, |row| row.get(0))?)
    }

    fn index_step(&self, sql: &'static str, last: i64) -> Result<()> {
        self.0.prepare_cached(sql)?.execute(named_params! { ":last": last })?;
        Ok(())
    }

    /// Returns the matches among the youngest `most` hits of a source.
    pub fn hits(&self, source: Source, expression: &str, filter: &Filter, most: usize) -> Result<Vec<Hit>> {
        // A match in the id or the title counts more than a mention elsewhere.
        const TASKS: &str =
            hits!("tasks_fts", "-bm25(tasks_fts, 8.0, 4.0, 1.0)", "tasks on tasks.n = hit.document");
        const ATTACHMENTS: &str = hits!(
            "attachments_fts",
            "-0.5 * bm25(attachments_fts)",
            "(select n as number, task_id as attached_to from attachment_numbers) as attached
                on attached.number = hit.document
            cross join tasks on tasks.id = attached.attached_to"
        );
        // The id may have belonged to another task before.
        const THOUGHTS: &str = hits!(
            "thoughts_fts",
            "-0.4 * bm25(thoughts_fts)",
            "(select id as number, task_id as thought_of, timestamp as thought_at from events) as thought
                on thought.number = hit.document
            cross join tasks on tasks.id = thought.thought_of and tasks.created_at <= thought.thought_at"
        );
        let sql = match source {
            Source::Task => TASKS,
            Source::Attachment => ATTACHMENTS,
            Source::Thought => THOUGHTS,
        };
        let most = most as i64;
        filter.with_names(&[(":expression", &expression), (":most", &most)], |names| {
            let mut statement = self.0.prepare_cached(sql)?;
            let rows = statement.query_map(names, |row| {
                Ok(Hit { source, document: row.get(0)?, task: row.get(1)?, score: row.get(2)? })
            })?;
            Ok(rows.collect::<rusqlite::Result<_>>()?)
        })
    }

    /// Returns true if a source has more than `most` matches.
    pub fn has_more_hits(&self, source: Source, expression: &str, most: usize) -> Result<bool> {
        const TASKS: &str = "select 1 from tasks_fts where tasks_fts match :expression limit 1 offset :most";
        const ATTACHMENTS: &str =
            "select 1 from attachments_fts where attachments_fts match :expression limit 1 offset :most";
        const THOUGHTS: &str =
            "select 1 from thoughts_fts where thoughts_fts match :expression limit 1 offset :most";
        let sql = match source {
            Source::Task => TASKS,
            Source::Attachment => ATTACHMENTS,
            Source::Thought => THOUGHTS,
        };
        let keys = named_params! { ":expression": expression, ":most": most as i64 };
        Ok(self.0.prepare_cached(sql)?.exists(keys)?)
    }

    /// Returns the excerpts of a hit that match the expression, column by column.
    pub fn passages(&self, hit: &Hit, expression: &str) -> Result<Vec<Passage>> {
        const TASK: &str = "
            select snippet(tasks_fts, 0, char(1), char(2), '…', 10),
                snippet(tasks_fts, 1, char(1), char(2), '…', 16),
                snippet(tasks_fts, 2, char(1), char(2), '…', 16)
            from tasks_fts
            where tasks_fts match :expression and rowid = :document";
        const ATTACHMENT: &str = "
            select snippet(attachments_fts, -1, char(1), char(2), '…', 16)
            from attachments_fts
            where attachments_fts match :expression and rowid = :document";
        const THOUGHT: &str = "
            select snippet(thoughts_fts, 0, char(1), char(2), '…', 16)
            from thoughts_fts
            where thoughts_fts match :expression and rowid = :document";
        let sql = match hit.source {
            Source::Task => TASK,
            Source::Attachment => ATTACHMENT,
            Source::Thought => THOUGHT,
        };
        let mut statement = self.0.prepare_cached(sql)?;
        let keys = named_params! { ":expression": expression, ":document": hit.document };
        let texts = statement.query_row(keys, |row| {
            let columns = hit.source.columns().iter().enumerate();
            columns.map(|(at, column)| Ok((*column, row.get::<_, Option<String>>(at)?))).collect()
        });
        let texts: Vec<(Column, Option<String>)> = texts.optional()?.unwrap_or_default();
        let marked = |text: &String| text.contains(MARKS[0]);
        let passage = |(column, text): (Column, Option<String>)| {
            text.filter(marked).map(|text| Passage { column, text })
        };
        Ok(texts.into_iter().filter_map(passage).collect())
    }

    /// Returns the type and number of an attachment in the index.
    pub fn attachment_label(&self, document: i64) -> Result<String> {
        const SQL: &str = "
            select attachment_type || '#' || sequence
            from attachment_numbers
            where n = :document";
        Ok(self
            .0
            .prepare_cached(SQL)?
            .query_row(named_params! { ":document": document }, |row| row.get(0))?)
    }
}
