use std::cmp::Ordering;
use std::collections::HashMap;
use std::time::{Duration, Instant};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::domain::{self, Column, Phase, Status, Tag, TaskId, TaskRef};
use crate::error::{Error, Result};
use crate::ops::task::shortened;
use crate::ops::{Operation, Request};
use crate::store::{Filter, Hit, MARKS, Patience, Place, Source, Tx};
use crate::{App, Context, Effect};

/// Find tasks by words in their text, attachments and thoughts; best first.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Search {
    /// Words; also "a phrase", begin*, OR, NOT, title:x.
    query: String,
    #[serde(rename = "in")]
    #[schemars(extend("x-rare" = true))]
    sources: Option<Vec<Where>>,
    #[schemars(extend("x-vocabulary" = "status", "x-like" = "list_tasks"))]
    #[schemars(extend("x-rare" = true))]
    status: Option<Vec<Status>>,
    tags_all: Option<Vec<Tag>>,
    parent: Option<TaskRef>,
    #[schemars(extend("x-vocabulary" = "phase", "x-like" = "list_tasks"))]
    #[schemars(extend("x-rare" = true))]
    phase: Option<Phase>,
    #[schemars(extend("x-rare" = true))]
    include_attachments: Option<bool>,
    limit: Option<usize>,
    offset: Option<usize>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
enum Where {
    Task,
    Attachment,
    Thought,
}

#[derive(Serialize)]
pub struct Found {
    results: Vec<FoundTask>,
    #[serde(skip_serializing_if = "Option::is_none")]
    total: Option<usize>,
    /// A lower bound, where there are too many hits to look at all.
    #[serde(skip_serializing_if = "Option::is_none")]
    total_at_least: Option<usize>,
    /// For the next page.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_offset: Option<usize>,
}

#[derive(Serialize)]
struct FoundTask {
    id: TaskId,
    title: String,
    status: Status,
    /// The field with the best hit.
    r#in: &'static str,
    /// The label of the attachment with the hit.
    #[serde(skip_serializing_if = "Option::is_none")]
    attachment: Option<String>,
    /// The text around the words, which stand between `**`; left out if they are in the title.
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<String>,
}

/// How many hits are looked at in each source.
const LOOKED_AT: usize = 3_000;

impl Operation for Search {
    const NAME: &'static str = "search";
    const EFFECT: Effect = Effect::Read;
    const POSITIONAL: &'static [&'static str] = &["query…"];

    type Output = Found;

    /// Indexes the texts written since the last search.
    fn catch_up(&self, app: &App, request: &Request) -> Result<()> {
        index_news(app, request.patience)
    }

    fn run(&self, tx: &Tx, cx: &Context) -> Result<Found> {
        const MOST: usize = 100;
        const ALMOST_ALL: i64 = 1_000;
        let limit = self.limit.unwrap_or(cx.config.page_size).clamp(1, MOST);
        let offset = self.offset.unwrap_or(0);
        let filter = self.filter(tx)?;
        let unindexed = tx.unindexed()?;
        if unindexed > ALMOST_ALL {
            cx.notify(format!("{unindexed} tasks are not indexed yet; ask again to find them too"));
        }
        let mut search = self.search(cx)?;
        let mut hits = self.hits(tx, &search, &filter)?;
        if let Some(loosened) = search.loosened().filter(|_| hits.is_empty()) {
            search = loosened;
            hits = self.hits(tx, &search, &filter)?;
            if !hits.is_empty() {
                cx.notify("nothing has all of these words; these have some of them");
            }
        }
        let tasks = ranked(hits);
        let page = tasks.iter().skip(offset).take(limit);
        let results = page.map(|hit| found(tx, hit, &search)).collect::<Result<_>>()?;
        let more = self.has_more(tx, &search)?;
        if more {
            cx.notify(format!("very many fit; the youngest {LOOKED_AT} were looked at: add a word"));
        }
        Ok(Found {
            results,
            total: (!more).then_some(tasks.len()),
            total_at_least: more.then_some(tasks.len()),
            next_offset: (offset + limit < tasks.len()).then_some(offset + limit),
        })
    }
}

/// Indexes the texts written since the last search, for at most a few seconds.
pub fn index_news(app: &App, patience: Patience) -> Result<()> {
    const LONGEST: Duration = Duration::from_secs(5);
    let start = Instant::now();
    app.store.index_news(patience, || start.elapsed() < LONGEST)?;
    Ok(())
}

impl Search {
    fn search(&self, cx: &Context) -> Result<domain::Search> {
        let search = domain::Search::read(&self.query)
            .map_err(|bad| Error::input(bad.to_string(), "give a few words that the task has"))?;
        if let Some(fault) = search.fault {
            cx.notify(format!("the query is no expression, since {fault}; its words were looked for"));
        }
        Ok(search)
    }

    fn filter(&self, tx: &Tx) -> Result<Filter> {
        let parent = self.parent.as_ref().map(|parent| tx.resolve(parent)).transpose()?;
        Ok(Filter {
            statuses: self.status.clone(),
            place: parent.map_or(Place::Anywhere, Place::Under),
            phase: self.phase.clone(),
            tags_all: self.tags_all.clone().filter(|tags| !tags.is_empty()),
            ..Filter::default()
        })
    }

    /// Returns the requested sources, with the expression for each.
    fn asked(&self, search: &domain::Search) -> Vec<(Source, String)> {
        let wants = |source: &Source| {
            let wanted = match source {
                Source::Task => Where::Task,
                Source::Attachment => Where::Attachment,
                Source::Thought => Where::Thought,
            };
            let left_out = wanted == Where::Attachment && self.include_attachments == Some(false);
            !left_out && self.sources.as_ref().is_none_or(|sources| sources.contains(&wanted))
        };
        let asked = Source::ALL.into_iter().filter(wants);
        asked.filter_map(|source| Some((source, search.expression(source.columns())?))).collect()
    }

    fn hits(&self, tx: &Tx, search: &domain::Search, filter: &Filter) -> Result<Vec<Hit>> {
        let mut hits = Vec::new();
        for (source, expression) in self.asked(search) {
            hits.extend(tx.hits(source, &expression, filter, LOOKED_AT)?);
        }
        Ok(hits)
    }

    fn has_more(&self, tx: &Tx, search: &domain::Search) -> Result<bool> {
        for (source, expression) in self.asked(search) {
            if tx.has_more_hits(source, &expression, LOOKED_AT)? {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// Returns the best hit of each task, the best task first.
///
/// The scores of different sources of a task add up; of ten thoughts only the best counts.
fn ranked(hits: Vec<Hit>) -> Vec<Hit> {
    let mut best: HashMap<(TaskId, Source), Hit> = HashMap::new();
    for hit in hits {
        let key = (hit.task.clone(), hit.source);
        let known = best.entry(key).or_insert_with(|| hit.clone());
        if hit.score > known.score {
            *known = hit;
        }
    }
    let mut tasks: HashMap<TaskId, (Hit, f64)> = HashMap::new();
    for hit in best.into_values() {
        let (known, sum) = tasks.entry(hit.task.clone()).or_insert_with(|| (hit.clone(), 0.0));
        *sum += hit.score;
        if better(&hit, known) == Ordering::Less {
            *known = hit;
        }
    }
    let mut tasks: Vec<(Hit, f64)> = tasks.into_values().collect();
    tasks.sort_by(|(a, a_sum), (b, b_sum)| b_sum.total_cmp(a_sum).then_with(|| b.task.cmp(&a.task)));
    tasks.into_iter().map(|(hit, _)| hit).collect()
}

/// Orders the hits of a task, the best first.
fn better(a: &Hit, b: &Hit) -> Ordering {
    b.score.total_cmp(&a.score).then(a.source.cmp(&b.source))
}

fn found(tx: &Tx, hit: &Hit, search: &domain::Search) -> Result<FoundTask> {
    const TITLE: usize = 80;
    const TEXT: usize = 160;
    let task = tx.task(&hit.task)?;
    let expression = search.expression(hit.source.columns()).unwrap_or_default();
    let passages = tx.passages(hit, &expression)?;
    let shown = passages.iter().find(|passage| passage.column == Column::Title).or(passages.first());
    let column = shown.map_or(Column::Title, |passage| passage.column);
    let attachment = (hit.source == Source::Attachment).then(|| tx.attachment_label(hit.document));
    let text = shown.filter(|_| !matches!(column, Column::Title | Column::Id)).map(|passage| {
        let text = passage.text.replace(char::is_whitespace, " ");
        shortened(&text, TEXT).replace(MARKS, "**")
    });
    Ok(FoundTask {
        id: task.id,
        title: shortened(&task.title, TITLE),
        status: task.status,
        r#in: match column {
            Column::Id => "id",
            Column::Title => "title",
            Column::Description => "description",
            Column::Attachment => "attachment",
            Column::Thought => "thought",
        },
        attachment: attachment.transpose()?,
        text,
    })
}
