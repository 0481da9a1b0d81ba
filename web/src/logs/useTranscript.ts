import { useQuery } from "@tanstack/react-query";
import { useCallback, useEffect, useRef, useState } from "react";
import { type LiveEvent, isLog } from "@/live/events";
import { useLiveEvents } from "@/live/live";
import { type Line, liveLine, mergeLines } from "./lines";

/** Where a transcript comes from. It stays the same object for as long as it is the same transcript. */
export type TranscriptSource = {
  key: readonly string[];
  /** Hands over what is stored, page by page. */
  load: (add: (lines: Line[]) => void, signal: AbortSignal) => Promise<void>;
  /** Whether a line of the stream is one of this transcript. */
  accepts: (event: LiveEvent) => boolean;
};

/** Lines that come in so short a time are shown at once together. */
const GATHER_MS = 40;

/**
 * All lines of a transcript: those that are stored and those that come, each once. The stream is open before
 * anything is read, so that nothing can happen in between.
 */
export function useTranscript(source: TranscriptSource) {
  const [lines, setLines] = useState<readonly Line[]>([]);
  const waiting = useRef<Line[]>([]);
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);

  const add = useCallback((more: Line[]) => {
    waiting.current.push(...more);
    timer.current ??= setTimeout(() => {
      const taken = waiting.current;
      waiting.current = [];
      timer.current = undefined;
      setLines((have) => mergeLines(have, taken));
    }, GATHER_MS);
  }, []);
  useEffect(() => () => clearTimeout(timer.current), []);

  useLiveEvents((events) => {
    const mine = events.filter((event) => isLog(event) && source.accepts(event));
    if (mine.length !== 0) add(mine.map(liveLine));
  });
  const stored = useQuery({
    queryKey: ["transcript", ...source.key],
    queryFn: async ({ signal }) => {
      await source.load(add, signal);
      return true;
    },
    staleTime: Number.POSITIVE_INFINITY,
    // The lines are kept here and not in the cache: whoever comes back reads them again.
    gcTime: 0,
  });
  return { lines, loading: stored.isPending, error: stored.error };
}
