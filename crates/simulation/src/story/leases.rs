//! Who owns whom, where several control planes own actors: an owner that has lost its lease goes on
//! until it notices, and its writes must be refused meanwhile.

use optio_domain::{
    actor::ActorKey,
    id::{AgentId, SandboxId},
    ownership::Shard,
};

use super::Story;

/// The owner of whoever was a dead control plane's: one that starts again is another one.
pub(super) const NOBODY: usize = usize::MAX;

/// What every step of an actor changes, as far as anybody sees.
pub(super) type Mark = Option<(i64, Option<chrono::DateTime<chrono::Utc>>, String)>;

impl Story<'_> {
    /// Whether control planes own actors here.
    pub(super) fn is_fenced(&self) -> bool {
        self.planes.iter().any(|plane| plane.holding.is_some())
    }

    /// An agent has another owner, which knows it; the former one does not.
    pub(super) async fn give(&mut self, agent: AgentId, to: usize) {
        let Some(me) = self.planes.get(to).and_then(|plane| plane.me()) else {
            return;
        };
        let epoch = self.ground.overseer.give(agent.0, me).await;
        self.owners.insert(agent, (to, epoch));
        let line = format!("{} owns {} from now on", self.stamp(to), self.name(agent));
        self.history.note(line);
        // The new owner was told by the same statement that made it one.
        let key = ActorKey::from(agent);
        if let Some(plane) = self.planes.get(to) {
            if let Some(holding) = &plane.holding {
                let mut held = held(holding.as_ref(), &self.owners, to);
                held.push((Shard::of(agent.0), epoch));
                holding.replace(&held);
            }
            plane.hints.look(key);
        }
    }

    /// A control plane is dead: what it owned is nobody's until its leases are over.
    pub(super) fn orphan(&mut self, plane: usize) {
        for (owner, _) in self
            .owners
            .values_mut()
            .filter(|(owner, _)| *owner == plane)
        {
            *owner = NOBODY;
        }
    }

    /// A control plane learns what it owns, and lets go of the runners of what it does not.
    pub(super) fn notice(&mut self, plane: usize) {
        let Some(here) = self.planes.get(plane) else {
            return;
        };
        let Some(holding) = &here.holding else { return };
        let owned: Vec<(Shard, i64)> = self
            .owners
            .iter()
            .filter(|(_, (owner, _))| *owner == plane)
            .map(|(agent, (_, epoch))| (Shard::of(agent.0), *epoch))
            .collect();
        let (_gained, lost) = holding.replace(&owned);
        for sandbox in self.fleet.places() {
            let here = self.fleet.at(sandbox, |place| {
                place.dialed.as_ref().is_some_and(|it| it.plane == plane)
            });
            if here && lost.contains(&Shard::of(sandbox.0)) {
                self.fleet.hangs_up(sandbox);
            }
        }
    }

    /// Words to another owner: whoever is told here and is another's looks there.
    pub(super) fn pass_on(&mut self) {
        for plane in 0..self.planes.len() {
            let others = self.planes.get(plane).map(crate::plane::Plane::others);
            for key in others.unwrap_or_default() {
                let owner = self.owners.get(&AgentId(key.id)).map(|(owner, _)| *owner);
                let there = owner
                    .filter(|it| *it != plane)
                    .and_then(|it| self.planes.get(it));
                if let Some(there) = there.filter(|it| it.up) {
                    there.hints.look(key);
                }
            }
        }
    }

    /// Where a runner dials: whoever owns its agent, where somebody does.
    pub(super) fn where_to_dial(&self, sandbox: SandboxId, else_to: usize) -> usize {
        let owner = self
            .owners
            .get(&AgentId(sandbox.0))
            .map(|(owner, _)| *owner);
        let up = |plane: &usize| self.planes.get(*plane).is_some_and(|it| it.up);
        owner.filter(up).unwrap_or(else_to)
    }

    /// Whether a control plane acts for an actor that is another's.
    pub(super) fn is_usurper(&self, plane: usize, key: ActorKey) -> bool {
        let owner = self.owners.get(&AgentId(key.id));
        owner.is_some_and(|(owner, _)| *owner != plane)
    }

    pub(super) fn mark(&self, key: ActorKey) -> Mark {
        let actor = self.seen.actors.iter().find(|actor| actor.id == key.id)?;
        Some((actor.version, actor.wake_at, actor.wait_reason.clone()))
    }
}

/// What a control plane held before, as far as it is still its own.
fn held(
    holding: &optio_store::ownership::Holding,
    owners: &std::collections::BTreeMap<AgentId, (usize, i64)>,
    plane: usize,
) -> Vec<(Shard, i64)> {
    let known = holding.shards();
    owners
        .iter()
        .map(|(agent, owner)| (Shard::of(agent.0), owner))
        .filter(|(shard, (owner, _))| *owner == plane && known.contains(shard))
        .map(|(shard, (_, epoch))| (shard, *epoch))
        .collect()
}
