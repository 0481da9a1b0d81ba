import { describe, expect, it } from "vitest";
import { blocks, inline } from "./markdown";
import { metricValue, parseMetrics } from "./metrics";
import { approximately, compact, money, parseMoney } from "./money";
import { rank } from "./rank";
import { nextStates, parseStates } from "./states";
import { bytes, plural, repoName } from "./text";
import { clock, dayOf, duration, relative } from "./time";

describe("money", () => {
  it("adds without losing a fraction", () => {
    const many = Array.from({ length: 1_000 }, () => parseMoney("0.001"));
    expect(many.reduce((sum, each) => sum + each)).toBe(parseMoney("1"));
    expect(parseMoney("no money") + parseMoney(null)).toBe(0n);
  });

  it("shows two places, and four where there would be nothing", () => {
    expect(money("1234.505")).toBe("$1,234.51");
    expect(money("0.0979")).toBe("$0.10");
    expect(money("0.0089")).toBe("$0.0089");
    expect(money("0.000001")).toBe("<$0.0001");
    expect(money("0")).toBe("$0.00");
    expect(money("-2.5")).toBe("-$2.50");
    expect(money(null)).toBe("$0.00");
  });

  it("knows heights and counts", () => {
    expect(approximately(parseMoney("2.5"))).toBe(2.5);
    expect(compact(12_345)).toBe("12.3K");
  });
});

describe("time", () => {
  it("says a length in two units at most", () => {
    expect(duration(438)).toBe("438 ms");
    expect(duration(42_000)).toBe("42 s");
    expect(duration(200_000)).toBe("3 min 20 s");
    expect(duration(7_200_000)).toBe("2 h");
    expect(duration(100 * 3_600_000)).toBe("4 d 4 h");
    expect(duration(-5)).toBe("0 ms");
  });

  it("says how far away a moment is, in both directions", () => {
    const now = Date.parse("2030-01-31T12:00:00Z");
    expect(relative("2030-01-31T11:59:58Z", now)).toBe("now");
    expect(relative("2030-01-31T11:55:00Z", now)).toBe("5 min ago");
    expect(relative("2030-01-31T14:00:00Z", now)).toBe("in 2 h");
  });

  it("shows the zone of whoever looks", () => {
    expect(clock("2030-01-31T23:30:05Z", "Europe/Paris")).toBe("00:30:05");
    expect(dayOf("2030-01-31T23:30:05Z", "Europe/Paris")).toBe("2030-02-01");
    expect(dayOf("2030-01-31T23:30:05Z", "America/New_York")).toBe("2030-01-31");
  });
});

describe("text", () => {
  it("shortens and counts", () => {
    expect(repoName("https://github.com/acme/shop.git")).toBe("acme/shop");
    expect(plural(1, "task")).toBe("1 task");
    expect(plural(1_200, "task")).toBe("1,200 tasks");
    expect(bytes(1_536)).toBe("1.5 KiB");
  });

  it("ranks the beginning of a name before its middle", () => {
    expect(rank(["retask", "task", "a task"], "task", (name) => name)[0]).toBe("task");
    expect(rank(["vesper agent", "forge agent"], "agent ves", (name) => name)).toEqual([
      "vesper agent",
    ]);
  });
});

describe("markdown", () => {
  it("reads the blocks that agents write", () => {
    const kinds = blocks(
      "# Title\n\nWords.\n\n- a\n- b\n  c\n\n```sh\nls\n```\n> q\n\n---\n1. x",
    ).map((block) => block.kind);
    expect(kinds).toEqual(["heading", "paragraph", "list", "code", "quote", "rule", "list"]);
    expect(blocks("```\nnever closed")).toEqual([
      { kind: "code", language: "", text: "never closed" },
    ]);
  });

  it("makes links of nothing but addresses of the web", () => {
    expect(inline("[x](javascript:alert(1))")).toEqual([
      { kind: "text", text: "[x](javascript:alert(1))" },
    ]);
    expect(inline("see https://example.com/a.").map((part) => part.kind)).toEqual([
      "text",
      "link",
      "text",
    ]);
    expect(
      inline("`a` **b** *c*")
        .filter((part) => part.kind !== "text")
        .map((part) => part.kind),
    ).toEqual(["code", "strong", "em"]);
  });
});

describe("metrics and states", () => {
  it("reads what Prometheus reads", () => {
    const metrics = parseMetrics(
      '# HELP m Help.\n# TYPE m gauge\nm{state="idle"} 3\nm{state="paused"} 1\nn 2\n',
    );
    expect(metricValue(metrics, "m")).toBe(4);
    expect(metricValue(metrics, "m", ["state", "idle"])).toBe(3);
    expect(metrics[0]?.help).toBe("Help.");
  });

  it("reads a state diagram", () => {
    const steps = parseStates(
      "stateDiagram-v2\n    [*] --> idle\n    idle --> queued : woken\n    idle --> queued : poked\n    archived --> [*]\n",
    );
    expect(nextStates(steps, "idle")).toEqual([["queued", ["woken", "poked"]]]);
  });
});
