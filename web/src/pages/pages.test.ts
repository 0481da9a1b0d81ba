import { describe, expect, it } from "vitest";
import type { Message, Turn } from "@/api/types";
import { collect, type FieldSpec, initialValues } from "@/ui/formSpec";
import { joined, readHappened } from "./activity/happened";
import { pathBetween } from "./agents/edgePath";
import { conversation, type Draft, flatten } from "./agents/conversation";
import { flowsOf, PEOPLE, places, senderOf } from "./agents/team";
import { trend } from "./costs/trend";
import { needsOf } from "./overview/needs";
import { decided } from "./sandbox/fields";
import { ownerPage } from "./cluster/owner";
import { canDo } from "./tasks/acts";
import { stageOf, STAGES } from "./tasks/stages";

const message = (part: Partial<Message>) =>
  ({
    id: "m",
    agentId: "a",
    senderType: "user",
    senderId: "u",
    receivedAt: "2030-01-01T00:00:00Z",
    ...part,
  }) as Message;
const turn = (part: Partial<Turn>) =>
  ({ id: "t", startedAt: "2030-01-01T00:00:00Z", ...part }) as Turn;

describe("conversation", () => {
  const draft: Draft = {
    key: "k",
    body: "hi",
    class: "work",
    at: "2030-01-01T00:00:05Z",
    messageId: null,
    error: null,
  };

  it("puts a message before the turn it wakes", () => {
    const items = conversation([message({})], [turn({})], []);
    expect(items.map((item) => item.kind)).toEqual(["message", "turn"]);
  });

  it("shows what was sent at once, and not twice when it has arrived", () => {
    expect(conversation([], [], [draft])).toHaveLength(1);
    const sent = { ...draft, messageId: "m" };
    expect(conversation([message({ id: "m" })], [], [sent]).map((item) => item.kind)).toEqual([
      "message",
    ]);
  });

  it("has each row of overlapping pages once", () => {
    expect(
      flatten(
        [
          [{ id: "a" }, { id: "b" }],
          [{ id: "b" }, { id: "c" }],
        ],
        (page) => page,
      ).map((row) => row.id),
    ).toEqual(["a", "b", "c"]);
  });
});

describe("team", () => {
  const agents = [
    { id: "1", slug: "vesper" },
    { id: "2", slug: "forge" },
  ];

  it("knows a sender by id, slug and address, and people as people", () => {
    expect(senderOf("agent", "1", agents)).toBe("1");
    expect(senderOf("agent", "agent:default/forge", agents)).toBe("2");
    expect(senderOf("user", "local", agents)).toBe(PEOPLE);
    expect(senderOf("system", "x", agents)).toBeNull();
  });

  it("counts who wrote to whom", () => {
    const flows = flowsOf(
      [
        message({ agentId: "1" }),
        message({ agentId: "1" }),
        message({ agentId: "2", senderType: "agent", senderId: "1" }),
      ],
      agents,
    );
    expect(flows).toEqual([
      { from: PEOPLE, to: "1", count: 2 },
      { from: "1", to: "2", count: 1 },
    ]);
  });

  it("gives everybody a place of their own", () => {
    const spots = [...places(["1", "2", "3", "4"]).values()].map(
      (spot) => `${Math.round(spot.x)},${Math.round(spot.y)}`,
    );
    expect(new Set(spots).size).toBe(5);
    expect(
      pathBetween({ x: 0, y: 0, width: 10, height: 10 }, { x: 100, y: 0, width: 10, height: 10 }),
    ).toMatch(/^M .* Q /);
  });
});

describe("tasks", () => {
  const task = {
    state: "pr_opened",
    prNumber: 2,
    prState: "open",
    prChecksStatus: "passing",
    prReviewStatus: "none",
    startedAt: "x",
  };

  it("knows how far a task has come", () => {
    expect(stageOf({ ...task, state: "queued" }).at).toBe(0);
    expect(STAGES[stageOf(task).at]).toBe("review");
    expect(stageOf({ ...task, prChecksStatus: "failing" })).toEqual({
      at: 4,
      trouble: "checks failed",
    });
    expect(stageOf({ ...task, state: "failed", prNumber: null })).toEqual({
      at: 2,
      trouble: "failed",
    });
    expect(stageOf({ ...task, state: "completed" }).at).toBe(STAGES.length);
  });

  it("offers what makes sense", () => {
    const failed = { state: "failed", prState: null, taskType: "coding", stateReason: null };
    expect(canDo(failed, "retry")).toBe(true);
    expect(canDo(failed, "cancel")).toBe(false);
    expect(canDo({ ...failed, state: "running" }, "cancel")).toBe(true);
  });
});

describe("forms", () => {
  type Body = { name: string; count: number; labels: string[]; on: boolean; extra: object };
  const fields: FieldSpec<Body>[] = [
    { name: "name", label: "", required: true },
    { name: "count", label: "", kind: "number" },
    { name: "labels", label: "", kind: "list" },
    { name: "on", label: "", kind: "toggle" },
    { name: "extra", label: "", kind: "json" },
  ];
  const before = initialValues(fields, { name: "a", count: 3, labels: ["x"], on: true });

  it("sends what was changed and clears what was emptied", () => {
    const { body, errors } = collect(fields, before, {
      ...before,
      count: "",
      labels: "x\ny",
      on: false,
    });
    expect(errors).toEqual({});
    expect(body).toEqual({ count: null, labels: ["x", "y"], on: false });
  });

  it("says what is wrong before the server does", () => {
    const { errors } = collect(fields, before, {
      ...before,
      name: "",
      count: "many",
      extra: "[1]",
    });
    expect(Object.keys(errors)).toEqual(["name", "count", "extra"]);
  });
});

describe("overview and costs", () => {
  it("puts first what holds up most", () => {
    const agent = { id: "1", slug: "v", name: "V" };
    const busy = {
      kind: "agent",
      id: "1",
      name: "v",
      state: "failed",
      since: "x",
      waitsFor: "a person",
      holder: "a person",
    };
    const needs = needsOf({
      busy: [
        { ...busy, reason: "no key", remedy: "Set a key." },
        { ...busy, kind: "pr_review", id: "r", name: "Fix", state: "ready" },
      ],
      agents: [agent as never],
      dead: [
        message({ deadReason: "three turns failed", agentId: "1" }),
        message({ id: "n", agentId: "1" }),
      ],
      triggers: [],
      webhooks: [],
      trackers: [],
    });
    expect(needs.map((need) => need.what)).toEqual([
      "Agent failed",
      "Review ready",
      "Dead letters",
    ]);
    expect(needs[0]).toMatchObject({
      why: "no key",
      remedy: "Set a key.",
      link: { params: { slug: "v" } },
    });
    expect(needs[1]).toMatchObject({ why: "a person", link: { params: { review: "r" } } });
    expect(needs[2]?.title).toBe("2 messages to V");
  });

  it("says how a sum stands to the one before", () => {
    expect(trend("1.50", "1")).toBe("+50 %");
    expect(trend("0.25", "1")).toBe("-75 %");
    expect(trend("1", "1.00")).toBe("0 %");
    expect(trend("1", "0")).toBeNull();
  });
});

describe("activity", () => {
  const item = (id: string, part: object = {}) => ({
    id,
    action: "task:state_changed",
    resourceType: "task",
    resourceId: "t",
    name: "Fix: it",
    summary: "task Fix: it: queued to failed, no key",
    timestamp: "2030-01-01T00:00:00Z",
    details: { toState: "failed" },
    ...part,
  });
  const ids = (...each: number[]) =>
    readHappened({ items: each.map((id) => item(String(id))) }).items;

  it("says to whom once, and what after it", () => {
    const { items, nextCursor } = readHappened({ items: [item("7"), "?"], nextCursor: 7 });
    expect(nextCursor).toBe(7);
    expect(items).toHaveLength(1);
    expect(items[0]).toMatchObject({
      id: 7,
      who: "Fix: it",
      what: "queued to failed, no key",
      bad: true,
      link: { params: { task: "t" } },
    });
    const unnamed = item("8", {
      name: null,
      resourceType: "pull_request",
      summary: "pull request: message",
    });
    expect(readHappened({ items: [unnamed] }).items[0]).toMatchObject({
      who: "Pull request",
      what: "message",
      link: null,
    });
  });

  it("joins the latest to the pages without a hole", () => {
    const joint = joined(ids(9, 8, 7), ids(7, 6));
    expect(joint?.map((each) => each.id)).toEqual([9, 8, 7, 6]);
    expect(joined(ids(9, 8), ids(6, 5))).toBeNull();
    expect(joined(ids(6), ids(6, 5))).toHaveLength(2);
    expect(joined([], ids(6))).toHaveLength(1);
    expect(joined(ids(9), [])).toHaveLength(1);
  });
});

describe("sandboxes", () => {
  it("are saved as a whole, without what was emptied", () => {
    const before = { imagePreset: "rust", egress: ["10.0.0.0/8"], cpuLimit: "2" };
    expect(decided(before, { imagePreset: null, egress: [], memoryLimit: "4Gi" })).toEqual({
      cpuLimit: "2",
      memoryLimit: "4Gi",
    });
  });

  it("lead to what they are for", () => {
    const of = (ownerKind: string, ownerName: string | null) =>
      ownerPage(
        { ownerKind, ownerName, ownerId: "pool" } as never,
        [{ id: "r", repoUrl: "https://host/a/b" }],
        [{ id: "j", name: "report" }],
      );
    expect(of("agent", "ada")).toMatchObject({ params: { slug: "ada" } });
    expect(of("repository", "https://host/a/b")).toMatchObject({ params: { repo: "r" } });
    expect(of("repository", "https://host/a/c")).toBeNull();
    expect(of("job", "report")).toMatchObject({ params: { job: "j" } });
  });
});
