import type { components } from "@/api/types";
import type { FieldSpec } from "@/ui/formSpec";

export type RepoBody = components["schemas"]["ChangedRepo"];
type Spec = FieldSpec<RepoBody>;

/** The settings of a repository in the groups in which they are thought about. */
export const REPO_GROUPS: { title: string; fields: readonly Spec[] }[] = [
  {
    title: "Agents",
    fields: [
      { name: "defaultBranch", label: "Default branch", half: true },
      { name: "claudeModel", label: "Model", half: true },
      { name: "maxTurnsCoding", label: "Model calls of a run", kind: "number", half: true },
      { name: "maxTurnsReview", label: "Model calls of a review", kind: "number", half: true },
      { name: "testCommand", label: "Test command", placeholder: "make test" },
      { name: "planningModeEnabled", label: "Plan first", kind: "toggle" },
      { name: "offPeakOnly", label: "Only in cheaper hours", kind: "toggle" },
    ],
  },
  {
    title: "Room",
    fields: [
      { name: "maxConcurrentTasks", label: "Tasks at once", kind: "number", half: true },
      { name: "maxPodInstances", label: "Sandboxes at once", kind: "number", half: true },
      { name: "maxAgentsPerPod", label: "Runs in one sandbox", kind: "number", half: true },
      { name: "maxAutoResumes", label: "Sent back by itself at most", kind: "number", half: true },
      {
        name: "autoResume",
        label: "Send the agent back by itself",
        kind: "toggle",
        hint: "When checks fail, a review asks for changes, or there is a conflict.",
      },
    ],
  },
  {
    title: "Merging and review",
    fields: [
      {
        name: "autoMerge",
        label: "Merge by itself",
        kind: "toggle",
        hint: "What is green, and approved where review is on.",
      },
      {
        name: "cautiousMode",
        label: "Cautious",
        kind: "toggle",
        hint: "Draft pull requests that are never merged by themselves.",
      },
      { name: "reviewEnabled", label: "Review of its own pull requests", kind: "toggle" },
      {
        name: "reviewTrigger",
        label: "Reviews begin",
        kind: "select",
        half: true,
        options: [
          ["manual", "by hand"],
          ["on_pr", "when a pull request opens"],
          ["on_ci_pass", "when checks pass"],
        ],
      },
      { name: "reviewModel", label: "Model of the reviewer", half: true },
    ],
  },
  {
    title: "Pull requests of others",
    fields: [
      {
        name: "externalReviewMode",
        label: "Reviewed by itself",
        kind: "select",
        half: true,
        options: [
          ["off", "none"],
          ["on_request", "where it is asked for"],
          ["on_pr_hold", "all, kept as drafts"],
          ["on_pr_post", "all, handed in"],
        ],
      },
      { name: "externalReviewWaitForCi", label: "Wait for the checks", kind: "toggle", half: true },
      {
        name: "externalReviewFilters",
        label: "Which ones",
        kind: "json",
        rows: 4,
        hint: '{"includeAuthors": […], "excludeLabels": […], "skipDrafts": true}',
      },
    ],
  },
  {
    title: "Words",
    fields: [
      {
        name: "promptTemplateOverride",
        label: "What tasks begin with",
        kind: "code",
        rows: 5,
        hint: "The workspace's default where it is empty.",
      },
      { name: "reviewPromptTemplate", label: "What reviews begin with", kind: "code", rows: 5 },
    ],
  },
  {
    title: "Slack",
    fields: [
      { name: "slackEnabled", label: "Say in Slack what becomes of tasks", kind: "toggle" },
      {
        name: "slackWebhookUrl",
        label: "Address",
        kind: "secret",
        half: true,
        hint: "Never shown again. The secret SLACK_WEBHOOK_URL where it is empty.",
      },
      { name: "slackChannel", label: "Channel", half: true },
      {
        name: "slackNotifyOn",
        label: "What is said",
        kind: "list",
        rows: 2,
        hint: "completed, failed, needs_attention, pr_opened",
      },
    ],
  },
];
