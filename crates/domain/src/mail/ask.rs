//! Questions with a deadline: who waits for whom, and what a reply means.

use std::collections::{BTreeMap, VecDeque};

use crate::id::AgentId;

/// What became of a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AskState {
    /// No reply yet.
    Open,
    /// It was answered in time.
    Answered,
    /// It was not.
    TimedOut,
}

impl AskState {
    /// The word used in SQL and HTTP.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Answered => "answered",
            Self::TimedOut => "timed_out",
        }
    }

    /// Reads the word back.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Open, Self::Answered, Self::TimedOut]
            .into_iter()
            .find(|state| state.name() == text)
    }

    /// What a reply of the asked agent is in this state.
    #[must_use]
    pub fn reply(self) -> Reply {
        match self {
            Self::Open => Reply::Answer,
            Self::TimedOut => Reply::Late,
            Self::Answered => Reply::More,
        }
    }
}

/// What a reply is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reply {
    /// The one that was waited for.
    Answer,
    /// It comes after the timeout was told: ordinary mail, marked as late.
    Late,
    /// The question was answered before: ordinary mail of the same conversation.
    More,
}

/// The circle of waits that would close if `asker` asked `asked`, where `waits` says who waits for
/// whom now: from the asker over everybody between back to the asker, the shortest there is.
#[must_use]
pub fn cycle(asker: AgentId, asked: AgentId, waits: &[(AgentId, AgentId)]) -> Option<Vec<AgentId>> {
    let mut by_waiter: BTreeMap<AgentId, Vec<AgentId>> = BTreeMap::new();
    for (waiter, waited) in waits {
        by_waiter.entry(*waiter).or_default().push(*waited);
    }
    let mut came_from = BTreeMap::from([(asked, asker)]);
    let mut next = VecDeque::from([asked]);
    while let Some(agent) = next.pop_front() {
        if agent == asker {
            break;
        }
        for waited in by_waiter.get(&agent).into_iter().flatten() {
            if !came_from.contains_key(waited) {
                came_from.insert(*waited, agent);
                next.push_back(*waited);
            }
        }
    }
    let mut at = *came_from.get(&asker)?;
    let mut path = vec![asker, at];
    while at != asker && at != asked {
        at = *came_from.get(&at)?;
        path.push(at);
    }
    if asked == asker {
        return Some(vec![asker, asker]);
    }
    path.push(asker);
    path.reverse();
    Some(path)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;

    fn agent(n: u128) -> AgentId {
        AgentId(Uuid::from_u128(n))
    }

    fn agents(numbers: &[u128]) -> Vec<AgentId> {
        numbers.iter().copied().map(agent).collect()
    }

    #[test]
    fn a_circle_is_named_from_the_asker_back_to_the_asker() {
        let waits = [
            (agent(2), agent(3)),
            (agent(3), agent(1)),
            (agent(2), agent(4)),
        ];
        assert_eq!(
            cycle(agent(1), agent(2), &waits),
            Some(agents(&[1, 2, 3, 1]))
        );
        assert_eq!(cycle(agent(1), agent(4), &waits), None);
        let direct = [(agent(2), agent(1))];
        assert_eq!(cycle(agent(1), agent(2), &direct), Some(agents(&[1, 2, 1])));
        assert_eq!(cycle(agent(1), agent(1), &[]), Some(agents(&[1, 1])));
    }

    #[test]
    fn only_an_open_question_is_answered() {
        assert_eq!(AskState::Open.reply(), Reply::Answer);
        assert_eq!(AskState::TimedOut.reply(), Reply::Late);
        assert_eq!(AskState::Answered.reply(), Reply::More);
    }

    /// Who can be reached over one wait or more, the slow way.
    fn reaches(from: u128, to: u128, waits: &[(u128, u128)]) -> bool {
        let mut known = vec![from];
        for _round in 0..10 {
            for (a, b) in waits {
                if known.contains(a) && !known.contains(b) {
                    known.push(*b);
                }
            }
        }
        known.contains(&to)
    }

    proptest! {
        #[test]
        fn a_circle_is_found_exactly_where_there_is_one_and_every_step_of_it_is_a_wait(
            waits in proptest::collection::vec((0_u128..8, 0_u128..8), 0..20),
            asker in 0_u128..8, asked in 0_u128..8,
        ) {
            let edges: Vec<_> = waits.iter().map(|(a, b)| (agent(*a), agent(*b))).collect();
            let found = cycle(agent(asker), agent(asked), &edges);
            prop_assert_eq!(found.is_some(), reaches(asked, asker, &waits));
            if let Some(path) = found {
                prop_assert_eq!(path.first(), Some(&agent(asker)));
                prop_assert_eq!(path.last(), Some(&agent(asker)));
                prop_assert_eq!(path[1], agent(asked));
                for pair in path[1..].windows(2) {
                    prop_assert!(edges.contains(&(pair[0], pair[1])));
                }
            }
        }
    }
}
