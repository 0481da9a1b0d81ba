/** What a state means to a person. The colour is one of three signs; the icon and the word say the same. */
export type Tone = "live" | "ok" | "wait" | "bad" | "rest";

const TONES: Record<string, Tone> = {
  // Agents
  idle: "rest",
  queued: "wait",
  provisioning: "live",
  running: "live",
  paused: "wait",
  failed: "bad",
  archived: "rest",
  // Tasks and runs
  pending: "rest",
  waiting_on_deps: "wait",
  needs_attention: "bad",
  pr_opened: "wait",
  completed: "ok",
  cancelled: "rest",
  // Reviews
  waiting_ci: "wait",
  reviewing: "live",
  ready: "wait",
  stale: "wait",
  submitted: "ok",
  // Pull requests, checks, verdicts
  open: "live",
  merged: "ok",
  closed: "rest",
  none: "rest",
  unknown: "rest",
  passing: "ok",
  failing: "bad",
  conflicts: "bad",
  approved: "ok",
  approve: "ok",
  changes_requested: "bad",
  request_changes: "bad",
  comment: "rest",
  // Messages
  assigned: "live",
  consumed: "ok",
  dead: "bad",
  discarded: "rest",
  // Tickets
  waiting: "wait",
  started: "live",
  stuck: "bad",
  // Anything that can be turned on
  enabled: "ok",
  disabled: "rest",
  delivered: "ok",
  alive: "ok",
  gone: "bad",
  // Sandboxes
  connected: "ok",
  elsewhere: "wait",
  dormant: "rest",
};

export function toneOf(state: string): Tone {
  return TONES[state] ?? "rest";
}

const NAMES: Record<string, string> = {
  pr_opened: "PR open",
  waiting_on_deps: "waits for tasks",
  waiting_ci: "waits for checks",
  provisioning: "starting",
  needs_attention: "needs you",
  dormant: "kept as files",
};

export function stateName(state: string): string {
  return NAMES[state] ?? state.replaceAll("_", " ");
}
