import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { Plus } from "lucide-react";
import { useState } from "react";
import { post } from "@/api/client";
import { reposQuery } from "@/api/queries/work";
import type { components, Repo } from "@/api/types";
import { Button } from "@/ui/Button";
import { Dialog } from "@/ui/Dialog";
import { Command, Empty, ErrorNote, Waiting } from "@/ui/feedback";
import { Form } from "@/ui/Form";
import { To } from "@/ui/links";
import { Page, Panel } from "@/ui/Page";
import { Tag } from "@/ui/Status";
import { type Column, Table } from "@/ui/Table";
import { useEdit } from "@/ui/useEdit";

type Body = components["schemas"]["NewRepo"];

const COLUMNS: Column<Repo>[] = [
  {
    head: "Repository",
    width: "minmax(0, 3fr)",
    cell: (repo) => (
      <>
        <To to="/repos/$repo" params={{ repo: repo.id }} className="block truncate">
          {repo.fullName}
        </To>
        <p className="truncate text-xs text-muted">{repo.repoUrl}</p>
      </>
    ),
  },
  { head: "Host", width: "5rem", wideOnly: true, cell: (repo) => <Tag>{repo.gitPlatform}</Tag> },
  {
    head: "Branch",
    width: "7rem",
    wideOnly: true,
    cell: (repo) => <code className="font-mono text-xs">{repo.defaultBranch}</code>,
  },
  {
    head: "Tasks at once",
    width: "7rem",
    wideOnly: true,
    end: true,
    cell: (repo) => repo.maxConcurrentTasks,
  },
  {
    head: "By itself",
    width: "12rem",
    cell: (repo) => (
      <span className="flex flex-wrap gap-1">
        {repo.autoMerge && <Tag tone="ok">merges</Tag>}
        {repo.reviewEnabled && <Tag tone="ok">reviews</Tag>}
        {repo.autoResume && <Tag tone="ok">sent back</Tag>}
        {repo.cautiousMode && <Tag tone="wait">cautious</Tag>}
        {repo.offPeakOnly && <Tag tone="wait">off-peak</Tag>}
      </span>
    ),
  },
];

export default function ReposPage() {
  const { data, error, refetch } = useQuery(reposQuery);
  const [adds, setAdds] = useState(false);
  const navigate = useNavigate();
  const save = useEdit([["repos"]]);
  const add = async (body: Partial<Body>) => {
    const { repo } = await save(
      "The repository is added.",
      post("/api/repos", { body: body as Body }),
    );
    await navigate({ to: "/repos/$repo", params: { repo: repo.id } });
  };
  return (
    <Page
      title="Repos"
      lead="Where tasks work, and how."
      actions={
        <Button look="primary" onClick={() => setAdds(true)}>
          <Plus size={14} aria-hidden /> Add repository
        </Button>
      }
    >
      {error && <ErrorNote error={error} retry={() => void refetch()} />}
      {!data && !error && <Waiting rows={5} />}
      {data && (
        <Panel>
          {data.length === 0 ? (
            <Empty
              title="No repository"
              action={
                <Button look="primary" onClick={() => setAdds(true)}>
                  Add one
                </Button>
              }
            >
              Tasks work in repositories of GitHub or GitLab. Set a token that may push and open
              pull requests first: <Command>optio secret set GITHUB_TOKEN</Command>
            </Empty>
          ) : (
            <Table label="Repositories" columns={COLUMNS} rows={data} id={(repo) => repo.id} />
          )}
        </Panel>
      )}
      <Dialog open={adds} onClose={() => setAdds(false)} title="Add a repository">
        <Form<Body>
          fields={[
            {
              name: "repoUrl",
              label: "Address",
              required: true,
              placeholder: "https://github.com/acme/shop",
            },
            {
              name: "defaultBranch",
              label: "Default branch",
              hint: "Asked of its host where it is empty.",
            },
          ]}
          verb="Add repository"
          submit={add}
          onCancel={() => setAdds(false)}
        />
      </Dialog>
    </Page>
  );
}
