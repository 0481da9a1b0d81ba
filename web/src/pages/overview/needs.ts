import type { LinkProps } from "@tanstack/react-router";
import type { Agent, Message, Provider, Review, Task, Trigger, Webhook } from "@/api/types";
import { groupBy } from "@/lib/groupBy";
import { plural } from "@/lib/text";

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
  agents: readonly Agent[];
  tasks: readonly Task[];
  dead: readonly Message[];
  reviews: readonly Review[];
  triggers: readonly Trigger[];
  webhooks: readonly Webhook[];
  trackers: readonly Provider[];
};

/** What needs a person, those first that hold up most. */
export function needsOf(seen: Seen): Need[] {
  return [
    ...seen.agents.filter((agent) => agent.state === "failed").map(failedAgent),
    ...seen.tasks.map(askingTask),
    ...seen.agents
      .filter((agent) => agent.state === "paused" && agent.pauseReason)
      .map(pausedAgent),
    ...deadMail(seen),
    ...seen.reviews.map(readyReview),
    ...seen.trackers.filter((tracker) => tracker.holdReason).map(heldTracker),
    ...seen.triggers.filter((trigger) => trigger.disabledReason).map(stoppedTrigger),
    ...seen.webhooks.filter((webhook) => webhook.disabledReason).map(stoppedWebhook),
  ];
}

function failedAgent(agent: Agent): Need {
  return {
    id: `agent-${agent.id}`,
    what: "Agent failed",
    title: agent.name,
    why: agent.lastFailureReason ?? "It failed too often in a row.",
    remedy: agent.lastFailureRemedy ?? "Look at its last turn, then resume it.",
    since: agent.stateSince,
    link: { to: "/agents/$slug", params: { slug: agent.slug } },
  };
}

function pausedAgent(agent: Agent): Need {
  return {
    id: `agent-${agent.id}`,
    what: "Agent paused itself",
    title: agent.name,
    why: agent.pauseReason ?? "",
    remedy: "Look at what it does, then resume it.",
    since: agent.stateSince,
    link: { to: "/agents/$slug", params: { slug: agent.slug } },
  };
}

function askingTask(task: Task): Need {
  return {
    id: `task-${task.id}`,
    what: "Task needs you",
    title: task.title,
    why: task.stateReason ?? task.errorMessage ?? "It waits for a person.",
    remedy: task.errorRemedy ?? "Resume it with a word to its agent, or cancel it.",
    since: task.stateSince,
    link: { to: "/tasks/$task", params: { task: task.id } },
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

function readyReview(review: Review): Need {
  return {
    id: `review-${review.id}`,
    what: "Draft to hand in",
    title: `${review.prTitle} #${review.prNumber}`,
    why: `The review of ${review.repoOwner}/${review.repoName} is written.`,
    remedy: "Read it, change it, hand it in.",
    since: review.stateSince,
    link: { to: "/reviews/$review", params: { review: review.id } },
  };
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
