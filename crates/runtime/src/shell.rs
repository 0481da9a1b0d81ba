//! The shell of one actor: takes steps beside its mailbox, so that it always answers.

use std::{sync::Arc, time::Duration};

use optio_domain::{actor::ActorKey, ownership::Shard};
use ractor::{Actor, ActorProcessingErr, ActorRef};
use tokio::sync::Semaphore;

use crate::{
    engine::KindMsg,
    kind::{Fault, Kind, Progress},
    ownership::Peers,
    timer::Timer,
};

/// Steps taken in one go before the actor lets go and looks again.
const STEPS_MAX: u32 = 32;
/// How long an actor waits before it asks an absent database again.
const AWAY_PAUSE: Duration = Duration::from_millis(500);

/// One actor in memory.
pub(crate) struct Shell;

/// What a shell is told.
pub(crate) enum ShellMsg {
    /// Something may have changed: look, then decide. `count` is how often it was said so far.
    Look {
        /// Looks said so far to this incarnation.
        count: u64,
    },
    /// The steps we began are over.
    Stepped(Result<Progress, Fault>),
}

/// What a shell starts with.
pub(crate) struct ShellArgs {
    pub(crate) key: ActorKey,
    pub(crate) kind: Arc<dyn Kind>,
    pub(crate) gate: Gate,
    pub(crate) timer: Timer,
    pub(crate) parent: ActorRef<KindMsg>,
}

/// Who may take a step now: so many at once as there are connections for, of actors that are ours.
#[derive(Clone)]
pub(crate) struct Gate {
    pub(crate) at_once: Arc<Semaphore>,
    pub(crate) peers: Peers,
}

impl Gate {
    async fn step(&self, kind: &dyn Kind, id: uuid::Uuid) -> Result<Progress, Fault> {
        let _place = self.at_once.acquire().await;
        // Looked at after the waiting: the lease may be over by now.
        let _leave = self.peers.enter(Shard::of(id)).ok_or(Fault::NotOwner)?;
        kind.step(id).await
    }
}

/// What a shell remembers.
pub(crate) struct ShellState {
    args: ShellArgs,
    stepping: bool,
    heard: u64,
    seen: u64,
}

impl Actor for Shell {
    type Msg = ShellMsg;
    type State = ShellState;
    type Arguments = ShellArgs;

    async fn pre_start(
        &self,
        _myself: ActorRef<ShellMsg>,
        args: ShellArgs,
    ) -> Result<ShellState, ActorProcessingErr> {
        Ok(ShellState {
            args,
            stepping: false,
            heard: 0,
            seen: 0,
        })
    }

    async fn handle(
        &self,
        myself: ActorRef<ShellMsg>,
        message: ShellMsg,
        state: &mut ShellState,
    ) -> Result<(), ActorProcessingErr> {
        match message {
            ShellMsg::Look { count } => {
                state.heard = state.heard.max(count);
                if !state.stepping {
                    begin(&myself, state);
                }
            }
            ShellMsg::Stepped(result) => {
                state.stepping = false;
                settle(&myself, state, result)?;
            }
        }
        Ok(())
    }
}

/// Takes steps in a task of their own; their end comes back as a message.
fn begin(myself: &ActorRef<ShellMsg>, state: &mut ShellState) {
    state.stepping = true;
    state.seen = state.heard;
    let (kind, gate, id, me) = (
        Arc::clone(&state.args.kind),
        state.args.gate.clone(),
        state.args.key.id,
        myself.clone(),
    );
    tokio::spawn(async move {
        let steps = tokio::spawn(async move { take_steps(&*kind, &gate, id).await });
        // A panic inside a step is a fall like any other.
        let result = steps
            .await
            .unwrap_or_else(|error| Err(Fault::Fallen(error.to_string())));
        drop(me.cast(ShellMsg::Stepped(result)));
    });
}

async fn take_steps(kind: &dyn Kind, gate: &Gate, id: uuid::Uuid) -> Result<Progress, Fault> {
    for _step in 0..STEPS_MAX {
        match gate.step(kind, id).await {
            Ok(Progress::Again) | Err(Fault::Moved) => {}
            other => return other,
        }
    }
    Ok(Progress::Again)
}

fn settle(
    myself: &ActorRef<ShellMsg>,
    state: &mut ShellState,
    result: Result<Progress, Fault>,
) -> Result<(), ActorProcessingErr> {
    match result {
        Ok(Progress::Rest { until }) => {
            if let Some(until) = until {
                state.args.timer.ring_at(until);
            }
            rest(myself, state);
        }
        Ok(Progress::Again) | Err(Fault::Moved) => begin(myself, state),
        Ok(Progress::Gone) => rest(myself, state),
        Err(Fault::NotOwner) => {
            tracing::debug!(actor.key = %state.args.key, "another control plane runs it");
            // Whatever it was to see may have come after whoever runs it has looked.
            state.args.gate.peers.keep(state.args.key);
            rest(myself, state);
        }
        Err(Fault::Away(error)) => {
            tracing::debug!(actor.key = %state.args.key, %error, "the database is away, will look again");
            let count = state.heard;
            drop(myself.send_after(AWAY_PAUSE, move || ShellMsg::Look { count }));
        }
        Err(Fault::Fallen(reason)) => return Err(reason.into()),
    }
    Ok(())
}

/// Asks to be put to sleep, unless something was said during the last step. The parent, who passes
/// on every look, knows whether one is on its way.
fn rest(myself: &ActorRef<ShellMsg>, state: &mut ShellState) {
    if state.seen < state.heard {
        return begin(myself, state);
    }
    let (id, seen) = (state.args.key.id, state.seen);
    drop(state.args.parent.cast(KindMsg::Rests { id, seen }));
}
