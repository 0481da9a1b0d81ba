import { problemOf } from "@/api/problem";
import { authorization, getSession, refused } from "@/api/session";
import { type LiveEvent, readEvent } from "./events";
import { SseParser } from "./sse";

/** `behind` is a connection that was lost, `off` one that nobody wants now. */
export type LiveState = "connecting" | "live" | "behind" | "off";

/** A server that says nothing at all for so long is gone: it says that it is alive every 15 seconds. */
const SILENCE_MS_MAX = 40_000;
const RETRY_MS_MIN = 250;
const RETRY_MS_MAX = 8_000;

type Listeners = {
  events: (events: LiveEvent[]) => void;
  state: (state: LiveState) => void;
  /** A stream that goes on from now: whatever happened before has to be read elsewhere. */
  fresh: () => void;
};

/** One stream of everything, taken up again where it broke off. */
export class Connection {
  private lastId: string | null = null;
  private abort: AbortController | null = null;
  private tries = 0;
  private wasLost = false;

  constructor(
    private readonly path: string,
    private readonly listeners: Listeners,
  ) {}

  open(): void {
    if (this.abort) return;
    this.abort = new AbortController();
    void this.run(this.abort.signal);
  }

  /** Ends the connection; opening it again goes on from the last event that came. */
  close(): void {
    this.abort?.abort();
    this.abort = null;
    this.listeners.state("off");
  }

  private async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      this.listeners.state(this.wasLost ? "behind" : "connecting");
      try {
        await this.once(signal);
      } catch {
        // Why it ended makes no difference: it is opened again.
      }
      if (signal.aborted) return;
      this.wasLost = true;
      this.listeners.state("behind");
      // The part that is by chance keeps many tabs from coming back at the same moment.
      const wait =
        Math.min(RETRY_MS_MAX, RETRY_MS_MIN * 2 ** this.tries) * (0.75 + Math.random() / 2);
      this.tries += 1;
      await pause(wait, signal);
    }
  }

  private async once(signal: AbortSignal): Promise<void> {
    const { token } = getSession();
    const silence = new AbortController();
    let timer = setTimeout(() => silence.abort(), SILENCE_MS_MAX);
    const resumed = this.lastId;
    try {
      const response = await fetch(this.path, {
        headers: {
          accept: "text/event-stream",
          ...authorization(),
          ...(resumed === null ? {} : { "last-event-id": resumed }),
        },
        signal: AbortSignal.any([signal, silence.signal]),
        cache: "no-store",
      });
      if (!response.ok || !response.body) return await this.refuse(response, token);
      this.tries = 0;
      this.wasLost = false;
      this.listeners.state("live");
      if (resumed === null) this.listeners.fresh();
      const parser = new SseParser(resumed);
      const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
      for (;;) {
        const { done, value } = await reader.read();
        if (done) return;
        clearTimeout(timer);
        timer = setTimeout(() => silence.abort(), SILENCE_MS_MAX);
        const events = parser
          .push(value)
          .map(readEvent)
          .filter((event) => event !== null);
        this.lastId = parser.lastId;
        if (events.length !== 0) this.listeners.events(events);
      }
    } finally {
      clearTimeout(timer);
    }
  }

  private async refuse(response: Response, token: string | null): Promise<void> {
    if (response.status === 401) {
      refused(token, problemOf(401, await response.json().catch(() => null)).detail);
    }
    // A place the server does not know (its database is another one now) is of no use any more.
    if (response.status === 400) this.lastId = null;
  }
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
