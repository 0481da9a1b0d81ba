import type { LinkProps } from "@tanstack/react-router";
import { words } from "./text";

/**
 * The page of whatever a list over everything speaks of. Such lists call an agent by its slug, which is its
 * address as well.
 */
export function pageOf(kind: string, id: string, name?: string | null): LinkProps | null {
  switch (kind) {
    case "agent":
    case "persistent_agent":
      return { to: "/agents/$slug", params: { slug: name ?? id } };
    case "task":
    case "coding":
    case "review":
      return { to: "/tasks/$task", params: { task: id } };
    case "job":
    case "workflow_run":
      return { to: "/runs/$run", params: { run: id } };
    case "pr_review":
    case "pr_review_run":
      return { to: "/reviews/$review", params: { review: id } };
    case "tracker":
      return { to: "/issues", search: { view: "trackers" } };
    case "ticket":
      return { to: "/issues", search: { view: "tickets" } };
    default:
      return null;
  }
}

const NAMES: Record<string, string> = {
  coding: "task",
  review: "review of a task",
  job: "run of a job",
  workflow_run: "run of a job",
  persistent_agent: "agent",
  pr_review: "review",
  pr_review_run: "review",
};

/** A kind in the word that the pages use. */
export function kindName(kind: string): string {
  return NAMES[kind] ?? words(kind);
}
