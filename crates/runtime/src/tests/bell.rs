//! The bell rings again and again, never over itself.

use super::*;
use crate::Bell;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_bell_rings_again_and_never_over_work_that_goes_on() {
    let (rung, at_once, most) = (
        Arc::new(AtomicUsize::new(0)),
        Arc::new(AtomicUsize::new(0)),
        Arc::new(AtomicUsize::new(0)),
    );
    let bell = Bell::new().await.unwrap();
    let seen = (Arc::clone(&rung), Arc::clone(&at_once), Arc::clone(&most));
    bell.every(Duration::from_secs(1), move || {
        let (rung, at_once, most) = seen.clone();
        Box::pin(async move {
            most.fetch_max(at_once.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            tokio::time::sleep(Duration::from_millis(1_700)).await;
            at_once.fetch_sub(1, Ordering::SeqCst);
            rung.fetch_add(1, Ordering::SeqCst);
        })
    })
    .await
    .unwrap();
    bell.start().await.unwrap();
    until("it rings twice", async || 2 <= rung.load(Ordering::SeqCst)).await;
    bell.stop().await;
    assert_eq!(most.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_bell_refuses_an_interval_at_which_it_would_never_ring() {
    let bell = Bell::new().await.unwrap();
    for interval in [Duration::ZERO, Duration::from_millis(500)] {
        let refused = bell.every(interval, || Box::pin(async {})).await;
        assert!(refused.is_err(), "{interval:?}");
    }
}
