import type { NewAgent } from "@/api/types";
import type { FieldSpec } from "@/ui/formSpec";

/** What can be said of an agent; all but the slug can be changed later. */
export const AGENT_FIELDS: readonly FieldSpec<NewAgent>[] = [
  { name: "name", label: "Name", required: true, half: true },
  {
    name: "slug",
    label: "Slug",
    required: true,
    half: true,
    fixed: true,
    hint: "What others write to. Lower case letters, digits and hyphens.",
  },
  { name: "description", label: "Description", hint: "One line, which its peers read as well." },
  {
    name: "systemPrompt",
    label: "Role",
    kind: "area",
    rows: 6,
    hint: "Who it is and what it is for.",
  },
  {
    name: "initialPrompt",
    label: "First message",
    kind: "area",
    rows: 4,
    required: true,
    hint: "What it does first, as soon as it is there.",
  },
  {
    name: "agentsMd",
    label: "AGENTS.md",
    kind: "code",
    rows: 5,
    hint: "Put into its workspace: how it reads mail, writes to others, works.",
  },
  {
    name: "podLifecycle",
    label: "Lifecycle",
    kind: "select",
    half: true,
    hint: "How long its sandbox stays after a turn.",
    options: [
      ["", "the default"],
      ["on-demand", "on-demand: ends with the turn"],
      ["sticky", "sticky: stays for a while"],
      ["always-on", "always-on: stays"],
    ],
  },
  { name: "model", label: "Model", half: true, hint: "The agent program's own where it is empty." },
  { name: "maxTurns", label: "Model calls of a turn", kind: "number", half: true },
  { name: "maxTurnDurationMs", label: "Longest turn (ms)", kind: "number", half: true },
  { name: "idlePodTimeoutMs", label: "Idle sandbox ends after (ms)", kind: "number", half: true },
  {
    name: "consecutiveFailureLimit",
    label: "Failures in a row until it fails",
    kind: "number",
    half: true,
  },
];
