//! The store after a clock that was far ahead wrote to it.
//!
//! The time of a call is never before the newest entry of the feed, unless that is far ahead of this machine's
//! clock: then the call goes on from the clock, since nobody could tell when such a time comes. Nothing says
//! which of the two clocks is wrong, so only that is changed here which does no harm if it is this one.

use serde_json::json;

use super::schedule::firing;
use crate::config::Config;
use crate::error::Result;
use crate::store::{Event, Tx};
use crate::{App, Context};

/// Returns what a call in this transaction may use, which writes. What a clock that is ahead has put off is
/// brought back.
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
