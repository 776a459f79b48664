//! Paths from one moment in the life of a task to another, along the order that links set.

use std::cell::RefCell;
use std::collections::HashMap;

use rusqlite::named_params;

use super::Tx;
use crate::domain::{Moment, TaskId, path};
use crate::error::Result;

/// The parts of the graph that a call has read. A call that adds many links reads the same part for each of them.
#[derive(Debug, Default)]
pub struct Ways {
    later: Neighbours,
    earlier: Neighbours,
}

type Neighbours = RefCell<HashMap<Moment<TaskId>, Vec<Moment<TaskId>>>>;

impl Ways {
    /// Forgets the parts that changed when a link added these orders.
    pub fn have_changed(&self, orders: &[(Moment<TaskId>, Moment<TaskId>)]) {
        for (earlier, later) in orders {
            self.later.borrow_mut().remove(earlier);
            self.earlier.borrow_mut().remove(later);
        }
    }
}

impl Tx<'_> {
    /// Returns a path from one moment to another.
    pub fn way(
        &self,
        ways: &Ways,
        start: &Moment<TaskId>,
        goal: &Moment<TaskId>,
    ) -> Result<Option<Vec<Moment<TaskId>>>> {
        let later = |moment: &_| seen(&ways.later, moment, || self.later(moment));
        let earlier = |moment: &_| seen(&ways.earlier, moment, || self.earlier(moment));
        path(start, goal, later, earlier)
    }

    fn later(&self, moment: &Moment<TaskId>) -> Result<Vec<Moment<TaskId>>> {
        const OPENS: &str = "
            select to_task_id, 'opens'
            from dependencies
            where from_task_id = :id and vertical = 1";
        const ENDS: &str = "
            select to_task_id, iif(holds = 'start', 'opens', 'ends')
            from dependencies
            where from_task_id = :id and (holds = 'start' or (vertical = 0 and holds = 'completion'))
            union all
            select from_task_id, 'ends'
            from dependencies
            where to_task_id = :id and vertical = 1 and holds = 'completion'";
        match moment {
            Moment::Opens(id) => self.moments(OPENS, id, Some(Moment::Ends(id.clone()))),
            Moment::Ends(id) => self.moments(ENDS, id, None),
        }
    }

    fn earlier(&self, moment: &Moment<TaskId>) -> Result<Vec<Moment<TaskId>>> {
        const OPENS: &str = "
            select from_task_id, iif(vertical = 1, 'opens', 'ends')
            from dependencies
            where to_task_id = :id and (vertical = 1 or holds = 'start')";
        const ENDS: &str = "
            select to_task_id, 'ends'
            from dependencies
            where from_task_id = :id and vertical = 1 and holds = 'completion'
            union all
            select from_task_id, 'ends'
            from dependencies
            where to_task_id = :id and vertical = 0 and holds = 'completion'";
        match moment {
            Moment::Opens(id) => self.moments(OPENS, id, None),
            Moment::Ends(id) => self.moments(ENDS, id, Some(Moment::Opens(id.clone()))),
        }
    }

    fn moments(
        &self,
        sql: &'static str,
        id: &TaskId,
        own: Option<Moment<TaskId>>,
    ) -> Result<Vec<Moment<TaskId>>> {
        let mut statement = self.0.prepare_cached(sql)?;
        let rows = statement.query_map(named_params! { ":id": id }, |row| {
            let id = row.get(0)?;
            Ok(match row.get_ref(1)?.as_str()? {
                "opens" => Moment::Opens(id),
                _ => Moment::Ends(id),
            })
        })?;
        rows.chain(own.map(Ok)).map(|moment| Ok(moment?)).collect()
    }
}

fn seen(
    neighbours: &Neighbours,
    moment: &Moment<TaskId>,
    look: impl FnOnce() -> Result<Vec<Moment<TaskId>>>,
) -> Result<Vec<Moment<TaskId>>> {
    if let Some(seen) = neighbours.borrow().get(moment) {
        return Ok(seen.clone());
    }
    let found = look()?;
    neighbours.borrow_mut().insert(moment.clone(), found.clone());
    Ok(found)
}
