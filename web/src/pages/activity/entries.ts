import type { LinkProps } from "@tanstack/react-router";
import { type LiveEvent, member } from "@/live/events";
import { words } from "@/lib/text";
import { stateName } from "@/ui/status";

/** One thing that has happened, as a person reads it. */
export type Entry = {
  id: string;
  at: string;
  who: string;
  what: string;
  detail: string | null;
  bad: boolean;
  link: LinkProps | null;
};

/** Names of those that events know by their id. */
export type Names = { agent: (id: string) => { name: string; slug: string } | undefined };

/** What an event says to a person; null for what says nothing. */
export function entryOf(event: LiveEvent, names: Names): Entry | null {
  const [subject, verb = ""] = event.type.split(":");
  const base = { id: event.cursor, at: event.at };
  const toState = member(event, "toState");
  const detail =
    member(event, "error") ??
    member(event, "reason") ??
    member(event, "body") ??
    member(event, "summary") ??
    member(event, "content");
  const bad =
    toState === "failed" || toState === "needs_attention" || member(event, "errorClass") !== null;
  const what = toState ? `is ${stateName(toState)} now` : words(verb);
  if (subject === "persistent_agent") {
    const id = member(event, "agentId") ?? "";
    const agent = names.agent(id);
    const from = member(event, "senderName") ?? member(event, "senderType");
    return {
      ...base,
      who: agent?.name ?? "An agent",
      what: verb === "message" && from ? `gets a message from ${from}` : what,
      detail,
      bad: bad || verb === "breaker_tripped",
      link: agent ? { to: "/agents/$slug", params: { slug: agent.slug } } : null,
    };
  }
  if (subject === "task" || subject === "workflow_run") {
    const id = member(event, "taskId") ?? "";
    const link: LinkProps =
      subject === "task"
        ? { to: "/tasks/$task", params: { task: id } }
        : { to: "/runs/$run", params: { run: id } };
    const who = member(event, "title") ?? (subject === "task" ? "A task" : "A run");
    return { ...base, who, what, detail, bad, link };
  }
  if (subject === "pr_review") {
    const id = member(event, "prReviewId") ?? "";
    return {
      ...base,
      who: "A review",
      what,
      detail,
      bad,
      link: { to: "/reviews/$review", params: { review: id } },
    };
  }
  return null;
}
