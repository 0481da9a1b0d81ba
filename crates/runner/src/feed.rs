//! Writes to a program's standard input while its output is being read: it may answer before it has
//! read all.

use tokio::io::AsyncWriteExt as _;
use tokio::process::ChildStdin;
use tokio::sync::mpsc;
use tokio::task::AbortHandle;

/// Texts that may wait until the program reads them.
const WAITING_MAX: usize = 64;

/// The way into a program. Without it, and once everything is written, the input is closed.
pub(crate) struct Feed {
    texts: Option<mpsc::Sender<String>>,
    writing: AbortHandle,
}

impl Feed {
    pub(crate) fn into(mut stdin: ChildStdin) -> Self {
        let (texts, mut waiting) = mpsc::channel::<String>(WAITING_MAX);
        let writing = tokio::spawn(async move {
            while let Some(text) = waiting.recv().await {
                // A program that does not want to hear the rest is within its rights.
                if stdin.write_all(text.as_bytes()).await.is_err() || stdin.flush().await.is_err() {
                    return;
                }
            }
        })
        .abort_handle();
        Self {
            texts: Some(texts),
            writing,
        }
    }

    /// Lets this be written next; whether there was room for it and somebody who may read it.
    pub(crate) fn write(&self, text: String) -> bool {
        let texts = self.texts.as_ref();
        texts.is_some_and(|texts| texts.try_send(text).is_ok())
    }

    /// Nothing more comes after what waits.
    pub(crate) fn close(&mut self) {
        self.texts = None;
    }

    /// What is not written by now is not written at all.
    pub(crate) fn abort(&self) {
        self.writing.abort();
    }
}
