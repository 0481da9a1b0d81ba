import { useQuery } from "@tanstack/react-query";
import { Plus, Trash2 } from "lucide-react";
import { useState } from "react";
import { useAct } from "@/api/act";
import { post, remove } from "@/api/client";
import { secretsQuery } from "@/api/queries/admin";
import type { components, Secret } from "@/api/types";
import { Button, IconButton } from "@/ui/Button";
import { Confirm, Dialog } from "@/ui/Dialog";
import { Command, Empty, ErrorNote, Waiting } from "@/ui/feedback";
import { Form } from "@/ui/Form";
import type { FieldSpec } from "@/ui/formSpec";
import { Page, Panel } from "@/ui/Page";
import { Tag } from "@/ui/Status";
import { type Column, Table } from "@/ui/Table";
import { When } from "@/ui/Time";
import { useEdit } from "@/ui/useEdit";

type Body = components["schemas"]["NewSecret"];

const FIELDS: readonly FieldSpec<Body>[] = [
  {
    name: "name",
    label: "Name",
    required: true,
    half: true,
    placeholder: "GITHUB_TOKEN",
    hint: "That of a variable: letters, digits, underscores.",
  },
  {
    name: "scope",
    label: "Scope",
    half: true,
    placeholder: "global",
    hint: "global, workspace, user, or the address of a repository.",
  },
  {
    name: "value",
    label: "Value",
    kind: "secret",
    required: true,
    hint: "Sealed, and never shown again.",
  },
];

export default function SecretsPage() {
  const { data, error, refetch } = useQuery(secretsQuery);
  const [adds, setAdds] = useState(false);
  const save = useEdit([["secrets"]]);
  const submit = async (body: Partial<Body>) => {
    await save("The secret is kept.", post("/api/secrets", { body: body as Body }));
    setAdds(false);
  };
  return (
    <Page
      title="Secrets"
      lead="Sealed in the database, and put into the environment of runs they are meant for. Nobody can read them here."
      actions={
        <Button look="primary" onClick={() => setAdds(true)}>
          <Plus size={14} aria-hidden /> Set a secret
        </Button>
      }
    >
      {error && <ErrorNote error={error} retry={() => void refetch()} />}
      {!data && !error && <Waiting />}
      {data && (
        <Panel>
          {data.length === 0 ? (
            <Empty
              title="No secret"
              action={
                <Button look="primary" onClick={() => setAdds(true)}>
                  Set one
                </Button>
              }
            >
              Tokens of git hosts, keys of models, whatever agents need:{" "}
              <Command>optio secret set GITHUB_TOKEN</Command>
            </Empty>
          ) : (
            <Table label="Secrets" columns={COLUMNS} rows={data} id={(secret) => secret.id} />
          )}
        </Panel>
      )}
      <Dialog
        open={adds}
        onClose={() => setAdds(false)}
        title="Set a secret"
        lead="One of the same name and scope is replaced."
      >
        <Form fields={FIELDS} verb="Keep it" submit={submit} onCancel={() => setAdds(false)} />
      </Dialog>
    </Page>
  );
}

const COLUMNS: Column<Secret>[] = [
  {
    head: "Name",
    width: "minmax(0, 2fr)",
    cell: (secret) => <code className="font-mono text-xs break-all">{secret.name}</code>,
  },
  { head: "Scope", width: "minmax(0, 1fr)", cell: (secret) => <Tag>{secret.scope}</Tag> },
  {
    head: "Set",
    width: "6rem",
    wideOnly: true,
    end: true,
    cell: (secret) => (
      <span className="text-muted">
        <When at={secret.updatedAt} />
      </span>
    ),
  },
  { head: "Remove", width: "4rem", end: true, cell: (secret) => <Remove secret={secret} /> },
];

function Remove({ secret }: { secret: Secret }) {
  const [asks, setAsks] = useState(false);
  const drop = useAct(
    () =>
      remove("/api/secrets/{name}", {
        params: { path: { name: secret.name }, query: { scope: secret.scope } },
      }),
    {
      done: `${secret.name} is removed.`,
      changes: [["secrets"]],
    },
  );
  return (
    <>
      <IconButton label={`Remove ${secret.name}`} className="size-7!" onClick={() => setAsks(true)}>
        <Trash2 size={14} aria-hidden />
      </IconButton>
      <Confirm
        open={asks}
        onClose={() => setAsks(false)}
        title={`Remove ${secret.name}?`}
        verb="Remove"
        busy={drop.isPending}
        onConfirm={() => drop.mutate()}
      >
        Processes that were given it keep it until they end.
      </Confirm>
    </>
  );
}
