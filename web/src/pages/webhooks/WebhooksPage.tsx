import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { Plus } from "lucide-react";
import { useState } from "react";
import { post } from "@/api/client";
import { webhooksQuery } from "@/api/queries/admin";
import type { Webhook } from "@/api/types";
import { plural } from "@/lib/text";
import { Button } from "@/ui/Button";
import { Dialog } from "@/ui/Dialog";
import { Command, Empty, ErrorNote, Waiting } from "@/ui/feedback";
import { Form } from "@/ui/Form";
import { To } from "@/ui/links";
import { Page, Panel } from "@/ui/Page";
import { Status } from "@/ui/Status";
import { type Column, Table } from "@/ui/Table";
import { When } from "@/ui/Time";
import { useEdit } from "@/ui/useEdit";
import { WEBHOOK_FIELDS, type WebhookBody } from "./fields";

const COLUMNS: Column<Webhook>[] = [
  {
    head: "Webhook",
    width: "minmax(0, 3fr)",
    cell: (webhook) => (
      <>
        <To to="/webhooks/$webhook" params={{ webhook: webhook.id }} className="block truncate">
          {webhook.url}
        </To>
        <p className="truncate text-xs text-muted">
          {webhook.disabledReason ?? webhook.description ?? webhook.events.join(", ")}
        </p>
      </>
    ),
  },
  {
    head: "State",
    width: "6.5rem",
    cell: (webhook) => (
      <Status
        state={webhook.active ? "enabled" : webhook.disabledReason ? "failed" : "disabled"}
        label={webhook.active ? "active" : "off"}
      />
    ),
  },
  {
    head: "Hears",
    width: "6rem",
    wideOnly: true,
    cell: (webhook) => <span className="text-muted">{plural(webhook.events.length, "event")}</span>,
  },
  {
    head: "Changed",
    width: "6rem",
    wideOnly: true,
    end: true,
    cell: (webhook) => (
      <span className="text-muted">
        <When at={webhook.updatedAt} />
      </span>
    ),
  },
];

export default function WebhooksPage() {
  const { data, error, refetch } = useQuery(webhooksQuery);
  const [adds, setAdds] = useState(false);
  const navigate = useNavigate();
  const save = useEdit([["webhooks"]]);
  const add = async (body: Partial<WebhookBody>) => {
    const { webhook } = await save(
      "The webhook is added.",
      post("/api/webhooks", { body: { active: true, ...body } as WebhookBody }),
    );
    await navigate({ to: "/webhooks/$webhook", params: { webhook: webhook.id } });
  };
  return (
    <Page
      title="Webhooks"
      lead="What others are told of what happens here."
      actions={
        <Button look="primary" onClick={() => setAdds(true)}>
          <Plus size={14} aria-hidden /> Add webhook
        </Button>
      }
    >
      {error && <ErrorNote error={error} retry={() => void refetch()} />}
      {!data && !error && <Waiting />}
      {data && (
        <Panel>
          {data.length === 0 ? (
            <Empty
              title="No webhook"
              action={
                <Button look="primary" onClick={() => setAdds(true)}>
                  Add one
                </Button>
              }
            >
              Each delivery is signed, tried again, kept, and can be replayed:{" "}
              <Command>
                optio webhook add https://example.com/in --event task.failed --new-secret
              </Command>
            </Empty>
          ) : (
            <Table label="Webhooks" columns={COLUMNS} rows={data} id={(webhook) => webhook.id} />
          )}
        </Panel>
      )}
      <Dialog open={adds} onClose={() => setAdds(false)} title="Add a webhook" wide>
        <Form
          fields={WEBHOOK_FIELDS.filter((field) => field.name !== "active")}
          verb="Add webhook"
          submit={add}
          onCancel={() => setAdds(false)}
        />
      </Dialog>
    </Page>
  );
}
