//! What happens next with a tracker.

use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use super::{
    super::{
        TrackerError,
        plan::{FAILURES_MAX, Seen, Setback, Step, after_look, after_ticket, plan},
    },
    now,
};
use crate::id::TicketId;

const EVERY: TimeDelta = TimeDelta::seconds(60);

fn ticket(number: u128) -> TicketId {
    TicketId(Uuid::from_u128(number))
}

fn seen() -> Seen {
    Seen {
        enabled: true,
        last_error: None,
        failures: 0,
        hold: None,
        told: false,
        looked_at: Some(now()),
        every: EVERY,
        pages_left: false,
        pages_taken: 1,
        pages_max: 2,
        to_tell: None,
        to_take: None,
    }
}

fn step(seen: &Seen, at: DateTime<Utc>) -> Step {
    plan(seen, at).0
}

fn busy() -> TrackerError {
    TrackerError::Busy("502".to_owned())
}

fn refused() -> TrackerError {
    TrackerError::Unauthorized {
        words: "no".to_owned(),
        remedy: "another token".to_owned(),
    }
}

#[test]
fn it_is_looked_at_at_once_when_told_and_else_when_its_time_has_come() {
    let (rest, wait) = plan(&seen(), now());
    assert_eq!((rest, wait.until), (Step::Nothing, Some(now() + EVERY)));
    assert!(!wait.heeds_mail);
    assert_eq!(step(&seen(), now() + EVERY), Step::Look);
    let told = Seen {
        told: true,
        ..seen()
    };
    assert_eq!(step(&told, now()), Step::Look);
    let fresh = Seen {
        looked_at: None,
        ..seen()
    };
    assert_eq!(step(&fresh, now()), Step::Look);
}

#[test]
fn so_many_pages_are_read_at_once_and_the_others_at_the_next_look() {
    let more = Seen {
        pages_left: true,
        ..seen()
    };
    assert_eq!(step(&more, now()), Step::Look);
    let enough = Seen {
        pages_taken: 2,
        ..more
    };
    assert_eq!(step(&enough, now()), Step::Nothing);
    assert_eq!(step(&enough, now() + EVERY), Step::Look);
}

#[test]
fn what_was_begun_with_a_ticket_goes_before_looking_for_others() {
    let later = now() + TimeDelta::seconds(7);
    let due = Seen {
        looked_at: None,
        to_tell: Some((ticket(1), now())),
        to_take: Some((ticket(2), now())),
        ..seen()
    };
    assert_eq!(step(&due, now()), Step::Tell(ticket(1)));
    let untold = Seen {
        to_tell: Some((ticket(1), later)),
        ..due
    };
    assert_eq!(step(&untold, now()), Step::Take(ticket(2)));
    let held = Seen {
        looked_at: Some(now()),
        to_take: None,
        ..untold
    };
    let (rest, wait) = plan(&held, now());
    assert_eq!(
        (rest, wait.until),
        (Step::Nothing, Some(later)),
        "it is there in time"
    );
    assert_eq!(step(&held, later), Step::Tell(ticket(1)));
}

#[test]
fn a_rate_limit_is_waited_out_whatever_there_is_to_do() {
    let until = now() + TimeDelta::minutes(5);
    let held = Seen {
        told: true,
        to_tell: Some((ticket(1), now())),
        hold: Some((until, "the rate limit".to_owned())),
        ..seen()
    };
    let (rest, wait) = plan(&held, now());
    assert_eq!((rest, wait.until), (Step::Nothing, Some(until)));
    assert!(wait.reason.contains("the rate limit"), "{}", wait.reason);
    assert_eq!(step(&held, until), Step::Tell(ticket(1)));
}

#[test]
fn one_that_is_disabled_does_nothing_and_says_why() {
    let off = Seen {
        enabled: false,
        told: true,
        looked_at: None,
        to_tell: Some((ticket(1), now())),
        ..seen()
    };
    let (rest, wait) = plan(&off, now());
    assert_eq!((rest, wait.until), (Step::Nothing, None));
    assert_eq!(wait.reason, "it is disabled");
    let failed = Seen {
        failures: FAILURES_MAX,
        last_error: Some("the token has expired".to_owned()),
        ..off
    };
    let wait = plan(&failed, now()).1;
    assert_eq!(
        wait.reason,
        "left alone after 5 failures in a row: the token has expired"
    );
}

#[test]
fn it_is_given_up_after_five_failures_in_a_row_and_not_before() {
    for error in [busy(), refused()] {
        for before in 0..4 {
            let next = after_look(&error, before, EVERY, now());
            assert!(
                matches!(next, Setback::Again(at) if now() < at),
                "{before}: {next:?}"
            );
        }
        assert_eq!(after_look(&error, 4, EVERY, now()), Setback::GiveUp);
        assert_eq!(after_look(&error, i32::MAX, EVERY, now()), Setback::GiveUp);
    }
}

#[test]
fn a_used_up_rate_limit_is_no_failure() {
    let until = now() + TimeDelta::minutes(9);
    let limit = TrackerError::RateLimited { until };
    for decide in [after_look, after_ticket] {
        assert_eq!(decide(&limit, 4, EVERY, now()), Setback::Hold(until));
        let past = decide(&limit, 4, EVERY, until + TimeDelta::hours(1));
        assert_eq!(past, Setback::Hold(until + TimeDelta::hours(1)));
    }
}

#[test]
fn pauses_grow_where_it_may_pass_by_itself_and_end() {
    let minutes = |error: &TrackerError, before| match after_ticket(error, before, EVERY, now()) {
        Setback::Again(at) => (at - now()).num_minutes(),
        other @ (Setback::Hold(_) | Setback::GiveUp) => panic!("{other:?}"),
    };
    let grown: Vec<i64> = (0..5).map(|before| minutes(&busy(), before)).collect();
    assert_eq!(grown, [1, 4, 16, 60, 60]);
    assert_eq!(
        minutes(&busy(), 999),
        60,
        "what does not answer is asked for ever"
    );
    assert_eq!((minutes(&refused(), 0), minutes(&refused(), 3)), (1, 1));
    assert_eq!(after_ticket(&refused(), 4, EVERY, now()), Setback::GiveUp);
}
