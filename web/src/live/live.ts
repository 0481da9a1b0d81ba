import { useEffect, useRef, useSyncExternalStore } from "react";
import type { QueryClient } from "@tanstack/react-query";
import { affected } from "./affected";
import { Connection, type LiveState } from "./connection";
import type { LiveEvent } from "./events";
import { Gatherer } from "./gatherer";

/** How soon what became out of date is read again, and how often at most. */
const SOON_MS = 120;
const APART_MS = 1_000;
/** The same for sums over everything, which many requests make. */
const SUMS_MS = 2_000;
const SUMS_APART_MS = 15_000;
/** A tab nobody looks at gives its connection back after so long: a browser has six for all tabs. */
const HIDDEN_MS_MAX = 60_000;

let state: LiveState = "off";
const stateListeners = new Set<() => void>();
const eventListeners = new Set<(events: LiveEvent[]) => void>();

function setState(next: LiveState): void {
  if (next === state) return;
  state = next;
  for (const listener of stateListeners) listener();
}

/** Keeps what is shown equal to what is, for as long as the page is open. */
export function startLive(queries: QueryClient): () => void {
  const soon = new Gatherer(queries, SOON_MS, APART_MS);
  const sums = new Gatherer(queries, SUMS_MS, SUMS_APART_MS);

  const connection = new Connection("/api/events", {
    state: setState,
    fresh: () => void queries.invalidateQueries(),
    events: (events) => {
      for (const key of events.flatMap(affected)) (key[0] === "costs" ? sums : soon).add(key);
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
    soon.stop();
    sums.stop();
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
