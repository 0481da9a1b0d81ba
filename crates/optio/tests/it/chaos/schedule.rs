//! What goes wrong when: decided by a seed before anything runs.

use std::time::Duration;

use optio_domain::limits::Limits;

/// A small generator of numbers, so that a schedule comes again with its seed.
#[derive(Debug, Clone)]
pub(super) struct Dice(u64);

impl Dice {
    pub(super) fn new(seed: u64) -> Self {
        // Small seeds have few bits, and this generator needs some.
        let mut dice = Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1);
        for _ in 0..8 {
            dice.next();
        }
        dice
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    pub(super) fn below(&mut self, end: u64) -> u64 {
        self.next() % end.max(1)
    }

    pub(super) fn ms(&mut self, from: u64, to: u64) -> Duration {
        Duration::from_millis(from + self.below(to - from + 1))
    }
}

/// What can go wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Fault {
    /// SIGKILL of a control plane, and its start after a while.
    KillReplica,
    /// A stop as an operator asks for it, and a start.
    RestartReplica,
    /// SIGSTOP of a control plane, and SIGCONT.
    FreezeReplica,
    /// SIGKILL of the postmaster, and its start.
    KillPostgres,
    /// A fast stop of Postgres, and its start.
    RestartPostgres,
    /// Each flush of Postgres takes longer.
    SlowDisk,
    /// The wall clock of a control plane's machine is set, and set right again.
    SetReplicaClock,
    /// The wall clock of the database's machine is set, and set right again.
    SetDatabaseClock,
    /// SIGKILL of a runner.
    KillRunner,
    /// SIGSTOP of a runner, and SIGCONT.
    FreezeRunner,
    /// SIGKILL of an agent program.
    KillAgent,
    /// Sandboxes reach nobody: connections end, and new ones are refused.
    CutNetwork,
    /// Connections of sandboxes stay, and nothing comes through.
    StallNetwork,
    /// Connections of sandboxes end in the middle of what they carry.
    HalfNetwork,
    /// More messages for one agent than its inbox takes.
    Flood,
}

impl Fault {
    /// Every fault. The ones that take the most down stand first, in a lane of their own.
    const HARD: [Self; 6] = [
        Self::KillReplica,
        Self::RestartReplica,
        Self::FreezeReplica,
        Self::KillPostgres,
        Self::RestartPostgres,
        Self::SlowDisk,
    ];
    const CLOCKS: [Self; 2] = [Self::SetReplicaClock, Self::SetDatabaseClock];
    const SOFT: [Self; 7] = [
        Self::KillRunner,
        Self::FreezeRunner,
        Self::KillAgent,
        Self::CutNetwork,
        Self::StallNetwork,
        Self::HalfNetwork,
        Self::Flood,
    ];
}

/// One fault of a schedule.
#[derive(Debug, Clone, Copy)]
pub(super) struct Planned {
    /// When, after the begin of the load.
    pub(super) at: Duration,
    pub(super) fault: Fault,
    /// Who is hit: this number, modulo how many there are at that moment.
    pub(super) pick: usize,
    /// How long it lasts.
    pub(super) hold: Duration,
}

/// Seconds by which a clock can be wrong.
const WRONG_S: [i64; 8] = [2, -2, 30, -30, 300, -300, 3_600, -3_600];
/// Milliseconds by which a flush can take longer.
const LONGER_MS: [u64; 4] = [20, 60, 200, 600];

impl Planned {
    /// How far ahead a clock is set.
    pub(super) fn clock_ms(&self) -> i64 {
        // The same number says which clock it is, so that its higher part decides.
        WRONG_S[self.pick / 16 % WRONG_S.len()] * 1_000
    }

    /// How much longer a flush takes.
    pub(super) fn flush(&self) -> Duration {
        Duration::from_millis(LONGER_MS[self.pick % LONGER_MS.len()])
    }
}

/// What is to be played.
#[derive(Debug, Clone, Copy)]
pub(super) struct Plan {
    pub(super) seed: u64,
    /// How long faults and load last.
    pub(super) lasts: Duration,
    pub(super) replicas: usize,
    pub(super) agents: usize,
    pub(super) clients: usize,
}

impl Plan {
    /// Enough for each kind of fault to happen once.
    pub(super) fn short(replicas: usize) -> Self {
        let (seed, seconds) = if replicas == 1 { (1, 20) } else { (13, 30) };
        Self {
            seed,
            lasts: Duration::from_secs(seconds),
            replicas,
            agents: 6,
            clients: 3,
        }
    }

    /// The plan with what `scripts/chaos` was asked for.
    pub(super) fn asked_or(self) -> Self {
        let number = |name: &str| -> Option<u64> {
            let text = std::env::var_os(name)?.into_string().unwrap();
            Some(text.parse().unwrap_or_else(|_| panic!("{name}={text}")))
        };
        let replicas = number("OPTIO_CHAOS_REPLICAS").map(|it| usize::try_from(it).unwrap());
        Self {
            seed: number("OPTIO_CHAOS_SEED").unwrap_or(self.seed),
            lasts: number("OPTIO_CHAOS_SECONDS").map_or(self.lasts, Duration::from_secs),
            replicas: replicas.unwrap_or(self.replicas),
            ..self
        }
    }

    /// The faults, in three lanes that do not wait for each other, in the order of their times.
    pub(super) fn schedule(&self) -> Vec<Planned> {
        let mut dice = Dice::new(self.seed);
        let mut all = self.lane(&mut dice, &Fault::HARD, (600, 1_800));
        all.extend(self.lane(&mut dice, &Fault::SOFT, (300, 1_200)));
        all.extend(self.lane(&mut dice, &Fault::CLOCKS, (500, 2_000)));
        all.sort_by_key(|planned| planned.at);
        all
    }

    /// Each fault once in an order of chance, then again.
    fn lane(&self, dice: &mut Dice, faults: &[Fault], pause_ms: (u64, u64)) -> Vec<Planned> {
        let mut planned = Vec::new();
        let mut deck: Vec<Fault> = Vec::new();
        let mut at = dice.ms(500, 1_500);
        while at < self.lasts {
            if deck.is_empty() {
                deck = faults.to_vec();
            }
            let count = u64::try_from(deck.len()).unwrap();
            let fault = deck.swap_remove(usize::try_from(dice.below(count)).unwrap());
            let hold = self.hold(fault, dice);
            planned.push(Planned {
                at,
                fault,
                pick: usize::try_from(dice.below(1 << 16)).unwrap(),
                hold,
            });
            at += hold + dice.ms(pause_ms.0, pause_ms.1);
        }
        planned
    }

    fn hold(&self, fault: Fault, dice: &mut Dice) -> Duration {
        match fault {
            // With others there to take over, longer than their patience.
            Fault::FreezeReplica if 1 < self.replicas => dice.ms(2_000, 14_000),
            Fault::FreezeReplica => dice.ms(500, 4_000),
            Fault::KillReplica if 1 < self.replicas => dice.ms(100, 12_000),
            Fault::KillReplica | Fault::RestartReplica => dice.ms(0, 1_500),
            Fault::KillPostgres | Fault::RestartPostgres => dice.ms(0, 2_000),
            Fault::SlowDisk => dice.ms(1_000, 3_000),
            Fault::SetReplicaClock | Fault::SetDatabaseClock => dice.ms(200, 6_000),
            Fault::FreezeRunner | Fault::CutNetwork | Fault::StallNetwork => dice.ms(300, 3_000),
            Fault::HalfNetwork => dice.ms(100, 500),
            Fault::KillRunner | Fault::KillAgent | Fault::Flood => Duration::ZERO,
        }
    }
}

/// The schedule as a person reads it.
pub(super) fn in_words(schedule: &[Planned]) -> String {
    schedule
        .iter()
        .map(|it| {
            let how = match it.fault {
                Fault::SetReplicaClock | Fault::SetDatabaseClock => {
                    format!(", by {} s", it.clock_ms() / 1_000)
                }
                Fault::SlowDisk => format!(", by {:?} for each flush", it.flush()),
                Fault::KillReplica
                | Fault::RestartReplica
                | Fault::FreezeReplica
                | Fault::KillPostgres
                | Fault::RestartPostgres
                | Fault::KillRunner
                | Fault::FreezeRunner
                | Fault::KillAgent
                | Fault::CutNetwork
                | Fault::StallNetwork
                | Fault::HalfNetwork
                | Fault::Flood => String::new(),
            };
            format!(
                "  {:>7.1} s  {:?} #{} for {:.1} s{how}\n",
                it.at.as_secs_f64(),
                it.fault,
                it.pick,
                it.hold.as_secs_f64()
            )
        })
        .collect()
}

#[test]
fn a_seed_decides_the_schedule_and_short_ones_have_every_fault() {
    for plan in [Plan::short(1), Plan::short(2)] {
        let words = in_words(&plan.schedule());
        assert_eq!(words, in_words(&plan.schedule()));
        let other = Plan {
            seed: plan.seed + 1,
            ..plan
        };
        assert_ne!(words, in_words(&other.schedule()));
        for fault in [&Fault::HARD[..], &Fault::SOFT, &Fault::CLOCKS].concat() {
            assert!(words.contains(&format!("{fault:?} ")), "{fault:?}: {words}");
        }
    }
}

#[test]
fn a_short_schedule_freezes_an_owner_for_longer_than_its_lease() {
    let lease = Duration::from_millis(Limits::default().lease_ms_max);
    let all = Plan::short(2).schedule();
    let mut frozen = all.iter().filter(|it| it.fault == Fault::FreezeReplica);
    assert!(frozen.any(|it| lease < it.hold), "{}", in_words(&all));
}
