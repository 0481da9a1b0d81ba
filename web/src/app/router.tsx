import {
  createRootRoute,
  createRoute,
  createRouter,
  Link,
  lazyRouteComponent,
} from "@tanstack/react-router";
import { Shell } from "@/shell/Shell";
import { Empty, ErrorNote, Waiting } from "@/ui/feedback";
import { Page } from "@/ui/Page";
import { oneOf, searched, text } from "./search";

const root = createRootRoute({ component: Shell });

const overview = createRoute({
  getParentRoute: () => root,
  path: "/",
  component: lazyRouteComponent(() => import("@/pages/overview/OverviewPage")),
});

const agents = createRoute({
  getParentRoute: () => root,
  path: "/agents",
  validateSearch: searched((search) => ({
    view: oneOf(search["view"], ["graph", "list", "topics"]),
    create: search["create"] === true || search["create"] === "true" ? true : undefined,
  })),
  component: lazyRouteComponent(() => import("@/pages/agents/AgentsPage")),
});

const agent = createRoute({
  getParentRoute: () => root,
  path: "/agents/$slug",
  validateSearch: searched((search) => ({
    tab: oneOf(search["tab"], ["conversation", "turns", "inbox", "state", "triggers", "settings"]),
    turn: text(search["turn"]),
  })),
  component: lazyRouteComponent(() => import("@/pages/agents/AgentPage")),
});

const dead = createRoute({
  getParentRoute: () => root,
  path: "/dead-letters",
  component: lazyRouteComponent(() => import("@/pages/dead/DeadLettersPage")),
});

const tasks = createRoute({
  getParentRoute: () => root,
  path: "/tasks",
  validateSearch: searched((search) => ({
    view: oneOf(search["view"], ["board", "table"]),
    q: text(search["q"]),
    state: text(search["state"]),
    repo: text(search["repo"]),
    create: oneOf(search["create"], ["task"]),
  })),
  component: lazyRouteComponent(() => import("@/pages/tasks/TasksPage")),
});

const task = createRoute({
  getParentRoute: () => root,
  path: "/tasks/$task",
  validateSearch: searched((search) => ({
    tab: oneOf(search["tab"], ["transcript", "activity", "runs", "links", "files"]),
  })),
  component: lazyRouteComponent(() => import("@/pages/tasks/TaskPage")),
});

const jobs = createRoute({
  getParentRoute: () => root,
  path: "/jobs",
  validateSearch: searched((search) => ({
    view: oneOf(search["view"], ["jobs", "blueprints"]),
    create: oneOf(search["create"], ["job", "blueprint"]),
  })),
  component: lazyRouteComponent(() => import("@/pages/jobs/JobsPage")),
});

const job = createRoute({
  getParentRoute: () => root,
  path: "/jobs/$job",
  validateSearch: searched((search) => ({
    tab: oneOf(search["tab"], ["runs", "triggers", "settings"]),
  })),
  component: lazyRouteComponent(() => import("@/pages/jobs/JobPage")),
});

const blueprint = createRoute({
  getParentRoute: () => root,
  path: "/blueprints/$blueprint",
  validateSearch: searched((search) => ({ tab: oneOf(search["tab"], ["triggers", "settings"]) })),
  component: lazyRouteComponent(() => import("@/pages/jobs/BlueprintPage")),
});

const run = createRoute({
  getParentRoute: () => root,
  path: "/runs/$run",
  component: lazyRouteComponent(() => import("@/pages/jobs/RunPage")),
});

const reviews = createRoute({
  getParentRoute: () => root,
  path: "/reviews",
  validateSearch: searched((search) => ({
    view: oneOf(search["view"], ["reviews", "pulls"]),
    state: text(search["state"]),
  })),
  component: lazyRouteComponent(() => import("@/pages/reviews/ReviewsPage")),
});

const review = createRoute({
  getParentRoute: () => root,
  path: "/reviews/$review",
  validateSearch: searched((search) => ({
    tab: oneOf(search["tab"], ["draft", "chat", "transcript", "history"]),
  })),
  component: lazyRouteComponent(() => import("@/pages/reviews/ReviewPage")),
});

const issues = createRoute({
  getParentRoute: () => root,
  path: "/issues",
  validateSearch: searched((search) => ({
    view: oneOf(search["view"], ["issues", "tickets", "trackers"]),
  })),
  component: lazyRouteComponent(() => import("@/pages/issues/IssuesPage")),
});

const scheduled = createRoute({
  getParentRoute: () => root,
  path: "/scheduled",
  component: lazyRouteComponent(() => import("@/pages/scheduled/ScheduledPage")),
});

const repos = createRoute({
  getParentRoute: () => root,
  path: "/repos",
  component: lazyRouteComponent(() => import("@/pages/repos/ReposPage")),
});

const repo = createRoute({
  getParentRoute: () => root,
  path: "/repos/$repo",
  component: lazyRouteComponent(() => import("@/pages/repos/RepoPage")),
});

const prompts = createRoute({
  getParentRoute: () => root,
  path: "/prompts",
  component: lazyRouteComponent(() => import("@/pages/prompts/PromptsPage")),
});

const costs = createRoute({
  getParentRoute: () => root,
  path: "/costs",
  validateSearch: searched((search) => ({
    days: oneOf(String(search["days"]), ["7", "30", "90"]),
    repo: text(search["repo"]),
  })),
  component: lazyRouteComponent(() => import("@/pages/costs/CostsPage")),
});

const activity = createRoute({
  getParentRoute: () => root,
  path: "/activity",
  validateSearch: searched((search) => ({
    kind: oneOf(search["kind"], [
      "persistent_agent",
      "task",
      "workflow_run",
      "pr_review",
      "tracker",
      "ticket",
    ]),
  })),
  component: lazyRouteComponent(() => import("@/pages/activity/ActivityPage")),
});

const cluster = createRoute({
  getParentRoute: () => root,
  path: "/cluster",
  component: lazyRouteComponent(() => import("@/pages/cluster/ClusterPage")),
});

const secrets = createRoute({
  getParentRoute: () => root,
  path: "/secrets",
  component: lazyRouteComponent(() => import("@/pages/secrets/SecretsPage")),
});

const webhooks = createRoute({
  getParentRoute: () => root,
  path: "/webhooks",
  component: lazyRouteComponent(() => import("@/pages/webhooks/WebhooksPage")),
});

const webhook = createRoute({
  getParentRoute: () => root,
  path: "/webhooks/$webhook",
  component: lazyRouteComponent(() => import("@/pages/webhooks/WebhookPage")),
});

const settings = createRoute({
  getParentRoute: () => root,
  path: "/settings",
  component: lazyRouteComponent(() => import("@/pages/settings/SettingsPage")),
});

export const router = createRouter({
  routeTree: root.addChildren([
    overview,
    agents,
    agent,
    dead,
    tasks,
    task,
    jobs,
    job,
    blueprint,
    run,
    reviews,
    review,
    issues,
    scheduled,
    repos,
    repo,
    prompts,
    costs,
    activity,
    cluster,
    secrets,
    webhooks,
    webhook,
    settings,
  ]),
  defaultPreload: "intent",
  defaultPendingComponent: () => <Waiting rows={6} />,
  defaultErrorComponent: ({ error, reset }) => (
    <Page title="That did not work">
      <ErrorNote error={error} retry={reset} />
    </Page>
  ),
  defaultNotFoundComponent: () => (
    <Page title="Nothing is here">
      <Empty title="This address leads nowhere">
        What it meant may have been deleted.{" "}
        <Link to="/" className="text-accent underline">
          Go to the overview
        </Link>
        , or press Ctrl K to find it.
      </Empty>
    </Page>
  ),
});

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}
