import type { components } from "@/api/types";
import type { FieldSpec } from "@/ui/formSpec";

export type WebhookBody = components["schemas"]["NewWebhookBody"];

/** What Optio tells webhooks. */
export const EVENTS = [
  "task.completed",
  "task.failed",
  "task.needs_attention",
  "task.pr_opened",
  "review.completed",
  "workflow_run.queued",
  "workflow_run.started",
  "workflow_run.completed",
  "workflow_run.failed",
  "agent.failed",
  "agent.paused",
  "agent.turn_halted",
] as const;

export const WEBHOOK_FIELDS: readonly FieldSpec<WebhookBody>[] = [
  {
    name: "url",
    label: "Address",
    required: true,
    placeholder: "https://example.com/in",
    hint: "On the public internet, unless the settings allow others.",
  },
  { name: "description", label: "Description" },
  {
    name: "events",
    label: "Events",
    kind: "list",
    rows: 5,
    required: true,
    hint: EVENTS.join(", "),
  },
  {
    name: "secret",
    label: "Secret",
    kind: "secret",
    hint: "Deliveries are signed with it, as Standard Webhooks. Never shown again.",
  },
  { name: "active", label: "Active", kind: "toggle" },
];
