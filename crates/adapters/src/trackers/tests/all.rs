//! What is true of every tracker.

use chrono::{DateTime, TimeDelta, Utc};
use optio_domain::tracker::{Source, TrackerError};
use optio_simulators::FaultKind;

use super::{LABEL, TOKEN, stages::all};

fn ago(minutes: i64) -> DateTime<Utc> {
    DateTime::<Utc>::from(std::time::SystemTime::now()) - TimeDelta::minutes(minutes)
}

#[tokio::test]
async fn at_first_the_open_tickets_with_the_label_are_seen_and_later_all_that_have_changed() {
    for world in all().await {
        let at = format!("{:?}", world.source);
        let old = world.stage.add("old", "", &[LABEL, "bug"]);
        world.stage.add("other", "", &["bug"]);
        let closed = world.stage.add("closed", "", &[LABEL]);
        world.stage.close(&closed);
        world.stage.add("new", "", &[LABEL]);
        world.stage.changed_last(&old, ago(60));
        let first = world.changed(None).await;
        let open = first
            .iter()
            .all(|ticket| ticket.open && ticket.has_label(LABEL));
        assert!(open, "{at}: {first:?}");
        let mut first: Vec<&str> = first.iter().map(|ticket| ticket.title.as_str()).collect();
        first.sort_unstable();
        assert_eq!(first, ["new", "old"], "{at}");
        assert_eq!(world.titles(Some(ago(30))).await, ["closed", "new"], "{at}");
        let changed = world.changed(Some(ago(30))).await;
        let shut = changed.iter().find(|ticket| ticket.title == "closed");
        assert!(!shut.unwrap().open, "{at}");
        assert_eq!(
            world.titles(Some(ago(90))).await,
            ["closed", "new", "old"],
            "{at}"
        );
    }
}

#[tokio::test]
async fn a_ticket_is_read_with_its_text_and_what_was_said_in_it() {
    for world in all().await {
        let at = format!("{:?}", world.source);
        let id = world
            .stage
            .add("Add /healthz", "It answers 200.", &[LABEL, "codex"]);
        world.stage.say(&id, "grace", "Only for GET.");
        world.stage.say(&id, "ada", "Yes.");
        let ticket = world.tracker().ticket(&id).await.unwrap();
        assert_eq!(
            (ticket.id.as_str(), ticket.open),
            (id.as_str(), true),
            "{at}"
        );
        assert_eq!(ticket.title, "Add /healthz", "{at}");
        assert_eq!(ticket.body, "It answers 200.", "{at}");
        assert_eq!(ticket.labels, [LABEL, "codex"], "{at}");
        assert!(
            ticket.url.starts_with("http") && !ticket.key.is_empty(),
            "{at}: {ticket:?}"
        );
        assert!(ago(1) < ticket.changed_at, "{at}: {ticket:?}");
        let said = world.tracker().comments(&id).await.unwrap();
        let said: Vec<(&str, &str)> = said
            .iter()
            .map(|it| (it.author.as_str(), it.body.as_str()))
            .collect();
        assert_eq!(said, [("grace", "Only for GET."), ("ada", "Yes.")], "{at}");
    }
}

#[tokio::test]
async fn a_comment_is_written_once_also_where_the_answer_is_lost() {
    for world in all().await {
        let at = format!("{:?}", world.source);
        let id = world.stage.add("Add /healthz", "", &[LABEL]);
        let tracker = world.tracker();
        let write = async |mark: &str| tracker.comment(&id, "Done by x.", mark).await;
        let method = Some("POST".to_owned());
        let fault = optio_simulators::Fault {
            kind: FaultKind::LostAnswer,
            method,
            of: if world.source == Source::Linear {
                "nothing"
            } else {
                ""
            }
            .to_owned(),
            times: 1,
        };
        world.stage.fail(fault);
        if world.source != Source::Linear {
            assert!(
                matches!(write("done:1").await, Err(TrackerError::Busy(_))),
                "{at}"
            );
        }
        write("done:1").await.unwrap();
        write("done:1").await.unwrap();
        let said = world.stage.seen(&id).comments;
        assert_eq!(said.len(), 1, "{at}: {said:?}");
        assert!(said[0].1.contains("Done by x."), "{at}: {said:?}");
        write("done:2").await.unwrap();
        assert_eq!(world.stage.seen(&id).comments.len(), 2, "{at}");
    }
}

#[tokio::test]
async fn a_ticket_is_set_done_and_doing_so_again_is_no_mistake() {
    for world in all().await {
        let at = format!("{:?}", world.source);
        let id = world.stage.add("Add /healthz", "", &[LABEL]);
        for _ in 0..2 {
            world.tracker().set_done(&id).await.unwrap();
            let state = world.stage.seen(&id).state;
            assert!(
                world.stage.done().contains(&state.as_str()),
                "{at}: {state}"
            );
            assert!(!world.tracker().ticket(&id).await.unwrap().open, "{at}");
        }
    }
}

#[tokio::test]
async fn of_many_tickets_none_is_missed_that_changes_while_they_are_read() {
    for world in all().await {
        let at = format!("{:?}", world.source);
        let ids: Vec<String> = (0..230)
            .map(|number| world.stage.add(&format!("{number:03}"), "", &[LABEL]))
            .collect();
        for (number, id) in ids.iter().enumerate() {
            let minutes = i64::try_from(500 - number).unwrap();
            world.stage.changed_last(id, ago(minutes));
        }
        let tracker = world.tracker();
        let (mut seen, mut next, mut pages) = (Vec::new(), None::<String>, 0);
        loop {
            let page = tracker
                .changed(Some(ago(600)), next.as_deref())
                .await
                .unwrap();
            seen.extend(page.tickets.into_iter().map(|ticket| ticket.id));
            pages += 1;
            // Of the oldest and the newest some change after each page.
            for at in [pages, 229 - pages] {
                world.stage.say(&ids[at], "ada", "and one thing more");
            }
            next = page.next;
            if next.is_none() {
                break;
            }
        }
        assert!(2 < pages && pages < 9, "{at}: {pages} pages");
        let changed_last = world.changed(Some(ago(5))).await;
        seen.extend(changed_last.into_iter().map(|ticket| ticket.id));
        seen.sort();
        seen.dedup();
        assert_eq!(seen.len(), 230, "{at}");
    }
}

#[tokio::test]
async fn very_many_tickets_that_changed_at_one_moment_are_all_seen() {
    for world in all().await {
        let at = format!("{:?}", world.source);
        let moment = ago(20);
        for number in 0..230 {
            let id = world.stage.add(&format!("{number:03}"), "", &[LABEL]);
            world.stage.changed_last(&id, moment);
        }
        assert_eq!(world.titles(Some(ago(30))).await.len(), 230, "{at}");
        assert_eq!(world.titles(None).await.len(), 230, "{at}");
    }
}

#[tokio::test]
async fn what_is_not_there_and_a_token_that_is_not_taken_are_told_apart() {
    for world in all().await {
        let at = format!("{:?}", world.source);
        let missing = match world.source {
            Source::GitHub | Source::GitLab => "99",
            Source::Jira => "SHOP-99",
            Source::Linear | Source::Notion => "00000000-0001-4000-8000-0000000000ff",
        };
        let error = world.tracker().ticket(missing).await.unwrap_err();
        assert!(
            matches!(error, TrackerError::NotFound(_)),
            "{at}: {error:?}"
        );
        let stranger = world.open_with(Some("a-wrong-token")).unwrap();
        let error = stranger.changed(None, None).await.unwrap_err();
        assert!(
            matches!(error, TrackerError::Unauthorized { .. }),
            "{at}: {error:?}"
        );
        for words in [error.to_string(), format!("{error:?}")] {
            assert!(!words.contains("a-wrong-token"), "{at}: {words}");
        }
    }
}

#[tokio::test]
async fn a_tracker_that_fails_is_busy_and_one_that_wants_us_to_wait_is_not_asked_meanwhile() {
    for world in all().await {
        let at = format!("{:?}", world.source);
        world.stage.add("Add /healthz", "", &[LABEL]);
        world.fail(FaultKind::Status { status: 502 }, 1);
        let error = world.tracker().changed(None, None).await.unwrap_err();
        assert!(matches!(error, TrackerError::Busy(_)), "{at}: {error:?}");
        assert_eq!(world.titles(None).await, ["Add /healthz"], "{at}");
        world.fail(FaultKind::SecondaryLimit { retry_after_s: 40 }, 1);
        let limited = async || {
            // Opened again, it is the same one.
            match world.tracker().changed(None, None).await {
                Err(TrackerError::RateLimited { until }) => until,
                other => panic!("{at}: {other:?}"),
            }
        };
        let until = limited().await;
        let wait = (until - ago(0)).num_seconds();
        assert!((30..=41).contains(&wait), "{at}: {wait}");
        let asked = world.stage.asked();
        let still = limited().await - until;
        assert!(still.abs() < TimeDelta::seconds(1), "{at}: {still}");
        assert_eq!(
            world.stage.asked(),
            asked,
            "{at}: nothing is asked meanwhile"
        );
        *world.clock.0.lock().unwrap() += TimeDelta::seconds(42);
        assert_eq!(world.titles(None).await, ["Add /healthz"], "{at}");
    }
}

#[tokio::test]
async fn a_tracker_of_its_own_service_needs_a_token() {
    for world in all().await {
        let at = format!("{:?}", world.source);
        match world.open_with(None) {
            // The token of the git host is its.
            Ok(tracker) => {
                assert_eq!(world.source, Source::GitHub);
                assert!(
                    tracker
                        .changed(None, None)
                        .await
                        .unwrap()
                        .tickets
                        .is_empty()
                );
            }
            Err(error) => {
                let words = error.to_string();
                assert!(
                    words.contains("needs a token") && words.contains("config."),
                    "{at}: {words}"
                );
            }
        }
        let odd = world.open_with(Some("a b"));
        assert!(odd.is_err(), "{at}");
        drop(odd);
        assert!(world.open_with(Some(TOKEN)).is_ok(), "{at}");
    }
}
