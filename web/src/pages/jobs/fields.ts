import type { components } from "@/api/types";
import type { FieldSpec } from "@/ui/formSpec";

export type JobBody = components["schemas"]["JobBody"];
export type BlueprintBody = components["schemas"]["BlueprintBody"];

const SCHEMA_HINT = "A JSON Schema of the parameters, which the template may ask for.";

export const JOB_FIELDS: readonly FieldSpec<JobBody>[] = [
  { name: "name", label: "Name", required: true, half: true },
  { name: "model", label: "Model", half: true, hint: "The agent program's own where it is empty." },
  { name: "description", label: "Description" },
  {
    name: "promptTemplate",
    label: "What the agent of each run is to do",
    kind: "code",
    rows: 8,
    required: true,
    hint: "A template over the parameters: {{hours}}",
  },
  {
    name: "repoUrl",
    label: "Repository",
    half: true,
    hint: "Each run finds it checked out. None where it is empty.",
  },
  { name: "repoBranch", label: "Branch", half: true },
  { name: "paramsSchema", label: "Parameters", kind: "json", rows: 4, hint: SCHEMA_HINT },
  {
    name: "environmentSpec",
    label: "Environment",
    kind: "json",
    rows: 3,
    hint: '{"env": {…}, "setup": "a shell script"}',
  },
  { name: "budgetUsd", label: "Dollars one run may cost", half: true, placeholder: "2.50" },
  { name: "maxTurns", label: "Model calls of one attempt", kind: "number", half: true },
  { name: "maxConcurrent", label: "Runs at once", kind: "number", half: true },
  { name: "maxRetries", label: "Tries again by itself", kind: "number", half: true },
  {
    name: "priority",
    label: "Priority",
    kind: "number",
    half: true,
    hint: "1 to 1000; the lower, the sooner.",
  },
  { name: "warmPoolSize", label: "Sandboxes kept started", kind: "number", half: true },
  { name: "enabled", label: "Enabled", kind: "toggle", hint: "Whether it can be started." },
];

export const BLUEPRINT_FIELDS: readonly FieldSpec<BlueprintBody>[] = [
  { name: "name", label: "Name", required: true, half: true },
  { name: "repoUrl", label: "Repository", required: true, half: true },
  { name: "description", label: "Description" },
  { name: "title", label: "Title of each task", hint: "A template over the parameters." },
  {
    name: "prompt",
    label: "What the agent is to do",
    kind: "code",
    rows: 8,
    required: true,
    hint: "A template over the parameters.",
  },
  { name: "paramsSchema", label: "Parameters", kind: "json", rows: 4, hint: SCHEMA_HINT },
  { name: "repoBranch", label: "Branch", half: true },
  { name: "model", label: "Model", half: true },
  { name: "priority", label: "Priority", kind: "number", half: true },
  { name: "maxRetries", label: "Tries again by itself", kind: "number", half: true },
  { name: "enabled", label: "Enabled", kind: "toggle", hint: "Whether it can be started." },
];
