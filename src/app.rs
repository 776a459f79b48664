//! What one process of this program works with, and what one call may use.

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

/// The store, the rules, and for whom this process speaks.
pub struct App {
    pub store: Store,
    pub caller: Caller,
    current: RwLock<Arc<Current>>,
    /// The files the settings come from, if they are read again when they change.
    watch: Option<Watch>,
    /// Why the settings are not as they are written, if they are not.
    problem: Mutex<Problem>,
    /// That an entry of the store is far ahead of the clock, if one is.
    clock: Mutex<Problem>,
    /// Whether this process has looked for workers that are gone.
    pub(crate) has_looked: AtomicBool,
    /// The messages that stand in answers which are not out yet.
    pub(crate) mailbag: Arc<Mailbag>,
}

/// The settings that hold, and what was made of them. One call uses the same from its beginning to its end.
pub struct Current {
    config: Config,
    /// The schemas of the requests, in the project's words, made when they are first asked for.
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

/// What one call may use.
pub struct Context<'a> {
    /// The time of the call; never earlier than the newest entry, unless that is far ahead of the clock.
    pub now: Timestamp,
    /// The time of the newest entry, if that is far ahead of the clock.
    pub(crate) ahead: Option<Timestamp>,
    /// The same by the clock that leases run by, where there is one.
    awake: Option<Awake>,
    pub config: &'a Config,
    /// Why the settings are not as they are written, if they are not.
    pub problem: Option<String>,
    pub caller: &'a Caller,
    pub media: &'a Media,
    /// Who asks, if the call names a worker. Its lease has been renewed.
    pub worker: Option<Worker>,
    /// The answer is read to the end by a program: lists come in long pages, texts whole.
    pub whole: bool,
    /// What the caller has to know beside the answer.
    notices: RefCell<Vec<String>>,
    pub(crate) mail: Mail,
    pub(crate) mailbag: &'a Mailbag,
}

/// What a call has to do with messages.
#[derive(Default)]
pub(crate) struct Mail {
    /// Who reads the answer, if it is not the worker who asks.
    pub reader: RefCell<Option<WorkerId>>,
    /// Whether somebody got a message by this call.
    pub came: Cell<bool>,
    /// What the answer itself shows: then it carries nothing else.
    pub shown: RefCell<Option<Vec<Shown>>>,
}

impl App {
    /// Puts together what a process works with. Counts that were made by other rules are made anew.
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

    /// The same, reading the settings again whenever their files change.
    pub fn watching(self, watch: Watch) -> Self {
        Self { watch: Some(watch), ..self }
    }

    /// Returns the settings that hold now.
    pub fn config(&self) -> Arc<Current> {
        Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Reads the settings again if their files have changed. What cannot be used leaves the old ones in force.
    pub fn refresh(&self, patience: Patience) -> Result<()> {
        let Some(mut look) = self.watch.as_ref().and_then(Watch::look) else {
            return Ok(());
        };
        if patience == Patience::Hurries {
            // There is something to do that may take a while; the caller comes again with time.
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

    /// Returns why the settings are not as they are written, if nobody has been told.
    pub(crate) fn untold_problem(&self) -> Option<String> {
        let mut problem = self.problem.lock().unwrap_or_else(PoisonError::into_inner);
        let text = problem.text.clone().filter(|_| !problem.is_told);
        problem.is_told = true;
        text
    }

    /// Returns that the store's clock and this one differ, if nobody has been told.
    pub(crate) fn untold_clock(&self) -> Option<String> {
        let mut clock = self.clock.lock().unwrap_or_else(PoisonError::into_inner);
        let text = clock.text.clone().filter(|_| !clock.is_told);
        clock.is_told |= text.is_some();
        text
    }

    /// Does what has to be done now and then, when an answer is out: the log is
    /// moved, answers are forgotten that nobody will ask for again, and files
    /// that belong to nothing go.
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

    /// Takes away files that nothing refers to any more, if that can be done now; else it is done later.
    pub(crate) fn sweep_media(&self, patience: Patience) {
        if let Err(error) = self.store.sweep_media(patience) {
            tracing::debug!(%error, "files that belong to nothing are left for later");
        }
    }

    /// Returns what a call in this transaction may use.
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

    /// Returns what the clock shows.
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

    /// Returns the sign of life that one gives who is alive now.
    pub(crate) fn sign(&self) -> Sign {
        Sign { at: self.now(), awake: self.awake() }
    }

    /// Recounts if the configuration has given states or links another meaning since the last count.
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
    /// Returns the sign of life that the call is.
    pub fn sign(&self) -> Sign {
        Sign { at: self.now, awake: self.awake.clone() }
    }

    /// Returns the worker who asks, for operations that demand one.
    pub fn actor(&self) -> Result<&Worker> {
        self.worker.as_ref().ok_or_else(|| Error::input("`worker_id` is missing", ""))
    }

    /// Returns true if a person asks: a call without a worker that comes from no server.
    pub fn is_person(&self) -> bool {
        self.worker.is_none() && self.caller.process.is_none()
    }

    /// Refuses a call of an agent that does not say which worker it is.
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

    /// Returns the workflow that a task goes through.
    ///
    /// One that the configuration has lost is stood in for by the default.
    pub fn workflow_of(&self, task: &Task) -> Result<&Workflow> {
        self.workflow(&task.workflow).or_else(|_| self.workflow(&self.config.workflows.default))
    }

    /// Returns the workflow by which a task moves: its own, with the overlays of the attempt that is under way or,
    /// before one begins, of the worker it was given to.
    pub fn rules_of(&self, tx: &Tx, task: &Task) -> Result<Cow<'_, Workflow>> {
        let own = self.workflow_of(task)?;
        let Some(holder) = &task.holder else {
            return Ok(Cow::Borrowed(own));
        };
        // An attempt has those of its worker and perhaps more, which the worker took off since.
        if task.claimed_at.is_some() && task.is_overlaid {
            return Ok(self.overlaid(own, &tx.overlays_of_attempt(task)?));
        }
        match &self.worker {
            Some(worker) if worker.id == *holder => Ok(self.overlaid(own, &worker.overlays)),
            _ => Ok(self.overlaid(own, &tx.overlays_of(holder)?)),
        }
    }

    /// Returns the workflow by which a task ends: with the overlays of its newest attempt, under way or not.
    pub fn rules_at_end(&self, tx: &Tx, task: &Task) -> Result<Cow<'_, Workflow>> {
        match task.holder {
            Some(_) => self.rules_of(tx, task),
            None => Ok(self.overlaid(self.workflow_of(task)?, &tx.overlays_of_attempt(task)?)),
        }
    }

    /// Returns a workflow with overlays on it. One that the configuration has lost adds nothing.
    pub fn overlaid<'a>(&self, own: &'a Workflow, overlays: &[String]) -> Cow<'a, Workflow> {
        let known = overlays.iter().filter_map(|name| self.config.workflows.overlays.get(name));
        known.fold(Cow::Borrowed(own), |rules, overlay| Cow::Owned(rules.with(overlay)))
    }

    /// Says that the caller, if it named itself, asked for something.
    pub fn because(&self, cause: &'static str) -> Because<'_> {
        Because::asked(self.worker.as_ref().map(|worker| &worker.id), cause, self.now)
    }

    /// Returns the same for what follows by a rule, which nobody asks for.
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

    /// Says that something followed by a rule.
    pub fn by_rule(&self, cause: &'static str) -> Because<'_> {
        Because::rule(cause, self.now)
    }

    /// Returns how many items a list shows where so many are wanted and `most` are an answer's limit.
    pub fn page(&self, wanted: usize, most: usize) -> usize {
        const WHOLE: usize = 2_000;
        wanted.clamp(1, if self.whole { WHOLE } else { most })
    }

    /// Tells the caller something beside the answer.
    pub fn notify(&self, notice: impl Into<String>) {
        self.notices.borrow_mut().push(notice.into());
    }

    /// Says that the answer itself shows the reader these messages.
    pub fn shows(&self, messages: Vec<Shown>) {
        *self.mail.shown.borrow_mut() = Some(messages);
    }

    pub(crate) fn notices(&self) -> Vec<String> {
        self.notices.take()
    }
}
