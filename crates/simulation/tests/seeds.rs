//! What `make test` plays: 200 stories, each part with a database of its own.

use optio_simulation::{Ending, Ground, play};

const SEEDS_OF_A_PART: u64 = 50;

fn on_one_thread<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    runtime.expect("a runtime can be had").block_on(future)
}

/// What a person needs to play a red story again and to understand it.
fn account(seed: u64, ending: &Ending) -> String {
    let (invariant, words) = ending.broken.clone().unwrap_or_default();
    format!(
        "{}\nseed {seed} breaks `{invariant}`: {words}\nplay it again: scripts/with-postgres cargo run \
         -p optio-simulation -- --seed {seed}",
        ending.history.join("\n")
    )
}

fn part(number: u64) {
    on_one_thread(async {
        let mut ground = Ground::new().await;
        let first = number * SEEDS_OF_A_PART;
        for seed in first..first + SEEDS_OF_A_PART {
            let ending = play(&mut ground, seed).await;
            assert!(ending.broken.is_none(), "{}", account(seed, &ending));
        }
    });
}

#[test]
fn the_promises_hold_in_the_first_fifty_stories() {
    part(0);
}

#[test]
fn the_promises_hold_in_the_second_fifty_stories() {
    part(1);
}

#[test]
fn the_promises_hold_in_the_third_fifty_stories() {
    part(2);
}

#[test]
fn the_promises_hold_in_the_fourth_fifty_stories() {
    part(3);
}

#[test]
fn a_seed_tells_the_same_story_on_any_ground_and_after_any_other() {
    on_one_thread(async {
        let (mut one, mut other) = (Ground::new().await, Ground::new().await);
        let mut different = Vec::new();
        for seed in 1_000..1_010 {
            let first = play(&mut one, seed).await;
            // Whatever was played before leaves nothing behind.
            play(&mut other, seed + 500).await;
            let second = play(&mut other, seed).await;
            assert!(first.broken.is_none(), "{}", account(seed, &first));
            if first.fingerprint != second.fingerprint {
                let lines = first.history.iter().zip(&second.history);
                let differs = lines.enumerate().find(|(_, (a, b))| a != b);
                different.push(format!("seed {seed}: {differs:?}"));
            }
        }
        assert!(different.is_empty(), "{different:#?}");
    });
}
