import { afterEach, describe, expect, it, vi } from "vitest";
import type { LiveEvent } from "./events";

vi.stubGlobal("sessionStorage", {
  getItem: () => null,
  setItem: () => undefined,
  removeItem: () => undefined,
});
const { Connection } = await import("./connection");

const block = (n: number) => `id: 1-${n}\nevent: task:log\ndata: {"type":"task:log","n":${n}}\n\n`;

/** Answers each request with the next stream, and remembers with which id it was asked. */
function serve(streams: string[]) {
  const asked: (string | null)[] = [];
  vi.stubGlobal("fetch", (_path: string, init: RequestInit) => {
    asked.push(new Headers(init.headers).get("last-event-id"));
    const text = streams.shift();
    if (text === undefined) return new Promise<Response>(() => undefined);
    return text === "refuse"
      ? Promise.reject(new TypeError("away"))
      : Promise.resolve(new Response(text));
  });
  return asked;
}

function listen() {
  const heard: number[] = [];
  const states: string[] = [];
  let fresh = 0;
  const connection = new Connection("/api/events", {
    events: (events: LiveEvent[]) => heard.push(...events.map((event) => event.number)),
    state: (state) => states.push(state),
    fresh: () => (fresh += 1),
  });
  connection.open();
  return { connection, heard, states, fresh: () => fresh };
}

afterEach(() => vi.unstubAllGlobals());

describe("Connection", () => {
  it("goes on after the last event that was whole, without hole or repeat", async () => {
    const asked = serve([block(1) + block(2) + "id: 1-3\nda", "refuse", block(3) + block(4)]);
    const { connection, heard, states, fresh } = listen();
    await vi.waitFor(() => expect(heard).toEqual([1, 2, 3, 4]), { timeout: 5_000 });
    expect(asked.slice(0, 3)).toEqual([null, "1-2", "1-2"]);
    expect(states.slice(0, 3)).toEqual(["connecting", "live", "behind"]);
    expect(fresh()).toBe(1);
    connection.close();
    expect(states.at(-1)).toBe("off");
  });

  it("says that everything has to be read again where it cannot go on", async () => {
    serve(["", block(1)]);
    const { connection, heard, fresh } = listen();
    await vi.waitFor(() => expect(heard).toEqual([1]), { timeout: 5_000 });
    expect(fresh()).toBe(2);
    connection.close();
  });
});
