//! A bell that rings at fixed intervals for work that is looked up by index: schedules that are due,
//! actors that a lost hint left waiting. `tokio-cron-scheduler` only rings; the truth is in the
//! columns.

use std::{future::Future, pin::Pin, sync::Arc, time::Duration};

use tokio_cron_scheduler::{Job, JobScheduler};

use crate::engine::EngineError;

type Work = dyn Fn() -> Pin<Box<dyn Future<Output = ()> + Send>> + Send + Sync;

/// Rings until it is stopped.
pub struct Bell {
    scheduler: JobScheduler,
}

impl Bell {
    /// A bell without anything to ring for.
    ///
    /// # Errors
    /// [`EngineError`] when the scheduler cannot be made.
    pub async fn new() -> Result<Self, EngineError> {
        let scheduler = JobScheduler::new().await.map_err(EngineError::other)?;
        Ok(Self { scheduler })
    }

    /// Does this again and again, never twice at once.
    ///
    /// # Errors
    /// [`EngineError`] when the scheduler refuses, or the interval is not in whole seconds: the
    /// scheduler would cut it without a word, and never ring where nothing is left.
    pub async fn every(
        &self,
        interval: Duration,
        work: impl Fn() -> Pin<Box<dyn Future<Output = ()> + Send>> + Send + Sync + 'static,
    ) -> Result<(), EngineError> {
        if interval.is_zero() || interval.subsec_nanos() != 0 {
            return Err(EngineError::other("a bell rings at whole seconds"));
        }
        let work: Arc<Work> = Arc::new(work);
        let busy = Arc::new(tokio::sync::Mutex::new(()));
        let job = Job::new_repeated_async(interval, move |_id, _scheduler| {
            let (work, busy) = (Arc::clone(&work), Arc::clone(&busy));
            Box::pin(async move {
                if let Ok(_alone) = busy.try_lock() {
                    work().await;
                }
            })
        })
        .map_err(EngineError::other)?;
        self.scheduler.add(job).await.map_err(EngineError::other)?;
        Ok(())
    }

    /// Begins to ring.
    ///
    /// # Errors
    /// [`EngineError`] when the scheduler refuses.
    pub async fn start(&self) -> Result<(), EngineError> {
        self.scheduler.start().await.map_err(EngineError::other)
    }

    /// Stops ringing.
    pub async fn stop(mut self) {
        if let Err(error) = self.scheduler.shutdown().await {
            tracing::warn!(%error, "the bell did not stop cleanly");
        }
    }
}
