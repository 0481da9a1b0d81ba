import { describe, expect, it } from "vitest";
import { filterEntries, group } from "./group";
import { type Line, type LineKind, mergeLines } from "./lines";

const line = (
  id: number,
  kind: LineKind = "text",
  text = `line ${id}`,
  meta: unknown = null,
): Line => ({
  id,
  kind,
  text,
  meta,
  at: "2030-01-31T09:30:00Z",
  run: "r",
});
const ids = (lines: readonly Line[]) => lines.map((each) => each.id);

describe("mergeLines", () => {
  it("adds at the end", () => {
    expect(ids(mergeLines([line(1)], [line(2), line(3)]))).toEqual([1, 2, 3]);
  });

  it("has each line once and in order, from wherever and however often it comes", () => {
    const all = Array.from({ length: 40 }, (_, index) => line(index));
    const odd = all.filter((each) => each.id % 2 === 1).reverse();
    let have: readonly Line[] = [];
    for (const more of [odd, all.slice(10, 30), all.slice(20), all.slice(0, 15), all])
      have = mergeLines(have, more);
    expect(ids(have)).toEqual(ids(all));
  });

  it("stays the same object where nothing is new", () => {
    const have = [line(1), line(2)];
    expect(mergeLines(have, [])).toBe(have);
    expect(mergeLines(have, [line(1)])).toBe(have);
  });

  it("adds to 100,000 lines within a frame", () => {
    const have = Array.from({ length: 100_000 }, (_, index) => line(index));
    const begun = performance.now();
    mergeLines(have, [line(100_000)]);
    expect(performance.now() - begun).toBeLessThan(50);
  });
});

describe("group", () => {
  it("puts an answer under its call, also when calls overlap", () => {
    const entries = group([
      line(1, "tool_use", "a", { toolUseId: "x" }),
      line(2, "tool_use", "b", { toolUseId: "y" }),
      line(3, "tool_result", "of a", { toolUseId: "x", isError: true }),
      line(4, "tool_result", "of b", { toolUseId: "y" }),
    ]);
    expect(entries).toMatchObject([
      { kind: "tool", failed: true, results: [{ text: "of a" }] },
      { kind: "tool", failed: false, results: [{ text: "of b" }] },
    ]);
  });

  it("makes one row of notes that follow each other, and keeps an answer without a call", () => {
    const entries = group([
      line(1, "system"),
      line(2, "info"),
      line(3),
      line(4, "tool_result", "lost"),
    ]);
    expect(entries.map((entry) => entry.kind)).toEqual(["quiet", "line", "line"]);
  });
});

describe("filterEntries", () => {
  const entries = group([
    line(1, "tool_use", "ls", { toolUseId: "x" }),
    line(2, "tool_result", "needle.txt", { toolUseId: "x" }),
    line(3),
  ]);

  it("finds a call by what the tool answered", () => {
    expect(
      filterEntries(entries, { search: "NEEDLE", hidden: new Set() }).map((entry) => entry.id),
    ).toEqual([1]);
  });

  it("hides a kind", () => {
    expect(
      filterEntries(entries, { search: "", hidden: new Set(["tool_use"]) }).map(
        (entry) => entry.id,
      ),
    ).toEqual([3]);
  });
});
