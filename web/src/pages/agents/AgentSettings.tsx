import { useQueryClient } from "@tanstack/react-query";
import { patch } from "@/api/client";
import type { Agent, components } from "@/api/types";
import { Form } from "@/ui/Form";
import type { FieldSpec } from "@/ui/formSpec";
import { Panel } from "@/ui/Page";
import { said } from "@/ui/toast";
import { SandboxPanel } from "@/pages/sandbox/SandboxPanel";
import { AGENT_FIELDS } from "./agentFields";

type Changed = components["schemas"]["ChangedAgent"];

const FIELDS: readonly FieldSpec<Changed>[] = [
  ...AGENT_FIELDS.filter(
    (field): field is FieldSpec<Changed> & typeof field => field.name !== "slug",
  ),
  {
    name: "enabled",
    label: "Enabled",
    kind: "toggle",
    hint: "A disabled agent keeps its mail and takes no turns.",
  },
];

export function AgentSettings({ agent }: { agent: Agent }) {
  const queries = useQueryClient();
  const save = async (body: Partial<Changed>) => {
    await patch("/api/persistent-agents/{agent}", { params: { path: { agent: agent.id } }, body });
    said("Saved. It counts from its next turn on.");
    await queries.invalidateQueries({ queryKey: ["agent"] });
    await queries.invalidateQueries({ queryKey: ["agents"] });
  };
  return (
    <div className="flex flex-col gap-4">
      <Panel pad className="max-w-3xl">
        <Form
          key={agent.updatedAt}
          fields={FIELDS}
          from={agent as Partial<Changed>}
          verb="Save"
          submit={save}
        />
      </Panel>
      <SandboxPanel
        sandbox={agent.sandbox}
        version={agent.updatedAt}
        shares={false}
        save={(sandbox) => save({ sandbox })}
      />
    </div>
  );
}
