import { type LiveEvent, isLog, member } from "./events";

/** The beginning of the keys of what has to be read again. */
export type Affected = readonly string[];

/**
 * What an event makes out of date. Lines of transcripts make nothing so: whoever shows them takes them from
 * the stream itself.
 */
export function affected(event: LiveEvent): Affected[] {
  if (isLog(event)) return [];
  return [...ofSubject(event), ...EVERYTHING];
}

/** What shows all that moves. */
const EVERYTHING: readonly Affected[] = [["overview"], ["activity"], ["sandboxes"]];

function ofSubject(event: LiveEvent): Affected[] {
  const [subject] = event.type.split(":");
  switch (subject) {
    case "persistent_agent":
      return ofAgent(event);
    case "task":
      return of("tasks", "task", member(event, "taskId"));
    case "workflow_run":
      return [...of("runs", "run", member(event, "taskId")), ["jobs"]];
    case "pr_review":
    case "pr_review_run":
      return [...of("reviews", "review", member(event, "prReviewId")), ["pulls"]];
    default:
      return [];
  }
}

function of(list: string, one: string, id: string | null): Affected[] {
  return id === null ? [[list]] : [[list], [one, id], ["actor"], ["costs"]];
}

function ofAgent(event: LiveEvent): Affected[] {
  const agent = member(event, "agentId");
  if (agent === null) return [["agents"]];
  const verb = event.type.slice("persistent_agent:".length);
  // A page knows its agent by the slug, which events do not carry.
  const one: Affected[] = [["agent"], ["actor"]];
  switch (verb) {
    case "message":
    case "message_steered":
    case "message_refused":
      return [...one, ["agents"], ["messages", agent]];
    case "turn_started":
    case "turn_halted":
      return [...one, ["agents"], ["turns", agent], ["messages", agent], ["dead"], ["costs"]];
    default:
      return [...one, ["agents"], ["turns", agent], ["messages", agent], ["dead"]];
  }
}
