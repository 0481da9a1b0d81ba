import { CalendarClock, Hand, Ticket, Trash2, Webhook } from "lucide-react";
import type { ReactNode } from "react";
import { useState } from "react";
import { useAct } from "@/api/act";
import type { Trigger } from "@/api/types";
import { plural } from "@/lib/text";
import { Button, IconButton } from "@/ui/Button";
import { Confirm } from "@/ui/Dialog";
import { Tag } from "@/ui/Status";
import { When } from "@/ui/Time";
import { changeTrigger, removeTrigger, type Target } from "./api";
import { describe } from "./describe";

const ICONS: Record<string, ReactNode> = {
  schedule: <CalendarClock size={15} aria-hidden />,
  webhook: <Webhook size={15} aria-hidden />,
  ticket: <Ticket size={15} aria-hidden />,
  manual: <Hand size={15} aria-hidden />,
};

const CHANGES = [["triggers"]];

export function TriggerRow({
  trigger,
  target,
  lead,
}: {
  trigger: Trigger;
  target: Target;
  lead?: ReactNode;
}) {
  const [asks, setAsks] = useState(false);
  const toggle = useAct(() => changeTrigger(target, trigger.id, { enabled: !trigger.enabled }), {
    done: trigger.enabled ? "The trigger is disabled." : "The trigger is enabled.",
    changes: CHANGES,
  });
  const drop = useAct(() => removeTrigger(target, trigger.id), {
    done: "The trigger is gone.",
    changes: CHANGES,
  });
  return (
    <li className="flex flex-wrap items-start gap-x-3 gap-y-1.5 border-b border-line px-4 py-2.5 text-sm last:border-b-0">
      <span className="mt-0.5 text-muted">{ICONS[trigger.type]}</span>
      <div className="min-w-0 flex-1 basis-56">
        <p className="flex flex-wrap items-center gap-2">
          {lead}
          <code className="font-mono text-xs break-all">{describe(trigger)}</code>
          {!trigger.enabled && <Tag tone={trigger.disabledReason ? "bad" : "wait"}>disabled</Tag>}
        </p>
        <p className="mt-0.5 text-xs break-words text-muted">
          {trigger.nextFireAt ? (
            <>
              Fires <When at={trigger.nextFireAt} /> ·{" "}
            </>
          ) : null}
          fired {plural(trigger.fireCount, "time")}
          {trigger.lastFiredAt && (
            <>
              , last <When at={trigger.lastFiredAt} />
            </>
          )}
          {trigger.lastOutcome && ` · ${trigger.lastOutcome}`}
        </p>
        {trigger.disabledReason && (
          <p className="mt-0.5 text-xs break-words text-bad">{trigger.disabledReason}</p>
        )}
      </div>
      <div className="flex gap-1">
        <Button size="sm" busy={toggle.isPending} onClick={() => toggle.mutate()}>
          {trigger.enabled ? "Disable" : "Enable"}
        </Button>
        <IconButton label="Remove the trigger" className="size-7!" onClick={() => setAsks(true)}>
          <Trash2 size={14} aria-hidden />
        </IconButton>
      </div>
      <Confirm
        open={asks}
        onClose={() => setAsks(false)}
        title="Remove this trigger?"
        verb="Remove"
        busy={drop.isPending}
        onConfirm={() => drop.mutate()}
      >
        What it has started goes on. It does not fire again.
      </Confirm>
    </li>
  );
}
