//! A server's duties for the workers that call through it. It renews their leases while its client is
//! connected, and reserves or releases their tasks when the client disconnects.

use serde_json::json;

use super::presence::{self, Leave};
use crate::domain::{Departure, Loss, Millis, Worker};
use crate::error::Result;
use crate::ops::clock;
use crate::store::Patience::{self, Waits};
use crate::store::{Event, Tx};
use crate::{App, Context, Effect};

/// Renews the leases of the workers that call through this process.
///
/// A worker that another process has counted as gone stays so until its next call.
pub fn renew(app: &App, patience: Patience) -> Result<()> {
    let sign = app.sign();
    let is_old = |worker: &Worker| sign.since(&worker.sign) >= renewed_every(app) / 2;
    let due: Vec<Worker> = speaking_through(app, patience)?.into_iter().filter(is_old).collect();
    if due.is_empty() {
        return Ok(());
    }
    app.store.transact(patience, Effect::Note, |tx| {
        due.iter().try_for_each(|worker| match is_mine(tx, app, worker)? {
            true => tx.renew_connected(&worker.id, &sign, None),
            false => Ok(()),
        })
    })
}

/// Returns how often to renew the leases: two failures in a row do no harm.
pub fn renewed_every(app: &App) -> Millis {
    (app.config().stale_timeout_ms / 4).max(250)
}

/// Handles the disconnect of this process's client: the tasks of its workers are reserved for a while, or
/// released at once if the project sets no reservation.
pub fn hang_up(app: &App) -> Result<()> {
    if speaking_through(app, Waits)?.is_empty() {
        return Ok(());
    }
    let config = app.config();
    let reserve_ms = config.reserve_ms;
    let effect = if reserve_ms == 0 { Effect::Write } else { Effect::Note };
    app.store.transact(Waits, effect, |tx| {
        let cx = clock::context(app, tx, &config)?;
        for worker in tx.workers_present()?.iter().filter(|worker| is_through(worker, app)) {
            match reserve_ms {
                0 => {
                    let loss = Loss { how: Departure::Died, why: "its client went".into() };
                    presence::depart(tx, &cx, worker, &Leave::from(&loss))?;
                }
                _ => reserve(tx, &cx, worker, reserve_ms)?,
            }
        }
        Ok(())
    })
}

fn reserve(tx: &Tx, cx: &Context, worker: &Worker, reserve_ms: Millis) -> Result<()> {
    let sign = cx.sign();
    tx.renew_connected(&worker.id, &sign, Some(reserve_ms))?;
    let away = Worker { sign, reserved_ms: Some(reserve_ms), ..worker.clone() };
    let after = Some(json!({ "reserved_until": away.reserved_until() }));
    let worker = Some(&worker.id);
    tx.record(&Event { worker, after, ..Event::of("worker_away", &cx.by_rule("client_gone")) })
}

fn speaking_through(app: &App, patience: Patience) -> Result<Vec<Worker>> {
    let mut present = match app.caller.process {
        Some(_) => app.store.transact(patience, Effect::Read, |tx| tx.workers_present())?,
        None => Vec::new(),
    };
    present.retain(|worker| is_through(worker, app));
    Ok(present)
}

fn is_through(worker: &Worker, app: &App) -> bool {
    worker.process.is_some() && worker.process == app.caller.process && worker.reserved_ms.is_none()
}

fn is_mine(tx: &Tx, app: &App, worker: &Worker) -> Result<bool> {
    let now = tx.worker(&worker.id)?;
    Ok(now.left.is_none() && is_through(&now, app))
}
