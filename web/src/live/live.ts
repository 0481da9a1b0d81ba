import { useEffect, useRef, useSyncExternalStore } from "react";
import type { QueryClient } from "@tanstack/react-query";
import { affected } from "./affected";
import { Connection, type LiveState } from "./connection";
import type { LiveEvent } from "./events";

/** How long what became out of date may wait, so that many events are one reading. */
const GATHER_MS = 120;
/** The shortest time between two such readings: a busy installation changes all the time. */
const APART_MS = 700;
/** A tab nobody looks at gives its connection back after so long: a browser has six for all tabs. */
const HIDDEN_MS_MAX = 60_000;
/** Events that are kept for whoever opens the activity. */
const RECENT_MAX = 500;

let state: LiveState = "off";
let recent: readonly LiveEvent[] = [];
const stateListeners = new Set<() => void>();
const eventListeners = new Set<(events: LiveEvent[]) => void>();

function setState(next: LiveState): void {
  if (next === state) return;
  state = next;
  for (const listener of stateListeners) listener();
}

/** Keeps what is shown equal to what is, for as long as the page is open. */
export function startLive(queries: QueryClient): () => void {
  const stale = new Map<string, readonly string[]>();
  let gathering: ReturnType<typeof setTimeout> | null = null;
  let gathered = 0;

  const gather = () => {
    gathering = null;
    gathered = Date.now();
    const keys = [...stale.values()];
    stale.clear();
    for (const queryKey of keys) void queries.invalidateQueries({ queryKey });
  };

  const connection = new Connection("/api/events", {
    state: setState,
    fresh: () => void queries.invalidateQueries(),
    events: (events) => {
      for (const event of events) {
        for (const key of affected(event)) stale.set(key.join("/"), key);
      }
      if (stale.size !== 0) {
        const wait = Math.max(GATHER_MS, gathered + APART_MS - Date.now());
        gathering ??= setTimeout(gather, wait);
      }
      const shown = events.filter((event) => !event.type.endsWith(":log"));
      if (shown.length !== 0) recent = [...recent, ...shown].slice(-RECENT_MAX);
      for (const listener of eventListeners) listener(events);
    },
  });

  let hiding: ReturnType<typeof setTimeout> | undefined;
  const look = () => {
    clearTimeout(hiding);
    if (document.hidden) hiding = setTimeout(() => connection.close(), HIDDEN_MS_MAX);
    else connection.open();
  };
  document.addEventListener("visibilitychange", look);
  connection.open();
  return () => {
    document.removeEventListener("visibilitychange", look);
    clearTimeout(hiding);
    if (gathering) clearTimeout(gathering);
    connection.close();
  };
}

export function useLiveState(): LiveState {
  return useSyncExternalStore(
    (listener) => {
      stateListeners.add(listener);
      return () => stateListeners.delete(listener);
    },
    () => state,
  );
}

/** Hears every event while it is mounted. */
export function useLiveEvents(hear: (events: LiveEvent[]) => void): void {
  const latest = useRef(hear);
  useEffect(() => {
    latest.current = hear;
  });
  useEffect(() => {
    const listener = (events: LiveEvent[]) => latest.current(events);
    eventListeners.add(listener);
    return () => void eventListeners.delete(listener);
  }, []);
}

/** What has happened since the page was opened, oldest first, without lines of transcripts. */
export function recentEvents(): readonly LiveEvent[] {
  return recent;
}
