//! Edges between tasks: the effect of each kind, and the cycles that are refused.
//!
//! A task has two moments: it *opens* (nothing holds back its start) and it *ends*. Edges order
//! these moments: a blocker ends before the blocked task opens; a child opens after its parent
//! and ends before it. A cycle of moments is a deadlock and is refused, even where no single kind
//! of edge forms a cycle (a parent that blocks its own child, for example).

use std::collections::HashMap;
use std::hash::Hash;

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

use super::{EdgeKindName, TaskId};

/// The moment that an unsatisfied edge of some kind holds back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Holds {
    /// The target, and everything under it, cannot start before the source has ended.
    Start,
    /// Horizontal: the target cannot end before the source. Vertical: the source cannot end before the target.
    Completion,
}

/// The shape of an edge: free, or part of a tree in which a task has one parent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Shape {
    #[default]
    Horizontal,
    Vertical,
}

/// The configured effect of a kind of edge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EdgeRule {
    pub shape: Shape,
    pub holds: Option<Holds>,
}

impl EdgeRule {
    pub fn holds_start(self) -> bool {
        self.holds == Some(Holds::Start)
    }

    /// Returns true if edges of this kind make a parent wait for its children.
    pub fn contains(self) -> bool {
        self.shape == Shape::Vertical && self.holds == Some(Holds::Completion)
    }

    /// Returns the order of moments that an edge between `from` and `to` sets.
    pub fn orders<T: Clone>(self, from: &T, to: &T) -> Vec<(Moment<T>, Moment<T>)> {
        let opens = |task: &T| Moment::Opens(task.clone());
        let ends = |task: &T| Moment::Ends(task.clone());
        let mut orders = Vec::new();
        if self.shape == Shape::Vertical {
            orders.push((opens(from), opens(to)));
        }
        match (self.holds, self.shape) {
            (None, _) => {}
            (Some(Holds::Start), _) => orders.push((ends(from), opens(to))),
            (Some(Holds::Completion), Shape::Vertical) => orders.push((ends(to), ends(from))),
            (Some(Holds::Completion), Shape::Horizontal) => orders.push((ends(from), ends(to))),
        }
        orders
    }
}

/// A kind of edge that the project knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EdgeKind {
    pub name: EdgeKindName,
    pub rule: EdgeRule,
}

/// The kinds of edges that the project knows, in the order they were declared.
#[derive(Clone, Debug, Default)]
pub struct EdgeKinds(pub IndexMap<EdgeKindName, EdgeRule>);

impl EdgeKinds {
    pub fn get(&self, name: &EdgeKindName) -> Option<EdgeKind> {
        self.0.get(name).map(|&rule| EdgeKind { name: name.clone(), rule })
    }

    pub fn names(&self) -> impl Iterator<Item = &EdgeKindName> {
        self.0.keys()
    }

    /// Returns the kind for the edge to a task that is created under another.
    pub fn containing(&self) -> Option<EdgeKind> {
        self.first(EdgeRule::contains)
    }

    /// Returns the kind that makes one task wait for another.
    pub fn blocking(&self) -> Option<EdgeKind> {
        self.first(EdgeRule::holds_start)
    }

    fn first(&self, fits: fn(EdgeRule) -> bool) -> Option<EdgeKind> {
        let found = self.0.iter().find(|(_, rule)| fits(**rule));
        found.map(|(name, &rule)| EdgeKind { name: name.clone(), rule })
    }
}

/// One of the two points in a task's life that edges order.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Moment<T> {
    Opens(T),
    Ends(T),
}

impl<T> Moment<T> {
    pub fn task(&self) -> &T {
        match self {
            Self::Opens(task) | Self::Ends(task) => task,
        }
    }
}

/// Finds a path from `start` to `goal`, searching from both ends at once.
///
/// `later` and `earlier` return the neighbours of a moment. The side with the smaller front
/// advances, so that the search is short if either end has few neighbours, as a new task has.
pub fn path<N: Clone + Eq + Hash, E>(
    start: &N,
    goal: &N,
    later: impl Fn(&N) -> Result<Vec<N>, E>,
    earlier: impl Fn(&N) -> Result<Vec<N>, E>,
) -> Result<Option<Vec<N>>, E> {
    let mut ahead = Front::at(start);
    let mut behind = Front::at(goal);
    loop {
        let met = ahead.edge.iter().find(|node| behind.came_from.contains_key(*node));
        if let Some(middle) =
            met.or_else(|| behind.edge.iter().find(|node| ahead.came_from.contains_key(*node)))
        {
            let mut way = ahead.back_from(middle);
            way.reverse();
            way.extend(behind.back_from(middle).into_iter().skip(1));
            return Ok(Some(way));
        }
        if ahead.edge.is_empty() || behind.edge.is_empty() {
            return Ok(None);
        }
        if ahead.edge.len() <= behind.edge.len() {
            ahead.advance(&later)?;
        } else {
            behind.advance(&earlier)?;
        }
    }
}

/// One side of a search: the nodes it has seen, and the front from which it goes on.
struct Front<N> {
    came_from: HashMap<N, Option<N>>,
    edge: Vec<N>,
}

impl<N: Clone + Eq + Hash> Front<N> {
    fn at(node: &N) -> Self {
        Self { came_from: HashMap::from([(node.clone(), None)]), edge: vec![node.clone()] }
    }

    fn advance<E>(&mut self, neighbours: impl Fn(&N) -> Result<Vec<N>, E>) -> Result<(), E> {
        let mut found = Vec::new();
        for node in std::mem::take(&mut self.edge) {
            for next in neighbours(&node)? {
                if !self.came_from.contains_key(&next) {
                    self.came_from.insert(next.clone(), Some(node.clone()));
                    found.push(next);
                }
            }
        }
        self.edge = found;
        Ok(())
    }

    fn back_from(&self, node: &N) -> Vec<N> {
        std::iter::successors(Some(node.clone()), |node| self.came_from.get(node)?.clone()).collect()
    }
}

/// Returns the tasks along a path of moments, each once per visit.
pub fn tasks_along(way: &[Moment<TaskId>]) -> Vec<TaskId> {
    let mut tasks: Vec<TaskId> = way.iter().map(|moment| moment.task().clone()).collect();
    tasks.dedup();
    tasks
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::HashSet;

    const BLOCKS: EdgeRule = EdgeRule { shape: Shape::Horizontal, holds: Some(Holds::Start) };
    const CONTAINS: EdgeRule = EdgeRule { shape: Shape::Vertical, holds: Some(Holds::Completion) };
    const AWAITS: EdgeRule = EdgeRule { shape: Shape::Horizontal, holds: Some(Holds::Completion) };
    const SEE_ALSO: EdgeRule = EdgeRule { shape: Shape::Horizontal, holds: None };

    /// The order of moments in a graph of edges, with each task opening before it ends.
    fn moments(edges: &[(EdgeRule, u8, u8)]) -> Vec<(Moment<u8>, Moment<u8>)> {
        let tasks: HashSet<u8> = edges.iter().flat_map(|(_, a, b)| [*a, *b]).collect();
        let lives = tasks.into_iter().map(|t| (Moment::Opens(t), Moment::Ends(t)));
        let orders = edges.iter().flat_map(|(rule, from, to)| rule.orders(from, to));
        lives.chain(orders).collect()
    }

    /// Returns true if moments in this order contain a cycle.
    fn has_circle<N: Clone + Eq + Hash>(orders: &[(N, N)]) -> bool {
        let mut waiting_for: HashMap<&N, usize> = HashMap::new();
        let mut followers: HashMap<&N, Vec<&N>> = HashMap::new();
        for (earlier, later) in orders {
            waiting_for.entry(earlier).or_default();
            *waiting_for.entry(later).or_default() += 1;
            followers.entry(earlier).or_default().push(later);
        }
        let mut free: Vec<&N> = waiting_for.iter().filter(|(_, n)| **n == 0).map(|(node, _)| *node).collect();
        let mut done = HashSet::new();
        while let Some(node) = free.pop() {
            done.insert(node);
            for &next in followers.get(node).into_iter().flatten() {
                if let Some(left) = waiting_for.get_mut(next) {
                    *left -= 1;
                    if *left == 0 {
                        free.push(next);
                    }
                }
            }
        }
        done.len() < waiting_for.len()
    }

    type Case = (&'static str, &'static [(EdgeRule, u8, u8)], bool);

    #[test]
    fn a_deadlock_is_a_circle_of_moments() {
        let cases: &[Case] = &[
            ("blocks in a circle", &[(BLOCKS, 1, 2), (BLOCKS, 2, 1)], true),
            ("a parent blocks its child", &[(CONTAINS, 1, 2), (BLOCKS, 1, 2)], true),
            ("a child blocks its parent", &[(CONTAINS, 1, 2), (BLOCKS, 2, 1)], true),
            ("siblings in order", &[(CONTAINS, 1, 2), (CONTAINS, 1, 3), (BLOCKS, 2, 3)], false),
            (
                "a cousin is waited for from outside",
                &[(CONTAINS, 1, 2), (CONTAINS, 3, 4), (BLOCKS, 2, 4)],
                false,
            ),
            (
                "two trees wait for each other",
                &[(CONTAINS, 1, 2), (CONTAINS, 3, 4), (BLOCKS, 1, 3), (BLOCKS, 4, 2)],
                true,
            ),
            (
                "trees interleave",
                &[(CONTAINS, 1, 2), (CONTAINS, 1, 5), (CONTAINS, 3, 4), (BLOCKS, 2, 4), (BLOCKS, 4, 5)],
                false,
            ),
            ("ends wait for each other", &[(AWAITS, 1, 2), (AWAITS, 2, 1)], true),
            ("a start may wait where an end does", &[(AWAITS, 1, 2), (SEE_ALSO, 2, 1)], false),
            ("information may go round", &[(SEE_ALSO, 1, 2), (SEE_ALSO, 2, 1)], false),
        ];
        for (what, edges, deadlock) in cases {
            assert_eq!(has_circle(&moments(edges)), *deadlock, "{what}");
        }
    }

    proptest! {
        #[test]
        fn a_path_is_found_exactly_where_a_walk_finds_one(
            edges in proptest::collection::vec((0u8..12, 0u8..12), 0..40),
            start in 0u8..12,
            goal in 0u8..12,
        ) {
            let later = |n: &u8| -> Result<Vec<u8>, ()> { Ok(edges.iter().filter(|e| e.0 == *n).map(|e| e.1).collect()) };
            let earlier = |n: &u8| -> Result<Vec<u8>, ()> { Ok(edges.iter().filter(|e| e.1 == *n).map(|e| e.0).collect()) };
            let mut reached = HashSet::from([start]);
            let mut left = vec![start];
            while let Some(node) = left.pop() {
                left.extend(later(&node).unwrap().into_iter().filter(|n| reached.insert(*n)));
            }

            let found = path(&start, &goal, later, earlier).unwrap();

            prop_assert_eq!(found.is_some(), reached.contains(&goal));
            if let Some(way) = found {
                prop_assert_eq!((way.first(), way.last()), (Some(&start), Some(&goal)));
                prop_assert!(way.windows(2).all(|w| edges.contains(&(w[0], w[1]))));
            }
        }

        #[test]
        fn an_edge_that_closes_no_circle_leaves_none(
            edges in proptest::collection::vec((0usize..4, 0u8..7, 0u8..7), 0..30),
        ) {
            let mut kept: Vec<(EdgeRule, u8, u8)> = Vec::new();
            for (kind, from, to) in edges.into_iter().filter(|(_, from, to)| from != to) {
                let rule = [BLOCKS, CONTAINS, AWAITS, SEE_ALSO][kind];
                let graph = moments(&kept);
                let later = |n: &Moment<u8>| -> Result<Vec<_>, ()> { Ok(graph.iter().filter(|o| o.0 == *n).map(|o| o.1.clone()).collect()) };
                let earlier = |n: &Moment<u8>| -> Result<Vec<_>, ()> { Ok(graph.iter().filter(|o| o.1 == *n).map(|o| o.0.clone()).collect()) };
                let closes = rule.orders(&from, &to).iter().any(|(a, b)| path(b, a, later, earlier).unwrap().is_some());

                let mut with = kept.clone();
                with.push((rule, from, to));
                prop_assert_eq!(closes, has_circle(&moments(&with)));
                if !closes {
                    kept = with;
                }
            }
        }
    }
}
