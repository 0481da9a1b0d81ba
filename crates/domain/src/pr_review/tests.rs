use std::collections::BTreeSet;

use uuid::Uuid;

use super::*;

const RUN: RunId = RunId(Uuid::nil());

/// The documented table. Within `reviewing` a run comes and goes; that is no change of the state's name.
const DOCUMENTED: [(&str, &[&str]); 8] = [
    (
        "queued",
        &["waiting_ci", "reviewing", "cancelled", "failed"],
    ),
    ("waiting_ci", &["reviewing", "cancelled", "failed"]),
    ("reviewing", &["ready", "failed", "cancelled"]),
    ("ready", &["submitted", "stale", "reviewing", "cancelled"]),
    ("stale", &["reviewing", "submitted", "cancelled"]),
    ("submitted", &["stale", "reviewing"]),
    ("failed", &["queued", "cancelled"]),
    ("cancelled", &[]),
];

/// What the documented table allows and nothing here leads to: what has no run yet cannot have failed.
const NEVER: [(&str, &str); 2] = [("queued", "failed"), ("waiting_ci", "failed")];

#[test]
fn the_table_is_the_documented_one_and_no_more() {
    for (from, allowed) in DOCUMENTED {
        let mut reached = BTreeSet::new();
        for state in all_states(RUN).into_iter().filter(|it| it.name() == from) {
            for event in all_events(RUN) {
                reached.extend(state.on(event).ok().map(PrReviewState::name));
            }
        }
        if from == "reviewing" {
            assert!(reached.remove("reviewing"));
        }
        let known = allowed.iter().copied();
        let documented = known.filter(|to| !NEVER.contains(&(from, to))).collect();
        assert_eq!(reached, documented, "from {from}");
    }
}

#[test]
fn every_state_is_read_back_from_its_columns_and_nothing_else_is() {
    for state in all_states(RUN) {
        assert_eq!(
            PrReviewState::from_parts(state.name(), state.run()),
            Some(state)
        );
        assert!(PrReviewState::NAMES.contains(&state.name()));
    }
    assert_eq!(PrReviewState::from_parts("ready", Some(RUN)), None);
    assert_eq!(PrReviewState::from_parts("drafting", None), None);
}

#[test]
fn an_intent_that_is_met_is_a_step_of_the_table() {
    for state in all_states(RUN) {
        for intent in Intent::ALL {
            if let Ok(event) = intent.meets(state) {
                assert!(state.on(event).is_ok(), "{intent:?} in {state:?}");
            }
        }
    }
}

#[test]
fn nothing_leads_out_of_a_cancelled_review() {
    for event in all_events(RUN) {
        assert!(PrReviewState::Cancelled.on(event).is_err(), "{event:?}");
    }
}

#[test]
fn the_picture_in_the_docs_is_this_table() {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../docs/states/pr-review.mmd"
    );
    let kept = std::fs::read_to_string(path).unwrap_or_default();
    assert_eq!(
        kept,
        picture(),
        "write the new picture to docs/states/pr-review.mmd"
    );
}
