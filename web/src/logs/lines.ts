import type { LiveEvent } from "@/live/events";
import { member } from "@/live/events";
import { asText } from "@/lib/text";

export type LineKind =
  "text" | "thinking" | "tool_use" | "tool_result" | "system" | "info" | "error";

/** One line of a transcript, wherever it came from. */
export type Line = {
  id: number;
  kind: LineKind;
  text: string;
  meta: unknown;
  at: string;
  /** The turn or the run it belongs to. */
  run: string | null;
};

const KINDS: ReadonlySet<string> = new Set<LineKind>([
  "text",
  "thinking",
  "tool_use",
  "tool_result",
  "system",
  "info",
  "error",
]);

function kindOf(name: unknown): LineKind {
  return typeof name === "string" && KINDS.has(name) ? (name as LineKind) : "text";
}

type Stored = {
  id: number;
  content?: unknown;
  logType?: unknown;
  metadata?: unknown;
  timestamp: string;
};

/** A line as the lists have it. */
export function storedLine(stored: Stored, run: string | null): Line {
  return {
    id: stored.id,
    kind: kindOf(stored.logType),
    text: asText(stored.content),
    meta: stored.metadata,
    at: stored.timestamp,
    run,
  };
}

/** A line as the stream has it. */
export function liveLine(event: LiveEvent): Line {
  return {
    id: event.number,
    kind: kindOf(event.data["logType"]),
    text: asText(event.data["content"]),
    meta: event.data["metadata"],
    at: event.at,
    run: member(event, "turnId") ?? member(event, "runId") ?? member(event, "prReviewRunId"),
  };
}

/**
 * Adds lines in the order of their ids, each once, however often and from wherever they come. The lines that
 * are there stay the same object where nothing is new.
 */
export function mergeLines(have: readonly Line[], more: readonly Line[]): readonly Line[] {
  if (more.length === 0) return have;
  const last = have.at(-1);
  const sorted = [...more].sort((a, b) => a.id - b.id);
  const first = sorted[0];
  if (!last || (first && last.id < first.id)) return dedupe([...have, ...sorted]);
  const known = new Set(have.map((line) => line.id));
  const fresh = sorted.filter((line) => !known.has(line.id));
  if (fresh.length === 0) return have;
  return dedupe([...have, ...fresh].sort((a, b) => a.id - b.id));
}

function dedupe(sorted: Line[]): Line[] {
  return sorted.filter((line, index) => index === 0 || line.id !== sorted[index - 1]?.id);
}
