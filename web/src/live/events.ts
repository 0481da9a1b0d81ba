import { isRecord } from "@/lib/text";
import type { SseEvent } from "./sse";

/** Something that has happened, as the stream tells it. */
export type LiveEvent = {
  /** Its place in the stream. */
  cursor: string;
  /** Its own number: the same as that of the line, where it is a line of a transcript. */
  number: number;
  type: string;
  at: string;
  data: Record<string, unknown>;
};

/** An event of the stream, or null for what is none. */
export function readEvent(event: SseEvent): LiveEvent | null {
  if (event.id === null) return null;
  let data: unknown;
  try {
    data = JSON.parse(event.data);
  } catch {
    return null;
  }
  if (!isRecord(data)) return null;
  // An id is `transaction-number`: the second part is what the lists of lines call an id.
  const number = Number(event.id.slice(event.id.lastIndexOf("-") + 1));
  const at = data["timestamp"];
  return {
    cursor: event.id,
    number: Number.isFinite(number) ? number : 0,
    type: event.type,
    at: typeof at === "string" ? at : new Date().toISOString(),
    data,
  };
}

/** A member of an event that is text. */
export function member(event: LiveEvent, name: string): string | null {
  const value = event.data[name];
  return typeof value === "string" ? value : null;
}

/** Lines of transcripts: many, and nothing but lines change with them. */
export function isLog(event: LiveEvent): boolean {
  return event.type.endsWith(":log");
}
