//! Creating a list of tasks, each on its own: one failure does not stop the others.

use std::collections::{BTreeMap, HashMap};

use serde_json::Value;

use super::create::Create;
use super::kinds::TreeKinds;
use super::plant::{Fault, Planted, Planting};
use crate::Context;
use crate::domain::TaskId;
use crate::error::{Error, Kind, Misfit, Result};
use crate::store::Tx;

/// The tasks of a list, and where to create them.
pub struct Seeds<'a> {
    pub tasks: &'a [Create],
    /// The name of the list in the request.
    pub list: &'static str,
    pub under: Option<&'a TaskId>,
    pub kinds: &'a TreeKinds,
}

impl Seeds<'_> {
    /// Adds each task on its own, except those that could not be read. Each may name the tasks before it.
    ///
    /// Returns the errors of the tasks that were not added, too.
    pub fn sow_each(&self, tx: &Tx, cx: &Context, misread: &[Misfit]) -> Result<(Planted, Vec<Value>)> {
        let mut failed: BTreeMap<usize, Value> = BTreeMap::new();
        for misfit in misread {
            failed.entry(misfit.at).or_insert_with(|| misfit.to_json());
        }
        let mut all = Planted::default();
        let mut earlier = HashMap::new();
        for (at, task) in self.tasks.iter().enumerate() {
            if failed.contains_key(&at) {
                continue;
            }
            let planted = tx.part(|| {
                let planting = Planting::new(tx, cx, self.kinds, &earlier);
                Ok(planting.plant(std::slice::from_ref(task), self.under)?)
            })?;
            match planted {
                Ok(planted) => {
                    earlier.extend(planted.labels.clone());
                    all.extend(planted);
                }
                Err(error) => {
                    failed.insert(at, self.misfit(at, error)?.to_json());
                }
            }
        }
        Ok((all, failed.into_values().collect()))
    }

    /// Returns the refusal of the whole list when one of its tasks is at fault.
    pub fn refusal(&self, fault: Fault) -> Error {
        let Some(at) = fault.at else {
            return fault.error;
        };
        match self.misfit(at, fault.error) {
            Ok(misfit) => Error::Items { misfits: vec![misfit], total: 1 },
            Err(error) => error,
        }
    }

    /// Returns the error with the task it belongs to; errors that no task caused are passed on.
    fn misfit(&self, at: usize, error: Error) -> Result<Misfit> {
        match error.kind() {
            Kind::Internal | Kind::Busy | Kind::Setup => Err(error),
            Kind::Input | Kind::NotFound | Kind::Refused => {
                Ok(Misfit { at, place: format!("{}[{at}]", self.list), error: Box::new(error) })
            }
        }
    }
}
