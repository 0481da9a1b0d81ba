//! Plays stories by hand: `scripts/with-postgres cargo run -p optio-simulation --release --
//! --seeds 1000 [--from 0] [--workers 2] [--reds 1]`, or `--seed 7` for one with its history.

use std::{
    io::Write as _,
    process::ExitCode,
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use optio_simulation::{Ground, play};

/// How often a long run says how far it is.
const SAY_EVERY: u64 = 1_000;

/// How long a story may take: it has no time of its own, so it hangs if it takes longer.
const STORY_MAX: Duration = Duration::from_secs(60);

struct Wish {
    from: u64,
    seeds: u64,
    workers: u64,
    /// Red stories after which no other is begun.
    reds: usize,
    one: bool,
}

fn main() -> ExitCode {
    match wish(std::env::args().skip(1)) {
        Ok(wish) => run(&Arc::new(wish)),
        Err(words) => {
            say(&format!(
                "{words}\nusage: --seed N | --seeds N [--from S] [--workers W] [--reds R]"
            ));
            ExitCode::from(2)
        }
    }
}

fn wish(mut words: impl Iterator<Item = String>) -> Result<Wish, String> {
    let mut wish = Wish {
        from: 0,
        seeds: 200,
        workers: 1,
        reds: usize::MAX,
        one: false,
    };
    while let Some(word) = words.next() {
        let number = words.next().and_then(|it| it.parse::<u64>().ok());
        let number = number.ok_or_else(|| format!("{word} needs a number"))?;
        match word.as_str() {
            "--seed" => (wish.from, wish.seeds, wish.one) = (number, 1, true),
            "--seeds" => wish.seeds = number,
            "--from" => wish.from = number,
            "--reds" => wish.reds = usize::try_from(number).unwrap_or(usize::MAX),
            "--workers" => wish.workers = number.max(1),
            other => return Err(format!("{other} is not known")),
        }
    }
    Ok(wish)
}

#[derive(Default)]
struct Sum {
    next: AtomicU64,
    played: AtomicU64,
    events: AtomicU64,
    red: AtomicUsize,
}

fn run(wish: &Arc<Wish>) -> ExitCode {
    let (sum, begun) = (Arc::new(Sum::default()), Instant::now());
    let workers: Vec<_> = (0..wish.workers)
        .map(|_| {
            let (wish, sum) = (Arc::clone(wish), Arc::clone(&sum));
            std::thread::spawn(move || work(&wish, &sum, begun))
        })
        .collect();
    let whole = workers.into_iter().all(|worker| worker.join().is_ok());
    say(&account(&sum, begun));
    if sum.red.load(Ordering::Relaxed) == 0 && whole {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// One thread, one database, one story after the other.
fn work(wish: &Wish, sum: &Sum, begun: Instant) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    runtime.expect("a runtime can be had").block_on(async {
        let mut ground = Ground::new().await;
        loop {
            let number = sum.next.fetch_add(1, Ordering::Relaxed);
            let red = sum.red.load(Ordering::Relaxed);
            if wish.seeds <= number || wish.reds <= red {
                return;
            }
            let seed = wish.from + number;
            let story = tokio::time::timeout(STORY_MAX, play(&mut ground, seed)).await;
            let Ok(ending) = story else {
                say(&format!("seed {seed} hangs: nothing happened any more"));
                std::process::abort();
            };
            let events = u64::try_from(ending.history.len()).unwrap_or(0);
            sum.events.fetch_add(events, Ordering::Relaxed);
            let played = 1 + sum.played.fetch_add(1, Ordering::Relaxed);
            if wish.one {
                say(&ending.history.join("\n"));
                say(&format!("fingerprint {:016x}", ending.fingerprint));
            }
            if let Some((invariant, words)) = &ending.broken {
                say(&format!(
                    "seed {seed} is red: {invariant}: {words} (--seed {seed} shows its history)"
                ));
                sum.red.fetch_add(1, Ordering::Relaxed);
            }
            if played.is_multiple_of(SAY_EVERY) {
                say(&account(sum, begun));
            }
        }
    });
}

fn account(sum: &Sum, begun: Instant) -> String {
    format!(
        "{} seeds, {} events, {} red, {:.1} s",
        sum.played.load(Ordering::Relaxed),
        sum.events.load(Ordering::Relaxed),
        sum.red.load(Ordering::Relaxed),
        begun.elapsed().as_secs_f64(),
    )
}

fn say(words: &str) {
    drop(writeln!(std::io::stdout(), "{words}"));
}
