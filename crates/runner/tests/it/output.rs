//! What a run reads and what it prints: size, garbage, secrets.

use optio_domain::wire::runner::{Happening, RunEvent};

use crate::plane::{end, errors, lines};
use crate::world::{Kind, World};

fn cuts(events: &[RunEvent]) -> Vec<(usize, u64)> {
    let cut = |event: &RunEvent| match &event.what {
        Happening::Stdout { line, cut } => Some((line.len(), *cut)),
        _ => None,
    };
    events.iter().filter_map(cut).collect()
}

#[tokio::test]
async fn a_line_of_ten_megabytes_is_cut_and_the_next_one_is_whole() {
    let world = World::new(Kind::Bubblewrap).await;
    let mut spec = world.script("head -c 10000000 /dev/zero | tr '\\0' x; echo; echo next");
    spec.limits.line_bytes = 1 << 20;
    let events = world.plane.ended(world.plane.start(&spec)).await;
    let limit = 1 << 20;
    assert_eq!(cuts(&events), [(limit, 10_000_000 - limit as u64), (4, 0)]);
}

#[tokio::test]
async fn the_worst_line_still_fits_one_frame() {
    let world = World::new(Kind::Bare).await;
    let mut spec = world.script("head -c 10000000 /dev/zero; echo; echo next");
    spec.limits.line_bytes = usize::MAX;
    let events = world.plane.ended(world.plane.start(&spec)).await;
    assert_eq!(cuts(&events), [(2 << 20, 10_000_000 - (2 << 20)), (4, 0)]);
}

#[tokio::test]
async fn garbage_is_replaced_and_harms_nothing() {
    let world = World::new(Kind::Bubblewrap).await;
    let spec = world.script(
        "printf 'a\\377\\376b\\n'; head -c 100000 /dev/urandom; echo; printf 'nul\\0nul\\r\\n'; echo over",
    );
    let events = world.plane.ended(world.plane.start(&spec)).await;
    let lines = lines(&events);
    assert_eq!(lines[0], "a\u{FFFD}\u{FFFD}b");
    assert_eq!(lines[lines.len() - 2], "nul\0nul");
    assert_eq!(lines[lines.len() - 1], "over");
    assert_eq!(end(&events).code, Some(0));
}

#[tokio::test]
async fn secrets_come_out_neither_on_the_wire_nor_in_the_journal() {
    let world = World::new(Kind::Bubblewrap).await;
    let secret = "s3cret\"with quote";
    let mut spec = world.script(
        "printf 'out %s end\\n' \"$KEY\"; printf 'err %s\\n' \"$KEY\" >&2; \
         printf '%s' \"$KEY\" | base64; printf 'user:%s' \"$KEY\" | base64; \
         printf '{\"key\": \"s3cret\\\\\"with quote\"}\\n'; printf '%s\\n' \"$PEM\"; echo $TINY",
    );
    spec.secrets.insert("KEY".to_owned(), secret.to_owned());
    spec.secrets.insert(
        "PEM".to_owned(),
        "first-line-of-key\nsecond-line-of-key".to_owned(),
    );
    spec.secrets.insert("TINY".to_owned(), "abc".to_owned());
    let run = world.plane.start(&spec);
    let events = world.plane.ended(run).await;
    assert_eq!(errors(&events), ["err ***"]);
    let lines = lines(&events);
    assert_eq!(lines[0], "out *** end");
    assert!(lines[1].contains("***"), "{}", lines[1]);
    assert!(lines[2].contains("***"), "{}", lines[2]);
    assert_eq!(lines[3..], ["{\"key\": \"***\"}", "***", "***", "abc"]);
    let journal = world.journal(run);
    for hidden in ["s3cret", "czNjcmV0", "line-of-key"] {
        assert!(!journal.contains(hidden), "{hidden} in {journal}");
    }
}

#[tokio::test]
async fn a_secret_at_the_cut_does_not_come_out_by_half() {
    let world = World::new(Kind::Bare).await;
    let mut spec = world.script("printf '123456%s78\\n' \"$KEY\"");
    spec.secrets
        .insert("KEY".to_owned(), "topsecret".to_owned());
    spec.limits.line_bytes = 10;
    let events = world.plane.ended(world.plane.start(&spec)).await;
    assert_eq!(lines(&events), ["123456***"]);
}

#[tokio::test]
async fn neither_prompt_nor_secret_nor_token_is_in_arguments_or_journal() {
    let world = World::new(Kind::Bubblewrap).await;
    let mut spec = world.script("echo ready; sleep 300");
    spec.stdin = "the-prompt-itself".to_owned();
    spec.secrets
        .insert("KEY".to_owned(), "the-secret-itself".to_owned());
    let run = world.plane.start(&spec);
    world.plane.line(run, "ready").await;
    for hidden in [
        "the-prompt-itself",
        "the-secret-itself",
        crate::world::TOKEN,
    ] {
        assert_eq!(crate::world::running(hidden), [""; 0]);
        assert!(!world.journal(run).contains(hidden));
    }
}

#[tokio::test]
async fn a_prompt_of_three_hundred_kilobytes_arrives_whole_while_output_flows() {
    for kind in [Kind::Bare, Kind::Bubblewrap] {
        let world = World::new(kind).await;
        let prompt: String = (0..30_000).map(|n| format!("line {n:05}\n")).collect();
        assert!(300_000 < prompt.len());
        let mut spec = world.script("cat");
        spec.stdin = prompt.clone();
        let events = world.plane.ended(world.plane.start(&spec)).await;
        assert_eq!(lines(&events).join("\n") + "\n", prompt);
    }
}

#[tokio::test]
async fn an_agent_that_does_not_read_its_prompt_ends_in_order() {
    let world = World::new(Kind::Bubblewrap).await;
    let mut spec = world.script("echo done");
    spec.stdin = "x".repeat(1 << 20);
    let events = world.plane.ended(world.plane.start(&spec)).await;
    assert_eq!(lines(&events), ["done"]);
    assert_eq!(end(&events).code, Some(0));
}

#[tokio::test]
async fn a_run_says_what_it_uses() {
    let world = World::new(Kind::Bubblewrap).await;
    let spec = world.script("sleep 300 & echo ready; sleep 300");
    let run = world.plane.start(&spec);
    let (rss_bytes, processes) = world
        .plane
        .until("a sample", |memory| {
            memory
                .events
                .get(&run)?
                .iter()
                .find_map(|event| match event.what {
                    Happening::Sample {
                        rss_bytes,
                        processes,
                        ..
                    } => Some((rss_bytes, processes)),
                    _ => None,
                })
        })
        .await;
    assert!(0 < rss_bytes && 3 <= processes, "{processes}");
}
