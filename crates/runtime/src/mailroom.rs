//! Group commit: many senders, one statement, each answered once its own row is durable.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use optio_domain::limits::Limits;
use optio_store::{
    Store, StoreError,
    mail::{Audience, MailWriter, NewMessage, Published, Receipt, Stored},
};
use tokio::{
    sync::{Mutex, mpsc, oneshot},
    time::timeout,
};

use crate::{engine::Hints, stream::Stream};

/// Messages stored by one statement.
const BATCH: usize = 512;
/// Messages that may wait for the next statement; whoever comes then is told to come again.
const WAITING_MAX: usize = 8_192;
/// How long the writer keeps its connection when nothing comes: longer, and it may die unnoticed.
const HOLD_MAX: Duration = Duration::from_millis(10);
/// How often a batch is tried for messages whose key somebody else stored meanwhile.
const AGAIN_MAX: u32 = 3;

/// Why a message was not accepted.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    /// Too many messages wait to be written: come again in a moment.
    #[error("too many messages wait to be written")]
    Busy,
    /// The store refused it.
    #[error("the message was refused")]
    Store(#[source] StoreError),
}

/// A message for everybody who hears a topic.
#[derive(Debug, Clone)]
pub struct Publication {
    /// The message; its receiver is not looked at.
    pub message: NewMessage,
    /// Who is to get it.
    pub audience: Audience,
}

enum Item {
    One(
        Box<NewMessage>,
        oneshot::Sender<Result<Receipt, StoreError>>,
    ),
    Many(
        Box<Publication>,
        oneshot::Sender<Result<Published, StoreError>>,
    ),
}

/// Accepts messages.
#[derive(Clone)]
pub struct Mailroom {
    items: mpsc::Sender<Item>,
}

impl Mailroom {
    /// Starts the one writer. One, so that the mail of a sender stays in the order of its sending.
    #[must_use]
    pub fn start(store: Store, hints: Hints, stream: Stream, limits: Limits) -> Self {
        let (items, inbox) = mpsc::channel(WAITING_MAX);
        tokio::spawn(supervise(inbox, move |inbox| {
            let writer = Writer {
                mail: store.mail_writer(),
                store: store.clone(),
                hints: hints.clone(),
                stream: stream.clone(),
                limits,
            };
            async move { writer.serve(&mut *inbox.lock().await).await }
        }));
        Self { items }
    }

    /// Sends one message and waits until it is durable.
    ///
    /// # Errors
    /// [`SendError`] when it was not accepted; then it is not stored, except where the database
    /// went away in the middle, which a key makes safe to repeat.
    pub async fn send(&self, message: NewMessage) -> Result<Receipt, SendError> {
        let (reply, answer) = oneshot::channel();
        self.put(Item::One(Box::new(message), reply))?;
        answer
            .await
            .map_err(|_gone| SendError::Busy)?
            .map_err(SendError::Store)
    }

    /// Sends to everybody who hears a topic, or to nobody.
    ///
    /// # Errors
    /// As [`Mailroom::send`].
    pub async fn publish(&self, publication: Publication) -> Result<Published, SendError> {
        let (reply, answer) = oneshot::channel();
        self.put(Item::Many(Box::new(publication), reply))?;
        answer
            .await
            .map_err(|_gone| SendError::Busy)?
            .map_err(SendError::Store)
    }

    fn put(&self, item: Item) -> Result<(), SendError> {
        self.items.try_send(item).map_err(|_full| SendError::Busy)
    }
}

/// Serves an inbox until nobody can put anything into it. Whoever serves and falls is replaced: what
/// it held is lost with it, which tells the senders to come again; what waits is served by the next.
pub(crate) async fn supervise<T, F>(
    inbox: mpsc::Receiver<T>,
    serve: impl Fn(Arc<Mutex<mpsc::Receiver<T>>>) -> F,
) where
    T: Send + 'static,
    F: Future<Output = ()> + Send + 'static,
{
    let inbox = Arc::new(Mutex::new(inbox));
    while let Err(error) = tokio::spawn(serve(Arc::clone(&inbox))).await {
        if error.is_cancelled() {
            return;
        }
        tracing::error!(%error, "the writer of the mailroom fell, another takes its place");
    }
}

struct Writer {
    mail: MailWriter,
    store: Store,
    hints: Hints,
    stream: Stream,
    limits: Limits,
}

type Waiting = (NewMessage, oneshot::Sender<Result<Receipt, StoreError>>);

impl Writer {
    async fn serve(mut self, inbox: &mut mpsc::Receiver<Item>) {
        let mut items = Vec::with_capacity(BATCH);
        while 0 < self.next(inbox, &mut items).await {
            let mut batch: Vec<Waiting> = Vec::with_capacity(items.len());
            for item in items.drain(..) {
                match item {
                    Item::One(message, reply) => batch.push((*message, reply)),
                    Item::Many(publication, reply) => {
                        // In order: what was sent before a publication arrives before it.
                        self.write(std::mem::take(&mut batch)).await;
                        drop(reply.send(self.write_many(&publication).await));
                    }
                }
            }
            self.write(batch).await;
            self.stream.hint();
        }
    }

    async fn next(&mut self, inbox: &mut mpsc::Receiver<Item>, items: &mut Vec<Item>) -> usize {
        if let Ok(count) = timeout(HOLD_MAX, inbox.recv_many(items, BATCH)).await {
            return count;
        }
        self.mail.rest();
        inbox.recv_many(items, BATCH).await
    }

    async fn write(&mut self, mut batch: Vec<Waiting>) {
        for _try in 0..AGAIN_MAX {
            if batch.is_empty() {
                return;
            }
            let (messages, replies): (Vec<_>, Vec<_>) = batch.into_iter().unzip();
            batch = match self.mail.send(&messages, (&self.limits).into()).await {
                Ok(stored) => self.answer(stored, messages, replies),
                Err(StoreError::Moved) => messages.into_iter().zip(replies).collect(),
                Err(StoreError::Unavailable(_)) => return tell_away(replies),
                Err(error) if messages.len() <= 1 => return refuse(&error, replies),
                Err(error) => {
                    tracing::warn!(%error, messages = messages.len(), "a batch was refused, halving it");
                    return self
                        .write_halves(messages.into_iter().zip(replies).collect())
                        .await;
                }
            };
        }
        // Dropping the replies tells their senders to come again.
    }

    /// One message that cannot be stored must not take down those who came with it by chance.
    async fn write_halves(&mut self, mut batch: Vec<Waiting>) {
        let second = batch.split_off(batch.len() / 2);
        Box::pin(self.write(batch)).await;
        Box::pin(self.write(second)).await;
    }

    fn answer(
        &self,
        stored: Vec<Stored>,
        messages: Vec<NewMessage>,
        replies: Vec<oneshot::Sender<Result<Receipt, StoreError>>>,
    ) -> Vec<Waiting> {
        let (mut again, mut receivers) = (Vec::new(), BTreeSet::new());
        for ((stored, message), reply) in stored.into_iter().zip(messages).zip(replies) {
            match stored {
                Stored::Done(receipt) => {
                    drop(reply.send(Ok(receipt)));
                    if !receipt.repeated {
                        receivers.insert(message.receiver);
                    }
                }
                Stored::Again => again.push((message, reply)),
                Stored::Refused(error) => drop(reply.send(Err(error))),
            }
        }
        // One look sees all that came.
        for receiver in receivers {
            self.hints.look(receiver);
        }
        again
    }

    async fn write_many(&self, publication: &Publication) -> Result<Published, StoreError> {
        let Publication { message, audience } = publication;
        let (bounds, fan_out_max) = ((&self.limits).into(), self.limits.fan_out_max);
        let published = self
            .store
            .publish(message, audience, bounds, fan_out_max)
            .await?;
        for receiver in &published.receivers {
            self.hints.look(*receiver);
        }
        Ok(published)
    }
}

/// Nothing of a failed statement is stored: everybody is told the same.
fn tell_away(replies: Vec<oneshot::Sender<Result<Receipt, StoreError>>>) {
    for reply in replies {
        drop(reply.send(Err(StoreError::unavailable())));
    }
}

fn refuse(error: &StoreError, replies: Vec<oneshot::Sender<Result<Receipt, StoreError>>>) {
    let words = error.to_string();
    let source = std::error::Error::source(error).map(ToString::to_string);
    tracing::error!(error = %words, source, "a message could not be stored");
    for reply in replies {
        drop(reply.send(Err(StoreError::Corrupt(words.clone()))));
    }
}
