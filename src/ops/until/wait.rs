use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::ending::{BADLY, Endings};
use super::feed::{self, Interest, News};
use super::word::Word;
use crate::domain::{ProjectName, Tag, TaskId, TaskRef, TemplateName};
use crate::error::{Error, Result};
use crate::ops::mark::Files;
use crate::ops::mark::marking::Conflict;
use crate::ops::task::{self, Brief, Claim, Claimed, is_default};
use crate::ops::track::Happening;
use crate::ops::{Actor, Operation, Pace, Shortfall, Staging, Wait};
use crate::store::Tx;
use crate::{Context, Effect};

/// Wait for work or messages, for `task`s to end or `files` to be free, or until the timeout.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Await {
    #[serde(default)]
    task: Vec<TaskRef>,
    /// One is enough.
    #[serde(default)]
    #[schemars(extend("x-rare" = true))]
    any: bool,
    #[serde(default)]
    files: Files,
    #[serde(default)]
    claim: bool,
    /// Filter, as in `claim`.
    #[schemars(extend("x-rare" = true))]
    under: Option<TaskRef>,
    #[schemars(extend("x-rare" = true))]
    project: Option<ProjectName>,
    #[schemars(extend("x-rare" = true))]
    template: Option<TemplateName>,
    #[serde(default)]
    #[schemars(extend("x-rare" = true))]
    tags_any: Vec<Tag>,
    #[serde(default)]
    #[schemars(extend("x-rare" = true))]
    tags_all: Vec<Tag>,
    #[serde(default, rename = "for")]
    words: Vec<Word>,
    cursor: Option<i64>,
    /// Seconds.
    timeout: Option<u64>,
    /// The cursor from which the next round reads; the last answer set it.
    #[serde(skip)]
    #[schemars(skip)]
    since: Option<i64>,
}

/// The result of waiting.
#[derive(Debug, Default, Serialize)]
pub struct Awaited {
    /// Work for the worker, claimed or not.
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    work: Option<Work>,
    #[serde(flatten)]
    endings: Endings,
    /// No other worker has marked the files.
    #[serde(skip_serializing_if = "is_default")]
    free: bool,
    /// The marks of other workers.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    held: Vec<Conflict>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    events: Vec<Happening>,
    #[serde(skip_serializing_if = "is_default")]
    more: bool,
    #[serde(skip_serializing_if = "is_default")]
    timed_out: bool,
    /// A message came first.
    #[serde(skip_serializing_if = "is_default")]
    interrupted: bool,
    /// The cursor for the next call.
    cursor: i64,
}

#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Work {
    Claimed(Box<Claimed>),
    Ready { ready: Brief },
}

/// Fields that tell a script that the awaited event did not happen.
const NOT_HAPPENED: [&str; 2] = ["timed_out", "interrupted"];

impl Operation for Await {
    const NAME: &'static str = "wait";
    const EFFECT: Effect = Effect::Write;
    const ACTOR: Actor = Actor::Optional;
    const POSITIONAL: &'static [&'static str] = &["task…"];
    const PACE: Pace = Pace::Waits;
    const SWEEPS: bool = true;
    const FORESEES: bool = true;

    type Output = Awaited;

    fn prepare(&mut self, staging: &Staging) -> Result<()> {
        const MOST: usize = 1_000;
        task::words::check_number("tasks", self.task.len(), MOST)?;
        self.files.locate(staging.places())?;
        self.since = self.cursor;
        Ok(())
    }

    fn foresee(&self, tx: &Tx, cx: &Context) -> Result<Option<Awaited>> {
        let words = self.words(cx)?;
        let work = match words.contains(&Word::Work) {
            true if self.claim => match self.wanted().foresee(tx, cx)? {
                Some(claimed) => Some(Work::Claimed(claimed.into())),
                None => return Ok(None),
            },
            true => Some(self.ready(tx, cx)?),
            false => None,
        };
        self.look(tx, cx, &words, work).map(Some)
    }

    fn run(&self, tx: &Tx, cx: &Context) -> Result<Awaited> {
        let words = self.words(cx)?;
        let work = match words.contains(&Word::Work) {
            true if self.claim => Some(Work::Claimed(self.wanted().run(tx, cx)?.into())),
            true => Some(self.ready(tx, cx)?),
            false => None,
        };
        self.look(tx, cx, &words, work)
    }

    fn patience(&mut self, awaited: &Awaited) -> Wait {
        self.since = Some(awaited.cursor);
        match self.timeout {
            _ if !awaited.timed_out => Wait::No,
            Some(seconds) => Wait::For(Duration::from_secs(seconds)),
            None => Wait::AsUsual,
        }
    }

    fn shortfall(answer: &Value) -> Option<Shortfall> {
        match answer {
            answer if NOT_HAPPENED.iter().any(|sign| answer.get(sign).is_some()) => Some(Shortfall::TimeUp),
            answer if answer.get(BADLY).is_some() => Some(Shortfall::EndedBadly),
            _ => None,
        }
    }
}

impl Await {
    /// Returns the kinds of events to wait for: those of the call, those that its other arguments imply, or
    /// the defaults. The defaults are work and messages for a worker, and all events for other callers.
    fn words(&self, cx: &Context) -> Result<Vec<Word>> {
        let mut words = self.words.clone();
        let implied = [
            (!self.task.is_empty(), Word::Tasks),
            (!self.files.is_empty(), Word::Marks),
            (self.claim, Word::Work),
        ];
        words.extend(implied.iter().filter(|(is_meant, _)| *is_meant).map(|(_, word)| *word));
        if words.is_empty() {
            words.extend(if cx.worker.is_some() {
                &[Word::Work, Word::Messages][..]
            } else {
                &[Word::Events]
            });
        }
        if cx.worker.is_none() && words.iter().any(|word| matches!(word, Word::Work | Word::Messages)) {
            let hint = "give the worker_id that `connect` answered";
            return Err(Error::input("who waits for work or messages has to say who it is", hint));
        }
        Ok(words)
    }

    /// Returns the claim that must find work.
    fn wanted(&self) -> Claim {
        Claim {
            under: self.under.clone(),
            project: self.project.clone(),
            template: self.template.clone(),
            tags_any: self.tags_any.clone(),
            tags_all: self.tags_all.clone(),
            ..Claim::default()
        }
    }

    /// Returns the task that a claim would take.
    fn ready(&self, tx: &Tx, cx: &Context) -> Result<Work> {
        Ok(match self.wanted().within_reach(tx, cx)? {
            Ok(task) => Work::Ready { ready: Brief::of(&task) },
            Err(nothing) => Work::Claimed(nothing.into()),
        })
    }

    /// Checks whether an awaited event has happened.
    fn look(&self, tx: &Tx, cx: &Context, words: &[Word], work: Option<Work>) -> Result<Awaited> {
        let News { events, moved, cursor, more } = self.news(tx, cx, words)?;
        let (endings, have_ended) = self.endings(tx, cx, &moved)?;
        let held = self.held(tx, cx)?;
        let free = !self.files.is_empty() && held.is_empty();
        let has_work = work.as_ref().is_some_and(Work::is_there);
        let happened = has_work || have_ended || free || more || !events.is_empty();
        // A message ends the wait at once, even for a caller that waits for other events.
        let has_mail = has_mail(cx);
        let interrupted = !happened && has_mail && !words.contains(&Word::Messages);
        let timed_out = !happened && !has_mail;
        let endings = endings.cut();
        Ok(Awaited { work, endings, free, held, events, more, timed_out, interrupted, cursor })
    }

    /// Returns the awaited events that are visible in the feed only.
    fn news(&self, tx: &Tx, cx: &Context, words: &[Word]) -> Result<News> {
        let is_of_feed = |word: &Word| match word {
            Word::Work | Word::Messages => false,
            Word::Tasks => self.task.is_empty(),
            Word::Marks => self.files.is_empty(),
            Word::Events => true,
        };
        let words: Vec<Word> = words.iter().copied().filter(is_of_feed).collect();
        if let Some(cursor) = self.cursor {
            feed::refuse_future(tx, cursor)?;
        }
        match self.since {
            Some(since) if !words.is_empty() => Interest { since, words: &words }.read(tx, cx),
            _ => Ok(News { cursor: tx.newest_event()?, ..News::default() }),
        }
    }

    /// Returns the states of the awaited tasks, and whether they satisfy the wait.
    fn endings(&self, tx: &Tx, cx: &Context, moved: &[TaskId]) -> Result<(Endings, bool)> {
        if self.task.is_empty() {
            let endings = Endings::of(tx, cx, moved)?.without_open();
            let have_ended = endings.has_ended();
            return Ok((endings, have_ended));
        }
        let tasks = self.task.iter().map(|task| tx.resolve(task)).collect::<Result<Vec<_>>>()?;
        let endings = Endings::of(tx, cx, &tasks)?;
        let have_ended = if self.any { endings.has_ended() } else { !endings.has_open() };
        Ok((endings, have_ended))
    }

    /// Returns the marks of other workers on the awaited files.
    fn held(&self, tx: &Tx, cx: &Context) -> Result<Vec<Conflict>> {
        let own = cx.worker.as_ref().map(|worker| &worker.id);
        let mut held = Vec::new();
        for file in self.files.paths() {
            let near = tx.marks_near(file)?.into_iter();
            let mut others = near.filter(|mark| Some(&mark.worker) != own && mark.file.overlaps(file));
            held.extend(others.next().map(|mark| Conflict::of(file, mark, cx)));
        }
        Ok(held)
    }
}

/// Returns true if there are messages for the worker that no other answer carries already.
fn has_mail(cx: &Context) -> bool {
    cx.worker.as_ref().is_some_and(|worker| worker.untold > cx.mailbag.carried(&worker.id) as i64)
}

impl Work {
    fn is_there(&self) -> bool {
        !matches!(self, Self::Claimed(claimed) if matches!(**claimed, Claimed::Nothing { .. }))
    }
}
