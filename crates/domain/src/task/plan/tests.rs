use uuid::Uuid;

use super::*;
use crate::{
    agent::seen::{Hold, Lingering},
    limits::STOP_MS_MAX,
    ports::SandboxState,
    repo::ReviewTrigger,
    task::{
        depends::Dependencies,
        policy::Policy,
        review::{ReviewSeen, ReviewVerdict},
    },
};

const RUN: RunId = RunId(Uuid::nil());

fn now() -> DateTime<Utc> {
    // A Saturday, so that no hour of it is a peak.
    "2026-01-03T12:00:00Z".parse().unwrap()
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

fn seen() -> Seen {
    Seen {
        kind: TaskType::Coding,
        intent: None,
        dependencies: Dependencies::default(),
        hold: None,
        ignore_off_peak: false,
        room: Room {
            all: 0,
            all_max: 5,
            own: 0,
        },
        run: None,
        lingering: None,
        link: Link::Away {
            runner: SandboxState::Gone,
        },
        pull: None,
        acted: Acted::default(),
        auto_resumes: 0,
        blocking_open: 0,
        review: None,
        letters_new: 0,
        verdict_untold: false,
        ticket_open: false,
        policy: Policy::default(),
    }
}

fn merging() -> Seen {
    Seen {
        pull: Some(pull()),
        policy: Policy {
            auto_merge: true,
            ..Policy::default()
        },
        ..seen()
    }
}

fn merges(seen: &Seen) -> bool {
    matches!(
        plan(TaskState::PrOpened, seen, now()).step,
        Step::Merge { .. }
    )
}

fn event(state: TaskState, seen: &Seen) -> Option<TaskEvent> {
    let Step::Shift { event, .. } = plan(state, seen, now()).step else {
        return None;
    };
    Some(event)
}

#[test]
fn dependencies_are_waited_for_and_a_lost_one_fails_the_task() {
    let waits = |open, lost| Seen {
        dependencies: Dependencies { open, lost },
        ..seen()
    };
    assert_eq!(event(TaskState::Pending, &seen()), Some(TaskEvent::Ready));
    assert_eq!(
        event(TaskState::Pending, &waits(1, 0)),
        Some(TaskEvent::MustWait)
    );
    assert_eq!(event(TaskState::WaitingOnDeps, &waits(1, 0)), None);
    assert_eq!(
        event(TaskState::WaitingOnDeps, &waits(0, 0)),
        Some(TaskEvent::Ready)
    );
    assert_eq!(
        event(TaskState::WaitingOnDeps, &waits(1, 1)),
        Some(TaskEvent::GaveUp)
    );
}

#[test]
fn a_queued_task_runs_where_there_is_room_and_says_what_it_waits_for_otherwise() {
    assert_eq!(plan(TaskState::Queued, &seen(), now()).step, Step::OpenRun);
    let full = Seen {
        room: Room {
            all: 5,
            all_max: 5,
            own: 0,
        },
        ..seen()
    };
    assert!(
        plan(TaskState::Queued, &full, now())
            .wait
            .reason
            .contains("5 of 5 tasks")
    );
    let repo = Seen {
        room: Room {
            all: 2,
            all_max: 5,
            own: 2,
        },
        ..seen()
    };
    let wait = plan(TaskState::Queued, &repo, now()).wait;
    assert!(wait.reason.contains("of its repository") && wait.until.is_some());
    let hold = Hold {
        until: now() + TimeDelta::seconds(9),
        reason: "a pause".to_owned(),
    };
    let held = Seen {
        hold: Some(hold),
        ..seen()
    };
    assert_eq!(
        plan(TaskState::Queued, &held, now()).wait.until,
        Some(now() + TimeDelta::seconds(9))
    );
}

#[test]
fn off_peak_tasks_wait_for_the_end_of_the_peak_unless_a_person_says_otherwise() {
    let monday: DateTime<Utc> = "2026-01-05T17:00:00Z".parse().unwrap();
    let cheap = Seen {
        policy: Policy {
            off_peak_only: true,
            ..Policy::default()
        },
        ..seen()
    };
    let waiting = plan(TaskState::Queued, &cheap, monday);
    assert_eq!(
        (
            waiting.step,
            waiting.wait.until.unwrap().to_rfc3339().as_str()
        ),
        (Step::Nothing, "2026-01-05T19:00:00+00:00")
    );
    let now_please = Seen {
        ignore_off_peak: true,
        ..cheap
    };
    assert_eq!(
        plan(TaskState::Queued, &now_please, monday).step,
        Step::OpenRun
    );
}

#[test]
fn a_pull_request_that_is_over_decides() {
    let is = |status| Seen {
        pull: Some(PullSeen { status, ..pull() }),
        ..seen()
    };
    assert_eq!(
        event(TaskState::PrOpened, &is(PullStatus::Merged)),
        Some(TaskEvent::Merged)
    );
    assert_eq!(
        event(TaskState::PrOpened, &is(PullStatus::Closed)),
        Some(TaskEvent::Closed)
    );
    assert_eq!(
        event(TaskState::NeedsAttention, &is(PullStatus::Merged)),
        Some(TaskEvent::Merged)
    );
    assert_eq!(
        event(TaskState::Failed, &is(PullStatus::Merged)),
        Some(TaskEvent::Merged)
    );
    assert_eq!(event(TaskState::Failed, &is(PullStatus::Closed)), None);
}

#[test]
fn red_checks_send_the_agent_back_until_too_often() {
    let red = Seen {
        pull: Some(PullSeen {
            checks: ChecksStatus::Failing,
            ..pull()
        }),
        ..seen()
    };
    let step = plan(TaskState::PrOpened, &red, now()).step;
    assert!(matches!(
        step,
        Step::SendBack {
            feedback: Feedback::ChecksFailed { .. },
            ..
        }
    ));
    let often = Seen {
        auto_resumes: 10,
        ..red.clone()
    };
    assert_eq!(event(TaskState::PrOpened, &often), Some(TaskEvent::Asked));
    let off = Seen {
        policy: Policy {
            auto_resume: false,
            ..Policy::default()
        },
        ..red
    };
    assert_eq!(event(TaskState::PrOpened, &off), Some(TaskEvent::Asked));
}

#[test]
fn only_a_green_head_without_objections_is_merged() {
    assert!(merges(&merging()));
    let with = |pull: PullSeen| Seen {
        pull: Some(pull),
        ..merging()
    };
    for checks in [
        ChecksStatus::None,
        ChecksStatus::Pending,
        ChecksStatus::Unknown,
    ] {
        assert!(
            !merges(&with(PullSeen { checks, ..pull() })),
            "{}",
            checks.name()
        );
    }
    assert!(!merges(&with(PullSeen {
        draft: true,
        ..pull()
    })));
    assert!(!merges(&with(PullSeen {
        mergeable: None,
        ..pull()
    })));
    assert!(!merges(&Seen {
        blocking_open: 1,
        ..merging()
    }));
    for policy in [
        Policy {
            auto_merge: false,
            ..Policy::default()
        },
        Policy {
            auto_merge: true,
            cautious: true,
            ..Policy::default()
        },
    ] {
        assert!(!merges(&Seen {
            policy,
            ..merging()
        }));
    }
}

#[test]
fn with_review_on_only_the_approved_head_is_merged() {
    let policy = Policy {
        auto_merge: true,
        review: true,
        ..Policy::default()
    };
    let reviewed = |head: &str, verdict| Seen {
        policy: policy.clone(),
        review: Some(ReviewSeen {
            head: head.to_owned(),
            over: true,
            verdict: Some(verdict),
        }),
        ..merging()
    };
    assert!(merges(&reviewed("aaa", ReviewVerdict::Approve)));
    assert!(!merges(&reviewed("aaa", ReviewVerdict::Comment)));
    let unseen = plan(
        TaskState::PrOpened,
        &reviewed("old", ReviewVerdict::Approve),
        now(),
    );
    assert_eq!(
        unseen.step,
        Step::LaunchReview {
            head: "aaa".to_owned()
        }
    );
}

#[test]
fn the_review_agent_is_asked_once_per_head_at_its_time() {
    let policy = |review_trigger| Policy {
        review: true,
        review_trigger,
        ..Policy::default()
    };
    let launches = |seen: &Seen| {
        matches!(
            plan(TaskState::PrOpened, seen, now()).step,
            Step::LaunchReview { .. }
        )
    };
    let pending = PullSeen {
        checks: ChecksStatus::Pending,
        ..pull()
    };
    let is = |pull: &PullSeen, trigger| Seen {
        pull: Some(pull.clone()),
        policy: policy(trigger),
        ..seen()
    };
    assert!(launches(&is(&pending, ReviewTrigger::OnPull)));
    assert!(!launches(&is(&pending, ReviewTrigger::OnCiPass)));
    assert!(launches(&is(&pull(), ReviewTrigger::OnCiPass)));
    assert!(!launches(&is(&pull(), ReviewTrigger::Manual)));
    let at_work = ReviewSeen {
        head: "old".to_owned(),
        over: false,
        verdict: None,
    };
    assert!(!launches(&Seen {
        review: Some(at_work),
        ..is(&pull(), ReviewTrigger::OnCiPass)
    }));
}

#[test]
fn an_old_run_is_asked_to_end_until_it_is_gone_and_nothing_else_happens_before() {
    let lingering = Lingering {
        run: RUN,
        stop_asked: None,
    };
    let connected = Link::Connected { holds_run: true };
    let old = Seen {
        lingering: Some(lingering),
        link: connected,
        ..seen()
    };
    assert_eq!(
        plan(TaskState::Queued, &old, now()).step,
        Step::StopRun(RUN)
    );
    let asked = Lingering {
        stop_asked: Some(now()),
        ..lingering
    };
    let old = Seen {
        lingering: Some(asked),
        ..old
    };
    assert_eq!(plan(TaskState::Queued, &old, now()).step, Step::Nothing);
    let later = now() + TimeDelta::milliseconds(STOP_MS_MAX);
    assert_eq!(
        plan(TaskState::Queued, &old, later).step,
        Step::StopRun(RUN)
    );
    let dead = Seen {
        link: Link::Away {
            runner: SandboxState::Gone,
        },
        ..old
    };
    assert_eq!(
        plan(TaskState::Queued, &dead, now()).step,
        Step::EnsureSandbox
    );
}

#[test]
fn a_person_comes_before_everything_else() {
    let lingering = Some(Lingering {
        run: RUN,
        stop_asked: None,
    });
    let wanted = |intent| Seen {
        intent: Some(intent),
        lingering,
        ..merging()
    };
    let cancel = plan(TaskState::PrOpened, &wanted(Intent::Cancel), now()).step;
    assert!(matches!(
        cancel,
        Step::Obey {
            event: TaskEvent::Cancelled,
            ..
        }
    ));
    let resume = plan(TaskState::Completed, &wanted(Intent::Resume), now()).step;
    assert_eq!(resume, Step::Disregard(Intent::Resume));
}

#[test]
fn whoever_is_not_at_rest_has_a_deadline() {
    let names = TaskState::NAMES.map(|name| {
        let run = matches!(name, "provisioning" | "running").then_some(RUN);
        TaskState::from_parts(name, run).unwrap()
    });
    for state in names {
        let plan = plan(state, &merging(), now());
        let rests = matches!(
            state,
            TaskState::NeedsAttention
                | TaskState::Completed
                | TaskState::Failed
                | TaskState::Cancelled
                | TaskState::WaitingOnDeps
        );
        assert!(rests || plan.wait.until.is_some(), "{}", state.name());
        assert!(!plan.wait.reason.is_empty() && !plan.wait.holder.is_empty());
    }
}

#[test]
fn a_task_at_rest_goes_on_with_what_is_written_to_it_and_a_merge_comes_first() {
    let mut told = seen();
    told.letters_new = 1;
    told.pull = Some(pull());
    for state in [
        TaskState::PrOpened,
        TaskState::NeedsAttention,
        TaskState::Failed,
        TaskState::Cancelled,
    ] {
        assert_eq!(plan(state, &told, now()).step, Step::GoOn, "{state:?}");
        let mut quiet = told.clone();
        quiet.letters_new = 0;
        let plan = plan(state, &quiet, now());
        assert!(plan.step != Step::GoOn && plan.wait.heeds_mail, "{state:?}");
    }
    assert_eq!(plan(TaskState::Completed, &told, now()).step, Step::Nothing);
    told.pull = Some(PullSeen {
        status: PullStatus::Merged,
        ..pull()
    });
    for state in [
        TaskState::PrOpened,
        TaskState::NeedsAttention,
        TaskState::Failed,
    ] {
        let step = plan(state, &told, now()).step;
        assert!(
            matches!(
                step,
                Step::Shift {
                    event: TaskEvent::Merged,
                    ..
                }
            ),
            "{state:?}"
        );
    }
}
