import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { getRouteApi, useNavigate } from "@tanstack/react-router";
import { FlaskConical, RotateCcw, Trash2 } from "lucide-react";
import { useState } from "react";
import { useAct } from "@/api/act";
import { patch, post, remove } from "@/api/client";
import { deliveriesQuery, webhooksQuery } from "@/api/queries/admin";
import type { Delivery, Webhook } from "@/api/types";
import { Button, IconButton } from "@/ui/Button";
import { Confirm } from "@/ui/Dialog";
import { Empty, ErrorNote, Waiting } from "@/ui/feedback";
import { Form } from "@/ui/Form";
import { Page, Panel } from "@/ui/Page";
import { Status, Tag } from "@/ui/Status";
import { When } from "@/ui/Time";
import { useEdit } from "@/ui/useEdit";
import { WEBHOOK_FIELDS, type WebhookBody } from "./fields";

const route = getRouteApi("/webhooks/$webhook");

export default function WebhookPage() {
  const { webhook: id } = route.useParams();
  const { data, error } = useQuery(webhooksQuery);
  const save = useEdit([["webhooks"]]);
  const webhook = data?.find((each) => each.id === id);
  if (error) {
    return (
      <Page title="Webhook">
        <ErrorNote error={error} />
      </Page>
    );
  }
  if (!data) return <Waiting rows={6} />;
  if (!webhook) {
    return (
      <Page title="Webhook">
        <Empty title="There is no such webhook">It may have been removed.</Empty>
      </Page>
    );
  }
  return (
    <Page
      title={webhook.url}
      heading={<span className="break-all">{webhook.url}</span>}
      lead={webhook.description}
      actions={<Actions webhook={webhook} />}
    >
      {webhook.disabledReason && (
        <p className="rounded-md bg-bad-soft px-3 py-2 text-sm break-words">
          {webhook.disabledReason}
        </p>
      )}
      <div className="grid items-start gap-4 lg:grid-cols-[1fr_22rem]">
        <Deliveries webhook={webhook} />
        <Panel title="Settings" pad>
          <Form
            key={webhook.updatedAt}
            fields={WEBHOOK_FIELDS.map((field) => ({ ...field, required: field.name === "url" }))}
            from={{ ...webhook, secret: null } as Partial<WebhookBody>}
            verb="Save"
            submit={(body) =>
              save(
                "Saved.",
                patch("/api/webhooks/{webhook}", {
                  params: { path: { webhook: webhook.id } },
                  body,
                }),
              )
            }
          />
        </Panel>
      </div>
    </Page>
  );
}

function Actions({ webhook }: { webhook: Webhook }) {
  const [asks, setAsks] = useState(false);
  const navigate = useNavigate();
  const params = { path: { webhook: webhook.id } };
  const test = useAct(
    () =>
      post("/api/webhooks/{webhook}/test", { params, body: { event: webhook.events[0] ?? null } }),
    {
      done: "A made-up event was sent. See what came of it below.",
      changes: [["webhooks"]],
    },
  );
  const drop = useAct(() => remove("/api/webhooks/{webhook}", { params }), {
    done: "The webhook is removed.",
    changes: [["webhooks"]],
    then: () => void navigate({ to: "/webhooks" }),
  });
  return (
    <>
      <Button busy={test.isPending} onClick={() => test.mutate()}>
        <FlaskConical size={14} aria-hidden /> Send a test
      </Button>
      <IconButton label="Remove the webhook" onClick={() => setAsks(true)}>
        <Trash2 size={15} aria-hidden />
      </IconButton>
      <Confirm
        open={asks}
        onClose={() => setAsks(false)}
        title="Remove this webhook?"
        verb="Remove"
        busy={drop.isPending}
        onConfirm={() => drop.mutate()}
      >
        Its secret and its history go with it.
      </Confirm>
    </>
  );
}

function Deliveries({ webhook }: { webhook: Webhook }) {
  const { data, hasNextPage, isFetchingNextPage, fetchNextPage } = useInfiniteQuery(
    deliveriesQuery(webhook.id),
  );
  if (!data) return <Waiting rows={5} />;
  const deliveries = data.pages.flatMap((page) => page.deliveries);
  return (
    <Panel title="What it was told" aside="newest first">
      {deliveries.length === 0 && (
        <Empty title="Nothing yet">Send it a test, or wait for one of its events.</Empty>
      )}
      <ul>
        {deliveries.map((delivery) => (
          <DeliveryRow key={delivery.id} delivery={delivery} />
        ))}
      </ul>
      {hasNextPage && (
        <div className="p-3 text-center">
          <Button
            size="sm"
            look="quiet"
            busy={isFetchingNextPage}
            onClick={() => void fetchNextPage()}
          >
            Show more
          </Button>
        </div>
      )}
    </Panel>
  );
}

function DeliveryRow({ delivery }: { delivery: Delivery }) {
  const again = useAct(
    () =>
      post("/api/webhooks/{webhook}/deliveries/{delivery}/replay", {
        params: { path: { webhook: delivery.webhookId, delivery: delivery.id } },
      }),
    { done: "It is sent once more.", changes: [["webhooks"]] },
  );
  const state = delivery.success ? "delivered" : delivery.nextAttemptAt ? "pending" : "failed";
  return (
    <li className="border-b border-line px-4 py-2.5 text-sm last:border-b-0">
      <div className="flex flex-wrap items-center gap-x-3 gap-y-1">
        <Status
          state={state}
          label={
            delivery.success
              ? `${delivery.statusCode ?? ""} delivered`
              : delivery.nextAttemptAt
                ? "tries again"
                : "failed"
          }
        />
        <code className="font-mono text-xs">{delivery.event}</code>
        <Tag>attempt {delivery.attempt}</Tag>
        {delivery.nextAttemptAt && (
          <span className="text-xs text-muted">
            next <When at={delivery.nextAttemptAt} />
          </span>
        )}
        <span className="ml-auto text-xs text-muted">
          <When at={delivery.createdAt} />
        </span>
        <Button size="sm" busy={again.isPending} onClick={() => again.mutate()}>
          <RotateCcw size={13} aria-hidden /> Replay
        </Button>
      </div>
      {delivery.error && <p className="mt-1 text-xs break-words text-bad">{delivery.error}</p>}
      <details className="mt-1">
        <summary className="cursor-pointer text-xs text-muted">
          What was sent, and what came back
        </summary>
        <pre
          className="mt-1 max-h-64 overflow-auto rounded-sm bg-raised p-2 font-mono text-xs whitespace-pre-wrap"
          tabIndex={0}
        >
          {JSON.stringify(delivery.payload, null, 2)}
          {delivery.responseBody ? `\n\n${delivery.statusCode ?? ""} ${delivery.responseBody}` : ""}
        </pre>
      </details>
    </li>
  );
}
