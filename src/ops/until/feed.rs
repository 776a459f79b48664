//! The feed after a cursor.

use std::collections::BTreeSet;

use super::word::Word;
use crate::Context;
use crate::domain::TaskId;
use crate::error::{Error, Result};
use crate::ops::track::Happening;
use crate::store::{FeedFilter, FeedRow, Tx};

/// Entries by other workers after a cursor.
#[derive(Debug, Default)]
pub struct News {
    pub events: Vec<Happening>,
    /// The tasks that changed state.
    pub moved: Vec<TaskId>,
    pub cursor: i64,
    pub more: bool,
}

/// The entries that a call waits for.
pub struct Interest<'a> {
    pub since: i64,
    pub words: &'a [Word],
}

impl Interest<'_> {
    /// Reads the feed from the cursor on. Entries by the caller are left out.
    pub fn read(&self, tx: &Tx, cx: &Context) -> Result<News> {
        const AT_A_TIME: usize = 200;
        const AT_A_CALL: usize = 10_000;
        let mut news = News { cursor: self.since, ..News::default() };
        let mut moved = BTreeSet::new();
        for _ in 0..AT_A_CALL / AT_A_TIME {
            let rows = tx.feed_after(&FeedFilter::default(), news.cursor, AT_A_TIME)?;
            let is_last = rows.len() < AT_A_TIME;
            for row in rows {
                let id = row.id;
                if !self.take_up(row, cx, &mut news, &mut moved) {
                    return Ok(news);
                }
                news.cursor = id;
            }
            if is_last {
                return Ok(news);
            }
        }
        news.more = true;
        Ok(news)
    }

    /// Adds an entry if it is wanted; returns false if there is no room for it.
    fn take_up(&self, row: FeedRow, cx: &Context, news: &mut News, moved: &mut BTreeSet<TaskId>) -> bool {
        const SHOWN: usize = 10;
        if row.worker.is_some() && row.worker.as_ref() == cx.worker.as_ref().map(|worker| &worker.id) {
            return true;
        }
        if self.wants(Word::Tasks)
            && row.what == "status"
            && let Some(task) = &row.task
            && moved.insert(task.clone())
        {
            news.moved.push(task.clone());
        }
        let is_wanted = self.wants(Word::Events) || self.wants(Word::Marks) && row.file.is_some();
        if !is_wanted {
            return true;
        }
        if news.events.len() == SHOWN {
            news.more = true;
            return false;
        }
        news.events.push(Happening::whole(row));
        true
    }

    fn wants(&self, word: Word) -> bool {
        self.words.contains(&word)
    }
}

/// Refuses a cursor that is ahead of the feed: the events up to it would never be read.
pub fn refuse_future(tx: &Tx, cursor: i64) -> Result<()> {
    let newest = tx.newest_event()?;
    if cursor <= newest {
        return Ok(());
    }
    Err(Error::input(
        format!("`cursor` is {cursor}, but there are only {newest} events"),
        "give the `cursor` that the last call answered, or none",
    ))
}
