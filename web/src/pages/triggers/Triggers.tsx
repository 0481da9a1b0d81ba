import { useQuery } from "@tanstack/react-query";
import { Plus } from "lucide-react";
import { useState } from "react";
import { Button } from "@/ui/Button";
import { Dialog } from "@/ui/Dialog";
import { Empty, ErrorNote, Waiting } from "@/ui/feedback";
import { Panel } from "@/ui/Page";
import { type Target, triggersOfQuery } from "./api";
import { NewTrigger } from "./NewTrigger";
import { TriggerRow } from "./TriggerRow";

/** What starts an agent, a job or a blueprint by itself. */
export function Triggers({ of: target }: { of: Target }) {
  const { data: triggers, error, refetch } = useQuery(triggersOfQuery(target));
  const [adds, setAdds] = useState(false);
  if (error) return <ErrorNote error={error} retry={() => void refetch()} />;
  return (
    <Panel
      title="Triggers"
      aside={
        <Button size="sm" onClick={() => setAdds(true)}>
          <Plus size={13} aria-hidden /> Add trigger
        </Button>
      }
    >
      {!triggers && <Waiting />}
      {triggers?.length === 0 && (
        <Empty title="Nothing starts it by itself">
          A trigger fires at times of a schedule, when somebody calls a webhook, or when a ticket
          matches.
        </Empty>
      )}
      <ul>
        {triggers?.map((trigger) => (
          <TriggerRow key={trigger.id} trigger={trigger} target={target} />
        ))}
      </ul>
      <Dialog open={adds} onClose={() => setAdds(false)} title="Add a trigger">
        <NewTrigger target={target} onDone={() => setAdds(false)} />
      </Dialog>
    </Panel>
  );
}
