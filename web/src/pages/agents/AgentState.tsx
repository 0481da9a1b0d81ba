import diagram from "../../../../docs/states/agent.mmd?raw";
import type { Agent } from "@/api/types";
import { parseStates } from "@/lib/states";
import { Panel } from "@/ui/Page";
import { StateMachine } from "@/ui/StateMachine";
import { Lasts } from "@/ui/Time";
import { Why } from "@/ui/Why";

const STEPS = parseStates(diagram);
const TRACK = ["idle", "queued", "provisioning", "running"];

export function AgentState({ agent }: { agent: Agent }) {
  return (
    <div className="grid items-start gap-4 lg:grid-cols-2">
      <Panel title="State" aside={<Lasts from={agent.stateSince} />} pad>
        <StateMachine steps={STEPS} current={agent.state} track={TRACK} />
      </Panel>
      <div className="flex flex-col gap-4">
        <Why kind="agent" id={agent.slug} />
      </div>
    </div>
  );
}
