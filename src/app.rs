//! The state of a process, and the context of a call.

use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::ops::Deref;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Map, Value};

use crate::caller::Caller;
use crate::config::{Config, Watch};
use crate::domain::{Awake, Millis, Shown, Sign, Task, Timestamp, Worker, WorkerId, Workflow};
use crate::error::{Error, Result};
use crate::mailbag::Mailbag;
use crate::process;
use crate::store::Patience::Waits;
use crate::store::{Because, Media, Patience, Store, Tx};

/// The state of a process: the store, the settings and the caller.
pub struct App {
    pub store: Store,
    pub caller: Caller,
    current: RwLock<Arc<Current>>,
    /// The files of the settings, if changes in them are noticed.
    watch: Option<Watch>,
    /// Why the settings in effect differ from the written ones, if they do.
    problem: Mutex<Problem>,
    /// The notice that an entry of the store is far ahead of the clock, if one is.
    clock: Mutex<Problem>,
    /// Whether this process has checked for lost workers.
    pub(crate) has_looked: AtomicBool,
    /// The messages in answers that have not been sent yet.
    pub(crate) mailbag: Arc<Mailbag>,
}

/// The settings in effect, and data made from them. A call uses the same ones from beginning to end.
pub struct Current {
    config: Config,
    /// Schemas of the requests in the project's words, made on first use.
    pub(crate) schemas: Mutex<HashMap<&'static str, Arc<Map<String, Value>>>>,
}

impl Deref for Current {
    type Target = Config;

    fn deref(&self) -> &Config {
        &self.config
    }
}

#[derive(Default)]
struct Problem {
    text: Option<String>,
    is_told: bool,
}

/// The context of a call.
pub struct Context<'a> {
    /// The time of the call; never earlier than the newest entry, unless that is far ahead of the clock.
    pub now: Timestamp,
    /// The time of the newest entry, if that is far ahead of the clock.
    pub(crate) ahead: Option<Timestamp>,
    /// The same by the monotonic clock, if there is one.
    awake: Option<Awake>,
    pub config: &'a Config,
    /// Why the settings in effect differ from the written ones, if they do.
    pub problem: Option<String>,
    pub caller: &'a Caller,
    pub media: &'a Media,
    /// The calling worker, if the call names one. Its lease has been renewed.
    pub worker: Option<Worker>,
    /// A program reads the whole answer: lists come in long pages, texts in full.
    pub whole: bool,
    /// Notices for the caller, beside the answer.
    notices: RefCell<Vec<String>>,
    pub(crate) mail: Mail,
    pub(crate) mailbag: &'a Mailbag,
}

/// The part of a call that concerns messages.
#[derive(Default)]
pub(crate) struct Mail {
    /// The reader of the answer, if it is not the calling worker.
    pub reader: RefCell<Option<WorkerId>>,
    /// Whether this call delivered a message to a worker.
    pub came: Cell<bool>,
    /// Messages that the answer itself shows. It then carries no others.
    pub shown: RefCell<Option<Vec<Shown>>>,
}

impl App {
    /// Creates the state of a process. Recounts if the last count was made under other rules.
    pub fn new(store: Store, config: Config, caller: Caller) -> Result<Self> {
        let has_looked = AtomicBool::new(false);
        let problem = Problem { text: config.unheeded.clone(), is_told: false };
        let app = Self {
            store,
            caller,
            current: RwLock::new(Current::of(config)),
            watch: None,
            problem: Mutex::new(problem),
            clock: Mutex::default(),
            has_looked,
            mailbag: Arc::default(),
        };
        app.apply_rules(&app.config())?;
        Ok(app)
    }

    /// Returns the same, rereading the settings whenever their files change.
    pub fn watching(self, watch: Watch) -> Self {
        Self { watch: Some(watch), ..self }
    }

    /// Returns the settings in effect.
    pub fn config(&self) -> Arc<Current> {
        Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Rereads the settings if their files have changed. If they cannot be used, the old ones stay in effect.
    pub fn refresh(&self, patience: Patience) -> Result<()> {
        let Some(mut look) = self.watch.as_ref().and_then(Watch::look) else {
            return Ok(());
        };
        if patience == Patience::Hurries {
            // Reading may take a while. The caller repeats the call where it may wait.
            return Err(Error::NOT_AT_ONCE);
        }
        let read = look.read();
        let text = match read.and_then(|config| self.take_up(config)) {
            Ok(()) => self.config().unheeded.clone(),
            Err(error @ Error::Config { .. }) => {
                Some(format!("the settings were changed but cannot be used, the old ones hold: {error}"))
            }
            Err(error) => return Err(error),
        };
        look.done();
        *self.problem.lock().unwrap_or_else(PoisonError::into_inner) = Problem { text, is_told: false };
        Ok(())
    }

    fn take_up(&self, config: Config) -> Result<()> {
        self.apply_rules(&config)?;
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = Current::of(config);
        Ok(())
    }

    /// Returns, once, why the settings differ from the written ones.
    pub(crate) fn untold_problem(&self) -> Option<String> {
        let mut problem = self.problem.lock().unwrap_or_else(PoisonError::into_inner);
        let text = problem.text.clone().filter(|_| !problem.is_told);
        problem.is_told = true;
        text
    }

    /// Returns, once, the notice that the clocks of the store and of this machine differ.
    pub(crate) fn untold_clock(&self) -> Option<String> {
        let mut clock = self.clock.lock().unwrap_or_else(PoisonError::into_inner);
        let text = clock.text.clone().filter(|_| !clock.is_told);
        clock.is_told |= text.is_some();
        text
    }

    /// Does the occasional maintenance, after an answer was sent: moves the log into the store,
    /// forgets old answers and messages, and deletes files that nothing refers to.
    pub fn tidy(&self) -> Result<()> {
        const REMEMBERED: Millis = 24 * 3_600_000;
        const MESSAGES: Millis = 30 * REMEMBERED;
        if self.store.tidy()? {
            let now = self.now();
            let then = now.before(REMEMBERED);
            self.store.transact(Waits, crate::Effect::Note, |tx| {
                tx.forget_answers(then)?;
                tx.forget_messages(now.before(MESSAGES))
            })?;
            self.store.sweep_media(Waits)?;
            self.store.sweep_abandoned_media(Waits, now.0.unsigned_abs() / 1_000)?;
        }
        Ok(())
    }

    /// Deletes files that nothing refers to, if that is possible now. Otherwise they are deleted later.
    pub(crate) fn sweep_media(&self, patience: Patience) {
        if let Err(error) = self.store.sweep_media(patience) {
            tracing::debug!(%error, "files that belong to nothing are left for later");
        }
    }

    /// Returns the context of a call in this transaction.
    pub(crate) fn context<'a>(&'a self, tx: &Tx, config: &'a Config) -> Result<Context<'a>> {
        let wall = self.now();
        let newest = tx.newest_event_at()?.unwrap_or_default();
        let ahead = Some(newest).filter(|newest| wall.is_far_behind(*newest));
        if ahead.is_some() {
            self.clock.lock().unwrap_or_else(PoisonError::into_inner).is_ahead(wall, newest);
        }
        Ok(Context {
            now: if ahead.is_some() { wall } else { wall.max(newest) },
            ahead,
            awake: self.awake(),
            config,
            problem: self.problem.lock().unwrap_or_else(PoisonError::into_inner).text.clone(),
            caller: &self.caller,
            media: self.store.media(),
            worker: None,
            whole: false,
            notices: RefCell::default(),
            mail: Mail::default(),
            mailbag: &self.mailbag,
        })
    }

    /// Returns the time by the clock.
    pub(crate) fn now(&self) -> Timestamp {
        self.caller.stopped_at.unwrap_or_else(|| {
            let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
            Timestamp(since.as_millis() as i64)
        })
    }

    /// Returns how long the machine has been awake, unless the clock is stopped.
    fn awake(&self) -> Option<Awake> {
        match self.caller.stopped_at {
            Some(_) => None,
            None => process::awake(),
        }
    }

    /// Returns a sign of life at this moment.
    pub(crate) fn sign(&self) -> Sign {
        Sign { at: self.now(), awake: self.awake() }
    }

    /// Recounts if the meaning of states or links in the configuration has changed since the last count.
    fn apply_rules(&self, config: &Config) -> Result<()> {
        const RULES: &str = "rules";
        let rules = config.fingerprint();
        let same = |tx: &Tx<'_>| Ok(tx.fact(RULES)?.as_deref() == Some(&rules));
        if self.store.transact(Waits, crate::Effect::Read, same)? {
            return Ok(());
        }
        self.store.transact(Waits, crate::Effect::Write, |tx| {
            if same(tx)? {
                return Ok(());
            }
            tx.reread_edges(&config.edges)?;
            tx.recount(&config.workflows)?;
            tx.set_fact(RULES, &rules)
        })
    }
}

impl Problem {
    fn is_ahead(&mut self, wall: Timestamp, newest: Timestamp) {
        self.text.get_or_insert_with(|| {
            format!(
                "an entry of the store is of {newest}, and it is {wall} by the clock of this machine: one clock \
                is or was wrong; times go on from this one"
            )
        });
    }
}

impl Current {
    fn of(config: Config) -> Arc<Self> {
        Arc::new(Self { config, schemas: Mutex::default() })
    }
}

impl Context<'_> {
    /// Returns the sign of life that this call gives.
    pub fn sign(&self) -> Sign {
        Sign { at: self.now, awake: self.awake.clone() }
    }

    /// Returns the calling worker, for operations that require one.
    pub fn actor(&self) -> Result<&Worker> {
        self.worker.as_ref().ok_or_else(|| Error::input("`worker_id` is missing", ""))
    }

    /// Returns true if a person calls: the call names no worker and comes from no server.
    pub fn is_person(&self) -> bool {
        self.worker.is_none() && self.caller.process.is_none()
    }

    /// Refuses a call of an agent that names no worker.
    pub fn refuse_nameless(&self) -> Result<()> {
        match self.worker.is_none() && !self.is_person() {
            true => Err(Error::input("`worker_id` is missing", "say who you are, so that others can answer")),
            false => Ok(()),
        }
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

    /// Returns the workflow of a task.
    ///
    /// If the configuration no longer has it, returns the default one.
    pub fn workflow_of(&self, task: &Task) -> Result<&Workflow> {
        self.workflow(&task.workflow).or_else(|_| self.workflow(&self.config.workflows.default))
    }

    /// Returns the workflow by which a task moves: its own, with the overlays of the
    /// running attempt or, before one begins, of the worker it is assigned to.
    pub fn rules_of(&self, tx: &Tx, task: &Task) -> Result<Cow<'_, Workflow>> {
        let own = self.workflow_of(task)?;
        let Some(holder) = &task.holder else {
            return Ok(Cow::Borrowed(own));
        };
        // An attempt has the overlays of its worker, and those that the worker has removed since.
        if task.claimed_at.is_some() && task.is_overlaid {
            return Ok(self.overlaid(own, &tx.overlays_of_attempt(task)?));
        }
        match &self.worker {
            Some(worker) if worker.id == *holder => Ok(self.overlaid(own, &worker.overlays)),
            _ => Ok(self.overlaid(own, &tx.overlays_of(holder)?)),
        }
    }

    /// Returns the workflow by which a task ends: with the overlays of its newest attempt, running or not.
    pub fn rules_at_end(&self, tx: &Tx, task: &Task) -> Result<Cow<'_, Workflow>> {
        match task.holder {
            Some(_) => self.rules_of(tx, task),
            None => Ok(self.overlaid(self.workflow_of(task)?, &tx.overlays_of_attempt(task)?)),
        }
    }

    /// Returns a workflow with overlays. An overlay that the configuration no longer has adds nothing.
    pub fn overlaid<'a>(&self, own: &'a Workflow, overlays: &[String]) -> Cow<'a, Workflow> {
        let known = overlays.iter().filter_map(|name| self.config.workflows.overlays.get(name));
        known.fold(Cow::Borrowed(own), |rules, overlay| Cow::Owned(rules.with(overlay)))
    }

    /// Returns the cause of a change that the caller asked for.
    pub fn because(&self, cause: &'static str) -> Because<'_> {
        Because::asked(self.worker.as_ref().map(|worker| &worker.id), cause, self.now)
    }

    /// Returns the context for changes that follow by a rule, without a caller.
    pub fn for_nobody(&self) -> Self {
        Self {
            awake: self.awake.clone(),
            problem: None,
            worker: None,
            notices: RefCell::default(),
            mail: Mail::default(),
            ..*self
        }
    }

    /// Returns the cause of a change that followed by a rule.
    pub fn by_rule(&self, cause: &'static str) -> Because<'_> {
        Because::rule(cause, self.now)
    }

    /// Returns how many of the `wanted` items a list shows, where `most` is the limit of an answer.
    pub fn page(&self, wanted: usize, most: usize) -> usize {
        const WHOLE: usize = 2_000;
        wanted.clamp(1, if self.whole { WHOLE } else { most })
    }

    /// Adds a notice for the caller, beside the answer.
    pub fn notify(&self, notice: impl Into<String>) {
        self.notices.borrow_mut().push(notice.into());
    }

    /// Records that the answer itself shows these messages to the reader.
    pub fn shows(&self, messages: Vec<Shown>) {
        *self.mail.shown.borrow_mut() = Some(messages);
    }

    pub(crate) fn notices(&self) -> Vec<String> {
        self.notices.take()
    }
}
