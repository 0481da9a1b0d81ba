use uuid::Uuid;

use super::*;

const RUN: RunId = RunId(Uuid::nil());

fn states() -> [TaskState; 10] {
    TaskState::NAMES.map(|name| {
        let run = matches!(name, "provisioning" | "running").then_some(RUN);
        TaskState::from_parts(name, run).unwrap()
    })
}

#[test]
fn every_state_is_read_back_from_its_columns_and_nothing_else_is() {
    for state in states() {
        assert_eq!(
            TaskState::from_parts(state.name(), state.run()),
            Some(state)
        );
    }
    assert_eq!(TaskState::from_parts("running", None), None);
    assert_eq!(TaskState::from_parts("queued", Some(RUN)), None);
}

#[test]
fn whatever_is_not_over_can_be_cancelled_and_nothing_else() {
    for state in states() {
        let cancelled = Intent::Cancel.meets(state).map(|event| state.on(event));
        assert_eq!(cancelled.is_ok(), !state.over(), "{}", state.name());
        if let Ok(to) = cancelled {
            assert_eq!(to, Ok(TaskState::Cancelled));
        }
    }
}

#[test]
fn an_intent_that_is_met_is_a_step_of_the_table() {
    for state in states() {
        for intent in Intent::ALL {
            if let Ok(event) = intent.meets(state) {
                assert!(
                    state.on(event).is_ok(),
                    "{} in {}",
                    intent.name(),
                    state.name()
                );
            }
        }
    }
}

#[test]
fn a_merge_completes_even_what_had_failed_and_a_completed_task_moves_only_for_a_redo() {
    for state in [
        TaskState::PrOpened,
        TaskState::NeedsAttention,
        TaskState::Failed,
    ] {
        assert_eq!(state.on(TaskEvent::Merged), Ok(TaskState::Completed));
    }
    for event in [
        TaskEvent::Resumed,
        TaskEvent::Cancelled,
        TaskEvent::Closed,
        TaskEvent::GaveUp,
    ] {
        assert!(TaskState::Completed.on(event).is_err());
    }
    assert_eq!(
        TaskState::Completed.on(TaskEvent::Redone),
        Ok(TaskState::Queued)
    );
}

#[test]
fn the_picture_in_the_docs_is_this_table() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/states/task.mmd");
    let kept = std::fs::read_to_string(path).unwrap_or_default();
    assert_eq!(
        kept,
        picture(),
        "write the new picture to docs/states/task.mmd"
    );
}
