import type { components } from "@/api/types";
import type { FieldSpec } from "@/ui/formSpec";

type Spec = FieldSpec<components["schemas"]["ProviderConfig"]>;

export const TRACKERS = [
  ["github", "GitHub Issues"],
  ["gitlab", "GitLab"],
  ["jira", "Jira"],
  ["linear", "Linear"],
  ["notion", "Notion"],
] as const;

const LABEL: Spec = {
  name: "label",
  label: "Label",
  half: true,
  hint: "Tickets with it become tasks.",
};
const REPO: Spec = {
  name: "repoUrl",
  label: "Repository of the tasks",
  placeholder: "https://github.com/acme/shop",
};

export const TRACKER_FIELDS: Record<string, readonly Spec[]> = {
  github: [
    { name: "owner", label: "Owner", required: true, half: true },
    { name: "repo", label: "Repository", required: true, half: true },
    LABEL,
    {
      name: "token",
      label: "Token",
      kind: "secret",
      half: true,
      hint: "That of the configured GitHub where it is empty.",
    },
  ],
  gitlab: [
    { name: "projectPath", label: "Project", required: true, half: true, placeholder: "acme/shop" },
    { name: "host", label: "Host", half: true },
    LABEL,
    {
      name: "token",
      label: "Token",
      kind: "secret",
      half: true,
      hint: "That of the configured GitLab where it is empty.",
    },
  ],
  jira: [
    {
      name: "baseUrl",
      label: "Address",
      required: true,
      placeholder: "https://acme.atlassian.net",
    },
    { name: "email", label: "E-mail", required: true, half: true },
    { name: "apiToken", label: "API token", kind: "secret", required: true, half: true },
    { name: "projectKey", label: "Project key", half: true },
    LABEL,
    { name: "todoStatusName", label: "Status that is open", half: true },
    { name: "doneStatusName", label: "Status that is done", half: true },
    REPO,
  ],
  linear: [
    { name: "apiKey", label: "API key", kind: "secret", required: true },
    { name: "teamId", label: "Team", half: true },
    { name: "projectId", label: "Project", half: true },
    LABEL,
    REPO,
  ],
  notion: [
    { name: "apiKey", label: "API key", kind: "secret", required: true, half: true },
    { name: "databaseId", label: "Database", required: true, half: true },
    { name: "titleProperty", label: "Property with the title", half: true },
    { name: "statusProperty", label: "Property with the status", half: true },
    { name: "doneValue", label: "Its value once done", half: true },
    LABEL,
    REPO,
  ],
};
