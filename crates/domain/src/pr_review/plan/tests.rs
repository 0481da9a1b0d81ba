use proptest::prelude::*;
use uuid::Uuid;

use super::*;
use crate::{
    agent::seen::{Hold, Lingering, Link, RunSeen},
    ports::SandboxState,
    pr_review::seen::ReviewPolicy,
    pull::{PullSeen, ReviewStatus},
    run::watch::OpenRun,
};

const RUN: RunId = RunId(Uuid::nil());

fn now() -> DateTime<Utc> {
    "2026-01-01T12:00:00Z".parse().unwrap()
}

fn pull() -> PullSeen {
    PullSeen {
        number: 7,
        url: "https://git.example/o/r/pull/7".to_owned(),
        status: PullStatus::Open,
        head: "aaa".to_owned(),
        base: "main".to_owned(),
        draft: false,
        mergeable: Some(true),
        checks: ChecksStatus::Passing,
        failed_checks: Vec::new(),
        review: ReviewStatus::None,
        review_id: None,
        review_text: None,
        at: now(),
    }
}

/// An automatic review, in a repository that posts its drafts, with a draft of the head as it is.
fn seen() -> Seen {
    Seen {
        intent: None,
        origin: Origin::Auto,
        engaged: false,
        kind: RunKind::Initial,
        hold: None,
        room: (0, 4),
        run: None,
        lingering: None,
        link: Link::Away {
            runner: SandboxState::Gone,
        },
        pull: pull(),
        head: Some("aaa".to_owned()),
        handed_in: false,
        refused: false,
        chat_pending: 0,
        auto_reviews: 0,
        policy: ReviewPolicy {
            mode: ExternalReviewMode::OnPullPost,
            wait_for_ci: true,
            auto_reviews_max: 2,
        },
    }
}

fn manual() -> Seen {
    Seen {
        origin: Origin::Manual,
        ..seen()
    }
}

fn with_checks(seen: Seen, checks: ChecksStatus) -> Seen {
    Seen {
        pull: PullSeen { checks, ..pull() },
        ..seen
    }
}

/// The head has moved since.
fn moved(seen: Seen) -> Seen {
    Seen {
        head: Some("old".to_owned()),
        ..seen
    }
}

fn does(state: PrReviewState, seen: &Seen) -> Step {
    plan(state, seen, now()).step
}

fn event(state: PrReviewState, seen: &Seen) -> Option<PrReviewEvent> {
    match does(state, seen) {
        Step::Shift { event, .. } => Some(event),
        Step::Nothing
        | Step::Obey { .. }
        | Step::Disregard(_)
        | Step::Relaunch { .. }
        | Step::OpenRun
        | Step::EnsureSandbox
        | Step::SendRun(_)
        | Step::CloseRun { .. }
        | Step::StopRun(_)
        | Step::Submit { .. } => None,
    }
}

const AGAIN: Step = Step::Relaunch {
    kind: RunKind::Rereview,
    by_itself: true,
};

#[test]
fn one_that_began_by_itself_waits_for_the_checks_and_any_other_does_not() {
    use PrReviewState as S;
    let pending = with_checks(seen(), ChecksStatus::Pending);
    assert_eq!(
        event(S::Queued, &pending),
        Some(PrReviewEvent::ChecksPending)
    );
    assert_eq!(does(S::WaitingCi, &pending), Step::Nothing);
    let unknown = with_checks(seen(), ChecksStatus::Unknown);
    assert_eq!(does(S::Queued, &unknown), Step::Nothing);
    for over in [
        ChecksStatus::None,
        ChecksStatus::Passing,
        ChecksStatus::Failing,
    ] {
        assert_eq!(does(S::Queued, &with_checks(seen(), over)), Step::OpenRun);
        assert_eq!(
            does(S::WaitingCi, &with_checks(seen(), over)),
            Step::OpenRun
        );
    }
    for checks in [ChecksStatus::Pending, ChecksStatus::Unknown] {
        assert_eq!(
            does(S::Queued, &with_checks(manual(), checks)),
            Step::OpenRun
        );
        let mut at_once = with_checks(seen(), checks);
        at_once.policy.wait_for_ci = false;
        assert_eq!(does(S::Queued, &at_once), Step::OpenRun);
    }
}

#[test]
fn a_run_opens_where_there_is_room_and_no_pause() {
    let full = Seen {
        room: (4, 4),
        ..manual()
    };
    let wait = plan(PrReviewState::Queued, &full, now()).wait;
    assert!(wait.reason.contains("4 of 4 reviews") && wait.until.is_some());
    let until = now() + TimeDelta::seconds(9);
    let held = Seen {
        hold: Some(Hold {
            until,
            reason: "a pause".to_owned(),
        }),
        ..manual()
    };
    let waits = PrReviewState::Reviewing { run: None };
    assert_eq!(plan(waits, &held, now()).wait.until, Some(until));
    assert_eq!(plan(waits, &held, until).step, Step::OpenRun);
}

#[test]
fn a_run_is_watched_and_one_that_nobody_knows_is_closed() {
    let state = PrReviewState::Reviewing { run: Some(RUN) };
    let open = Seen {
        run: Some(OpenRun {
            run: RUN,
            provision_until: now() + TimeDelta::minutes(1),
            duration_ms: 1_000,
            seen: RunSeen::Ended(Verdict::Done),
        }),
        ..seen()
    };
    let verdict = Verdict::Done;
    assert_eq!(does(state, &open), Step::CloseRun { run: RUN, verdict });
    assert!(matches!(does(state, &seen()), Step::CloseRun { .. }));
}

#[test]
fn a_new_head_is_looked_at_by_itself_under_the_cap_and_makes_any_other_stale() {
    for state in [PrReviewState::Ready, PrReviewState::Submitted] {
        assert_eq!(does(state, &moved(seen())), AGAIN);
        let often = Seen {
            auto_reviews: 2,
            ..moved(seen())
        };
        let engaged = Seen {
            engaged: true,
            ..moved(seen())
        };
        let mut off = moved(seen());
        off.policy.mode = ExternalReviewMode::Off;
        let ci = with_checks(moved(seen()), ChecksStatus::Pending);
        for stays in [often, engaged, off, moved(manual()), ci] {
            assert_eq!(event(state, &stays), Some(PrReviewEvent::HeadMoved));
        }
    }
    assert_eq!(does(PrReviewState::Stale, &moved(seen())), AGAIN);
    let ci = with_checks(moved(seen()), ChecksStatus::Pending);
    assert_eq!(does(PrReviewState::Stale, &ci), Step::Nothing);
    assert_eq!(does(PrReviewState::Stale, &moved(manual())), Step::Nothing);
}

#[test]
fn a_draft_is_posted_by_itself_in_one_mode_alone_and_only_of_the_head_as_it_is() {
    let posts = |seen: &Seen| does(PrReviewState::Ready, seen) == Step::Submit { by_itself: true };
    assert!(posts(&seen()));
    for mode in ExternalReviewMode::ALL {
        let mut seen = seen();
        seen.policy.mode = mode;
        assert_eq!(posts(&seen), mode == ExternalReviewMode::OnPullPost);
    }
    assert!(!posts(&manual()) && !posts(&moved(seen())));
    for stays in [
        Seen {
            engaged: true,
            ..seen()
        },
        Seen {
            refused: true,
            ..seen()
        },
        Seen {
            chat_pending: 1,
            ..seen()
        },
    ] {
        assert!(!posts(&stays), "{stays:?}");
    }
}

#[test]
fn a_person_hands_in_what_is_there_even_a_stale_one() {
    let asked = Seen {
        intent: Some(Intent::Submit),
        engaged: true,
        ..moved(manual())
    };
    for state in [PrReviewState::Ready, PrReviewState::Stale] {
        assert_eq!(does(state, &asked), Step::Submit { by_itself: false });
        let held = Seen {
            hold: Some(Hold {
                until: now() + TimeDelta::seconds(9),
                reason: "the host is away".to_owned(),
            }),
            ..asked.clone()
        };
        assert_eq!(does(state, &held), Step::Nothing);
    }
    let other = PrReviewState::Submitted;
    assert_eq!(does(other, &asked), Step::Disregard(Intent::Submit));
}

#[test]
fn what_people_write_is_answered_and_what_was_handed_in_stays_handed_in() {
    let written = Seen {
        chat_pending: 2,
        ..moved(manual())
    };
    for state in [
        PrReviewState::Ready,
        PrReviewState::Stale,
        PrReviewState::Submitted,
    ] {
        let kind = RunKind::Chat;
        let by_itself = false;
        assert_eq!(does(state, &written), Step::Relaunch { kind, by_itself });
    }
    let unchanged = Seen {
        handed_in: true,
        ..manual()
    };
    assert_eq!(
        event(PrReviewState::Ready, &unchanged),
        Some(PrReviewEvent::Submitted)
    );
}

#[test]
fn an_old_run_ends_before_anything_else_begins() {
    let lingers = Seen {
        lingering: Some(Lingering {
            run: RUN,
            stop_asked: None,
        }),
        link: Link::Connected { holds_run: false },
        ..manual()
    };
    for state in states() {
        assert_eq!(does(state, &lingers), Step::StopRun(RUN), "{state:?}");
    }
}

fn states() -> Vec<PrReviewState> {
    let runs = [None, Some(RUN)].map(|run| PrReviewState::Reviewing { run });
    let others = PrReviewState::NAMES
        .into_iter()
        .filter_map(|name| PrReviewState::from_parts(name, None));
    runs.into_iter().chain(others).collect()
}

fn any_seen() -> impl Strategy<Value = Seen> {
    let intent = prop::sample::select(vec![
        None,
        Some(Intent::Cancel),
        Some(Intent::Rereview),
        Some(Intent::Submit),
    ]);
    let checks = prop::sample::select(vec![
        ChecksStatus::Unknown,
        ChecksStatus::None,
        ChecksStatus::Pending,
        ChecksStatus::Passing,
        ChecksStatus::Failing,
    ]);
    let status = prop::sample::select(vec![
        PullStatus::Open,
        PullStatus::Merged,
        PullStatus::Closed,
    ]);
    let mode = prop::sample::select(ExternalReviewMode::ALL.to_vec());
    let flags = any::<[bool; 8]>();
    (intent, checks, status, mode, flags, 0..4_i32, 0..3_i64).prop_map(
        |(intent, checks, status, mode, flags, auto_reviews, chat_pending)| {
            let [
                auto,
                engaged,
                moves,
                handed_in,
                refused,
                full,
                held,
                wait_for_ci,
            ] = flags;
            let mut seen = if auto { seen() } else { manual() };
            seen.intent = intent;
            seen.engaged = engaged;
            seen.handed_in = handed_in;
            seen.refused = refused;
            seen.auto_reviews = auto_reviews;
            seen.chat_pending = chat_pending;
            seen.policy.mode = mode;
            seen.policy.wait_for_ci = wait_for_ci;
            seen.pull.checks = checks;
            seen.pull.status = status;
            seen.room = if full { (4, 4) } else { (0, 4) };
            seen.hold = held.then(|| Hold {
                until: now() + TimeDelta::seconds(5),
                reason: "a pause".to_owned(),
            });
            if moves { moved(seen) } else { seen }
        },
    )
}

proptest! {
    #[test]
    fn whatever_is_seen_the_step_is_one_of_the_table(seen in any_seen(), at in 0..10_usize) {
        let states = states();
        let state = states[at % states.len()];
        match plan(state, &seen, now()).step {
            Step::Obey { event, .. } | Step::Shift { event, .. } => {
                prop_assert!(state.on(event).is_ok(), "{:?} in {:?}", event, state);
            }
            Step::Relaunch { .. } => prop_assert!(state.on(PrReviewEvent::Relaunched).is_ok()),
            Step::OpenRun => {
                let opened = PrReviewEvent::RunOpened { run: RUN };
                prop_assert!(state.on(opened).is_ok());
            }
            Step::Submit { .. } => prop_assert!(state.on(PrReviewEvent::Submitted).is_ok()),
            Step::Nothing
            | Step::Disregard(_)
            | Step::EnsureSandbox
            | Step::SendRun(_)
            | Step::CloseRun { .. }
            | Step::StopRun(_) => {}
        }
    }

    #[test]
    fn once_a_person_has_acted_nothing_happens_by_itself(seen in any_seen(), at in 0..10_usize) {
        let seen = Seen { engaged: true, ..seen };
        let states = states();
        let step = plan(states[at % states.len()], &seen, now()).step;
        let by_itself = |step: &Step| match step {
            Step::Relaunch { by_itself, .. } | Step::Submit { by_itself } => *by_itself,
            Step::Nothing
            | Step::Obey { .. }
            | Step::Disregard(_)
            | Step::Shift { .. }
            | Step::OpenRun
            | Step::EnsureSandbox
            | Step::SendRun(_)
            | Step::CloseRun { .. }
            | Step::StopRun(_) => false,
        };
        prop_assert!(!by_itself(&step), "{:?}", step);
    }

    #[test]
    fn whatever_waits_says_for_what_and_an_open_state_looks_again(seen in any_seen(), at in 0..10_usize) {
        let states = states();
        let state = states[at % states.len()];
        let wait = plan(state, &seen, now()).wait;
        prop_assert!(!wait.reason.is_empty() && !wait.holder.is_empty());
        let rests = matches!(state, PrReviewState::Failed | PrReviewState::Cancelled)
            || seen.pull.status != PullStatus::Open;
        prop_assert!(rests || wait.until.is_some(), "{:?} {:?}", state, wait);
    }
}
