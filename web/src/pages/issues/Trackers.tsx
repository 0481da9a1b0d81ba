import { useQuery } from "@tanstack/react-query";
import { Plus, RefreshCw, Trash2 } from "lucide-react";
import { useState } from "react";
import { useAct } from "@/api/act";
import { patch, post, remove } from "@/api/client";
import { trackersQuery } from "@/api/queries/work";
import type { components, Provider } from "@/api/types";
import { Button, IconButton } from "@/ui/Button";
import { Confirm, Dialog } from "@/ui/Dialog";
import { Empty, ErrorNote, Waiting } from "@/ui/feedback";
import { Field, Select } from "@/ui/fields";
import { Form } from "@/ui/Form";
import { Panel } from "@/ui/Page";
import { Tag } from "@/ui/Status";
import { When } from "@/ui/Time";
import { useEdit } from "@/ui/useEdit";
import { TRACKER_FIELDS, TRACKERS } from "./trackerFields";

type Config = components["schemas"]["ProviderConfig"];

export function Trackers() {
  const { data, error, refetch } = useQuery(trackersQuery);
  const [adds, setAdds] = useState(false);
  const sync = useAct(() => post("/api/tickets/sync"), {
    done: "All trackers have looked.",
    changes: [["trackers"], ["tickets"], ["tasks"]],
  });
  if (error) return <ErrorNote error={error} retry={() => void refetch()} />;
  return (
    <Panel
      title="Trackers"
      aside={
        <>
          <Button size="sm" busy={sync.isPending} onClick={() => sync.mutate()}>
            <RefreshCw size={13} aria-hidden /> Look now
          </Button>
          <Button size="sm" look="primary" onClick={() => setAdds(true)}>
            <Plus size={13} aria-hidden /> Add tracker
          </Button>
        </>
      }
    >
      {!data && <Waiting />}
      {data?.length === 0 && (
        <Empty title="No tracker">
          GitHub Issues, GitLab, Linear, Jira and Notion: tickets with a label become tasks by
          themselves.
        </Empty>
      )}
      <ul>
        {data?.map((tracker) => (
          <TrackerRow key={tracker.id} tracker={tracker} />
        ))}
      </ul>
      <Dialog open={adds} onClose={() => setAdds(false)} title="Add a tracker">
        <NewTracker onDone={() => setAdds(false)} />
      </Dialog>
    </Panel>
  );
}

function TrackerRow({ tracker }: { tracker: Provider }) {
  const [asks, setAsks] = useState(false);
  const params = { path: { provider: tracker.id } };
  const changes = [["trackers"]];
  const toggle = useAct(
    () =>
      patch("/api/tickets/providers/{provider}", { params, body: { enabled: !tracker.enabled } }),
    {
      done: tracker.enabled ? "It is not looked at any more." : "It is looked at again.",
      changes,
    },
  );
  const goOn = useAct(() => patch("/api/tickets/providers/{provider}/re-enable", { params }), {
    done: "It goes on.",
    changes,
  });
  const drop = useAct(() => remove("/api/tickets/providers/{provider}", { params }), {
    done: "The tracker is gone.",
    changes: [["trackers"], ["tickets"]],
  });
  const where =
    tracker.config.repoUrl ??
    tracker.config.projectPath ??
    tracker.config.projectKey ??
    tracker.config.teamId ??
    tracker.config.databaseId ??
    "";
  return (
    <li className="flex flex-wrap items-start gap-x-3 gap-y-1.5 border-b border-line px-4 py-2.5 text-sm last:border-b-0">
      <div className="min-w-0 flex-1 basis-56">
        <p className="flex flex-wrap items-center gap-2 font-medium">
          {tracker.source} <span className="font-normal break-all text-muted">{where}</span>
          {tracker.config.label && <Tag>{tracker.config.label}</Tag>}
          {!tracker.enabled && <Tag tone="wait">disabled</Tag>}
        </p>
        <p className="text-xs text-muted">
          looked at <When at={tracker.lastSyncedAt} />
        </p>
        {(tracker.holdReason ?? tracker.lastError) && (
          <p className="text-xs break-words text-bad">{tracker.holdReason ?? tracker.lastError}</p>
        )}
      </div>
      {tracker.holdReason && (
        <Button size="sm" look="primary" busy={goOn.isPending} onClick={() => goOn.mutate()}>
          Let it go on
        </Button>
      )}
      <Button size="sm" busy={toggle.isPending} onClick={() => toggle.mutate()}>
        {tracker.enabled ? "Disable" : "Enable"}
      </Button>
      <IconButton label="Remove the tracker" className="size-7!" onClick={() => setAsks(true)}>
        <Trash2 size={14} aria-hidden />
      </IconButton>
      <Confirm
        open={asks}
        onClose={() => setAsks(false)}
        title="Remove this tracker?"
        verb="Remove"
        busy={drop.isPending}
        onConfirm={() => drop.mutate()}
      >
        Its token and all that was seen there go with it. Tasks that came of it go on.
      </Confirm>
    </li>
  );
}

function NewTracker({ onDone }: { onDone: () => void }) {
  const [source, setSource] = useState("github");
  const save = useEdit([["trackers"]]);
  const submit = async (config: Partial<Config>) => {
    await save(
      "The tracker is looked at from now on.",
      post("/api/tickets/providers", { body: { source, config: config as Config, enabled: true } }),
    );
    onDone();
  };
  return (
    <div className="flex flex-col gap-4">
      <Field label="Tracker">
        {(control) => (
          <Select
            {...control}
            value={source}
            onChange={(event) => setSource(event.target.value)}
            options={TRACKERS}
          />
        )}
      </Field>
      <Form
        key={source}
        fields={TRACKER_FIELDS[source] ?? []}
        verb="Add tracker"
        submit={submit}
        onCancel={onDone}
      />
    </div>
  );
}
