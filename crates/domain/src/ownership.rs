//! Who runs which actors, where several control planes share a database: 256 shards, each with one
//! owner at a time.

use uuid::Uuid;

/// How many shards there are.
pub const SHARDS: usize = 256;
/// Shards given back at once, so that their actors pause one batch after the other.
pub const GIVEN_BACK_MAX: usize = 32;

/// A shard: some of the actors, handed over together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Shard(u8);

impl Shard {
    /// The shard of an actor: the last byte of its id, which is random in every version of UUID
    /// that we make. The database computes the same in `shard_of`.
    #[must_use]
    pub fn of(id: Uuid) -> Self {
        let [.., last] = id.into_bytes();
        Self(last)
    }

    /// A shard by its number; `None` where there is no such shard.
    #[must_use]
    pub fn at(number: i16) -> Option<Self> {
        u8::try_from(number).ok().map(Self)
    }

    /// Its number, as the database has it.
    #[must_use]
    pub fn number(self) -> i16 {
        i16::from(self.0)
    }

    /// Its place in a table of all shards.
    #[must_use]
    pub fn index(self) -> usize {
        usize::from(self.0)
    }

    /// All of them.
    pub fn all() -> impl Iterator<Item = Self> {
        (0..=u8::MAX).map(Self)
    }
}

/// What a control plane does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Everything.
    All,
    /// Serves people; runs no actors.
    Gateway,
    /// Runs actors and serves their runners.
    Actors,
}

impl Role {
    /// The word used in SQL, HTTP and settings.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Gateway => "gateway",
            Self::Actors => "actors",
        }
    }

    /// Reads the word back.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        [Self::All, Self::Gateway, Self::Actors]
            .into_iter()
            .find(|role| role.name() == text)
    }

    /// Whether it takes shards.
    #[must_use]
    pub fn runs_actors(self) -> bool {
        match self {
            Self::All | Self::Actors => true,
            Self::Gateway => false,
        }
    }
}

/// What a replica does about its number of shards.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Move {
    /// Nothing.
    Stay,
    /// Takes up to so many that nobody has.
    Claim(usize),
    /// Gives so many back.
    GiveBack(usize),
}

/// What a replica with `held` shards does where `replicas` share all of them, itself included, and
/// `free` have no owner that lives. Nobody takes more than its fair share, so that all settle.
#[must_use]
pub fn balance(held: usize, replicas: usize, free: usize) -> Move {
    let share = SHARDS.div_ceil(replicas.max(1));
    let wanted = share.saturating_sub(held).min(free);
    let surplus = held.saturating_sub(share);
    match (wanted, surplus) {
        (0, 0) => Move::Stay,
        (0, surplus) => Move::GiveBack(surplus.min(GIVEN_BACK_MAX)),
        (wanted, _) => Move::Claim(wanted),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shard_is_the_last_byte_of_an_id() {
        let id = "01890a5d-ac96-774b-bcce-b302099a80fe".parse().unwrap();
        assert_eq!(Shard::of(id).number(), 0xfe);
        assert_eq!(Shard::at(0xfe), Some(Shard::of(id)));
        assert_eq!(Shard::at(256), None);
        assert_eq!(Shard::at(-1), None);
        assert_eq!(Shard::all().count(), SHARDS);
    }

    #[test]
    fn one_replica_takes_everything_at_once() {
        assert_eq!(balance(0, 1, 256), Move::Claim(256));
        assert_eq!(balance(256, 1, 0), Move::Stay);
    }

    /// Plays rounds in which every replica moves once; the shards that each has at the end.
    fn settle(mut held: Vec<usize>) -> Vec<usize> {
        let replicas = held.len();
        for _round in 0..64 {
            let before = held.clone();
            for at in 0..replicas {
                let free = SHARDS - held.iter().sum::<usize>();
                match balance(held[at], replicas, free) {
                    Move::Stay => {}
                    Move::Claim(count) => held[at] += count,
                    Move::GiveBack(count) => held[at] -= count,
                }
            }
            if before == held {
                return held;
            }
        }
        panic!("never settled: {held:?}");
    }

    #[test]
    fn whatever_it_starts_from_all_shards_find_an_owner_and_nobody_has_more_than_its_share() {
        for start in [
            vec![0],
            vec![256, 0],
            vec![0, 0, 256],
            vec![128, 128, 0],
            vec![86, 86, 84, 0, 0],
            vec![10, 0, 200, 3, 1, 1, 1],
        ] {
            let end = settle(start.clone());
            assert_eq!(end.iter().sum::<usize>(), SHARDS, "{start:?}");
            let share = SHARDS.div_ceil(start.len());
            assert!(end.iter().all(|held| *held <= share), "{start:?}: {end:?}");
        }
    }

    #[test]
    fn a_surplus_is_given_back_in_batches() {
        assert_eq!(balance(256, 2, 0), Move::GiveBack(32));
        assert_eq!(balance(130, 2, 0), Move::GiveBack(2));
        assert_eq!(balance(128, 2, 0), Move::Stay);
    }

    #[test]
    fn roles_are_read_back_and_a_gateway_runs_no_actors() {
        for role in [Role::All, Role::Gateway, Role::Actors] {
            assert_eq!(Role::parse(role.name()), Some(role));
        }
        assert_eq!(Role::parse("leader"), None);
        assert!(!Role::Gateway.runs_actors());
    }
}
