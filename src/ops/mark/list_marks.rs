use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Files, marking};
use crate::domain::{Mark, MarkPath, TaskId, TaskRef, WorkerId};
use crate::error::Result;
use crate::ops::task::{is_zero, shortened};
use crate::ops::{Operation, Staging};
use crate::store::{MarkFilter, Tx, Want};
use crate::{Context, Effect};

/// List marks on files, holders and waiters; filters combine.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ListMarks {
    #[serde(default)]
    files: Files,
    worker_id: Option<WorkerId>,
    #[schemars(extend("x-rare" = true))]
    task: Option<TaskRef>,
    /// The returned `next`.
    #[schemars(extend("x-rare" = true))]
    after: Option<String>,
    limit: Option<usize>,
}

#[derive(Serialize)]
pub struct Marks {
    marks: Vec<Shown>,
    total: usize,
    /// The value of `after` for the next page.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<MarkPath>,
}

#[derive(Serialize)]
struct Shown {
    file: MarkPath,
    worker_id: WorkerId,
    #[serde(skip_serializing_if = "Option::is_none")]
    task: Option<TaskId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    #[serde(skip_serializing_if = "is_zero")]
    for_minutes: i64,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    wanted_by: Vec<WorkerId>,
}

impl Operation for ListMarks {
    const NAME: &'static str = "list_marks";
    const EFFECT: Effect = Effect::Read;
    const POSITIONAL: &'static [&'static str] = &["files…"];
    const SWEEPS: bool = true;

    const COLUMNS: &'static [&'static str] =
        &["file", "worker_id", "task", "reason", "for_minutes", "wanted_by"];

    type Output = Marks;

    fn prepare(&mut self, staging: &Staging) -> Result<()> {
        self.files.locate(staging.places())
    }

    fn run(&self, tx: &Tx, cx: &Context) -> Result<Marks> {
        const DEFAULT: usize = 15;
        let limit = cx.page(self.limit.unwrap_or(DEFAULT), 500);
        let filter = MarkFilter {
            worker: self.worker_id.clone(),
            task: self.task.as_ref().map(|task| tx.resolve(task)).transpose()?,
        };
        let after = self.after.as_deref().unwrap_or_default();
        let (mut marks, total) = match self.files.is_empty() {
            true => (tx.marks_after(&filter, after, limit + 1)?, tx.count_marks(&filter)?),
            false => self.on_files(tx, &filter, after)?,
        };
        let more = marks.len() > limit;
        marks.truncate(limit);
        let next = marks.last().filter(|_| more).map(|mark| mark.file.clone());
        let wants = tx.wants(MOST_WANTS)?;
        let marks = marks.into_iter().map(|mark| Shown::of(mark, &wants, cx)).collect();
        Ok(Marks { marks, total, next })
    }
}

/// How many wants are searched for the answer.
const MOST_WANTS: usize = 1_000;

impl ListMarks {
    /// Returns the marks that overlap the files, from a path on, and their total number.
    fn on_files(&self, tx: &Tx, filter: &MarkFilter, after: &str) -> Result<(Vec<Mark>, usize)> {
        let MarkFilter { worker, task } = filter;
        let mut found: Vec<Mark> = Vec::new();
        for file in self.files.paths() {
            found.extend(tx.marks_near(file)?.into_iter().filter(|mark| {
                mark.file.overlaps(file)
                    && worker.as_ref().is_none_or(|worker| mark.worker == *worker)
                    && (task.is_none() || mark.task == *task)
            }));
        }
        found.sort_by(|a, b| a.file.cmp(&b.file));
        found.dedup_by(|a, b| a.file == b.file);
        let total = found.len();
        found.retain(|mark| mark.file.as_str() > after);
        Ok((found, total))
    }
}

impl Shown {
    fn of(mark: Mark, wants: &[Want], cx: &Context) -> Self {
        const REASON: usize = 80;
        const WAITING: usize = 5;
        let mut wanted_by: Vec<WorkerId> = Vec::new();
        for want in wants.iter().filter(|want| mark.is_in_the_way_of(&want.file, &want.worker)) {
            if wanted_by.len() < WAITING && !wanted_by.contains(&want.worker) {
                wanted_by.push(want.worker.clone());
            }
        }
        Self {
            for_minutes: marking::minutes(&mark, cx),
            file: mark.file,
            worker_id: mark.worker,
            task: mark.task,
            reason: mark.reason.map(|reason| if cx.whole { reason } else { shortened(&reason, REASON) }),
            wanted_by,
        }
    }
}
