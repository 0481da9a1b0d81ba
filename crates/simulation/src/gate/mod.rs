//! The gate between a control plane and everything it waits for: every statement and every commit
//! on its way to Postgres, and every call of the sandbox driver, stops here until the scheduler has
//! said what becomes of it. The store itself knows nothing of it: the gate stands on the socket.

use tokio::sync::{mpsc, oneshot};

mod frames;
mod postgres;

pub(crate) use postgres::Postgres;

/// What becomes of whoever stands at the gate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It goes through.
    Pass,
    /// It goes through, and stands at the gate once more when it is done and nobody knows it yet.
    Watch,
    /// It fails: before, nothing was done; after, it was done and its caller is told otherwise.
    Fail,
    /// As [`Verdict::Fail`], and trying again is of no use, where the callee can say so.
    Ruin,
}

/// What somebody at the gate is about to do, or has just done.
#[derive(Debug)]
pub(crate) struct Arrival {
    /// In words: the beginning of a statement, or a call of the driver.
    pub(crate) what: String,
    /// The connection it came over; `None` for the driver.
    pub(crate) connection: Option<u64>,
    /// Whether it holds a transaction open.
    pub(crate) in_transaction: bool,
    /// Whether it is done already.
    pub(crate) done: bool,
    /// Hears the verdict.
    pub(crate) verdict: oneshot::Sender<Verdict>,
}

/// Where arrivals are announced.
#[derive(Clone)]
pub(crate) struct Gate(mpsc::UnboundedSender<Arrival>);

impl Gate {
    pub(crate) fn new() -> (Self, mpsc::UnboundedReceiver<Arrival>) {
        let (arrivals, gate) = mpsc::unbounded_channel();
        (Self(arrivals), gate)
    }

    /// Stands at the gate. Whoever nobody answers fails.
    pub(crate) async fn stand(
        &self,
        what: String,
        connection: Option<u64>,
        in_transaction: bool,
        done: bool,
    ) -> Verdict {
        let (verdict, said) = oneshot::channel();
        let arrival = Arrival {
            what,
            connection,
            in_transaction,
            done,
            verdict,
        };
        drop(self.0.send(arrival));
        said.await.unwrap_or(Verdict::Fail)
    }
}
