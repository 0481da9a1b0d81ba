import {
  Activity,
  Bot,
  CalendarClock,
  CircleDot,
  CircleDollarSign,
  FileText,
  FolderGit2,
  GitPullRequest,
  Home,
  KeyRound,
  ListChecks,
  type LucideIcon,
  MailX,
  Network,
  Settings,
  Webhook,
  Workflow,
} from "lucide-react";

/** The addresses of the pages that stand in the navigation. */
export type PlacePath =
  | "/"
  | "/agents"
  | "/dead-letters"
  | "/tasks"
  | "/jobs"
  | "/reviews"
  | "/issues"
  | "/scheduled"
  | "/prompts"
  | "/repos"
  | "/costs"
  | "/activity"
  | "/cluster"
  | "/secrets"
  | "/webhooks"
  | "/settings";

export type Place = { to: PlacePath; name: string; icon: LucideIcon; key: string };

/** `key` goes there after `g`. */
export const GROUPS: { name: string; places: Place[] }[] = [
  { name: "", places: [{ to: "/", name: "Overview", icon: Home, key: "o" }] },
  {
    name: "Run",
    places: [
      { to: "/agents", name: "Agents", icon: Bot, key: "a" },
      { to: "/tasks", name: "Tasks", icon: ListChecks, key: "t" },
      { to: "/jobs", name: "Jobs", icon: Workflow, key: "j" },
      { to: "/reviews", name: "Reviews", icon: GitPullRequest, key: "r" },
      { to: "/issues", name: "Issues", icon: CircleDot, key: "i" },
      { to: "/scheduled", name: "Scheduled", icon: CalendarClock, key: "s" },
    ],
  },
  {
    name: "Look",
    places: [
      { to: "/activity", name: "Activity", icon: Activity, key: "v" },
      { to: "/costs", name: "Costs", icon: CircleDollarSign, key: "c" },
      { to: "/dead-letters", name: "Dead letters", icon: MailX, key: "d" },
      { to: "/cluster", name: "Cluster", icon: Network, key: "u" },
    ],
  },
  {
    name: "Set up",
    places: [
      { to: "/repos", name: "Repos", icon: FolderGit2, key: "p" },
      { to: "/prompts", name: "Prompts", icon: FileText, key: "m" },
      { to: "/secrets", name: "Secrets", icon: KeyRound, key: "k" },
      { to: "/webhooks", name: "Webhooks", icon: Webhook, key: "w" },
      { to: "/settings", name: "Settings", icon: Settings, key: "," },
    ],
  },
];

export const PLACES: Place[] = GROUPS.flatMap((group) => group.places);
