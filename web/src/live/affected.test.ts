import { describe, expect, it, vi } from "vitest";
import { affected } from "./affected";
import { readEvent } from "./events";
import { Gatherer } from "./gatherer";

const event = (type: string, data: object) => {
  const read = readEvent({ id: "9-4", type, data: JSON.stringify({ type, ...data }) });
  if (!read) throw new Error("no event");
  return read;
};

describe("affected", () => {
  it("leaves everything as it is for a line of a transcript", () => {
    expect(affected(event("task:log", { taskId: "t" }))).toEqual([]);
  });

  it("names the list and the one for a change of state", () => {
    expect(affected(event("task:state_changed", { taskId: "t" }))).toContainEqual(["task", "t"]);
    expect(affected(event("task:state_changed", { taskId: "t" }))).toContainEqual(["tasks"]);
    expect(affected(event("persistent_agent:message", { agentId: "a" }))).toContainEqual([
      "messages",
      "a",
    ]);
  });

  it("makes the overview out of date with whatever moves", () => {
    for (const type of ["task:state_changed", "persistent_agent:turn_started", "pr_review:x"]) {
      expect(affected(event(type, {}))).toContainEqual(["overview"]);
    }
  });

  it("knows of what it does not know only that something has happened", () => {
    expect(affected(event("weather:changed", {}))).toEqual([
      ["overview"],
      ["activity"],
      ["sandboxes"],
    ]);
  });
});

describe("readEvent", () => {
  it("takes the second part of the id as the number of the line", () => {
    expect(event("task:log", {}).number).toBe(4);
  });

  it("takes nothing that is no event", () => {
    expect(readEvent({ id: null, type: "a", data: "{}" })).toBeNull();
    expect(readEvent({ id: "1-1", type: "a", data: "{" })).toBeNull();
    expect(readEvent({ id: "1-1", type: "a", data: "[]" })).toBeNull();
  });
});

describe("Gatherer", () => {
  it("reads once what many events were about, and not too often", () => {
    vi.useFakeTimers();
    const read = vi.fn(() => Promise.resolve());
    const gatherer = new Gatherer({ invalidateQueries: read }, 100, 1_000);
    for (let n = 0; n < 50; n += 1) gatherer.add(["tasks"]);
    vi.advanceTimersByTime(100);
    expect(read).toHaveBeenCalledTimes(1);
    gatherer.add(["tasks"]);
    vi.advanceTimersByTime(900);
    expect(read).toHaveBeenCalledTimes(1);
    vi.advanceTimersByTime(200);
    expect(read).toHaveBeenCalledTimes(2);
    vi.useRealTimers();
  });
});
