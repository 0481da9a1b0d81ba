import { get } from "@/api/client";
import { member } from "@/live/events";
import { storedLine } from "./lines";
import type { TranscriptSource } from "./useTranscript";

const TURN_LINES = "1000";
const LINES = 5_000;

export function turnSource(agent: string, turn: string): TranscriptSource {
  return {
    key: ["turn", turn],
    accepts: (event) => member(event, "turnId") === turn,
    load: async (add, signal) => {
      let cursor: string | undefined;
      do {
        const page = await get("/api/persistent-agents/{agent}/turns/{turn}", {
          params: { path: { agent, turn }, query: { limit: TURN_LINES, cursor } },
          signal,
        });
        add(page.logs.map((line) => storedLine(line, line.turnId)));
        cursor = page.nextCursor ?? undefined;
      } while (cursor);
    },
  };
}

export function taskSource(task: string): TranscriptSource {
  return {
    key: ["task", task],
    accepts: (event) => member(event, "taskId") === task,
    load: (add, signal) =>
      byOffset(async (offset) => {
        const params = { path: { task }, query: { limit: LINES, offset } };
        const page = await get("/api/tasks/{task}/logs", { params, signal });
        add(page.logs.map((line) => storedLine(line, line.runId ?? null)));
        return page.logs.length;
      }),
  };
}

export function runSource(run: string): TranscriptSource {
  return {
    key: ["run", run],
    accepts: (event) => member(event, "taskId") === run,
    load: (add, signal) =>
      byOffset(async (offset) => {
        const params = { path: { run }, query: { limit: LINES, offset } };
        const page = await get("/api/workflow-runs/{run}/logs", { params, signal });
        add(page.logs.map((line) => storedLine(line, line.runId ?? null)));
        return page.logs.length;
      }),
  };
}

/** The transcript of one run of a review. */
export function reviewSource(review: string, run: string): TranscriptSource {
  return {
    key: ["review", review, run],
    accepts: (event) => member(event, "prReviewRunId") === run,
    load: (add, signal) =>
      byOffset(async (offset) => {
        const params = { path: { review }, query: { runId: run, limit: LINES, offset } };
        const page = await get("/api/pr-reviews/{review}/logs", { params, signal });
        add(page.logs.map((line) => storedLine(line, line.prReviewRunId ?? null)));
        return page.logs.length;
      }),
  };
}

/** Reads pages until one is not full. */
async function byOffset(page: (offset: number) => Promise<number>): Promise<void> {
  for (let offset = 0; ; offset += LINES) {
    if ((await page(offset)) < LINES) return;
  }
}
