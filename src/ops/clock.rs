//! Writes to a store whose newest entry was written by a clock far ahead of this one.
//!
//! The time of a call is never before the newest entry of the feed, unless that is far ahead of this
//! machine's clock. Then the call uses the clock, because such a time may be years away. Either clock may
//! be the wrong one, so only changes are made here that do no harm if it is this one.

use serde_json::json;

use super::schedule::firing;
use crate::config::Config;
use crate::error::Result;
use crate::store::{Event, Tx};
use crate::{App, Context};

/// Returns the context of a call that writes. Work that a clock far ahead has put off is brought back first.
pub fn context<'a>(app: &'a App, tx: &Tx, config: &'a Config) -> Result<Context<'a>> {
    let cx = app.context(tx, config)?;
    if let Some(newest) = cx.ahead {
        firing::pull_back(tx, &cx)?;
        tx.pull_back_rests(cx.now, cx.now.farthest_ahead())?;
        let (before, after) = (Some(json!({ "now": newest })), Some(json!({ "now": cx.now })));
        tx.record(&Event { before, after, ..Event::of("clock", &cx.by_rule("clock")) })?;
    }
    Ok(cx)
}
