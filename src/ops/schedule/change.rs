use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::firing;
use crate::domain::{
    Makes, Missed, Overlap, Rhythm, Schedule, ScheduleName, TaskRef, TemplateName, Timestamp, Zone,
};
use crate::error::{Error, Result};
use crate::ops::task::words;
use crate::ops::{Actor, Operation};
use crate::store::{Event, Tx};
use crate::{Context, Effect};

/// Create or update a schedule: it makes tasks from a `template` or as `create` does.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangeSchedule {
    name: ScheduleName,
    /// `0 3 * * 1-5`, `daily`, `every 15m`.
    cron: Option<String>,
    /// `+02:00`.
    #[schemars(extend("x-rare" = true))]
    zone: Option<String>,
    template: Option<TemplateName>,
    #[schemars(extend("x-rare" = true))]
    vars: Option<Map<String, Value>>,
    task: Option<Map<String, Value>>,
    #[schemars(extend("x-rare" = true))]
    parent: Option<TaskRef>,
    #[schemars(extend("x-rare" = true))]
    missed: Option<Missed>,
    #[schemars(extend("x-rare" = true))]
    overlap: Option<Overlap>,
    state: Option<State>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
enum State {
    Active,
    Paused,
    Deleted,
}

#[derive(Serialize)]
pub struct Changed {
    name: ScheduleName,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    created: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    state: Option<&'static str>,
    /// The next times.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    next: Vec<Timestamp>,
}

impl Operation for ChangeSchedule {
    const NAME: &'static str = "schedule";
    const EFFECT: Effect = Effect::Write;
    const ACTOR: Actor = Actor::Optional;
    const POSITIONAL: &'static [&'static str] = &["name"];
    /// Tasks that are due by the old times are created first.
    const SWEEPS: bool = true;

    type Output = Changed;

    fn run(&self, tx: &Tx, cx: &Context) -> Result<Changed> {
        const SHOWN: usize = 3;
        if self.state == Some(State::Deleted) {
            return self.delete(tx, cx);
        }
        let before = tx.schedule_if_known(&self.name)?;
        let mut after = match &before {
            Some(before) => before.clone(),
            None => self.made(tx, cx)?,
        };
        self.apply(tx, cx, &mut after)?;
        let changes = before
            .as_ref()
            .is_none_or(|before| (&before.makes, &before.parent) != (&after.makes, &after.parent));
        let resumes = before.as_ref().is_some_and(|before| before.next_at.is_none());
        if changes || self.state == Some(State::Active) {
            after.forget_failures();
        }
        if changes || resumes && after.next_at.is_some() {
            // A schedule that cannot create its task is refused now, not later when no caller sees the error.
            tx.rehearse(|| firing::make(tx, &cx.for_nobody(), &after, cx.now))?;
        }
        if before.as_ref() != Some(&after) {
            tx.put_schedule(&after)?;
            let told = json!({
                "schedule": after.name, "cron": after.rhythm.text, "zone": after.rhythm.zone.to_string(),
                "next_at": after.next_at,
            });
            tx.record(&Event { after: Some(told), ..Event::of("schedule", &cx.because("schedule")) })?;
        }
        let is_active = after.next_at.is_some();
        Ok(Changed {
            name: after.name,
            created: before.is_none(),
            state: (!is_active).then_some("paused"),
            next: if is_active { after.rhythm.upcoming(cx.now, SHOWN) } else { Vec::new() },
        })
    }
}

impl ChangeSchedule {
    fn delete(&self, tx: &Tx, cx: &Context) -> Result<Changed> {
        let Schedule { name, .. } = tx.schedule_named(&self.name)?;
        tx.remove_schedule(&name)?;
        let told = json!({ "schedule": name, "deleted": true });
        tx.record(&Event { after: Some(told), ..Event::of("schedule", &cx.because("schedule")) })?;
        Ok(Changed { name, created: false, state: Some("deleted"), next: Vec::new() })
    }

    /// Returns a new schedule. By default its tasks go into the project of the worker that creates it.
    fn made(&self, tx: &Tx, cx: &Context) -> Result<Schedule> {
        let Some(cron) = &self.cron else {
            return Err(Error::input(
                format!("there is no schedule `{}`: to make it, `cron` is missing", self.name),
                "give `cron`, as `0 3 * * *` or `every 15m`, and `template` or `task`; `schedules` lists those there are",
            ));
        };
        let makes = self.makes()?.ok_or_else(|| {
            Error::input("it is not said what is made", "give `template`, or `task` with a `title`")
        })?;
        let own = cx.worker.as_ref().and_then(|worker| worker.project);
        let rhythm = self.rhythm(cron, Zone::default())?;
        Ok(Schedule {
            name: self.name.clone(),
            makes,
            parent: own.map(|project| tx.project_task(project)).transpose()?,
            next_at: rhythm.next(cx.now),
            rhythm,
            missed: Missed::default(),
            overlap: Overlap::default(),
            last_at: None,
            problem: None,
            failures: 0,
            retry_at: None,
        })
    }

    fn apply(&self, tx: &Tx, cx: &Context, schedule: &mut Schedule) -> Result<()> {
        if let Some(makes) = self.makes()? {
            schedule.makes = makes;
        } else if let Some(given) = &self.vars {
            let Makes::Template { vars, .. } = &mut schedule.makes else {
                return Err(Error::input("`vars` are for a template", "give `template` too"));
            };
            vars.clone_from(given);
        }
        words::check_size(cx.config, "schedule", json!(self.vars).to_string().len())?;
        words::check_size(cx.config, "schedule", json!(self.task).to_string().len())?;
        if let Some(parent) = &self.parent {
            schedule.parent = Some(tx.resolve(parent)?);
        }
        schedule.missed = self.missed.unwrap_or(schedule.missed);
        schedule.overlap = self.overlap.unwrap_or(schedule.overlap);
        let cron = self.cron.as_ref().unwrap_or(&schedule.rhythm.text);
        let rhythm = self.rhythm(cron, schedule.rhythm.zone)?;
        let is_moved = rhythm != schedule.rhythm;
        schedule.rhythm = rhythm;
        match self.state {
            Some(State::Paused) => schedule.next_at = None,
            // Times that passed while it was paused do not count as missed.
            Some(_) if schedule.next_at.is_none() => schedule.next_at = schedule.rhythm.next(cx.now),
            _ if is_moved && schedule.next_at.is_some() => {
                schedule.next_at = schedule.rhythm.next(cx.now);
            }
            _ => {}
        }
        Ok(())
    }

    fn rhythm(&self, cron: &str, known: Zone) -> Result<Rhythm> {
        let refused = |fault: String| {
            Error::input(
                fault,
                "`cron` is as `0 3 * * 1-5`, `daily` or `every 15m`, `zone` as `UTC` or `+02:00`",
            )
        };
        let zone = self.zone.as_ref().map_or(Ok(known), |zone| zone.parse()).map_err(refused)?;
        Rhythm::new(cron, zone).map_err(refused)
    }

    fn makes(&self) -> Result<Option<Makes>> {
        match (&self.template, &self.task) {
            (Some(_), Some(_)) => Err(Error::input("it makes a `template` or a `task`, not both", "")),
            (None, None) => Ok(None),
            (None, Some(_)) if self.vars.is_some() => {
                Err(Error::input("`vars` are for a template", "give `template` instead of `task`"))
            }
            (None, Some(task)) => Ok(Some(Makes::Task(task.clone()))),
            (Some(name), None) => {
                let vars = self.vars.clone().unwrap_or_default();
                Ok(Some(Makes::Template { name: name.clone(), vars }))
            }
        }
    }
}
