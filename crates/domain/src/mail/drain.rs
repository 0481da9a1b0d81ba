//! Which of the waiting messages feed a turn, and in what order they are read.

use super::Class;

/// A waiting message, as far as the choice depends on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Candidate {
    /// Its order of acceptance.
    pub seq: i64,
    /// Its class.
    pub class: Class,
    /// Bytes it takes in the prompt.
    pub bytes: usize,
}

/// Chooses the mail of a turn: places in `waiting`, in the order in which they are to be read.
///
/// Interrupts are chosen first, then work, then notices, each oldest first, while they fit; one
/// message is always taken. Interrupts are read first, everything else in the order of acceptance.
/// Nothing is chosen where nothing that waits would wake: notices alone are no reason for a turn.
#[must_use]
pub fn drain(waiting: &[Candidate], messages_max: usize, bytes_max: usize) -> Vec<usize> {
    let rank = |class: Class| match class {
        Class::Interrupt => 0,
        Class::Work => 1,
        Class::Notify => 2,
        Class::Stop => 3,
    };
    let mut places: Vec<(usize, Candidate)> = waiting
        .iter()
        .copied()
        .enumerate()
        .filter(|(_, candidate)| candidate.class != Class::Stop)
        .collect();
    places.sort_by_key(|(_, candidate)| (rank(candidate.class), candidate.seq));
    if !places.first().is_some_and(|(_, first)| first.class.wakes()) {
        return Vec::new();
    }
    let mut bytes = 0_usize;
    let fit = places
        .iter()
        .take(messages_max)
        .take_while(|(_, candidate)| {
            bytes = bytes.saturating_add(candidate.bytes);
            bytes <= bytes_max
        })
        .count();
    places.truncate(fit.max(1));
    places.sort_by_key(|(_, candidate)| (candidate.class != Class::Interrupt, candidate.seq));
    places.into_iter().map(|(place, _)| place).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn candidates() -> impl Strategy<Value = Vec<Candidate>> {
        let class = prop_oneof![
            Just(Class::Work),
            Just(Class::Notify),
            Just(Class::Interrupt)
        ];
        proptest::collection::vec((class, 0_usize..200), 0..40).prop_map(|mail| {
            (1..)
                .zip(mail)
                .map(|(seq, (class, bytes))| Candidate { seq, class, bytes })
                .collect()
        })
    }

    proptest! {
        #[test]
        fn a_turn_always_has_mail_that_wakes(mail in candidates(), max in 1_usize..10) {
            let chosen = drain(&mail, max, 300);
            let wakes = mail.iter().any(|it| it.class.wakes());
            prop_assert_eq!(!chosen.is_empty(), wakes);
            prop_assert_eq!(chosen.iter().any(|at| mail[*at].class.wakes()), wakes);
        }

        #[test]
        fn each_class_is_taken_from_its_oldest_and_read_in_order(
            mail in candidates(), max in 1_usize..10
        ) {
            let chosen = drain(&mail, max, 300);
            for class in Class::ALL {
                let all: Vec<_> = (0..mail.len()).filter(|at| mail[*at].class == class).collect();
                let taken: Vec<_> = chosen.iter().copied().filter(|at| mail[*at].class == class).collect();
                prop_assert_eq!(&taken[..], &all[..taken.len()]);
            }
        }

        #[test]
        fn interrupts_are_read_before_everything_else(mail in candidates(), max in 1_usize..10) {
            let chosen = drain(&mail, max, 300);
            let first_other = chosen.iter().position(|at| mail[*at].class != Class::Interrupt);
            let last = chosen.iter().rposition(|at| mail[*at].class == Class::Interrupt);
            if let (Some(other), Some(last)) = (first_other, last) {
                prop_assert!(last < other);
            }
        }

        #[test]
        fn the_limits_hold_but_one_message_is_always_taken(
            mail in candidates(), max in 1_usize..10, bytes_max in 0_usize..400
        ) {
            let chosen = drain(&mail, max, bytes_max);
            let bytes: usize = chosen.iter().map(|at| mail[*at].bytes).sum();
            prop_assert!(chosen.len() <= max);
            prop_assert!(bytes <= bytes_max || chosen.len() == 1);
        }
    }
}
