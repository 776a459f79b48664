//! What one process of this program works with, and what one call may use.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Map, Value};

use crate::config::{Config, Places};
use crate::domain::{Millis, Process, Task, Timestamp, Worker, WorkerId, Workflow};
use crate::error::{Error, Result};
use crate::store::Patience::Waits;
use crate::store::{Because, Media, Patience, Store, Tx};

/// The store, the rules, and for whom this process speaks.
pub struct App {
    pub store: Store,
    pub config: Config,
    pub caller: Caller,
    /// Whether this process has looked for workers that are gone.
    pub(crate) has_looked: AtomicBool,
    /// The schemas of the requests, in the project's words, made when they are first asked for.
    pub(crate) schemas: Mutex<HashMap<&'static str, Arc<Map<String, Value>>>>,
}

/// For whom this process speaks.
#[derive(Clone, Debug, Default)]
pub struct Caller {
    /// The worker that calls are made for when they name none.
    pub worker: Option<WorkerId>,
    /// This process, if a worker that connects through it lives as long as it does.
    pub process: Option<Process>,
    /// What the paths that it names are relative to.
    pub places: Places,
    /// What the clock is stopped at, in tests.
    pub stopped_at: Option<Timestamp>,
}

/// What one call may use.
pub struct Context<'a> {
    /// The time of the call; never earlier than anything that was written.
    pub now: Timestamp,
    pub config: &'a Config,
    pub caller: &'a Caller,
    pub media: &'a Media,
    /// Who asks, if the call names a worker. Its lease has been renewed.
    pub worker: Option<Worker>,
    /// What the caller has to know beside the answer.
    notices: RefCell<Vec<String>>,
}

impl App {
    /// Puts together what a process works with. Counts that were made by other rules are made anew.
    pub fn new(store: Store, config: Config, caller: Caller) -> Result<Self> {
        let has_looked = AtomicBool::new(false);
        let app = Self { store, config, caller, has_looked, schemas: Mutex::default() };
        app.apply_rules()?;
        Ok(app)
    }

    /// Does what has to be done now and then, when an answer is out: the log is
    /// moved, answers are forgotten that nobody will ask for again, and files
    /// that belong to nothing go.
    pub fn tidy(&self) -> Result<()> {
        const REMEMBERED: Millis = 24 * 3_600_000;
        if self.store.tidy()? {
            let now = self.now();
            let then = now.before(REMEMBERED);
            self.store.transact(Waits, crate::Effect::Note, |tx| tx.forget_answers(then))?;
            self.store.sweep_media(Waits)?;
            self.store.sweep_abandoned_media(Waits, now.0.unsigned_abs() / 1_000)?;
        }
        Ok(())
    }

    /// Takes away files that nothing refers to any more, if that can be done now; else it is done later.
    pub(crate) fn sweep_media(&self, patience: Patience) {
        if let Err(error) = self.store.sweep_media(patience) {
            tracing::debug!(%error, "files that belong to nothing are left for later");
        }
    }

    /// Returns what a call in this transaction may use.
    pub(crate) fn context(&self, tx: &Tx) -> Result<Context<'_>> {
        Ok(Context {
            now: self.now().max(tx.newest_event_at()?.unwrap_or_default()),
            config: &self.config,
            caller: &self.caller,
            media: self.store.media(),
            worker: None,
            notices: RefCell::default(),
        })
    }

    /// Returns what the clock shows.
    pub(crate) fn now(&self) -> Timestamp {
        self.caller.stopped_at.unwrap_or_else(|| {
            let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
            Timestamp(since.as_millis() as i64)
        })
    }

    /// Recounts if the configuration has given states or links another meaning since the last count.
    fn apply_rules(&self) -> Result<()> {
        const RULES: &str = "rules";
        let rules = self.config.fingerprint();
        let same = |tx: &Tx<'_>| Ok(tx.fact(RULES)?.as_deref() == Some(&rules));
        if self.store.transact(Waits, crate::Effect::Read, same)? {
            return Ok(());
        }
        self.store.transact(Waits, crate::Effect::Write, |tx| {
            if same(tx)? {
                return Ok(());
            }
            tx.reread_edges(&self.config.edges)?;
            tx.recount(&self.config.workflows)?;
            tx.set_fact(RULES, &rules)
        })
    }
}

impl Context<'_> {
    /// Returns the worker who asks, for operations that demand one.
    pub fn actor(&self) -> Result<&Worker> {
        self.worker.as_ref().ok_or_else(|| Error::input("`worker_id` is missing", ""))
    }

    /// Returns the workflow of this name.
    pub fn workflow(&self, name: &str) -> Result<&Workflow> {
        let known = &self.config.workflows;
        known.get(name).ok_or_else(|| Error::NotFound {
            what: "workflow",
            name: name.to_owned(),
            near: known.by_name.keys().cloned().collect(),
        })
    }

    /// Returns the workflow that a task goes through.
    ///
    /// One that the configuration has lost is stood in for by the default.
    pub fn workflow_of(&self, task: &Task) -> Result<&Workflow> {
        self.workflow(&task.workflow).or_else(|_| self.workflow(&self.config.workflows.default))
    }

    /// Says that the caller, if it named itself, asked for something.
    pub fn because(&self, cause: &'static str) -> Because<'_> {
        Because::asked(self.worker.as_ref().map(|worker| &worker.id), cause, self.now)
    }

    /// Says that something followed by a rule.
    pub fn by_rule(&self, cause: &'static str) -> Because<'_> {
        Because::rule(cause, self.now)
    }

    /// Tells the caller something beside the answer.
    pub fn notify(&self, notice: impl Into<String>) {
        self.notices.borrow_mut().push(notice.into());
    }

    pub(crate) fn notices(&self) -> Vec<String> {
        self.notices.take()
    }
}
