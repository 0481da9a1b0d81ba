import { useQuery } from "@tanstack/react-query";
import { getRouteApi, useNavigate } from "@tanstack/react-router";
import { Trash2 } from "lucide-react";
import { useState } from "react";
import { useAct } from "@/api/act";
import { patch, remove } from "@/api/client";
import { repoQuery } from "@/api/queries/work";
import type { Repo } from "@/api/types";
import { Button, buttonClass } from "@/ui/Button";
import { Confirm } from "@/ui/Dialog";
import { ErrorNote, Waiting } from "@/ui/feedback";
import { Form } from "@/ui/Form";
import { Out } from "@/ui/links";
import { Link } from "@tanstack/react-router";
import { Page, Panel } from "@/ui/Page";
import { useEdit } from "@/ui/useEdit";
import { SandboxPanel } from "@/pages/sandbox/SandboxPanel";
import { REPO_GROUPS, type RepoBody } from "./fields";

const route = getRouteApi("/repos/$repo");

export default function RepoPage() {
  const { repo: id } = route.useParams();
  const { data: repo, error } = useQuery(repoQuery(id));
  const save = useEdit([["repos"]]);
  if (error && !repo) {
    return (
      <Page title="Repository">
        <ErrorNote error={error} />
      </Page>
    );
  }
  if (!repo) return <Waiting rows={8} />;
  return (
    <Page
      title={repo.fullName}
      lead={<Out href={repo.repoUrl}>{repo.repoUrl}</Out>}
      actions={
        <>
          <Link
            to="/tasks"
            search={{ repo: repo.repoUrl, view: "table" }}
            className={buttonClass()}
          >
            Its tasks
          </Link>
          <Remove repo={repo} />
        </>
      }
    >
      <div className="grid items-start gap-4 lg:grid-cols-2">
        {REPO_GROUPS.map((group) => (
          <Panel key={group.title} title={group.title} pad>
            <Form
              key={repo.updatedAt}
              fields={group.fields}
              from={{ ...repo, slackWebhookUrl: null } as Partial<RepoBody>}
              verb="Save"
              submit={(body) =>
                save(
                  "Saved, for what begins from now on.",
                  patch("/api/repos/{repo}", {
                    params: { path: { repo: repo.id } },
                    body: body as RepoBody,
                  }),
                )
              }
            />
          </Panel>
        ))}
        <SandboxPanel
          sandbox={repo.sandbox}
          version={repo.updatedAt}
          shares
          save={(sandbox) =>
            save(
              "Saved, for sandboxes that are started from now on.",
              patch("/api/repos/{repo}", {
                params: { path: { repo: repo.id } },
                body: { sandbox } as RepoBody,
              }),
            )
          }
        />
      </div>
    </Page>
  );
}

function Remove({ repo }: { repo: Repo }) {
  const [asks, setAsks] = useState(false);
  const navigate = useNavigate();
  const drop = useAct(() => remove("/api/repos/{repo}", { params: { path: { repo: repo.id } } }), {
    done: `${repo.fullName} is removed.`,
    changes: [["repos"]],
    then: () => void navigate({ to: "/repos" }),
  });
  return (
    <>
      <Button look="danger" onClick={() => setAsks(true)}>
        <Trash2 size={14} aria-hidden /> Remove…
      </Button>
      <Confirm
        open={asks}
        onClose={() => setAsks(false)}
        title={`Remove ${repo.fullName}?`}
        verb="Remove"
        busy={drop.isPending}
        onConfirm={() => drop.mutate()}
      >
        It is removed here with its settings. Nothing happens to the repository itself.
      </Confirm>
    </>
  );
}
