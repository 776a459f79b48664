//! Events on marks, and how far each worker has received them.

use rusqlite::{OptionalExtension, named_params};

use super::Tx;
use super::events::{FeedRow, feed_row};
use crate::domain::WorkerId;
use crate::error::Result;

/// How far a worker has received events, by their numbers in the feed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Told {
    /// The worker has received everything up to here.
    pub certain: i64,
    /// The worker's last answer went up to here, and may have been lost.
    pub answered: i64,
}

impl Tx<'_> {
    /// Returns how far the worker has received events on marks, if the worker is known.
    pub fn told(&self, worker: &WorkerId) -> Result<Option<Told>> {
        const SQL: &str = "
            select last_claim_sequence, told_claim_sequence
            from workers
            where id = :worker";
        let mut statement = self.0.prepare_cached(SQL)?;
        let told = statement.query_row(named_params! { ":worker": worker }, |row| {
            Ok(Told { certain: row.get(0)?, answered: row.get(1)? })
        });
        Ok(told.optional()?)
    }

    /// Stores how far the worker has received events on marks.
    pub fn set_told(&self, worker: &WorkerId, told: Told) -> Result<()> {
        const SQL: &str = "
            update workers
            set last_claim_sequence = :certain, told_claim_sequence = :answered
            where id = :worker";
        let Told { certain, answered } = told;
        self.0.prepare_cached(SQL)?.execute(named_params! {
            ":worker": worker,
            ":certain": certain,
            ":answered": answered,
        })?;
        Ok(())
    }

    /// Counts the last answer to the worker as lost.
    pub fn forget_answered(&self, worker: &WorkerId) -> Result<()> {
        const SQL: &str = "
            update workers
            set told_claim_sequence = last_claim_sequence
            where id = :worker and told_claim_sequence > last_claim_sequence";
        self.0.prepare_cached(SQL)?.execute(named_params! { ":worker": worker })?;
        Ok(())
    }

    /// Returns the events on marks after an event, the oldest first.
    pub fn mark_events_after(&self, event: i64, limit: usize) -> Result<Vec<FeedRow>> {
        const SQL: &str = "
            select *
            from events
            where id > :event and file_path is not null
            order by id
            limit :limit";
        let mut statement = self.0.prepare_cached(SQL)?;
        let keys = named_params! { ":event": event, ":limit": limit as i64 };
        let rows = statement.query_map(keys, feed_row)?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }
}
