//! The plan as sentences.

use uuid::Uuid;

use super::*;
use crate::{
    agent::{
        breaker::{Breaker, Volley, Wakes},
        seen::{Hold, Kept},
    },
    limits::Limits,
};

const ANY: TurnId = TurnId(Uuid::from_u128(1));

fn now() -> DateTime<Utc> {
    "2026-01-01T12:00:00Z".parse().unwrap()
}

fn quiet() -> Seen {
    Seen {
        enabled: true,
        intent: None,
        deleting: false,
        pending: 0,
        waking: 0,
        interrupts_pending: 0,
        stop: false,
        wakes: Wakes::default(),
        breaker: Breaker::from(&Limits::default()),
        pause_reason: None,
        hold: None,
        turns_open: 0,
        others_queued: false,
        turns_max: 10,
        turn: None,
        lingering: None,
        sandbox: None,
        link: Link::Away {
            runner: SandboxState::Gone,
        },
    }
}

fn open(run: RunSeen) -> Option<OpenTurn> {
    Some(OpenTurn {
        turn: ANY,
        provision_until: now() + TimeDelta::minutes(2),
        duration_ms: 600_000,
        run,
        takes_input: false,
        unanswered_since: None,
    })
}

fn next(state: AgentState, seen: &Seen) -> Step {
    plan(state, seen, now()).step
}

#[test]
fn mail_leads_to_a_turn_when_there_is_room() {
    let seen = Seen {
        pending: 1,
        waking: 1,
        ..quiet()
    };
    assert_eq!(next(AgentState::Idle, &seen), Step::OpenTurn);
    assert_eq!(next(AgentState::Queued, &seen), Step::OpenTurn);
    let full = Seen {
        turns_open: 10,
        ..seen
    };
    assert_eq!(next(AgentState::Idle, &full), Step::Enqueue);
    let waiting = plan(AgentState::Queued, &full, now());
    assert_eq!(waiting.step, Step::Nothing);
    assert!(
        waiting.wait.reason.contains("10 of 10"),
        "{:?}",
        waiting.wait
    );
    assert!(waiting.wait.until.is_some());
}

#[test]
fn nobody_passes_those_who_wait_for_room() {
    let seen = Seen {
        pending: 1,
        waking: 1,
        others_queued: true,
        ..quiet()
    };
    assert_eq!(next(AgentState::Idle, &seen), Step::Enqueue);
    assert_eq!(next(AgentState::Queued, &seen), Step::OpenTurn);
}

#[test]
fn a_disabled_agent_takes_no_turn() {
    let seen = Seen {
        pending: 1,
        waking: 1,
        enabled: false,
        ..quiet()
    };
    assert_eq!(next(AgentState::Idle, &seen), Step::Nothing);
    assert_eq!(next(AgentState::Queued, &seen), Step::StandDown);
}

#[test]
fn a_wish_comes_before_everything_else() {
    let seen = Seen {
        intent: Some(Intent::Pause),
        pending: 3,
        waking: 3,
        turn: open(RunSeen::Ended(Verdict::Done)),
        ..quiet()
    };
    let obeyed = next(AgentState::Running { turn: ANY }, &seen);
    assert_eq!(
        obeyed,
        Step::Obey {
            intent: Intent::Pause,
            event: Some(AgentEvent::Paused)
        }
    );
    assert_eq!(
        next(AgentState::Archived, &seen),
        Step::Disregard(Intent::Pause)
    );
}

#[test]
fn no_turn_opens_while_an_old_run_may_be_alive() {
    let lingering = Lingering {
        run: RunId(Uuid::from_u128(9)),
        stop_asked: None,
    };
    let seen = Seen {
        pending: 1,
        waking: 1,
        lingering: Some(lingering),
        link: Link::Connected { holds_run: false },
        ..quiet()
    };
    assert_eq!(
        next(AgentState::Queued, &seen),
        Step::StopRun(lingering.run)
    );
    let asked = Lingering {
        stop_asked: Some(now() - TimeDelta::seconds(5)),
        ..lingering
    };
    let seen = Seen {
        lingering: Some(asked),
        ..seen
    };
    assert_eq!(next(AgentState::Queued, &seen), Step::RetireSandbox);
}

#[test]
fn a_dead_runner_is_started_again_under_a_run_so_that_its_journal_speaks() {
    let seen = Seen {
        turn: open(RunSeen::Started { at: now() }),
        ..quiet()
    };
    assert_eq!(
        next(AgentState::Running { turn: ANY }, &seen),
        Step::EnsureSandbox
    );
    let alive = Seen {
        link: Link::Away {
            runner: SandboxState::Alive,
        },
        ..seen
    };
    assert_eq!(
        next(AgentState::Running { turn: ANY }, &alive),
        Step::Nothing
    );
}

#[test]
fn a_runner_that_does_not_know_the_run_has_lost_it() {
    let seen = Seen {
        turn: open(RunSeen::Started { at: now() }),
        link: Link::Connected { holds_run: false },
        ..quiet()
    };
    let Plan { step, wait } = plan(AgentState::Running { turn: ANY }, &seen, now());
    assert_eq!(wait.until, Some(now()), "no state without a timer");
    assert!(
        matches!(
            step,
            Step::CloseTurn {
                verdict: Verdict::Failed(_),
                ..
            }
        ),
        "{step:?}"
    );
}

#[test]
fn the_time_limit_holds_even_when_the_runner_is_silent() {
    let seen = Seen {
        turn: open(RunSeen::Started {
            at: now() - TimeDelta::minutes(11),
        }),
        link: Link::Connected { holds_run: true },
        ..quiet()
    };
    let Step::CloseTurn {
        verdict: Verdict::Failed(failure),
        ..
    } = next(AgentState::Running { turn: ANY }, &seen)
    else {
        panic!("the turn goes on");
    };
    assert_eq!(failure.class, FailureClass::Timeout);
}

#[test]
fn a_sandbox_is_kept_for_its_window_and_no_longer() {
    let until = now() + TimeDelta::minutes(1);
    let seen = Seen {
        sandbox: Some(Kept { until: Some(until) }),
        ..quiet()
    };
    let kept = plan(AgentState::Idle, &seen, now());
    assert_eq!((kept.step, kept.wait.until), (Step::Nothing, Some(until)));
    assert_eq!(
        plan(AgentState::Idle, &seen, until).step,
        Step::RetireSandbox
    );
    let always = Seen {
        sandbox: Some(Kept { until: None }),
        ..quiet()
    };
    assert_eq!(next(AgentState::Idle, &always), Step::Nothing);
    assert_eq!(next(AgentState::Paused, &always), Step::RetireSandbox);
}

#[test]
fn a_deleted_agent_is_removed_only_once_nothing_of_it_runs() {
    let seen = Seen {
        deleting: true,
        ..quiet()
    };
    assert_eq!(next(AgentState::Archived, &seen), Step::Purge);
    let lingering = Lingering {
        run: RunId(Uuid::from_u128(9)),
        stop_asked: None,
    };
    let running = Seen {
        lingering: Some(lingering),
        ..seen
    };
    assert_eq!(next(AgentState::Archived, &running), Step::RetireSandbox);
}

#[test]
fn notices_alone_open_no_turn_and_the_wait_says_so() {
    let seen = Seen {
        pending: 2,
        ..quiet()
    };
    let rest = plan(AgentState::Idle, &seen, now());
    assert_eq!((rest.step, rest.wait.until), (Step::Nothing, None));
    assert!(rest.wait.reason.contains("2 of class notify"));
    assert_eq!(next(AgentState::Queued, &seen), Step::StandDown);
}

#[test]
fn a_stop_ends_the_open_turn_before_anything_else_but_a_persons_wish() {
    let seen = Seen {
        stop: true,
        turn: open(RunSeen::Started { at: now() }),
        link: Link::Connected { holds_run: true },
        ..quiet()
    };
    for state in [
        AgentState::Running { turn: ANY },
        AgentState::Provisioning { turn: ANY },
    ] {
        assert_eq!(next(state, &seen), Step::CancelTurn(ANY));
    }
    let paused = Seen {
        intent: Some(Intent::Pause),
        ..seen.clone()
    };
    assert!(matches!(
        next(AgentState::Running { turn: ANY }, &paused),
        Step::Obey { .. }
    ));
    let done = Seen {
        turn: open(RunSeen::Ended(Verdict::Done)),
        ..seen.clone()
    };
    assert!(matches!(
        next(AgentState::Running { turn: ANY }, &done),
        Step::CloseTurn { .. }
    ));
    let over = Seen { turn: None, ..seen };
    assert_eq!(next(AgentState::Idle, &over), Step::Nothing);
}

#[test]
fn an_agent_that_is_woken_too_often_is_paused_instead_of_taking_a_turn() {
    let volley = Volley {
        sender: "default/b".to_owned(),
        messages: 60,
        since: now(),
    };
    let seen = Seen {
        pending: 1,
        waking: 1,
        wakes: Wakes {
            volley: Some(volley),
            ..Wakes::default()
        },
        ..quiet()
    };
    for state in [AgentState::Queued, AgentState::Idle] {
        assert!(matches!(next(state, &seen), Step::Trip(_)), "{state:?}");
    }
    let resting = Seen { waking: 0, ..seen };
    assert_eq!(next(AgentState::Queued, &resting), Step::StandDown);
    let told = Seen {
        pause_reason: Some("too lively".to_owned()),
        ..quiet()
    };
    let paused = plan(AgentState::Paused, &told, now()).wait;
    assert_eq!(
        paused,
        Wait::at_rest("paused: too lively", "a person: resume it").whatever_mail_comes()
    );
}

#[test]
fn mail_ends_the_wait_of_those_alone_who_may_act_on_it() {
    let mail = Seen {
        pending: 1,
        waking: 1,
        ..quiet()
    };
    let full = Seen {
        turns_open: 10,
        ..mail.clone()
    };
    let disabled = Seen {
        enabled: false,
        ..mail.clone()
    };
    let held = Seen {
        hold: Some(Hold {
            until: now() + TimeDelta::minutes(1),
            reason: "rate limited".to_owned(),
        }),
        ..mail.clone()
    };
    let heeds = |state, seen: &Seen| plan(state, seen, now()).wait.heeds_mail;
    assert!(heeds(AgentState::Idle, &quiet()));
    let at_work = Seen {
        turn: open(RunSeen::Started { at: now() }),
        link: Link::Connected { holds_run: true },
        ..mail.clone()
    };
    assert!(heeds(AgentState::Running { turn: ANY }, &at_work));
    for (state, seen) in [
        (AgentState::Queued, &full),
        (AgentState::Idle, &disabled),
        (AgentState::Idle, &held),
        (AgentState::Paused, &mail),
        (AgentState::Failed, &mail),
        (AgentState::Archived, &mail),
    ] {
        assert!(!heeds(state, seen), "{state:?}");
    }
}

#[test]
fn whoever_has_something_to_do_next_is_looked_at_though_its_hint_is_lost() {
    let over = Seen {
        sandbox: Some(Kept { until: Some(now()) }),
        ..quiet()
    };
    let next = plan(AgentState::Idle, &over, now());
    assert_eq!(next.step, Step::RetireSandbox);
    assert_eq!(next.wait.until, None, "once it is done, nothing is left");
    assert_eq!(next.wait_before(now()).until, Some(now()));
    let nothing = plan(AgentState::Idle, &quiet(), now());
    assert_eq!(nothing.wait_before(now()).until, None);
}
