/** Server-sent events out of the pieces a connection brings, by the rules of the HTML standard. */

export type SseEvent = { id: string | null; type: string; data: string };

export class SseParser {
  private rest = "";
  private data: string[] = [];
  private type = "";
  /** The id of the last event that was whole: where a stream goes on. */
  lastId: string | null;
  /** What the server asks to be waited before coming back. */
  retryMs: number | null = null;
  private id: string | null;

  constructor(lastId: string | null = null) {
    this.lastId = lastId;
    this.id = lastId;
  }

  /** Takes a piece, which may begin and end anywhere, and hands out the events that are now whole. */
  push(piece: string): SseEvent[] {
    const events: SseEvent[] = [];
    const text = this.rest + piece;
    let start = 0;
    for (;;) {
      const end = lineEnd(text, start);
      if (end === null) break;
      this.line(text.slice(start, end.at), events);
      start = end.next;
    }
    this.rest = text.slice(start);
    return events;
  }

  private line(line: string, events: SseEvent[]): void {
    if (line === "") {
      this.lastId = this.id;
      if (this.data.length !== 0) {
        events.push({ id: this.id, type: this.type || "message", data: this.data.join("\n") });
      }
      this.data = [];
      this.type = "";
      return;
    }
    const colon = line.indexOf(":");
    const name = colon === -1 ? line : line.slice(0, colon);
    const value = colon === -1 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (name === "data") this.data.push(value);
    else if (name === "event") this.type = value;
    else if (name === "id" && !value.includes("\0")) this.id = value === "" ? null : value;
    else if (name === "retry" && /^\d+$/.test(value)) this.retryMs = Number(value);
  }
}

/** The end of a line and the beginning of the next. A `\r` at the very end may be half of `\r\n`. */
function lineEnd(text: string, from: number): { at: number; next: number } | null {
  for (let at = from; at < text.length; at += 1) {
    const char = text[at];
    if (char === "\n") return { at, next: at + 1 };
    if (char === "\r") {
      if (at + 1 === text.length) return null;
      return { at, next: text[at + 1] === "\n" ? at + 2 : at + 1 };
    }
  }
  return null;
}
