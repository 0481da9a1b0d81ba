import type { LinkProps } from "@tanstack/react-router";
import type { Agent, Busy, Message, Provider, Trigger, Webhook } from "@/api/types";
import { groupBy } from "@/lib/groupBy";
import { kindName, pageOf } from "@/lib/subjects";
import { plural, title } from "@/lib/text";
import { stateName } from "@/ui/status";

/** Something that goes on only once a person has done something. */
export type Need = {
  id: string;
  what: string;
  title: string;
  why: string;
  /** What the person can do. */
  remedy: string;
  since: string | null;
  link: LinkProps;
};

type Seen = {
  /** Those of whom the overview knows. */
  busy: readonly Busy[];
  agents: readonly Agent[];
  dead: readonly Message[];
  triggers: readonly Trigger[];
  webhooks: readonly Webhook[];
  trackers: readonly Provider[];
};

/** What needs a person: first who stands still, then what lies or was turned off. */
export function needsOf(seen: Seen): Need[] {
  return [
    ...seen.busy.map(standing),
    ...deadMail(seen),
    ...seen.trackers.filter((tracker) => tracker.holdReason).map(heldTracker),
    ...seen.triggers.filter((trigger) => trigger.disabledReason).map(stoppedTrigger),
    ...seen.webhooks.filter((webhook) => webhook.disabledReason).map(stoppedWebhook),
  ];
}

/** What helps where the server has no better advice. */
const REMEDIES: Record<string, string> = {
  "agent paused": "Look at what it does, then resume it.",
  "agent failed": "Look at its last turn, then resume it.",
  "task needs_attention": "Resume it with a word to its agent, or cancel it.",
  "pr_review ready": "Read the draft, change it, hand it in.",
};

function standing(busy: Busy): Need {
  return {
    id: `${busy.kind}-${busy.id}`,
    what: `${title(kindName(busy.kind))} ${stateName(busy.state)}`,
    title: busy.name,
    why: busy.reason ?? busy.waitsFor,
    remedy: busy.remedy ?? REMEDIES[`${busy.kind} ${busy.state}`] ?? "Look at why it stands still.",
    since: busy.since,
    link: pageOf(busy.kind, busy.id, busy.name) ?? { to: "/" },
  };
}

function deadMail({ dead, agents }: Seen): Need[] {
  const byAgent = groupBy(dead, (message) => message.agentId);
  return [...byAgent].map(([id, messages]) => {
    const agent = agents.find((each) => each.id === id);
    return {
      id: `dead-${id}`,
      what: "Dead letters",
      title: `${plural(messages.length, "message")} to ${agent?.name ?? "an agent"}`,
      why: messages[0]?.deadReason ?? "Turns with it failed too often.",
      remedy: "Replay them once the cause is gone, or discard them.",
      since: messages[0]?.receivedAt ?? null,
      link: agent
        ? { to: "/agents/$slug", params: { slug: agent.slug }, search: { tab: "inbox" } }
        : { to: "/dead-letters" },
    };
  });
}

function heldTracker(tracker: Provider): Need {
  return {
    id: `tracker-${tracker.id}`,
    what: "Tracker left alone",
    title: tracker.source,
    why: tracker.lastError ?? tracker.holdReason ?? "",
    remedy: "Put its settings right, then let it go on.",
    since: tracker.lastErrorAt ?? null,
    link: { to: "/issues", search: { view: "trackers" } },
  };
}

function stoppedTrigger(trigger: Trigger): Need {
  return {
    id: `trigger-${trigger.id}`,
    what: "Trigger disabled itself",
    title: `${trigger.type} trigger`,
    why: trigger.disabledReason ?? "",
    remedy: "Enable it again once the cause is gone.",
    since: trigger.lastOutcomeAt ?? null,
    link: { to: "/scheduled" },
  };
}

function stoppedWebhook(webhook: Webhook): Need {
  return {
    id: `webhook-${webhook.id}`,
    what: "Webhook turned off",
    title: webhook.url,
    why: webhook.disabledReason ?? "",
    remedy: "Mend the receiver, then turn it on again.",
    since: webhook.updatedAt,
    link: { to: "/webhooks/$webhook", params: { webhook: webhook.id } },
  };
}
