import { useSyncExternalStore } from "react";
import { clock, dayOf, duration, exact, relative } from "@/lib/time";

/** One clock for all that count: it ticks once a second for whoever is shown. */
const listeners = new Set<() => void>();
let now = Date.now();
let timer: ReturnType<typeof setInterval> | undefined;

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  timer ??= setInterval(() => {
    now = Date.now();
    for (const each of listeners) each();
  }, 1_000);
  return () => {
    listeners.delete(listener);
    if (listeners.size === 0) {
      clearInterval(timer);
      timer = undefined;
    }
  };
}

/** The time to the second; `step` is how coarse whoever asks wants it, in milliseconds. */
export function useNow(step = 1_000): number {
  return useSyncExternalStore(subscribe, () => Math.floor(now / step) * step);
}

/** What is far away is told in minutes or hours: a thousand rows need not be drawn anew for every second. */
function coarseness(at: string | null | undefined): number {
  const away = at ? Math.abs(Date.parse(at) - now) : 0;
  return away < 60_000 ? 1_000 : away < 3_600_000 ? 10_000 : 60_000;
}

/** A moment relative to now, the exact one on hover. */
export function When({ at }: { at: string | null | undefined }) {
  const current = useNow(coarseness(at));
  if (!at) return <span className="text-faint">–</span>;
  return (
    <time dateTime={at} title={exact(at)} className="whitespace-nowrap">
      {relative(at, current)}
    </time>
  );
}

/** How long something has lasted, counting while it has no end. */
export function Lasts({ from, to }: { from: string; to?: string | null }) {
  const current = useNow();
  const end = to ? Date.parse(to) : current;
  return <span className="whitespace-nowrap">{duration(Math.max(0, end - Date.parse(from)))}</span>;
}

/** A moment to come, both ways: `in 5 min, at 14:32:10`, with the day where it is not today. */
export function Until({ at }: { at: string }) {
  const current = useNow();
  const day = dayOf(at) === dayOf(current) ? "" : `${dayOf(at)} `;
  return (
    <time dateTime={at} title={exact(at)} className="whitespace-nowrap">
      {relative(at, current)}, at {day}
      {clock(at)}
    </time>
  );
}
