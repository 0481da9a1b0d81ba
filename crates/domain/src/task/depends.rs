//! Tasks that have to be completed before another begins.

use std::collections::{BTreeMap, BTreeSet};

use crate::{id::TaskId, task::TaskState};

/// How one task another depends on stands. This is the only place that says when it is met.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Met {
    /// It is completed.
    Yes,
    /// It may still be.
    NotYet,
    /// It failed or was cancelled.
    Never,
}

/// Whether a dependency that stands so is met.
#[must_use]
pub fn met(state: TaskState) -> Met {
    match state {
        TaskState::Completed => Met::Yes,
        TaskState::Failed | TaskState::Cancelled => Met::Never,
        TaskState::Pending
        | TaskState::WaitingOnDeps
        | TaskState::Queued
        | TaskState::Provisioning { .. }
        | TaskState::Running { .. }
        | TaskState::NeedsAttention
        | TaskState::PrOpened => Met::NotYet,
    }
}

/// All that a task depends on, counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Dependencies {
    /// Those that may still be met.
    pub open: i64,
    /// Those that will not.
    pub lost: i64,
}

/// Finds the circle that would be closed were `task` to depend on `on` besides what `edges` say, as the
/// tasks on it in order, the first one again at the end.
#[must_use]
pub fn circle(
    task: TaskId,
    on: &[TaskId],
    edges: &BTreeMap<TaskId, Vec<TaskId>>,
) -> Option<Vec<TaskId>> {
    on.iter().find_map(|first| {
        let mut way = vec![task];
        let mut known = BTreeSet::new();
        reaches(*first, task, edges, &mut known, &mut way).then_some(way)
    })
}

fn reaches(
    from: TaskId,
    to: TaskId,
    edges: &BTreeMap<TaskId, Vec<TaskId>>,
    known: &mut BTreeSet<TaskId>,
    way: &mut Vec<TaskId>,
) -> bool {
    way.push(from);
    if from == to {
        return true;
    }
    if known.insert(from) {
        for next in edges.get(&from).into_iter().flatten() {
            if reaches(*next, to, edges, known, way) {
                return true;
            }
        }
    }
    way.pop();
    false
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn task(number: u128) -> TaskId {
        TaskId(Uuid::from_u128(number))
    }

    fn edges(pairs: &[(u128, u128)]) -> BTreeMap<TaskId, Vec<TaskId>> {
        let mut edges: BTreeMap<TaskId, Vec<TaskId>> = BTreeMap::new();
        for (from, to) in pairs {
            edges.entry(task(*from)).or_default().push(task(*to));
        }
        edges
    }

    #[test]
    fn a_circle_is_named_and_a_diamond_is_none() {
        let chain = edges(&[(2, 3), (3, 1)]);
        let circle_of = circle(task(1), &[task(2)], &chain).unwrap();
        assert_eq!(circle_of, [task(1), task(2), task(3), task(1)]);
        let diamond = edges(&[(2, 4), (3, 4)]);
        assert_eq!(circle(task(1), &[task(2), task(3)], &diamond), None);
        assert_eq!(
            circle(task(1), &[task(1)], &BTreeMap::new()),
            Some(vec![task(1), task(1)])
        );
    }

    #[test]
    fn only_a_completed_task_is_met() {
        assert_eq!(met(TaskState::PrOpened), Met::NotYet);
        assert_eq!(met(TaskState::Completed), Met::Yes);
        assert_eq!(met(TaskState::Cancelled), Met::Never);
    }
}
