use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::domain::{
    Barrier, Crossing, Enforcement, Exit, Gate, Phase, Status, Task, TaskId, TaskRef, Workflow, hardest,
    missing,
};
use crate::error::Result;
use crate::ops::task::gating;
use crate::ops::{Actor, Operation};
use crate::store::Tx;
use crate::{Context, Effect};

/// List the evidence each next step of a task needs, found or missing.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CheckGates {
    task: TaskRef,
}

#[derive(Serialize)]
pub struct Checked {
    task: TaskId,
    status: Status,
    #[serde(skip_serializing_if = "Option::is_none")]
    phase: Option<Phase>,
    /// The worst of the steps below.
    verdict: Verdict,
    steps: Vec<NextStep>,
    /// The states that can be entered without evidence.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    free: Vec<Status>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<&'static str>,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
enum Verdict {
    Pass,
    /// Possible with a reason and `force`.
    Warn,
    Fail,
}

#[derive(Serialize)]
struct NextStep {
    #[serde(skip_serializing_if = "Option::is_none")]
    to: Option<Status>,
    /// The phase that is entered; `*` is any other.
    #[serde(skip_serializing_if = "Option::is_none")]
    phase: Option<String>,
    verdict: Verdict,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    found: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    missing: Vec<Missing>,
}

#[derive(Serialize)]
struct Missing {
    #[serde(rename = "type")]
    kind: String,
    enforcement: Enforcement,
    #[serde(skip_serializing_if = "String::is_empty")]
    description: String,
}

impl Operation for CheckGates {
    const NAME: &'static str = "check_gates";
    const EFFECT: Effect = Effect::Read;
    const ACTOR: Actor = Actor::Optional;
    const POSITIONAL: &'static [&'static str] = &["task"];

    type Output = Checked;

    fn run(&self, tx: &Tx, cx: &Context) -> Result<Checked> {
        const NEXT: &str = "update(task, status, attachments=[{type, content}]); a warn can be gone without: force=true and a reason";
        let task = tx.task_called(&self.task)?;
        let rules = cx.rules_of(tx, &task)?;
        let evidence = match rules.gates.is_empty() {
            true => Vec::new(),
            false => gating::evidence(tx, &task)?,
        };
        let judge = |crossing: &Crossing<'_>| judged(&gating::gates_at(&rules, crossing), &evidence);
        let mut steps = Vec::new();
        let mut free = Vec::new();
        for status in &rules.state(&task.status).exits {
            match judge(&Crossing::to(&task, status)) {
                Some(step) => steps.push(NextStep { to: Some(status.clone()), ..step }),
                None => free.push(status.clone()),
            }
        }
        for (name, crossing) in ways_out_of_phase(&rules, &task) {
            let step = judge(&crossing);
            steps.extend(step.map(|step| NextStep { phase: Some(name), ..step }));
        }
        let verdict = steps.iter().map(|step| step.verdict).max().unwrap_or(Verdict::Pass);
        Ok(Checked {
            task: task.id,
            status: task.status,
            phase: task.phase,
            verdict,
            steps,
            free,
            next: (verdict != Verdict::Pass).then_some(NEXT),
        })
    }
}

/// Returns the phases that a task could change to, as far as gates distinguish them.
fn ways_out_of_phase<'a>(rules: &'a Workflow, task: &'a Task) -> Vec<(String, Crossing<'a>)> {
    let stay = Crossing::to(task, &task.status);
    let mut ways = vec![("*".to_owned(), Crossing { phase: None, ..stay })];
    for gate in &rules.gates {
        if let Barrier::Phase(Exit { from, to: Some(to) }) = &gate.on
            && from.as_ref().is_none_or(|from| task.phase.as_ref() == Some(from))
        {
            ways.push((to.to_string(), Crossing { phase: Some(to), ..stay }));
        }
    }
    ways.dedup_by(|a, b| a.0 == b.0);
    ways
}

/// Returns the verdict on a step through these gates; `None` if there are none.
fn judged(gates: &[&Gate], evidence: &[String]) -> Option<NextStep> {
    if gates.is_empty() {
        return None;
    }
    let missing = missing(gates, evidence);
    let verdict = match hardest(missing.iter().copied()) {
        Enforcement::Allow => Verdict::Pass,
        Enforcement::Warn => Verdict::Warn,
        Enforcement::Reject => Verdict::Fail,
    };
    let found = gates.iter().filter(|gate| evidence.contains(&gate.kind));
    Some(NextStep {
        to: None,
        phase: None,
        verdict,
        found: found.map(|gate| gate.kind.clone()).collect(),
        missing: missing
            .into_iter()
            .map(|Gate { kind, enforcement, description, .. }| Missing {
                kind: kind.clone(),
                enforcement: *enforcement,
                description: description.clone(),
            })
            .collect(),
    })
}
