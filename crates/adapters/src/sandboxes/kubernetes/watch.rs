//! What we know of our pods without asking: a watch that is taken up again whatever happens, and looks at
//! everything anew where it has missed something.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, OnceLock, PoisonError},
    time::{Duration, Instant},
};

use futures_util::StreamExt as _;
use k8s_openapi::api::core::v1::Pod;
use kube::{
    Api, ResourceExt as _,
    runtime::{
        WatchStreamExt as _,
        reflector::{self, ObjectRef, Store},
        utils::Backoff,
        watcher::{self, Event, watcher},
    },
};
use optio_domain::{id::SandboxId, ports::Changed};

use super::{manifest, words};

/// Our pods, as the watch has seen them last.
pub(super) struct Watched {
    namespace: String,
    store: Store<Pod>,
    known: Arc<Known>,
    task: tokio::task::JoinHandle<()>,
}

#[derive(Default)]
struct Known {
    /// Why the watch is down, while it is.
    away: Mutex<Option<String>>,
    changed: OnceLock<Changed>,
    /// How pods ended that we did not end.
    ends: Mutex<BTreeMap<SandboxId, (Instant, String)>>,
    /// Pods that we end ourselves, by their UID.
    ours: Mutex<BTreeSet<String>>,
}

/// Between two attempts to watch, at first and at most.
const PAUSE_MIN: Duration = Duration::from_millis(200);
const PAUSE_MAX: Duration = Duration::from_secs(4);
/// How long it is remembered how a pod ended.
const REMEMBERED: Duration = Duration::from_mins(15);

impl Known {
    fn set_away(&self, words: Option<String>) {
        *self.away.lock().unwrap_or_else(PoisonError::into_inner) = words;
    }

    /// Remembers how a pod ended, where it ended by itself.
    fn note_end(&self, pod: &Pod, deleted: bool) {
        let Some(sandbox) = sandbox(pod) else { return };
        let ours = &mut *self.ours.lock().unwrap_or_else(PoisonError::into_inner);
        let uid = pod.metadata.uid.as_deref().unwrap_or_default();
        let is_ours = if deleted {
            ours.remove(uid)
        } else {
            ours.contains(uid)
        };
        let Some(words) = words::end(pod, deleted).filter(|_| !is_ours) else {
            return;
        };
        let ends = &mut *self.ends.lock().unwrap_or_else(PoisonError::into_inner);
        ends.retain(|_, (at, _)| at.elapsed() < REMEMBERED);
        // What it said itself before it was deleted tells more.
        if !deleted || !ends.contains_key(&sandbox) {
            ends.insert(sandbox, (Instant::now(), words));
        }
    }

    fn tell(&self, pod: &Pod) {
        if let (Some(changed), Some(sandbox)) = (self.changed.get(), sandbox(pod)) {
            changed(sandbox);
        }
    }
}

/// How long after a failure the API is asked again: soon, since agents wait.
struct Patience(Duration);

impl Iterator for Patience {
    type Item = Duration;

    fn next(&mut self) -> Option<Duration> {
        let pause = self.0;
        self.0 = (pause * 2).min(PAUSE_MAX);
        Some(pause)
    }
}

impl Backoff for Patience {
    fn reset(&mut self) {
        self.0 = PAUSE_MIN;
    }
}

/// The sandbox a pod says it is.
pub(super) fn sandbox(pod: &Pod) -> Option<SandboxId> {
    let label = pod.labels().get(manifest::SANDBOX)?;
    label.parse().ok().map(SandboxId)
}

impl Watched {
    /// Begins to watch.
    pub(super) fn begin(pods: Api<Pod>, namespace: &str, selector: &str) -> Self {
        let (store, writer) = reflector::store();
        let known = Arc::new(Known::default());
        let config = watcher::Config::default().labels(selector);
        let stream =
            reflector::reflector(writer, watcher(pods, config).backoff(Patience(PAUSE_MIN)));
        let (told, read) = (Arc::clone(&known), store.clone());
        let task = tokio::spawn(async move {
            let mut stream = std::pin::pin!(stream);
            let mut present: BTreeSet<SandboxId> = BTreeSet::new();
            while let Some(event) = stream.next().await {
                hear(event, &told, &read, &mut present);
            }
        });
        Self {
            namespace: namespace.to_owned(),
            store,
            known,
            task,
        }
    }

    /// From now on, tells which sandbox has changed.
    pub(super) fn tell(&self, changed: Changed) {
        drop(self.known.changed.set(changed));
    }

    /// A pod as it was last seen, or why that is not known.
    pub(super) fn pod(&self, name: &str) -> Result<Option<Arc<Pod>>, String> {
        let found = self
            .store
            .get(&ObjectRef::new(name).within(&self.namespace));
        match (found, self.away()) {
            (Some(pod), _) => Ok(Some(pod)),
            (None, None) => Ok(None),
            (None, Some(words)) => Err(words),
        }
    }

    /// How a sandbox's pod ended lately, where we did not end it.
    pub(super) fn end(&self, sandbox: SandboxId) -> Option<String> {
        let ends = self
            .known
            .ends
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let (at, words) = ends.get(&sandbox)?;
        (at.elapsed() < REMEMBERED).then(|| words.clone())
    }

    /// A pod is ended by us.
    pub(super) fn is_ours(&self, uid: &str) {
        let ours = &self.known.ours;
        ours.lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(uid.to_owned());
    }

    /// Why the watch is down, while it is.
    pub(super) fn away(&self) -> Option<String> {
        let away = &self.known.away;
        away.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn hear(
    event: watcher::Result<Event<Pod>>,
    known: &Known,
    store: &Store<Pod>,
    present: &mut BTreeSet<SandboxId>,
) {
    match event {
        Ok(Event::Apply(pod)) => {
            known.set_away(None);
            present.extend(sandbox(&pod));
            known.note_end(&pod, false);
            known.tell(&pod);
        }
        Ok(Event::Delete(pod)) => {
            known.set_away(None);
            if let Some(sandbox) = sandbox(&pod) {
                present.remove(&sandbox);
            }
            known.note_end(&pod, true);
            known.tell(&pod);
        }
        Ok(Event::Init | Event::InitApply(_)) => {}
        Ok(Event::InitDone) => {
            known.set_away(None);
            // Whatever was missed: what is there now, and what is not there any more.
            let before = std::mem::take(present);
            for pod in store.state() {
                present.extend(sandbox(&pod));
                known.tell(&pod);
            }
            if let Some(changed) = known.changed.get() {
                before.difference(present).for_each(|gone| changed(*gone));
            }
        }
        // What was missed is looked at anew, and the API does answer.
        Err(watcher::Error::WatchError(error)) => {
            tracing::debug!(%error, "the watch over pods begins anew");
        }
        Err(error) => {
            let words = match &error {
                watcher::Error::InitialListFailed(error)
                | watcher::Error::WatchStartFailed(error)
                | watcher::Error::WatchFailed(error) => words::away(error),
                watcher::Error::WatchError(_) | watcher::Error::NoResourceVersion => {
                    error.to_string()
                }
            };
            tracing::warn!(%words, "the watch over pods is taken up again");
            known.set_away(Some(words));
        }
    }
}
